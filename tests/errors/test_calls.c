/* What is wrong in a program's calls: each gives its status, and a sentence that says where, what
 * was expected, what was found, and what to do. Files, recipes and the program are tested beside.
 */
#include "support/cmocka.h"

#include "base/option.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXTS = 6, SAMPLES = 6 };

static void assert_told(capas_status found, capas_status expected, const char *const *texts)
{
    if (found != expected)
        fail_msg("%s, expected %s: %s", capas_status_name(found), capas_status_name(expected),
                 capas_error());
    assert_int_equal(capas_error_status(), expected);
    for (int i = 0; i < TEXTS && texts[i] != NULL; i++)
        if (strstr(capas_error(), texts[i]) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", capas_error(), texts[i]);
}

#define TOLD(found, expected, ...)                                                                 \
    assert_told(found, expected, (const char *const[TEXTS]){__VA_ARGS__})

/* For calls that give NULL. */
static capas_status of_model(capas_model *model)
{
    capas_status status = capas_model_status(model);
    capas_model_free(model);
    return status;
}

static void shapes_between_layers(void **state)
{
    (void)state;
    TOLD(of_model(capas_sequential(capas_input(6, 6, 1), capas_flatten(), capas_conv2d(2, 3))),
         CAPAS_SHAPE_MISMATCH, "conv2d", "(None, 36)", "height");
    TOLD(of_model(capas_sequential(capas_input(5, 7, 1), capas_conv2d(2, 6))), CAPAS_SHAPE_MISMATCH,
         "conv2d", "6x6", "5x7", "padding \"same\"");
    TOLD(of_model(capas_sequential(capas_input(5, 5, 1),
                                   capas_conv2d(2, 3, .dilation_rate = {4, 4}, .name = "far"))),
         CAPAS_SHAPE_MISMATCH, "far", "9x9", "5x5");
    TOLD(of_model(capas_sequential(capas_input(3, 3, 1), capas_max_pooling2d(4))),
         CAPAS_SHAPE_MISMATCH, "max_pooling2d", "4x4", "3x3");
    TOLD(of_model(capas_sequential(capas_input(4, 4, 3), capas_conv2d(4, 1, .groups = 2))),
         CAPAS_SHAPE_MISMATCH, "conv2d", "groups", "2", "3");
    TOLD(of_model(capas_sequential(capas_dense(3))), CAPAS_INVALID_ARGUMENT, "input");
    capas_graph *graph = capas_graph_new();
    capas_node input = capas_graph_apply(graph, capas_input(4, 4, 3), NULL, 0);
    capas_node flat = capas_graph_apply(graph, capas_flatten(), &input, 1);
    capas_node sum = capas_graph_apply(graph, capas_add(), (capas_node[]){input, flat}, 2);
    TOLD(of_model(capas_functional(graph, NULL, &input, 1, &sum, 1)), CAPAS_SHAPE_MISMATCH, "add",
         "(None, 4, 4, 3)", "(None, 48)");
}

static void options_of_layers(void **state)
{
    (void)state;
    TOLD(of_model(capas_sequential(capas_input(4), capas_dense(0))), CAPAS_INVALID_ARGUMENT,
         "dense", "units", "at least 1", "0");
    TOLD(of_model(capas_sequential(capas_input(4), capas_dropout(1.5))), CAPAS_INVALID_ARGUMENT,
         "dropout", "rate", "1.5");
    TOLD(of_model(
             capas_sequential(capas_input(4), capas_dense(2, .activation = (capas_activation)99))),
         CAPAS_UNKNOWN_NAME, "dense", "activation", "99", "relu");
    TOLD(of_model(capas_sequential(capas_input(4, 4, 1),
                                   capas_conv2d(2, 3, .strides = {2, 2}, .dilation_rate = {2, 2}))),
         CAPAS_INVALID_ARGUMENT, "conv2d", "strides", "dilation_rate");
    TOLD(of_model(capas_sequential(capas_input(4), capas_dense(2, .name = "a/b"))),
         CAPAS_INVALID_ARGUMENT, "a/b", "\"/\"");
}

static capas_status of_json(const char *layers)
{
    char text[1024];
    snprintf(text, sizeof text,
             "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"m\", \"layers\": [{"
             "\"class_name\": \"InputLayer\", \"config\": {\"batch_shape\": [null, 4]}}, %s]}}",
             layers);
    return of_model(capas_model_from_json(text));
}

static void configurations_in_json(void **state)
{
    (void)state;
    assert_int_equal(of_json("{\"class_name\": \"Dense\", \"config\": {\"units\": 2}}"), CAPAS_OK);
    TOLD(of_json("{\"class_name\": \"Dence\", \"config\": {\"units\": 2}}"), CAPAS_UNKNOWN_NAME,
         "Dence", "did you mean \"Dense\"?");
    TOLD(of_json("{\"class_name\": \"Dense\", \"config\": {\"unit\": 2}}"), CAPAS_UNKNOWN_NAME,
         "Dense", "unit", "did you mean \"units\"?");
    TOLD(of_json("{\"class_name\": \"Dense\", \"config\": {\"units\": 2, \"activation\": "
                 "\"rleu\"}}"),
         CAPAS_UNKNOWN_NAME, "rleu", "did you mean \"relu\"?");
    TOLD(of_json("{\"class_name\": \"Dense\", \"config\": {\"units\": \"two\"}}"),
         CAPAS_INVALID_ARGUMENT, "units", "two");
    TOLD(of_json("{\"class_name\": \"Dense\", \"config\": {\"units\": -2}}"),
         CAPAS_INVALID_ARGUMENT, "units", "-2");
    TOLD(of_model(capas_model_from_json("{\"class_name\": \"Sequential\",\n \"config\": }")),
         CAPAS_BAD_FILE, "line 2", "column");
}

static float pixels[SAMPLES * 4];
static int32_t labels[SAMPLES];

static capas_dataset *make_set(int64_t features)
{
    for (int i = 0; i < SAMPLES * 4; i++)
        pixels[i] = (float)(i % 7) / 7;
    for (int i = 0; i < SAMPLES; i++)
        labels[i] = i % 3;
    capas_tensor x = {CAPAS_FLOAT32, {2, {SAMPLES, features}}, pixels};
    capas_tensor y = {CAPAS_INT32, {1, {SAMPLES}}, labels};
    return capas_dataset_from_arrays(x, y, 0);
}

static capas_model *make_model(double learning_rate)
{
    capas_model *model =
        capas_sequential(capas_input(4), capas_dense(3, .activation = CAPAS_SOFTMAX));
    capas_compile(model, .optimizer = capas_sgd(.learning_rate = learning_rate),
                  .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY);
    return model;
}

static void compile_settings(void **state)
{
    (void)state;
    capas_model *model = make_model(0.1);
    assert_int_equal(capas_model_status(model), CAPAS_OK);
    TOLD(capas_compile(model, .optimizer = capas_adam(.learning_rate = -1),
                       .loss = CAPAS_MEAN_SQUARED_ERROR),
         CAPAS_INVALID_ARGUMENT, "learning_rate", "-1");
    TOLD(capas_model_status(model), CAPAS_INVALID_ARGUMENT, "learning_rate");
    capas_model_clear_error(model);
    TOLD(capas_compile(model, .optimizer = capas_sgd(.clipnorm = 1, .clipvalue = 1),
                       .loss = CAPAS_MEAN_SQUARED_ERROR),
         CAPAS_INVALID_ARGUMENT, "clipnorm", "clipvalue");
    capas_model_clear_error(model);
    capas_dataset *set = make_set(4);
    assert_int_equal(capas_compile(model, .optimizer = capas_sgd()), CAPAS_OK);
    TOLD(capas_fit(model, set), CAPAS_WRONG_STATE, "fit", "without a loss", "capas_compile");
    capas_model_free(model);
    capas_dataset_free(set);
}

/* What training is given: labels that no class has, other shapes, no numbers. */
static void data_for_training(void **state)
{
    (void)state;
    capas_model *model = make_model(0.1);
    capas_dataset *set = make_set(4), *narrow = make_set(3);
    labels[4] = 3;
    TOLD(capas_fit(model, set), CAPAS_BAD_DATA, "label", "3", "4", "0..2");
    capas_model_clear_error(model);
    labels[4] = -1;
    TOLD(capas_fit(model, set), CAPAS_BAD_DATA, "label", "-1", "0..2");
    capas_model_clear_error(model);
    labels[4] = 1;
    TOLD(capas_fit(model, narrow), CAPAS_SHAPE_MISMATCH, "(None, 4)", "(None, 3)");
    TOLD(capas_fit(model, set), CAPAS_SHAPE_MISMATCH, "(None, 4)", "(None, 3)"); /* kept */
    capas_model_clear_error(model);
    TOLD(capas_fit(model, set, .batch_size = -4), CAPAS_INVALID_ARGUMENT, "batch_size", "-4");
    capas_model_clear_error(model);
    TOLD(capas_fit(model, set, .validation_split = 0.999), CAPAS_BAD_DATA, "validation_split", "6");
    capas_model_clear_error(model);
    pixels[5] = NAN;
    TOLD(capas_fit(model, set, .shuffle = CAPAS_FALSE, .batch_size = 1), CAPAS_NOT_FINITE,
         "epoch 1, batch 2", "NaN", "input 0");
    capas_model_free(model);
    capas_dataset_free(set);
    capas_dataset_free(narrow);
}

static void too_early(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(capas_input(4), capas_dense(3));
    capas_dataset *set = make_set(4);
    TOLD(capas_fit(model, set), CAPAS_WRONG_STATE, "fit", "compile");
    capas_model_clear_error(model);
    capas_evaluation evaluation;
    TOLD(capas_evaluate(model, set, &evaluation), CAPAS_WRONG_STATE, "evaluate", "compile");
    capas_model_free(model);
    capas_dataset_free(set);
}

/* A rate that sends the weights away: the training stops, and says where and why. */
static void a_loss_that_is_no_number(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(capas_input(4), capas_dense(8), capas_dense(1));
    capas_dataset *set = make_set(4);
    assert_int_equal(capas_compile(model, .optimizer = capas_sgd(.learning_rate = 1000),
                                   .loss = CAPAS_MEAN_SQUARED_ERROR),
                     CAPAS_OK);
    TOLD(capas_fit(model, set, .epochs = 50, .batch_size = 2), CAPAS_NOT_FINITE, "fit: epoch ",
         "batch ", "the learning rate (1000) is too high", "a tenth");
    TOLD(capas_save(model, "never.keras"), CAPAS_NOT_FINITE, "epoch "); /* nothing bad is saved */
    capas_model_free(model);
    capas_dataset_free(set);
}

static void prediction(void **state)
{
    (void)state;
    capas_model *model = make_model(0.1);
    float output[SAMPLES * 3];
    capas_tensor in = {CAPAS_FLOAT32, {2, {SAMPLES, 3}}, pixels};
    capas_tensor out = {CAPAS_FLOAT32, {2, {SAMPLES, 3}}, output};
    TOLD(capas_predict_tensors(model, &in, &out, SAMPLES), CAPAS_SHAPE_MISMATCH, "input 0",
         "(None, 4)", "(6, 3)");
    in.shape.dims[1] = 4;
    in.element = CAPAS_INT32;
    TOLD(capas_predict_tensors(model, &in, &out, SAMPLES), CAPAS_INVALID_ARGUMENT, "input 0",
         "float32 or uint8", "int32");
    in.element = CAPAS_FLOAT32;
    TOLD(capas_predict_tensors(model, &in, &out, SAMPLES + 1), CAPAS_SHAPE_MISMATCH, "7 samples");
    TOLD(capas_predict(model, NULL, 1, output), CAPAS_INVALID_ARGUMENT, "input 0", "no data");
    TOLD(capas_predict(model, pixels, -1, output), CAPAS_INVALID_ARGUMENT, "0 or more");
    assert_int_equal(capas_predict(model, pixels, 0, NULL), CAPAS_OK);
    assert_int_equal(capas_predict_tensors(model, &in, &out, SAMPLES), CAPAS_OK);
    assert_int_equal(capas_model_status(model), CAPAS_OK); /* prediction's failures are not kept */
    capas_model_free(model);
}

static void names_and_numbers(void **state)
{
    (void)state;
    capas_model *model = make_model(0.1);
    TOLD(capas_model_set_trainable(model, "dence", 0), CAPAS_UNKNOWN_NAME, "dence",
         "did you mean \"dense\"?");
    capas_model_clear_error(model);
    capas_weight_info info;
    TOLD(capas_model_weight_info(model, 9, &info), CAPAS_INVALID_ARGUMENT, "9", "2");
    TOLD(capas_set_threads(65), CAPAS_INVALID_ARGUMENT, "1 to 64", "65");
    capas_model_free(model);
    assert_null(capas_load("no-such-file.keras"));
    TOLD(capas_error_status(), CAPAS_NO_FILE, "no-such-file.keras");
    model = make_model(0.1);
    TOLD(capas_save(model, "no-such-folder/m.keras"), CAPAS_WRITE_FAILED, "no-such-folder/m.keras");
    capas_model_free(model);
    capas_picture picture;
    TOLD(capas_load_picture("no-such.png", 1, &picture), CAPAS_NO_FILE, "no-such.png");
    float levels[3];
    const capas_picture_options half = {.struct_size = sizeof half, .height = 1, .width = 1};
    TOLD(capas_load_picture_levels("a.png", &half, levels), CAPAS_INVALID_ARGUMENT, "a.png",
         "1x1x0");
    TOLD(capas_load_picture_as("a.png", &picture, .channels = 5), CAPAS_INVALID_ARGUMENT, "a.png",
         "found 5");
    TOLD(capas_describe_picture(NULL, NULL, &picture), CAPAS_INVALID_ARGUMENT, "path");
    assert_null(capas_dataset_from_folder("no-such-folder", .height = 8, .width = 8));
    TOLD(capas_error_status(), CAPAS_NO_FILE, "no-such-folder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_between_layers),    cmocka_unit_test(options_of_layers),
        cmocka_unit_test(configurations_in_json),   cmocka_unit_test(compile_settings),
        cmocka_unit_test(data_for_training),        cmocka_unit_test(too_early),
        cmocka_unit_test(a_loss_that_is_no_number), cmocka_unit_test(prediction),
        cmocka_unit_test(names_and_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
