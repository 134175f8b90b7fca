/* What bytes become on their way into a network: as keras.applications' preprocess_input makes it,
 * the same from bytes, from levels that are floats, in prediction and in training. */
#include "support/cmocka.h"

#include <capas/capas.h>
#include <math.h>
#include <string.h>

enum { HEIGHT = 3, WIDTH = 2, CHANNELS = 3, PIXELS = HEIGHT * WIDTH };

static const uint8_t bytes[PIXELS * CHANNELS] = {0,   1,  2,   255, 254, 253, 10, 120, 240,
                                                 128, 64, 200, 17,  34,  51,  99, 3,   180};

/* A network that gives what it takes. */
static capas_model *mirror(int channels)
{
    capas_model *model = capas_sequential(capas_input(HEIGHT, WIDTH, channels),
                                          capas_activation_layer(CAPAS_LINEAR));
    if (!model) fail_msg("%s", capas_error());
    return model;
}

static capas_preprocessing named(const char *name)
{
    capas_preprocessing found;
    assert_int_equal(capas_preprocessing_by_name(name, &found), CAPAS_OK);
    return found;
}

/* Keras's formulas, imagenet_utils.py, in double. */
static double expected(const char *mode, const uint8_t *pixel, int channel)
{
    static const double bgr[] = {103.939, 116.779, 123.68}, mean[] = {0.485, 0.456, 0.406},
                        deviation[] = {0.229, 0.224, 0.225};
    if (strcmp(mode, "caffe") == 0) return pixel[2 - channel] - bgr[channel];
    if (strcmp(mode, "tf") == 0) return pixel[channel] / 127.5 - 1;
    if (strcmp(mode, "none") == 0) return pixel[channel];
    return (pixel[channel] / 255.0 - mean[channel]) / deviation[channel];
}

static void is_that_of_keras(void **state)
{
    (void)state;
    static const char *const modes[] = {"caffe", "tf", "torch", "none"};
    for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
        float seen[PIXELS * CHANNELS], levels[PIXELS * CHANNELS];
        capas_tensor in = {.element = CAPAS_UINT8, .data = (void *)bytes},
                     out = {.element = CAPAS_FLOAT32, .data = seen};
        capas_preprocessing preprocessing = named(modes[m]);
        capas_model *model = mirror(CHANNELS);
        assert_int_equal(capas_model_set_preprocessing(model, &preprocessing), CAPAS_OK);
        assert_int_equal(capas_predict_tensors(model, &in, &out, 1), CAPAS_OK);
        for (int i = 0; i < PIXELS * CHANNELS; i++)
            levels[i] = bytes[i];
        assert_int_equal(capas_preprocess(&preprocessing, levels, PIXELS, CHANNELS, levels),
                         CAPAS_OK);
        for (int i = 0; i < PIXELS * CHANNELS; i++) {
            double value = expected(modes[m], bytes + i / CHANNELS * CHANNELS, i % CHANNELS);
            assert_true(fabs(seen[i] - value) <= 1e-6 * (1 + fabs(value)));
            assert_true(levels[i] == seen[i]);
        }
        capas_model_free(model);
    }
}

/* A network trained on bytes of which it is told what they mean learns as from the values. */
static void holds_in_training_too(void **state)
{
    (void)state;
    float values[PIXELS * CHANNELS], trained[2][PIXELS * CHANNELS];
    int label = 1;
    capas_preprocessing preprocessing = named("torch");
    for (int i = 0; i < PIXELS * CHANNELS; i++)
        values[i] = bytes[i];
    assert_int_equal(capas_preprocess(&preprocessing, values, PIXELS, CHANNELS, values), CAPAS_OK);
    for (int k = 0; k < 2; k++) {
        capas_tensor x = {.element = k == 0 ? CAPAS_UINT8 : CAPAS_FLOAT32,
                          .shape = {4, {1, HEIGHT, WIDTH, CHANNELS}},
                          .data = k == 0 ? (void *)bytes : (void *)values},
                     y = {.element = CAPAS_INT32, .shape = {1, {1}}, .data = &label};
        capas_dataset *data = capas_dataset_from_arrays(x, y, 1);
        capas_model *model = capas_sequential(capas_input(HEIGHT, WIDTH, CHANNELS), capas_flatten(),
                                              capas_dense(2, .name = "dense"));
        capas_model_set_seed(model, 7);
        if (k == 0) capas_model_set_preprocessing(model, &preprocessing);
        capas_compile(
            model, .optimizer = capas_sgd(.learning_rate = 0.1),
            .losses = {{.name = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY, .from_logits = 1}});
        assert_int_equal(capas_fit(model, data, .epochs = 2), CAPAS_OK);
        float kernel[PIXELS * CHANNELS * 2];
        int weight = capas_model_find_weight(model, "dense", "kernel");
        assert_int_equal(capas_model_get_weight(model, weight, kernel), CAPAS_OK);
        memcpy(trained[k], kernel, sizeof trained[k]);
        capas_dataset_free(data);
        capas_model_free(model);
    }
    assert_memory_equal(trained[0], trained[1], sizeof trained[0]);
}

static void refused(capas_preprocessing preprocessing, int channels, const char *sentence)
{
    capas_model *model = mirror(channels);
    assert_int_equal(capas_model_set_preprocessing(model, &preprocessing), CAPAS_INVALID_ARGUMENT);
    if (!strstr(capas_error(), sentence)) fail_msg("\"%s\" is not \"%s\"", capas_error(), sentence);
    capas_model_free(model);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    capas_preprocessing preprocessing = named("torch");
    refused(preprocessing, 1, "no input has three channels");
    refused(named("caffe"), 1, "no input has three channels");
    preprocessing.channel_deviation[2] = 0;
    refused(preprocessing, 3, "channel 2 has 0.406 and 0");
    preprocessing.channel_mean[0] = NAN;
    refused(preprocessing, 3, "channel_mean must be finite");
    assert_int_equal(capas_preprocessing_by_name("coffee", &preprocessing), CAPAS_UNKNOWN_NAME);
    assert_non_null(strstr(capas_error(), "caffe, tf, torch, lite or none"));
    float gray = 3;
    preprocessing = named("caffe");
    assert_int_equal(capas_preprocess(&preprocessing, &gray, 1, 1, &gray), CAPAS_INVALID_ARGUMENT);
    preprocessing = named("tf");
    assert_int_equal(capas_preprocess(&preprocessing, &gray, 1, 1, &gray), CAPAS_OK);
    assert_true(fabs(gray - (3 / 127.5 - 1)) < 1e-6);
    assert_int_equal(capas_preprocess(NULL, &gray, 1, 1, &gray), CAPAS_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_that_of_keras),
        cmocka_unit_test(holds_in_training_too),
        cmocka_unit_test(says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
