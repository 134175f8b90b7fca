/* Recipes: ours all build; chains, graphs and Keras's JSON become models; settings change them.
 * What is wrong in one is test_recipe_errors.c's. */
#include "base/file.h"
#include "base/memory.h"
#include "model/model.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/idx_set.h"
#include "support/scarce_memory.h"
#include "training/dataset.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_bytes(const char *path, const void *data, size_t size)
{
    if (capas_write_file(path, data, size) != CAPAS_OK) fail_msg("%s", capas_error());
}

static int make_set(void **state)
{
    char data[4096], recipes[4096];
    (void)state;
    idx_set_write("set", "train", 0);
    idx_set_write("set", "t10k", 0);
    snprintf(data, sizeof data, "%s/data", CAPAS_SOURCE_DIR);
    snprintf(recipes, sizeof recipes, "%s/recipes", CAPAS_SOURCE_DIR);
    setenv("CAPAS_DATA", data, 1);
    setenv("CAPAS_RECIPES", recipes, 1);
    return 0;
}

static capas_recipe *load(const char *text)
{
    write_bytes("t.yaml", text, strlen(text));
    return capas_recipe_load("t.yaml", NULL, 0);
}

static capas_recipe *load_right(const char *text)
{
    capas_recipe *recipe = load(text);
    if (!recipe) fail_msg("%s", capas_error());
    return recipe;
}

static capas_model *build(capas_recipe *recipe)
{
    capas_model *model = capas_recipe_model(recipe, 1);
    if (!model) fail_msg("%s", capas_error());
    return model;
}

static int64_t count_parameters(const capas_model *model)
{
    int64_t sum = 0;
    for (int i = 0; i < capas_model_weight_count(model); i++) {
        capas_weight_info info;
        int64_t count = 1;
        assert_int_equal(capas_model_weight_info(model, i, &info), CAPAS_OK);
        for (int d = 0; d < info.shape.rank; d++)
            count *= info.shape.dims[d];
        sum += count;
    }
    return sum;
}

static void our_recipes_build(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int parameters, callbacks;
        double accuracy;
    } expected[] = {
        {"cnn-simple", 542230, 0, 0.985},
        {"crash-mlp", 79510, 1, 0.9585},
        {"crash-bn", 182446, 1, 0.9715},
        {"keras-mlp", 669706, 0, 0.9835},
        {"model1", 54410, 0, 0.978},
        {"mlp-2048", 5824522, 0, 0.53},
        {"model2-v1", 62250, 0, 0.9865},
        {"model2-v2", 79498, 0, 0.9835},
        {"keras-cnn", 1199882, 0, 0.987},
        {"crash-cnn", 2229614, 1, 0.983},
        {"keras-cnn-augmented", 1199882, 0, 0.991},
        {"model3", 234378, 1, 0.994},
        {"tf1-cnn", 3274634, 1, 0.969},
        {"mnist-fast", 56970, 0, 0.99},
        {"mnist-best", 610958, 0, 0.997},
        {"model3-earlystop-a", 234378, 2, 0.994},
        {"model3-earlystop-b", 234378, 2, 0.988},
        {"model3-earlystop-c", 234378, 2, 0.992},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        capas_recipe *recipe = capas_recipe_load(expected[i].name, NULL, 0);
        if (!recipe) fail_msg("%s", capas_error());
        assert_string_equal(capas_recipe_name(recipe), expected[i].name);
        assert_true(capas_recipe_expected_accuracy(recipe) == expected[i].accuracy);
        capas_recipe_data none = {0};
        capas_fit_options options;
        assert_int_equal(capas_recipe_fit_options(recipe, &none, &options), CAPAS_OK);
        assert_int_equal(options.callback_count, expected[i].callbacks);
        capas_model *model = build(recipe);
        assert_int_equal(count_parameters(model), expected[i].parameters);
        assert_non_null(model->trainer);
        capas_preprocessing preprocessing;
        capas_model_preprocessing(model, &preprocessing);
        assert_true(preprocessing.scale == 1.0 / 255 && preprocessing.offset == 0);
        capas_model_free(model);
        capas_recipe_free(recipe);
    }
}

