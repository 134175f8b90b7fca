/* Shapes that layers give, and the sentences of those that do not fit; against Keras for every
 * golden layer case. */
#include "base/text.h"
#include "layers/layer.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/tree.h"
#include <stdio.h>
#include <string.h>

static capas_shape shape_of(int rank, int64_t a, int64_t b, int64_t c)
{
    return (capas_shape){rank, {CAPAS_ANY, a, b, c}};
}

/* Builds a layer on one input and frees it; the shape as text, or the sentence. */
static const char *built(capas_layer *layer, const capas_shape *input)
{
    static char text[512];
    capas_shape output;
    assert_non_null(layer);
    if (capas_layer_build(layer, input, 1, &output) == CAPAS_OK)
        capas_shape_text(&output, text, sizeof text);
    else
        snprintf(text, sizeof text, "%s", capas_error());
    capas_layer_free(layer);
    return text;
}

static void convolutions(void **state)
{
    (void)state;
    capas_shape image = shape_of(4, 28, 27, 3), small = shape_of(4, 3, 3, 3),
                row = shape_of(2, 784, 0, 0), gray = shape_of(3, 28, 28, 0);
    assert_string_equal(built(capas_conv2d(8, 3), &image), "(None, 26, 25, 8)");
    assert_string_equal(built(capas_conv2d(8, 3, .strides = {2, 2}, .padding = CAPAS_SAME), &image),
                        "(None, 14, 14, 8)");
    assert_string_equal(built(capas_conv2d(8, 3, .strides = {2, 3}), &image), "(None, 13, 9, 8)");
    assert_string_equal(built(capas_conv2d(8, 3, .dilation_rate = {2, 2}), &image),
                        "(None, 24, 23, 8)");
    assert_string_equal(built(capas_conv2d(6, 3, .groups = 3), &image), "(None, 26, 25, 6)");
    assert_string_equal(built(capas_conv2d(6, 2, .data_format = CAPAS_CHANNELS_FIRST), &image),
                        "(None, 6, 26, 2)");
    assert_string_equal(built(capas_conv2d(8, 5), &small),
                        "layer conv2d: the kernel 5x5 is larger than its input 3x3; use padding "
                        "\"same\", a smaller kernel_size, or less pooling before it");
    assert_string_equal(built(capas_conv2d(8, 2, .dilation_rate = {3, 3}), &small),
                        "layer conv2d: the kernel 2x2 with dilation_rate 3x3 covers 4x4 and is "
                        "larger than its input 3x3; use padding \"same\", a smaller kernel_size, "
                        "or less pooling before it");
    assert_string_equal(built(capas_conv2d(8, 3, .groups = 2), &small),
                        "layer conv2d: groups must divide the input's channels, found 2 groups and "
                        "3 channels");
    assert_string_equal(built(capas_conv2d(8, 3), &row),
                        "layer conv2d: takes images (None, height, width, channels), found (None, "
                        "784); it must come before a Flatten or Dense");
    assert_string_equal(built(capas_conv2d(8, 3), &gray),
                        "layer conv2d: takes images (None, height, width, channels), found (None, "
                        "28, 28); give the input a last axis of 1 channel");
}

static void pools(void **state)
{
    (void)state;
    capas_shape image = shape_of(4, 27, 28, 3), small = shape_of(4, 1, 5, 2);
    assert_string_equal(built(capas_max_pooling2d(2), &image), "(None, 13, 14, 3)");
    assert_string_equal(built(capas_max_pooling2d(2, .padding = CAPAS_SAME), &image),
                        "(None, 14, 14, 3)");
    assert_string_equal(built(capas_average_pooling2d(3, .strides = {1, 1}), &image),
                        "(None, 25, 26, 3)");
    assert_string_equal(built(capas_max_pooling2d(2), &small),
                        "layer max_pooling2d: the window 2x2 is larger than its input 1x5; use "
                        "padding \"same\", a smaller pool_size, or fewer layers before it");
    assert_string_equal(built(capas_global_average_pooling2d(), &image), "(None, 3)");
    assert_string_equal(built(capas_global_average_pooling2d(.keepdims = CAPAS_TRUE), &image),
                        "(None, 1, 1, 3)");
    assert_string_equal(
        built(capas_global_average_pooling2d(.data_format = CAPAS_CHANNELS_FIRST), &image),
        "(None, 27)");
}

