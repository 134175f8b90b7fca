/* Words, names and shapes for messages. */
#include "base/text.h"
#include "support/cmocka.h"
#include <string.h>

static const char *const words[] = {"filters", "kernel_size", "strides", "padding", "use_bias"};

static const char *nearest(const char *name)
{
    return capas_nearest_name(name, words, sizeof words / sizeof words[0]);
}

static void finds_the_name_that_was_meant(void **state)
{
    (void)state;
    assert_string_equal(nearest("filtres"), "filters");
    assert_string_equal(nearest("Filters"), "filters");
    assert_string_equal(nearest("kernelSize"), "kernel_size");
    assert_string_equal(nearest("kernel-size"), "kernel_size");
    assert_string_equal(nearest("stride"), "strides");
    assert_string_equal(nearest("paddng"), "padding");
}

static void offers_nothing_far_off(void **state)
{
    (void)state;
    assert_null(nearest("units"));
    assert_null(nearest(""));
    assert_null(nearest(NULL));
    assert_null(nearest("f"));
    assert_null(capas_nearest_name("filters", words, 0));
    char longest[300];
    memset(longest, 'f', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_null(nearest(longest));
    const char *const long_words[] = {longest, "ffff"};
    assert_string_equal(capas_nearest_name("fff", long_words, 2), "ffff");
}

static void prefers_the_nearer(void **state)
{
    (void)state;
    const char *const losses[] = {"adamw", "adam", "adamax", "nadam"};
    assert_string_equal(capas_nearest_name("adm", losses, 4), "adam");
    assert_string_equal(capas_nearest_name("adamx", losses, 4), "adamw"); /* the first of equals */
    const char *const pools[] = {"AveragePooling2D", "MaxPooling2D"};
    assert_string_equal(capas_nearest_name("MaxPool2D", pools, 2), "MaxPooling2D");
    assert_string_equal(capas_nearest_name("max_pooling2d", pools, 2), "MaxPooling2D");
}

/* Keras's own results (keras/src/utils/naming.py). */
static void writes_class_names_as_keras(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"Conv2D", "conv2d"},
        {"Conv2DTranspose", "conv2d_transpose"},
        {"MaxPooling2D", "max_pooling2d"},
        {"GlobalAveragePooling2D", "global_average_pooling2d"},
        {"DepthwiseConv2D", "depthwise_conv2d"},
        {"SeparableConv2D", "separable_conv2d"},
        {"BatchNormalization", "batch_normalization"},
        {"UpSampling2D", "up_sampling2d"},
        {"ZeroPadding2D", "zero_padding2d"},
        {"Cropping2D", "cropping2d"},
        {"ReLU", "re_lu"},
        {"PReLU", "p_re_lu"},
        {"LeakyReLU", "leaky_re_lu"},
        {"ELU", "elu"},
        {"LSTM", "lstm"},
        {"GRU", "gru"},
        {"SimpleRNN", "simple_rnn"},
        {"TimeDistributed", "time_distributed"},
        {"SpatialDropout1D", "spatial_dropout1d"},
        {"RMSNormalization", "rms_normalization"},
        {"SGD", "sgd"},
        {"RMSprop", "rm_sprop"},
        {"AdamW", "adam_w"},
        {"InputLayer", "input_layer"},
        {"My Own-Layer", "my_own_layer"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char text[64];
        capas_snake_case(pairs[i][0], text, sizeof text);
        assert_string_equal(text, pairs[i][1]);
    }
    char small[6];
    capas_snake_case("MaxPooling2D", small, sizeof small);
    assert_string_equal(small, "max_p");
}

static void writes_shapes_as_keras(void **state)
{
    (void)state;
    char text[128], small[12];
    capas_shape shape = capas_shape_of(4, CAPAS_ANY, 26, 26, 32);
    assert_string_equal(capas_shape_text(&shape, text, sizeof text), "(None, 26, 26, 32)");
    assert_string_equal(capas_shape_text(&shape, small, sizeof small), "(None, 2...");
    shape = capas_shape_of(1, CAPAS_ANY);
    assert_string_equal(capas_shape_text(&shape, text, sizeof text), "(None,)");
    shape = capas_shape_of(0);
    assert_string_equal(capas_shape_text(&shape, text, sizeof text), "()");
    shape.rank = CAPAS_MAX_RANK;
    for (int i = 0; i < CAPAS_MAX_RANK; i++)
        shape.dims[i] = INT64_MIN + i;
    char large[256];
    capas_shape_text(&shape, large, sizeof large);
    assert_int_equal(strlen(large), 8 * 20 + 7 * 2 + 2);
}

static void compares_shapes(void **state)
{
    (void)state;
    capas_shape a = capas_shape_of(2, 3, 4), b = capas_shape_of(2, 3, 4);
    b.dims[5] = 9; /* beyond the rank */
    assert_true(capas_shape_equal(&a, &b));
    b.dims[1] = 5;
    assert_false(capas_shape_equal(&a, &b));
    b = capas_shape_of(1, 3);
    assert_false(capas_shape_equal(&a, &b));
}

