/* Weights alone: Keras's files of them into models made from JSON, by order and by name; ours back;
 * a file that does not fit leaves the model as it was. */
#include "base/file.h"
#include "base/memory.h"
#include "files/keras.h"
#include "model/model.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/saved_model.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
static void assert_loads(capas_model *model, const char *path, const capas_weights_options *options)
{
    if (capas_load_weights_with(model, path, options) != CAPAS_OK) fail_msg("%s", capas_error());
}

static void check_pair(const char *json, const char *weights, const char *kind)
{
    char input[64], output[64];
    snprintf(input, sizeof input, "%s_input.npy", kind);
    snprintf(output, sizeof output, "%s_output.npy", kind);
    capas_model *model = open_model(golden_path("files/%s", json));
    assert_loads(model, golden_path("files/%s", weights), NULL);
    assert_recorded_output(model, input, output);
    if (capas_save_weights(model, "again.weights.h5") != CAPAS_OK) fail_msg("%s", capas_error());
    capas_model *again = open_model(golden_path("files/%s", json));
    assert_loads(again, "again.weights.h5", NULL);
    assert_same_weights(model, again);
    capas_model_free(again);
    capas_model_free(model);
}

static void opens_weights_of_keras(void **state)
{
    (void)state;
    static const char *const pairs[][3] = {
        {"cnn_k3.json", "cnn_k3.weights.h5", "cnn"},
        {"cnn_k3.json", "cnn_k2_weights.h5", "cnn"},
        {"cnn_k2.json", "cnn_k3.weights.h5", "cnn"},
        {"cnn_k2.json", "cnn_k2.h5", "cnn"},
        {"cnn_k2.json", "cnn_k3.keras", "cnn"},
        {"residual_k3.json", "residual_k3.weights.h5", "residual"},
        {"residual_k3.json", "residual_k2_weights.h5", "residual"},
        {"residual_k2.json", "residual_k2_weights.h5", "residual"},
        {"residual_k2.json", "residual_k3_legacy.h5", "residual"},
        {"rnn_k3.json", "rnn_k3.weights.h5", "rnn"},
        {"rnn_k3.json", "rnn_k3_legacy.h5", "rnn"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        check_pair(pairs[i][0], pairs[i][1], pairs[i][2]);
}

/* The same features, and other classes. */
static capas_model *other_top(int units, const char *dense)
{
    return capas_sequential(
        capas_input(8, 7, 1),
        capas_conv2d(5, 3, .padding = CAPAS_SAME, .activation = CAPAS_RELU, .name = "conv_a"),
        capas_batch_normalization(.name = "bn_a"), capas_max_pooling2d(2), capas_flatten(),
        capas_dense(units, .name = dense));
}

static void check_by_name(const char *path)
{
    capas_weights_options options = {.struct_size = sizeof options, .by_name = CAPAS_TRUE};
    capas_model *whole = open_model(golden_path("files/cnn_k2.h5"));
    capas_model *model = other_top(7, "classes");
    float wanted[64], got[64];
    assert_loads(model, path, &options);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(capas_model_get_weight(whole, i, wanted), CAPAS_OK);
        assert_int_equal(capas_model_get_weight(model, i, got), CAPAS_OK);
        capas_weight_info info;
        assert_int_equal(capas_model_weight_info(model, i, &info), CAPAS_OK);
        assert_memory_equal(got, wanted, (i == 0 ? 45 : 5) * sizeof(float));
    }
    capas_model_free(model);

    model = other_top(7, "dense_a");
    assert_int_equal(capas_load_weights_with(model, path, &options), CAPAS_SHAPE_MISMATCH);
    assert_non_null(strstr(capas_error(), "layer dense_a: weight kernel"));
    options.skip_mismatch = CAPAS_TRUE;
    assert_loads(model, path, &options);
    capas_model_free(model);

    model = capas_sequential(capas_input(3), capas_dense(2, .name = "other"));
    assert_int_equal(capas_load_weights_with(model, path, &options), CAPAS_UNKNOWN_NAME);
    capas_model_free(model);
    capas_model_free(whole);
}

/* Keras 2's file, Keras 3's, and that of a whole model. */
static void takes_weights_by_name(void **state)
{
    (void)state;
    check_by_name(golden_path("files/cnn_k2_weights.h5"));
    check_by_name(golden_path("files/cnn_k3.weights.h5"));
    check_by_name(golden_path("files/cnn_k3.keras"));
}

static void assert_refused(capas_model *model, const char *path, capas_status status,
                           const char *part)
{
    size_t size = (size_t)model->value_count * sizeof *model->values;
    float *before = malloc(size);
    memcpy(before, model->values, size);
    assert_int_equal(capas_load_weights(model, path), status);
    if (!strstr(capas_error(), path) || !strstr(capas_error(), part))
        fail_msg("\"%s\" lacks \"%s\" or \"%s\"", capas_error(), path, part);
    assert_memory_equal(before, model->values, size);
    free(before);
}

static void leaves_the_model_when_they_do_not_fit(void **state)
{
    (void)state;
    capas_weights_options options = {.struct_size = sizeof options, .skip_mismatch = CAPAS_TRUE};
    capas_model *model = other_top(7, "dense_a");
    assert_refused(model, golden_path("files/cnn_k2_weights.h5"), CAPAS_SHAPE_MISMATCH,
                   "layer dense_a: weight kernel must have the shape (60, 7)");
    assert_refused(model, golden_path("files/cnn_k3.weights.h5"), CAPAS_SHAPE_MISMATCH,
                   "layer dense_a: weight kernel");
    assert_refused(model, golden_path("files/resume_adam.h5"), CAPAS_SHAPE_MISMATCH, "dense_a");
    assert_refused(model, golden_path("files/broken/nan_weight.keras"), CAPAS_NOT_FINITE, "NaN");
    assert_refused(model, golden_path("files/cnn_k3.json"), CAPAS_BAD_FILE, "neither a zip");
    assert_refused(model, "nowhere.weights.h5", CAPAS_NO_FILE, "cannot be opened");
    capas_model *shorter = capas_sequential(capas_input(8, 7, 1), capas_conv2d(5, 3));
    assert_refused(shorter, golden_path("files/cnn_k2_weights.h5"), CAPAS_SHAPE_MISMATCH,
                   "weights for a layer bn_a");
    capas_model_free(shorter);
    assert_int_equal(capas_load_weights_with(model, "a.weights.h5", &options),
                     CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_save_weights(model, "weights.h5"), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_save_weights(model, "weights.npy"), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_save_weights(model, NULL), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_load_weights(model, NULL), CAPAS_INVALID_ARGUMENT);
    capas_model_free(model);
}

/* Into NumPy's arrays and safetensors and back, by name. */
static void goes_through_arrays(void **state)
{
    (void)state;
    static const char *const files[] = {"arrays.npz", "arrays.safetensors"};
    for (int f = 0; f < 2; f++) {
        capas_model *model = small_graph(), *again = small_graph();
        train_step(model);
        if (capas_save_weights(model, files[f]) != CAPAS_OK) fail_msg("%s", capas_error());
        assert_loads(again, files[f], NULL);
        assert_same_weights(model, again);
        capas_model_free(model);
        capas_model_free(again);
        model = capas_sequential(capas_input(4, 1),
                                 capas_bidirectional(capas_simple_rnn(1), .name = "bi"));
        assert_int_equal(capas_save_weights(model, files[f]), CAPAS_UNSUPPORTED);
        assert_non_null(strstr(capas_error(), "layer bi: its name cannot tell its weight"));
        capas_model_free(model);
    }
}

/* TensorFlow's Keras before 2.15 had another word for "layers". */
static void knows_the_old_word(void **state)
{
    (void)state;
    void *image;
    size_t size;
    capas_shape shape = {1, {2}};
    const float two[] = {1, 2};
    capas_hdf5 *file = capas_hdf5_create();
    capas_hdf5_make_group(file, "_layer_checkpoint_dependencies/a/_layer_checkpoint_dependencies");
    capas_hdf5_make_group(file, "x_layer_checkpoint_dependencies");
    capas_hdf5_write_floats(file, "_layer_checkpoint_dependencies/a/0", &shape, two);
    assert_int_equal(capas_hdf5_image(file, &image, &size), CAPAS_OK);
    capas_hdf5_close(file);
    capas_hdf5_contents *contents = capas_hdf5_open(&(capas_hdf5_bytes){image, size, false});
    capas_release(image);
    capas_keras_rename_old(contents);
    assert_true(capas_hdf5_has(contents, "layers/a/layers"));
    assert_true(capas_hdf5_has(contents, "x_layer_checkpoint_dependencies"));
    assert_memory_equal(capas_hdf5_floats(contents, "layers/a/0", &shape), two, sizeof two);
    capas_hdf5_close_contents(contents);
}

/* `text` with every `old` replaced, to be freed; what comes in is. */
static char *replaced(char *text, const char *old, const char *new)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, old)) != NULL; at += strlen(old))
        count++;
    char *result = malloc(strlen(text) + count * strlen(new) + 1), *to = result;
    const char *from = text, *at;
    for (; (at = strstr(from, old)) != NULL; from = at + strlen(old))
        to += sprintf(to, "%.*s%s", (int)(at - from), from, new);
    strcpy(to, from);
    free(text);
    return result;
}