static void others(void **state)
{
    (void)state;
    capas_shape image = shape_of(4, 4, 5, 6), row = shape_of(2, 10, 0, 0),
                single = shape_of(1, 0, 0, 0);
    assert_string_equal(built(capas_flatten(), &image), "(None, 120)");
    assert_string_equal(built(capas_flatten(), &single), "(None, 1)");
    assert_string_equal(built(capas_dense(7), &image), "(None, 4, 5, 7)");
    assert_string_equal(built(capas_dense(7), &single),
                        "layer dense: takes inputs (None, ..., numbers), found (None,)");
    assert_string_equal(built(capas_batch_normalization(.axis = 1), &image), "(None, 4, 5, 6)");
    assert_string_equal(built(capas_batch_normalization(.axis = 2), &row),
                        "layer batch_normalization: axis 2 is no axis of its input (None, 10) that "
                        "has channels; give -1 for the last");
    assert_string_equal(built(capas_batch_normalization(.axis = CAPAS_ZERO), &row),
                        "layer batch_normalization: axis 0 is no axis of its input (None, 10) that "
                        "has channels; give -1 for the last");
    assert_string_equal(built(capas_dropout(0.5, .noise_shape = {2, {CAPAS_ANY, 1}}), &row),
                        "(None, 10)");
    assert_string_equal(built(capas_dropout(0.5, .noise_shape = {2, {CAPAS_ANY, 3}}), &row),
                        "layer dropout: noise_shape (None, 3) does not fit its input (None, 10); "
                        "give 1 or the input's size for each axis, None for the batch");
    assert_string_equal(built(capas_add(), &row),
                        "layer add: Add takes at least 2 inputs, found 1");
    assert_string_equal(built(capas_input(3), &row),
                        "layer input_layer: an input layer begins a network and takes nothing, "
                        "found 1 inputs");
    assert_string_equal(built(capas_dense(2147483647), &image),
                        "layer dense: its output (None, 4, 5, 2147483647) has more than 2147483647 "
                        "numbers a sample");
    capas_shape wide = shape_of(2, 1000000, 0, 0);
    assert_string_equal(built(capas_dense(1000000), &wide),
                        "layer dense: its kernel would be (1000000, 1000000); capas has no weight "
                        "of more than 536870912 numbers");
}

static void sums_broadcast(void **state)
{
    (void)state;
    char text[128];
    capas_shape inputs[] = {shape_of(3, 6, 4, 0), shape_of(3, 1, 4, 0), shape_of(2, 4, 0, 0)};
    capas_shape output;
    capas_layer *layer = capas_add();
    assert_int_equal(capas_layer_build(layer, inputs, 3, &output), CAPAS_OK);
    assert_string_equal(capas_shape_text(&output, text, sizeof text), "(None, 6, 4)");
    inputs[1].dims[2] = 3;
    assert_int_equal(capas_layer_build(layer, inputs, 2, &output), CAPAS_SHAPE_MISMATCH);
    assert_string_equal(capas_error(), "layer add: (None, 6, 4) and (None, 1, 3) do not fit: "
                                       "sizes must be equal, or 1");
    capas_layer_free(layer);
}

static void joins_need_equal_rests(void **state)
{
    (void)state;
    char text[128];
    capas_shape inputs[] = {shape_of(3, 6, 4, 0), shape_of(3, 2, 4, 0), shape_of(2, 4, 0, 0)};
    capas_shape output;
    capas_layer *layer = capas_concatenate(.axis = 1), *past = capas_concatenate(.axis = 3);
    assert_int_equal(capas_layer_build(layer, inputs, 2, &output), CAPAS_OK);
    assert_string_equal(capas_shape_text(&output, text, sizeof text), "(None, 8, 4)");
    inputs[1].dims[2] = 3;
    assert_int_equal(capas_layer_build(layer, inputs, 2, &output), CAPAS_SHAPE_MISMATCH);
    assert_string_equal(capas_error(), "layer concatenate: (None, 6, 4) and (None, 2, 3) cannot be "
                                       "joined along axis 1: the other sizes must be equal");
    inputs[1] = inputs[2];
    assert_int_equal(capas_layer_build(layer, inputs, 2, &output), CAPAS_SHAPE_MISMATCH);
    assert_int_equal(capas_layer_build(past, inputs, 2, &output), CAPAS_SHAPE_MISMATCH);
    assert_string_equal(capas_error(), "layer concatenate: there is no axis 3 to join along in "
                                       "(None, 6, 4); the batch's, 0, is none");
    capas_layer_free(layer);
    capas_layer_free(past);
}

