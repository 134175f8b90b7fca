/* What is wrong in a recipe is told with its line and the nearest right word. */
#include "base/file.h"
#include "support/cmocka.h"
#include "support/idx_set.h"
#include <capas/capas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN                                                                                      \
    "data: {folder: set, scale: 1/255, offset: -0.5}\n"                                            \
    "model:\n"                                                                                     \
    "  - Conv2D: {filters: 2, kernel_size: 3, activation: relu}\n"                                 \
    "  - Flatten\n"                                                                                \
    "  - Dense: {units: 2, activation: softmax, name: out}\n"
#define COMPILE                                                                                    \
    "compile: {optimizer: {SGD: {learning_rate: 0.1}}, loss: sparse_categorical_crossentropy, "    \
    "metrics: [accuracy]}\n"

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

/* A recipe that loads or not, but does not become a model. */
static void assert_wrong(const char *text, capas_status status, const char *sentence)
{
    capas_recipe *recipe = load(text);
    capas_model *model = recipe ? capas_recipe_model(recipe, 0) : NULL;
    assert_null(model);
    if (capas_error_status() != status || !strstr(capas_error(), sentence) ||
        !strstr(capas_error(), "t.yaml"))
        fail_msg("%s\n\"%s\" (%s) is not \"%s\"", text, capas_error(),
                 capas_status_name(capas_error_status()), sentence);
    capas_recipe_free(recipe);
}

static void wrong_keys_are_told(void **state)
{
    (void)state;
    assert_wrong("modell: []\n", CAPAS_UNKNOWN_NAME,
                 "t.yaml, line 1: a recipe has no \"modell\"; did you mean \"model\"?");
    assert_wrong("data: {nam: mnist}\n", CAPAS_UNKNOWN_NAME,
                 "line 1: data has no \"nam\"; did you mean \"name\"?");
    assert_wrong(CHAIN COMPILE "fit: {epochs: 1,\n batchsize: 2}\n", CAPAS_UNKNOWN_NAME,
                 "line 8: fit has no \"batchsize\"; did you mean \"batch_size\"?");
    assert_wrong(CHAIN COMPILE "expect: {accuracy: 1}\n", CAPAS_UNKNOWN_NAME, "test_accuracy");
    assert_wrong(CHAIN "compile: {optimiser: adam}\n", CAPAS_UNKNOWN_NAME,
                 "did you mean \"optimizer\"?");
    assert_wrong(CHAIN COMPILE "fit: {callbacks: [EarlyStoping]}\n", CAPAS_UNKNOWN_NAME,
                 "did you mean \"EarlyStopping\"?");
    assert_wrong(CHAIN COMPILE "fit: {callbacks: [{EarlyStopping: {pacience: 1}}]}\n",
                 CAPAS_UNKNOWN_NAME, "did you mean \"patience\"?");
    assert_wrong("data: set\nmodel:\n  - Flatten\n  - Dens: {units: 2}\n" COMPILE,
                 CAPAS_UNKNOWN_NAME, "t.yaml, line 4:");
    assert_wrong("data: set\nmodel:\n  - Flatten\n  - Dens: {units: 2}\n" COMPILE,
                 CAPAS_UNKNOWN_NAME, "did you mean \"Dense\"?");
    assert_wrong("data: set\nmodel:\n  - Flatten\n  - Dense: {unit: 2}\n" COMPILE,
                 CAPAS_UNKNOWN_NAME, "no option \"unit\" (line 4); did you mean \"units\"?");
    assert_wrong(
        "data: set\nmodel:\n  - Flatten\n  - Dense: {units: 2, activation: rellu}\n" COMPILE,
        CAPAS_UNKNOWN_NAME, "relu");
    assert_wrong(CHAIN "compile: {optimizer: adan, loss: mse}\n", CAPAS_UNKNOWN_NAME, "\"Adam\"?");
    assert_wrong(CHAIN "compile: {optimizer: adam, loss: sparse_categorical_crosentropy}\n",
                 CAPAS_UNKNOWN_NAME, "sparse_categorical_crossentropy");
}