/* The same network with the channels in front: the same weights, the same outputs. Its pictures
 * have one channel, so that they lie in memory as before. */
static void opens_networks_with_channels_first(void **state)
{
    (void)state;
    char *json = golden_text("files/cnn_k3.json");
    json = replaced(json, "channels_last", "channels_first");
    json = replaced(json, "\"batch_shape\": [null, 8, 7, 1]", "\"batch_shape\": [null, 1, 8, 7]");
    json = replaced(json, "\"axis\": -1", "\"axis\": 1");
    capas_model *model = capas_model_from_json(json);
    if (!model) fail_msg("%s", capas_error());
    free(json);
    assert_loads(model, golden_path("files/cnn_k3.weights.h5"), NULL);
    assert_recorded_output(model, "cnn_input.npy", "cnn_output.npy");
    save_model(model, "first.h5");
    capas_model_free(model);
    model = open_model("first.h5");
    assert_recorded_output(model, "cnn_input.npy", "cnn_output.npy");
    capas_model_free(model);
}

static void compares_models(void **state)
{
    (void)state;
    double difference = -1;
    capas_model *first = open_model(golden_path("files/cnn_k2.h5"));
    capas_model *second = open_model(golden_path("files/cnn_k3.keras"));
    assert_int_equal(capas_model_difference(first, second, 4, &difference), CAPAS_OK);
    assert_true(difference == 0);
    int bias = capas_model_find_weight(second, "dense_a", "bias");
    double largest = 0;
    for (int i = 0; i < 2; i++) { /* one of the two classes is not the one that it was */
        float values[3] = {i == 0 ? 1e3F : 0, i == 1 ? 1e3F : 0, 0};
        assert_int_equal(capas_model_set_weight(second, bias, values), CAPAS_OK);
        assert_int_equal(capas_model_difference(first, second, 4, &difference), CAPAS_OK);
        largest = fmax(largest, difference);
    }
    assert_true(largest > 0.5);
    assert_int_equal(capas_model_difference(first, second, 0, &difference), CAPAS_INVALID_ARGUMENT);
    capas_model_free(second);
    second = other_top(7, "dense_a");
    assert_int_equal(capas_model_difference(first, second, 4, &difference), CAPAS_SHAPE_MISMATCH);
    assert_non_null(strstr(capas_error(), "output 0 is (None, 3) in one and (None, 7)"));
    capas_model_free(second);
    capas_model_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_weights_of_keras),
        cmocka_unit_test(takes_weights_by_name),
        cmocka_unit_test(leaves_the_model_when_they_do_not_fit),
        cmocka_unit_test(knows_the_old_word),
        cmocka_unit_test(goes_through_arrays),
        cmocka_unit_test(opens_networks_with_channels_first),
        cmocka_unit_test(compares_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
/* A build without Keras's files has nothing to test here; test_broken.c sees that it says so. */
int main(void)
{
    return 0;
}
#endif