static void a_layer_used_again_must_fit_its_weights(void **state)
{
    (void)state;
    capas_layer *dense = capas_dense(3), *conv = capas_conv2d(2, 3);
    capas_shape four = shape_of(2, 4, 0, 0), five = shape_of(2, 5, 0, 0), output;
    capas_shape image = shape_of(4, 8, 8, 3), larger = shape_of(4, 9, 20, 3);
    assert_int_equal(capas_layer_build(dense, &four, 1, &output), CAPAS_OK);
    assert_int_equal(capas_layer_build(dense, &four, 1, &output), CAPAS_OK);
    assert_int_equal(dense->weight_count, 2);
    assert_int_equal(capas_layer_build(dense, &five, 1, &output), CAPAS_SHAPE_MISMATCH);
    assert_string_equal(capas_error(),
                        "layer dense: used again on (None, 5) its kernel would be (5, 3), but it "
                        "is (4, 3) already; give this use a layer of its own");
    assert_int_equal(capas_layer_build(conv, &image, 1, &output), CAPAS_OK);
    assert_int_equal(capas_layer_build(conv, &larger, 1, &output), CAPAS_OK);
    assert_int_equal(output.dims[2], 18);
    capas_layer_free(dense);
    capas_layer_free(conv);
}

#if CAPAS_WITH_JANSSON
/* A shape of the file, its batch unknown. */
static capas_shape read_shape(const capas_value *list)
{
    capas_shape shape = {(int)list->count, {0}};
    for (size_t i = 0; i < list->count; i++)
        shape.dims[i] = i == 0 ? CAPAS_ANY : list->items[i]->integer;
    return shape;
}

static void assert_case_shape(const char *path, void *context)
{
    int *checked = context;
    char file[256];
    snprintf(file, sizeof file, "%s/config.json", path);
    capas_value *config = golden_tree(file);
    const capas_value *layer = capas_value_get(config, "layer");
    const capas_value *shapes = capas_value_get(config, "input_shapes");
    capas_layer *made = capas_layer_from_config(capas_value_get(layer, "class_name")->string,
                                                capas_value_get(layer, "config"), path);
    if (made) {
        capas_shape inputs[8], outputs[CAPAS_MAX_INPUTS];
        for (size_t i = 0; i < shapes->count; i++)
            inputs[i] = read_shape(shapes->items[i]);
        if (capas_layer_build(made, inputs, (int)shapes->count, outputs) != CAPAS_OK)
            fail_msg("%s", capas_error());
        for (int k = 0; k < capas_layer_output_count(made); k++) {
            npy expected = golden_npy("%s/out%d.npy", path, k);
            assert_int_equal(outputs[k].rank, expected.rank);
            for (int i = 1; i < outputs[k].rank; i++)
                assert_int_equal(outputs[k].dims[i], expected.shape[i]);
            npy_free(&expected);
        }
        ++*checked;
    }
    capas_layer_free(made);
    capas_value_free(config);
}

static void every_golden_case_has_keras_shape(void **state)
{
    (void)state;
    int checked = 0;
    golden_cases("layers", assert_case_shape, &checked);
    print_message("%d shapes are Keras's\n", checked);
    assert_true(checked > 0);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions),
        cmocka_unit_test(pools),
        cmocka_unit_test(others),
        cmocka_unit_test(sums_broadcast),
        cmocka_unit_test(joins_need_equal_rests),
        cmocka_unit_test(a_layer_used_again_must_fit_its_weights),
#if CAPAS_WITH_JANSSON
        cmocka_unit_test(every_golden_case_has_keras_shape),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