static void wrong_values_are_told(void **state)
{
    (void)state;
    assert_wrong("data: {scale: much}\n", CAPAS_INVALID_ARGUMENT,
                 "line 1: data: scale must be a number other than 0, as 1/255, found \"much\"");
    assert_wrong("data: {scale: 1/0}\n", CAPAS_INVALID_ARGUMENT, "scale must be");
    assert_wrong("data: {scale: 0}\n", CAPAS_INVALID_ARGUMENT, "scale must be");
    assert_wrong("data: {offset: []}\n", CAPAS_INVALID_ARGUMENT, "offset must be");
    assert_wrong("data: {one_hot: 1}\n", CAPAS_INVALID_ARGUMENT, "one_hot must be true or false");
    assert_wrong("data: {name: mnist, folder: set}\n", CAPAS_INVALID_ARGUMENT, "exclude");
    assert_wrong(
        "data:\n  name: mnist\n  augment: {zoom_range: 1.5}\n", CAPAS_INVALID_ARGUMENT,
        "t.yaml: data: augment: zoom_range must be a number below 1 or a list of two above "
        "0, found 1.5 (line 3)");
    assert_wrong("data: {name: mnist, augment: {rotation: 5}}\n", CAPAS_UNKNOWN_NAME,
                 "no option \"rotation\" (line 1)");
    assert_wrong("data: [mnist]\n", CAPAS_INVALID_ARGUMENT, "data must be a map");
    assert_wrong("name: a/b\n", CAPAS_INVALID_ARGUMENT, "name must be a word");
    assert_wrong("data: set\n", CAPAS_INVALID_ARGUMENT, "model must be a list of layers");
    assert_wrong("data: set\nmodel: []\n", CAPAS_INVALID_ARGUMENT,
                 "model must be a list of layers");
    assert_wrong("data: set\nmodel: [{Dense: {units: 1}, Flatten: }]\n", CAPAS_INVALID_ARGUMENT,
                 "line 2: a layer must be a name");
    assert_wrong("data: set\nmodel: [[Dense]]\n", CAPAS_INVALID_ARGUMENT, "a layer must be a name");
    assert_wrong("model: nowhere.json\n", CAPAS_NO_FILE, "nowhere.json");
    assert_wrong(CHAIN, CAPAS_INVALID_ARGUMENT, "compile is missing");
    assert_wrong(CHAIN "compile: adam\n", CAPAS_INVALID_ARGUMENT, "compile must be a map");
    assert_wrong(CHAIN COMPILE "fit: {batch_size: 0}\n", CAPAS_INVALID_ARGUMENT,
                 "fit: batch_size must be an integer of at least 1");
    assert_wrong(CHAIN COMPILE "fit: {validation: train}\n", CAPAS_INVALID_ARGUMENT,
                 "validation must be test");
    assert_wrong(CHAIN COMPILE "fit: {validation_freq: []}\n", CAPAS_INVALID_ARGUMENT,
                 "validation_freq is an empty list");
    assert_wrong(CHAIN COMPILE "fit: {validation_freq: [2, 0]}\n", CAPAS_INVALID_ARGUMENT,
                 "validation_freq as a list has epochs, the first is 1, found 0");
    assert_wrong(CHAIN COMPILE "fit: {validation_freq: 0}\n", CAPAS_INVALID_ARGUMENT,
                 "validation_freq must be an integer of at least 1");
    assert_wrong(CHAIN COMPILE "fit: {class_weight: [1, 2]}\n", CAPAS_INVALID_ARGUMENT,
                 "class_weight must be a map from classes to numbers");
    assert_wrong(CHAIN COMPILE "fit: {class_weight: {one: 2}}\n", CAPAS_INVALID_ARGUMENT,
                 "class_weight has for \"one\" 2; it takes the number of a class");
    assert_wrong(CHAIN COMPILE "fit: {validation: test, validation_split: 0.1}\n",
                 CAPAS_INVALID_ARGUMENT, "exclude");
    assert_wrong(CHAIN COMPILE "fit: {callbacks: EarlyStopping}\n", CAPAS_INVALID_ARGUMENT,
                 "callbacks must be a list");
    assert_wrong(CHAIN COMPILE "expect: {keras: [0.98, 98]}\n", CAPAS_INVALID_ARGUMENT,
                 "keras must be a number from 0 to 1, found 98");
    assert_wrong(CHAIN COMPILE "expect: {test_accuracy: 98}\n", CAPAS_INVALID_ARGUMENT,
                 "from 0 to 1");
    assert_wrong("data: set\nmodel:\n  - Flatten\n  - Dense: {units: many}\n" COMPILE,
                 CAPAS_INVALID_ARGUMENT, "units must be an integer of at least 1, found \"many\"");
    assert_wrong("data: set\nmodel:\n  - Flatten\n  - Dense: 10\n" COMPILE, CAPAS_INVALID_ARGUMENT,
                 "map");
    assert_wrong("data: set\nmodel:\n  - Conv2D: {filters: 2, kernel_size: 9}\n" COMPILE,
                 CAPAS_SHAPE_MISMATCH, "conv2d");
    assert_wrong(
        "data: set\nmodel:\n  - Flatten\n  - Conv2D: {filters: 2, kernel_size: 1}\n" COMPILE,
        CAPAS_SHAPE_MISMATCH, "conv2d");
    assert_wrong("model: [Flatten]\n" COMPILE, CAPAS_INVALID_ARGUMENT, "begin with an Input");
    assert_wrong("data: nowhere\nmodel: [Flatten]\n" COMPILE, CAPAS_NO_FILE, "nowhere");
}

