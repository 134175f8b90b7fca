/* Networks by name: as many weights as keras.applications has, by family, width and top; what they
 * say of options that are not theirs. That every layer is Keras's own is seen in tests/interop. */
#include "model/application.h"
#include "support/cmocka.h"

#include <capas/capas.h>
#include <stdlib.h>
#include <string.h>

/* The sum over a model's weights; frees it. */
static int64_t count(capas_model *model)
{
    if (!model) fail_msg("%s", capas_error());
    int64_t sum = 0;
    for (int i = 0; i < capas_model_weight_count(model); i++) {
        capas_weight_info info;
        assert_int_equal(capas_model_weight_info(model, i, &info), CAPAS_OK);
        int64_t numbers = 1;
        for (int d = 0; d < info.shape.rank; d++)
            numbers *= info.shape.dims[d];
        sum += numbers;
    }
    capas_model_free(model);
    return sum;
}

static void have_as_many_weights_as_keras(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t weights;
    } known[] = {
        {"resnet50", 25636712},         {"resnet101", 44707176},  {"mobilenet", 4253864},
        {"mobilenetv2", 3538984},       {"densenet121", 8062504}, {"densenet169", 14307880},
        {"densenet201", 20242984},      {"squeezenet", 1235496},  {"efficientnetb0", 5330571},
        {"efficientnetlite0", 4694024},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_int_equal(count(capas_application(known[i].name)), known[i].weights);
    /* Without their dense layers, which are most of them. */
    assert_int_equal(count(capas_vgg16(.include_top = CAPAS_FALSE)), 14714688);
    assert_int_equal(count(capas_vgg19(.include_top = CAPAS_FALSE)), 20024384);
    capas_shape small = {3, {96, 96, 3}};
    assert_int_equal(count(capas_mobilenet_v2(.alpha = 0.35, .input_shape = small)), 1691208);
    assert_int_equal(
        count(capas_mobilenet(.alpha = 0.25, .input_shape = small, .include_top = CAPAS_FALSE)),
        218544);
}

/* Odd sizes are padded as Keras does; pooling and names are Keras's. */
static void fit_other_pictures(void **state)
{
    (void)state;
    capas_shape odd = {3, {65, 97, 3}}, shape;
    capas_model *model =
        capas_mobilenet_v2(.alpha = 0.35, .input_shape = odd, .include_top = CAPAS_FALSE);
    assert_int_equal(capas_model_output_shape(model, 0, &shape), CAPAS_OK);
    assert_int_equal(shape.dims[1], 3);
    assert_int_equal(shape.dims[2], 4);
    assert_int_equal(shape.dims[3], 1280);
    assert_string_equal(capas_model_name(model), "mobilenetv2_0.35_65");
    capas_preprocessing bytes;
    assert_int_equal(capas_model_preprocessing(model, &bytes), CAPAS_OK);
    assert_true(bytes.offset == -1 && bytes.scale * 127.5 == 1 && !bytes.bgr);
    capas_model_free(model);
    model = capas_application("DenseNet_121", .input_shape = odd, .include_top = CAPAS_FALSE,
                              .pooling = CAPAS_POOLING_MAX, .name = "features");
    assert_int_equal(capas_model_output_shape(model, 0, &shape), CAPAS_OK);
    assert_int_equal(shape.rank, 2);
    assert_int_equal(shape.dims[1], 1024);
    assert_string_equal(capas_model_name(model), "features");
    capas_model_free(model);
    model = capas_mobilenet(.alpha = 0.25, .input_shape = odd, .classes = 7);
    float *picture = calloc(65 * 97 * 3, sizeof *picture), classes[7], sum = 0;
    assert_int_equal(capas_predict(model, picture, 1, classes), CAPAS_OK);
    for (int c = 0; c < 7; c++)
        sum += classes[c];
    assert_true(sum > 0.999f && sum < 1.001f);
    free(picture);
    capas_model_free(model);
}

