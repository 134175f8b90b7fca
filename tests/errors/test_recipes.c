/* What is wrong in a recipe, as a user of the program meets it: `capas train` ends with 1 and one
 * sentence that says where, what was expected, what was found, and what to do; nothing is made. */
#include "support/cmocka.h"
#include "support/idx_set.h"
#include "support/program.h"

#include "base/option.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXTS = 5 };

typedef struct mistake {
    const char *model;   /* the list of layers, or NULL for a right one */
    const char *compile; /* or NULL for a right one */
    const char *rest;    /* of the recipe, or NULL */
    const char *texts[TEXTS];
} mistake;

static const mistake mistakes[] = {
    /* Shapes between layers. */
    {"[Flatten, {Conv2D: {filters: 2, kernel_size: 3}}, {Dense: {units: 2}}]",
     NULL,
     NULL,
     {"bad.yaml", "conv2d", "(None, 36)"}},
    {"[{Conv2D: {filters: 2, kernel_size: 3, name: a}}, {Flatten: {name: b}}, "
     "{Add: {inputs: [a, b]}}, {Dense: {units: 2}}]",
     NULL,
     NULL,
     {"bad.yaml", "add", "(None, 4, 4, 2)", "(None, 32)"}},
    {"[{Conv2D: {filters: 4, kernel_size: 3, groups: 3}}, Flatten, {Dense: {units: 2}}]",
     NULL,
     NULL,
     {"bad.yaml", "Conv2D", "groups", "3", "4"}},
    /* Sizes that would be negative. */
    {"[{Conv2D: {filters: 2, kernel_size: 7}}, Flatten, {Dense: {units: 2}}]",
     NULL,
     NULL,
     {"bad.yaml", "conv2d", "7x7", "6x6", "padding \"same\""}},
    {"[{MaxPooling2D: {pool_size: 4}}, {MaxPooling2D: {pool_size: 4}}, Flatten, {Dense: {units: "
     "2}}]",
     NULL,
     NULL,
     {"bad.yaml", "max_pooling2d_1", "4x4", "1x1"}},
    /* Names that nobody knows, with the nearest one. */
    {"[{Conv2d: {filters: 2, kernel_size: 3}}, Flatten, {Dense: {units: 2}}]",
     NULL,
     NULL,
     {"bad.yaml, line ", "Conv2d", "did you mean \"Conv2D\"?"}},
    {"[Flatten, {Dense: {unit: 2}}]",
     NULL,
     NULL,
     {"bad.yaml", "line 2", "Dense", "\"unit\"", "did you mean \"units\"?"}},
    {"[Flatten, {Dense: {units: 2, activation: sofmax}}]",
     NULL,
     NULL,
     {"bad.yaml", "line 2", "activation", "sofmax", "did you mean \"softmax\"?"}},
    {"[Flatten, {Dense: {units: 2, kernel_initializer: glorot_unifrom}}]",
     NULL,
     NULL,
     {"bad.yaml", "line 2", "kernel_initializer", "glorot_unifrom",
      "did you mean \"GlorotUniform\"?"}},
    {NULL,
     "{optimizer: adm, loss: sparse_categorical_crossentropy}",
     NULL,
     {"bad.yaml", "optimizer", "adm", "did you mean \"Adam\"?"}},
    {NULL,
     "{optimizer: adam, loss: sparse_crossentropy}",
     NULL,
     {"bad.yaml", "sparse_crossentropy", "sparse_categorical_crossentropy"}},
    {NULL,
     "{optimizer: adam, loss: mse, metrics: [acuracy]}",
     NULL,
     {"bad.yaml", "acuracy", "did you mean \"accuracy\"?"}},
    {NULL,
     "{optimizer: {SGD: {learning_rat: 0.1}}, loss: mse}",
     NULL,
     {"bad.yaml", "learning_rat", "did you mean \"learning_rate\"?"}},
    {NULL, NULL, "fit: {epoch: 3}\n", {"bad.yaml, line ", "epoch", "did you mean \"epochs\"?"}},
    {NULL, NULL, "fits: {epochs: 3}\n", {"bad.yaml, line ", "fits", "did you mean \"fit\"?"}},
    /* Types and ranges. */
    {"[Flatten, {Dense: {units: two}}]",
     NULL,
     NULL,
     {"bad.yaml", "line 2", "units", "integer", "two"}},
    {"[Flatten, {Dense: {units: 0}}]", NULL, NULL, {"bad.yaml", "units", "at least 1", "0"}},
    {"[Flatten, {Dense: {}}]", NULL, NULL, {"bad.yaml", "Dense", "units"}},
    {"[Flatten, {Dropout: {rate: 1.5}}, {Dense: {units: 2}}]",
     NULL,
     NULL,
     {"bad.yaml", "rate", "1.5", "0", "1"}},
    {"[{Conv2D: {filters: 2, kernel_size: 3, strides: 2, dilation_rate: 2}}, Flatten, "
     "{Dense: {units: 2}}]",
     NULL,
     NULL,
     {"bad.yaml", "strides", "dilation_rate"}},
    {NULL,
     "{optimizer: {Adam: {learning_rate: -1}}, loss: mse}",
     NULL,
     {"bad.yaml", "learning_rate", "-1"}},
    {NULL, NULL, "fit: {epochs: -2}\n", {"bad.yaml", "line 4", "epochs", "at least 0", "-2"}},
    {NULL,
     NULL,
     "fit: {validation_split: 1.2}\n",
     {"bad.yaml", "line 4", "validation_split", "0 to 1", "1.2"}},
    {NULL,
     NULL,
     "fit: {batch_size: [1]}\n",
     {"bad.yaml", "line 4", "batch_size", "integer", "[1]"}},
    /* What does not go together. */
    {"[Flatten, {Dense: {units: 2}}, {Dense: {units: 2, name: dense}}, {Dense: {units: 2, name: "
     "dense}}]",
     NULL,
     NULL,
     {"bad.yaml", "dense"}},
    {"[]", NULL, NULL, {"bad.yaml", "layer"}},
};