static void wrong_graphs_are_told(void **state)
{
    (void)state;
    assert_wrong(
        "data: set\nmodel:\n  - Flatten: {name: flat}\n  - Add: {inputs: [flat, fat]}\n" COMPILE,
        CAPAS_UNKNOWN_NAME, "line 4: inputs: there is no layer \"fat\"; did you mean \"flat\"?");
    assert_wrong(
        "data: set\nmodel:\n  - Flatten: {name: a}\n  - Add: {name: a, inputs: [a]}\n" COMPILE,
        CAPAS_INVALID_ARGUMENT, "two layers have the name \"a\"");
    assert_wrong(
        "data: set\nmodel:\n  - Flatten: {name: a, inputs: [b]}\n  - Flatten: {name: b}\n" COMPILE,
        CAPAS_INVALID_ARGUMENT, "depends on itself");
    assert_wrong("data: set\nmodel:\n  - Flatten: {inputs: [[1]]}\n" COMPILE,
                 CAPAS_INVALID_ARGUMENT, "inputs must be names of layers");
}

static void wrong_files_are_told(void **state)
{
    (void)state;
    assert_wrong("model: [a\ncompile: 1\n", CAPAS_BAD_FILE, "t.yaml, line ");
    assert_wrong("- a\n", CAPAS_INVALID_ARGUMENT, "a recipe must be a map");
    assert_wrong("", CAPAS_INVALID_ARGUMENT, "a recipe must be a map");
    write_bytes("t.yaml", "a\0b", 3);
    assert_null(capas_recipe_load("t.yaml", NULL, 0));
    assert_int_equal(capas_error_status(), CAPAS_BAD_FILE);
    assert_null(capas_recipe_load("nowhere.yaml", NULL, 0));
    assert_int_equal(capas_error_status(), CAPAS_NO_FILE);
    assert_null(capas_recipe_load("cnn-simpel", NULL, 0));
    assert_int_equal(capas_error_status(), CAPAS_UNKNOWN_NAME);
    assert_non_null(strstr(capas_error(), "did you mean \"cnn-simple\"?"));
    assert_null(capas_recipe_load("zzzzzz", NULL, 0));
    assert_non_null(strstr(capas_error(), "crash-mlp"));
    assert_null(capas_recipe_load(NULL, NULL, 0));
}

static void wrong_data_are_told(void **state)
{
    (void)state;
    capas_recipe_data data;
    capas_recipe *recipe =
        load_right("data: {name: mnist, one_hot: true}\nmodel: [Flatten]\n" COMPILE);
    assert_int_equal(capas_recipe_open_data(recipe, "nowhere", &data), CAPAS_NO_FILE);
    assert_null(data.train);
    idx_set_write("set", "t10k", 7); /* labels 7 and 8, and the training has 0 and 1 */
    assert_int_equal(capas_recipe_open_data(recipe, "set", &data), CAPAS_BAD_DATA);
    assert_non_null(
        strstr(capas_error(), "label 0 of the test part is 7; the labels must be 0 to 1"));
    assert_null(data.train);
    idx_set_write("set", "t10k", 0);
    capas_recipe_free(recipe);
    recipe = load_right("model: [Input: {shape: [2]}, Flatten]\n" COMPILE);
    assert_int_equal(capas_recipe_open_data(recipe, NULL, &data), CAPAS_INVALID_ARGUMENT);
    assert_non_null(strstr(capas_error(), "it names no data"));
    capas_recipe_close_data(&data);
    capas_recipe_free(recipe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_keys_are_told),   cmocka_unit_test(wrong_values_are_told),
        cmocka_unit_test(wrong_graphs_are_told), cmocka_unit_test(wrong_files_are_told),
        cmocka_unit_test(wrong_data_are_told),
    };
    return cmocka_run_group_tests(tests, make_set, NULL);
}