#define CHAIN                                                                                      \
    "data: {folder: set, scale: 1/255, offset: -0.5}\n"                                            \
    "model:\n"                                                                                     \
    "  - Conv2D: {filters: 2, kernel_size: 3, activation: relu}\n"                                 \
    "  - Flatten\n"                                                                                \
    "  - Dense: {units: 2, activation: softmax, name: out}\n"
#define COMPILE                                                                                    \
    "compile: {optimizer: {SGD: {learning_rate: 0.1}}, loss: sparse_categorical_crossentropy, "    \
    "metrics: [accuracy]}\n"

/* One epoch on the data of a recipe; the model's. */
static capas_model *train(capas_recipe *recipe, int epochs)
{
    capas_recipe_data data;
    capas_fit_options options;
    if (capas_recipe_open_data(recipe, NULL, &data) != CAPAS_OK) fail_msg("%s", capas_error());
    capas_model *model = build(recipe);
    assert_int_equal(capas_recipe_fit_options(recipe, &data, &options), CAPAS_OK);
    assert_int_equal(options.epochs, epochs);
    if (capas_fit_with(model, data.train, &options) != CAPAS_OK) fail_msg("%s", capas_error());
    capas_evaluation evaluation;
    assert_int_equal(capas_evaluate(model, data.test, &evaluation), CAPAS_OK);
    assert_int_equal(evaluation.samples, IDX_SET_COUNT);
    assert_true(capas_evaluation_get(&evaluation, "accuracy") > 0.9);
    capas_recipe_close_data(&data);
    return model;
}

static void a_chain_trains(void **state)
{
    (void)state;
    capas_recipe *recipe =
        load_right(CHAIN COMPILE "fit: {batch_size: 4, epochs: 5, validation: test}\n");
    assert_string_equal(capas_recipe_name(recipe), "t");
    assert_true(isnan(capas_recipe_expected_accuracy(recipe)));
    capas_model *model = train(recipe, 5);
    capas_preprocessing preprocessing;
    capas_model_preprocessing(model, &preprocessing);
    assert_true(preprocessing.minimum == -0.5 && preprocessing.maximum == 0.5);
    assert_true(fabs(preprocessing.mean) < 1e-12 && fabs(preprocessing.deviation - 0.5) < 1e-12);
    assert_string_equal(capas_model_name(model), "sequential");
    capas_model_free(model);
    capas_recipe_free(recipe);
}

/* Pictures are changed in the training part only. */
static void only_training_is_augmented(void **state)
{
    (void)state;
    capas_recipe *recipe = load_right(
        "data: {folder: set, augment: {rotation_range: 90, elastic_alpha: 3}, one_hot: true}\n"
        "model: [Flatten]\n" COMPILE);
    capas_recipe_data data;
    capas_dataset *sets[2];
    capas_batch batches[3];
    if (capas_recipe_open_data(recipe, NULL, &data) != CAPAS_OK) fail_msg("%s", capas_error());
    assert_int_equal(capas_load_idx("set", &sets[0], &sets[1]), CAPAS_OK);
    capas_dataset *compared[] = {data.train, data.test, sets[0]};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(capas_batch_new(&compared[i]->spec, IDX_SET_COUNT, &batches[i]), CAPAS_OK);
        capas_dataset_place place = {0};
        assert_int_equal(compared[i]->type->seek(compared[i], &place), CAPAS_OK);
        assert_int_equal(compared[i]->type->next(compared[i], &batches[i]), CAPAS_OK);
    }
    const size_t size = IDX_SET_COUNT * IDX_SET_SIDE * IDX_SET_SIDE;
    assert_memory_not_equal(batches[0].inputs[0], batches[2].inputs[0], size);
    assert_memory_equal(batches[1].inputs[0], batches[2].inputs[0], size);
    for (int i = 0; i < 3; i++)
        capas_batch_free(&batches[i]);
    capas_dataset_free(sets[0]);
    capas_dataset_free(sets[1]);
    capas_recipe_close_data(&data);
    capas_recipe_free(recipe);
}