static void counts_elements(void **state)
{
    (void)state;
    capas_shape shape = capas_shape_of(4, CAPAS_ANY, 26, 26, 32);
    assert_int_equal(capas_shape_count(&shape, 0), -1);
    assert_int_equal(capas_shape_count(&shape, 1), 26 * 26 * 32);
    assert_int_equal(capas_shape_count(&shape, 4), 1);
    shape = capas_shape_of(3, 2147483647, 2147483647, 2);
    assert_int_equal(capas_shape_count(&shape, 0), INT64_C(2147483647) * 2147483647 * 2);
    shape = capas_shape_of(3, 2147483647, 2147483647, 3);
    assert_int_equal(capas_shape_count(&shape, 0), -1);
    shape = capas_shape_of(4, 2147483647, 2147483647, 2147483647, 0);
    assert_int_equal(capas_shape_count(&shape, 0), 0);
    shape = capas_shape_of(2, 0, CAPAS_ANY);
    assert_int_equal(capas_shape_count(&shape, 0), -1);
}

static void groups_thousands(void **state)
{
    (void)state;
    char text[32], small[6];
    assert_string_equal(capas_thousands(0, text, sizeof text), "0");
    assert_string_equal(capas_thousands(999, text, sizeof text), "999");
    assert_string_equal(capas_thousands(1000, text, sizeof text), "1,000");
    assert_string_equal(capas_thousands(1626692, text, sizeof text), "1,626,692");
    assert_string_equal(capas_thousands(-123456, text, sizeof text), "-123,456");
    assert_string_equal(capas_thousands(INT64_MIN, text, sizeof text),
                        "-9,223,372,036,854,775,808");
    assert_string_equal(capas_thousands(1626692, small, sizeof small), "1,...");
}

/* What snprintf does, for texts whose cutting compilers warn of. */
static int print(char *text, size_t size, const char *whole)
{
    size_t length = strlen(whole), kept = length < size ? length : size - 1;
    memcpy(text, whole, kept);
    text[kept] = '\0';
    return (int)length;
}

static void cuts_only_what_was_too_long(void **state)
{
    (void)state;
    char text[8];
    capas_cut_text(text, sizeof text, print(text, sizeof text, "seven77"));
    assert_string_equal(text, "seven77");
    capas_cut_text(text, sizeof text, print(text, sizeof text, "eight888"));
    assert_string_equal(text, "eigh...");
    capas_cut_text(text, sizeof text, print(text, sizeof text, "abc\xE2\x82\xAC, cut"));
    assert_string_equal(text, "abc...");
    strcpy(text, "as is");
    capas_cut_text(text, sizeof text, -1);
    assert_string_equal(text, "as is");
    capas_cut_text(text, 3, 100); /* no room even for the dots */
    assert_string_equal(text, "as is");
}

static void shapes_have_at_most_eight_dimensions(void **state)
{
    (void)state;
    assert_int_equal(capas_shape_of(8, 1, 2, 3, 4, 5, 6, 7, 8).dims[7], 8);
    assert_int_equal(capas_shape_of(9, 1, 2, 3, 4, 5, 6, 7, 8, 9).rank, 0);
    assert_int_equal(capas_error_status(), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(), "a shape has from 0 to 8 dimensions, found 9");
    assert_int_equal(capas_shape_of(-1).rank, 0);
}

static void knows_its_elements(void **state)
{
    (void)state;
    assert_int_equal(capas_element_size(CAPAS_FLOAT32), 4);
    assert_int_equal(capas_element_size(CAPAS_FLOAT64), 8);
    assert_int_equal(capas_element_size(CAPAS_INT32), 4);
    assert_int_equal(capas_element_size(CAPAS_UINT8), 1);
    assert_int_equal(capas_element_size((capas_element)77), 0);
    assert_string_equal(capas_element_name(CAPAS_FLOAT32), "float32");
    assert_string_equal(capas_element_name(CAPAS_FLOAT64), "float64");
    assert_string_equal(capas_element_name(CAPAS_INT32), "int32");
    assert_string_equal(capas_element_name(CAPAS_UINT8), "uint8");
    assert_string_equal(capas_element_name((capas_element)77), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_name_that_was_meant),
        cmocka_unit_test(offers_nothing_far_off),
        cmocka_unit_test(prefers_the_nearer),
        cmocka_unit_test(writes_class_names_as_keras),
        cmocka_unit_test(writes_shapes_as_keras),
        cmocka_unit_test(compares_shapes),
        cmocka_unit_test(counts_elements),
        cmocka_unit_test(groups_thousands),
        cmocka_unit_test(cuts_only_what_was_too_long),
        cmocka_unit_test(shapes_have_at_most_eight_dimensions),
        cmocka_unit_test(knows_its_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