/* The line of Keras's summary: its Normalization counts samples in 64 bits. */
static void are_as_large_as_keras_says(void **state)
{
    (void)state;
    char *summary;
    capas_model *model = capas_efficientnet_b0();
    assert_int_equal(capas_summary(model, &summary), CAPAS_OK);
    assert_non_null(strstr(summary, "Total params: 5,330,571 (20.33 MB)"));
    assert_non_null(strstr(summary, "Non-trainable params: 42,023 (164.16 KB)"));
    capas_free(summary);
    capas_model_free(model);
}

/* Keras's own weights of EfficientNet have deviations for variances, once. */
static void mends_keras_own_weights(void **state)
{
    (void)state;
    static const float deviations[] = {0.229f, 0.224f, 0.225f};
    float variances[3];
    capas_model *model = capas_efficientnet_b0(.include_top = CAPAS_FALSE);
    int weight = capas_model_find_weight(model, "normalization", "variance");
    assert_int_equal(capas_model_set_weight(model, weight, deviations), CAPAS_OK);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(capas_efficientnet_mend(model), CAPAS_OK);
        assert_int_equal(capas_model_get_weight(model, weight, variances), CAPAS_OK);
        for (int c = 0; c < 3; c++)
            assert_true(variances[c] == deviations[c] * deviations[c]);
    }
    capas_model_free(model);
}

/* With ImageNet's classes they are named; with others not. */
static void name_their_classes(void **state)
{
    (void)state;
    int named;
    capas_model *model = capas_squeezenet(), *other = capas_squeezenet(.classes = 999);
    const char *const *names = capas_model_class_names(model, &named);
    assert_int_equal(named, 1000);
    assert_string_equal(names[211], "vizsla");
    assert_string_equal(capas_imagenet_id(211), "n02100583");
    assert_string_equal(capas_imagenet_name(0), "tench");
    assert_string_equal(capas_imagenet_id(999), "n15075141");
    assert_string_equal(capas_imagenet_name(999), "toilet_tissue");
    for (int c = 0; c < 999; c++)
        assert_true(strcmp(capas_imagenet_id(c), capas_imagenet_id(c + 1)) < 0);
    assert_null(capas_imagenet_id(1000));
    assert_null(capas_imagenet_name(-1));
    capas_model_class_names(other, &named);
    assert_int_equal(named, 0);
    capas_model_free(model);
    capas_model_free(other);
}

static void refused(capas_model *model, capas_status status, const char *sentence)
{
    assert_null(model);
    if (capas_error_status() != status || !strstr(capas_error(), sentence))
        fail_msg("\"%s\" is not \"%s\"", capas_error(), sentence);
}

static void say_what_is_wrong(void **state)
{
    (void)state;
    refused(capas_application("resnet51"), CAPAS_UNKNOWN_NAME, "did you mean \"resnet50\"?");
    refused(capas_application(NULL), CAPAS_UNKNOWN_NAME, "there is no network \"\"");
    refused(capas_resnet50(.alpha = 0.5), CAPAS_INVALID_ARGUMENT,
            "resnet50: it has no option alpha");
    refused(capas_mobilenet_v2(.depth_multiplier = 2), CAPAS_INVALID_ARGUMENT,
            "mobilenetv2: it has no option depth_multiplier");
    refused(capas_vgg16(.pooling = CAPAS_POOLING_AVG), CAPAS_INVALID_ARGUMENT,
            "vgg16: it has no option pooling with its top");
    refused(capas_mobilenet(.alpha = -1), CAPAS_INVALID_ARGUMENT, "must be above 0, found -1");
    assert_null(capas_application_name(1000));
    assert_null(capas_application_name(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(have_as_many_weights_as_keras),
        cmocka_unit_test(fit_other_pictures),
        cmocka_unit_test(are_as_large_as_keras_says),
        cmocka_unit_test(mends_keras_own_weights),
        cmocka_unit_test(name_their_classes),
        cmocka_unit_test(say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