static void write_recipe(const mistake *mistake)
{
    char text[2048];
    snprintf(text, sizeof text, "data: {folder: set, scale: 1/255}\nmodel: %s\ncompile: %s\n%s",
             mistake->model != NULL ? mistake->model
                                    : "[Flatten, {Dense: {units: 2, activation: softmax}}]",
             mistake->compile != NULL
                 ? mistake->compile
                 : "{optimizer: sgd, loss: sparse_categorical_crossentropy, metrics: [accuracy]}",
             mistake->rest != NULL ? mistake->rest : "");
    put_file("bad.yaml", text);
}

static int count_texts(const char *const *texts)
{
    int count = 0;
    while (count < TEXTS && texts[count] != NULL)
        count++;
    return count;
}

/* One line: "capas train: " and the sentence. */
static void assert_one_sentence(const program_run *run)
{
    assert_memory_equal(run->errors, "capas train: ", strlen("capas train: "));
    const char *end = strchr(run->errors, '\n');
    if (end == NULL || end[1] != '\0') fail_msg("more than one line:\n%s", run->errors);
    assert_string_equal(run->output, "");
}

static void each_mistake_is_told(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CAPAS_COUNT(mistakes); i++) {
        write_recipe(&mistakes[i]);
        program_run run = run_program("train bad.yaml --out made/run --verbose 0");
        wrong += !program_fails(&run, 1, mistakes[i].texts, count_texts(mistakes[i].texts));
        assert_one_sentence(&run);
        assert_int_not_equal(access("made/run/model.keras", F_OK), 0);
        program_run_free(&run);
    }
    assert_int_equal(wrong, 0);
}

static void syntax_is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *texts[TEXTS];
    } wrong[] = {
        {"model:\n  - Flatten\n  - Dense: {units: 2\n", {"bad.yaml, line ", "column "}},
        {"model: [Flatten\nfit: {epochs: 1}\n", {"bad.yaml, line 3, column 1: ", "bracket"}},
        {"name: a\n\tmodel: b\n", {"bad.yaml, line 1, column 7: ", "not YAML"}},
        {"name: a\nname: b\n", {"bad.yaml, line 2, column 1", "\"name\" is said twice"}},
        {"name: &a b\nmodel: *a\n", {"bad.yaml, line ", "column "}},
        {"- a\n- b\n", {"bad.yaml", "map"}},
        {"", {"bad.yaml"}},
    };
    for (size_t i = 0; i < CAPAS_COUNT(wrong); i++) {
        put_file("bad.yaml", wrong[i].yaml);
        program_run run = run_program("train bad.yaml --out made/run --verbose 0");
        assert_true(program_fails(&run, 1, wrong[i].texts, count_texts(wrong[i].texts)));
        assert_one_sentence(&run);
        program_run_free(&run);
        run = run_program("summary bad.yaml");
        assert_true(program_fails(&run, 1, wrong[i].texts, count_texts(wrong[i].texts)));
        program_run_free(&run);
    }
}

static void recipes_and_settings_are_looked_up(void **state)
{
    (void)state;
    static const struct {
        const char *arguments, *texts[TEXTS];
    } wrong[] = {
        {"train cnn-simpel", {"no recipe \"cnn-simpel\"", "did you mean \"cnn-simple\"?"}},
        {"train missing.yaml", {"missing.yaml"}},
        {"train . ", {"."}},
        {"train cnn-simple --set fit.epoch=1", {"epoch", "did you mean \"epochs\"?"}},
        {"train cnn-simple --set fit.epochs", {"KEY=VALUE", "fit.epochs"}},
        {"train cnn-simple --set fit.epochs=many", {"epochs", "many"}},
        {"train cnn-simple --set model.9.Dense.units=3", {"model.9", "9"}},
    };
    for (size_t i = 0; i < CAPAS_COUNT(wrong); i++) {
        program_run run = run_program("%s --out made/run", wrong[i].arguments);
        assert_true(program_fails(&run, 1, wrong[i].texts, count_texts(wrong[i].texts)));
        assert_one_sentence(&run);
        program_run_free(&run);
    }
    assert_int_not_equal(access("made/run/model.keras", F_OK), 0);
}

static int make_set(void **state)
{
    char recipes[4096];
    (void)state;
    snprintf(recipes, sizeof recipes, "%s/recipes", CAPAS_SOURCE_DIR);
    setenv("CAPAS_RECIPES", recipes, 1);
    idx_set_write("set", "train", 0);
    idx_set_write("set", "t10k", 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_told),
        cmocka_unit_test(syntax_is_told_with_its_place),
        cmocka_unit_test(recipes_and_settings_are_looked_up),
    };
    return cmocka_run_group_tests(tests, make_set, NULL);
}