static void a_graph_trains(void **state)
{
    (void)state;
    capas_recipe *recipe = load_right(
        "data: {folder: set, scale: 1/255, one_hot: true}\n"
        "model:\n"
        "  - Conv2D: {filters: 3, kernel_size: 3, padding: same, activation: relu, name: a}\n"
        "  - Conv2D: {filters: 3, kernel_size: 1, inputs: input_layer}\n"
        "  - Add: {inputs: [a, conv2d]}\n"
        "  - GlobalAveragePooling2D: {name: mean, inputs: conv2d}\n"
        "  - Flatten: {inputs: add}\n"
        "  - Dense: {units: 2, activation: softmax}\n"
        "compile: {optimizer: adam, loss: categorical_crossentropy}\n");
    capas_recipe_data data;
    assert_int_equal(capas_recipe_open_data(recipe, "set", &data), CAPAS_OK);
    capas_model *model = build(recipe);
    assert_string_equal(capas_model_name(model), "functional");
    assert_int_equal(capas_model_input_count(model), 1);
    assert_int_equal(capas_model_output_count(model), 2); /* mean and dense: nobody takes them */
    capas_model_free(model);
    capas_recipe_close_data(&data);
    capas_recipe_free(recipe);

    recipe = load_right("data: {folder: set, scale: 1/255, one_hot: true}\n"
                        "model:\n"
                        "  - Input: {shape: [6, 6, 1], name: picture}\n"
                        "  - Flatten: {name: flat}\n"
                        "  - Dense: {units: 8, activation: relu}\n"
                        "  - Dense: {units: 8, name: other, inputs: [flat]}\n"
                        "  - Add: {inputs: [dense, other]}\n"
                        "  - Dense: {units: 2, activation: softmax}\n"
                        "compile: {optimizer: adam, loss: categorical_crossentropy, metrics: "
                        "[accuracy]}\n"
                        "fit: {epochs: 30, batch_size: 4}\n");
    model = train(recipe, 30);
    assert_int_equal(capas_model_output_count(model), 1);
    capas_model_free(model);
    capas_recipe_free(recipe);
}

static void keras_json_is_a_model(void **state)
{
    (void)state;
    char *json = golden_text("files/cnn_k3.json");
    write_bytes("net.json", json, strlen(json));
    free(json);
    static const char *const texts[] = {"model: net.json\n" COMPILE,
                                        "model: {keras: net.json}\n" COMPILE};
    for (int i = 0; i < 2; i++) {
        capas_recipe *recipe = load_right(texts[i]);
        capas_model *model = build(recipe);
        assert_string_equal(capas_model_name(model), "small_cnn");
        assert_non_null(model->trainer);
        capas_model_free(model);
        capas_recipe_free(recipe);
    }
}

static void settings_change_it(void **state)
{
    (void)state;
    static const char *const settings[] = {"fit.epochs=3",
                                           "fit.batch_size=7",
                                           "fit.class_weight={2: 0.5, 0: 3}",
                                           "fit.validation_freq=[1, 3]",
                                           "model.0.Conv2D.filters=5",
                                           "expect.test_accuracy=0.5",
                                           "compile.optimizer={Adam: {learning_rate: 0.5}}",
                                           "name=other"};
    write_bytes("t.yaml", CHAIN COMPILE, strlen(CHAIN COMPILE));
    capas_recipe *recipe = capas_recipe_load("t.yaml", settings, 8);
    if (!recipe) fail_msg("%s", capas_error());
    capas_recipe_data none = {0};
    capas_fit_options options;
    assert_int_equal(capas_recipe_fit_options(recipe, &none, &options), CAPAS_OK);
    assert_int_equal(options.epochs, 3);
    assert_int_equal(options.batch_size, 7);
    assert_int_equal(options.validation_epoch_count, 2);
    assert_true(options.validation_freq == 0 && options.validation_epochs[1] == 3);
    assert_int_equal(options.class_weight_count, 3);
    assert_true(options.class_weight[0] == 3 && options.class_weight[1] == 1 &&
                options.class_weight[2] == 0.5);
    assert_true(capas_recipe_expected_accuracy(recipe) == 0.5);
    assert_string_equal(capas_recipe_name(recipe), "other");
    capas_model *model = build(recipe);
    capas_weight_info info;
    capas_model_weight_info(model, 0, &info);
    assert_int_equal(info.shape.dims[3], 5);
    capas_model_free(model);
    capas_recipe_free(recipe);
}

static void assert_setting_refused(const char *setting, capas_status status, const char *sentence)
{
    write_bytes("t.yaml", CHAIN COMPILE, strlen(CHAIN COMPILE));
    assert_null(capas_recipe_load("t.yaml", &setting, 1));
    if (capas_error_status() != status || !strstr(capas_error(), sentence))
        fail_msg("%s: \"%s\" is not \"%s\"", setting, capas_error(), sentence);
}

static void wrong_settings_are_told(void **state)
{
    (void)state;
    assert_setting_refused("epochs", CAPAS_INVALID_ARGUMENT, "must be KEY=VALUE");
    assert_setting_refused("=3", CAPAS_INVALID_ARGUMENT, "must be KEY=VALUE");
    assert_setting_refused("fit.epoch=3", CAPAS_UNKNOWN_NAME, "did you mean \"epochs\"?");
    assert_setting_refused("fitt.epochs=3", CAPAS_UNKNOWN_NAME, "did you mean \"fit\"?");
    assert_setting_refused("fit.epochs=[1", CAPAS_BAD_FILE, "setting fit.epochs=[1, line");
    assert_setting_refused("fit.epochs=many", CAPAS_INVALID_ARGUMENT, "epochs must be");
    assert_setting_refused("model.9.x=1", CAPAS_UNKNOWN_NAME, "no item of a list of 3");
    assert_setting_refused("compile.loss.name=1", CAPAS_INVALID_ARGUMENT, "no map; set it whole");
}

/* Each allocation of ours failed in turn, from the file to the open data. */
static void survives_without_memory(void **state)
{
    (void)state;
    static const char *const settings[] = {"fit.epochs=1", "data.one_hot=true"};
    static const char text[] =
        "data: set\nmodel: [Flatten: {name: a}, Dense: {units: 2, inputs: a}]\n" COMPILE
        "fit: {callbacks: [EarlyStopping]}\n";
    write_bytes("t.yaml", text, sizeof text - 1);
    bool done = false;
    for (long allowed = 0; !done; allowed++) {
        capas_recipe_data data = {0};
        assert_true(allowed < 3000);
        scarce_memory_begin(allowed);
        capas_recipe *recipe = capas_recipe_load("t.yaml", settings, 1);
        capas_model *model = recipe ? capas_recipe_model(recipe, 0) : NULL;
        done = model && capas_recipe_open_data(recipe, NULL, &data) == CAPAS_OK;
        if (!done && capas_error_status() != CAPAS_NO_MEMORY)
            fail_msg("after %ld allocations: %s", allowed, capas_error());
        capas_recipe_close_data(&data);
        capas_model_free(model);
        capas_recipe_free(recipe);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_recipes_build),          cmocka_unit_test(a_chain_trains),
        cmocka_unit_test(only_training_is_augmented), cmocka_unit_test(a_graph_trains),
        cmocka_unit_test(keras_json_is_a_model),      cmocka_unit_test(settings_change_it),
        cmocka_unit_test(wrong_settings_are_told),    cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, make_set, NULL);
}
