/* What the verbs print when all goes well, and Ctrl-C in training. Their errors are tests/errors's.
 */
#include "support/cmocka.h"
#include "support/idx_set.h"
#include "support/program.h"

#include "base/file.h"
#include "base/memory.h"
#include "files/json.h"
#include "layers/layer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char recipe[] =
    "data: {folder: set, scale: 1/255}\n"
    "model: [Flatten, Dense: {units: 2, activation: softmax}]\n"
    "compile: {loss: sparse_categorical_crossentropy, metrics: [accuracy]}\n";

static int make_recipe(void **state)
{
    (void)state;
    idx_set_write("set", "train", 0);
    idx_set_write("set", "t10k", 0);
    put_file("two.yaml", recipe);
    return 0;
}

static void assert_prints(const program_run *run, const char *text)
{
    if (run->status != 0) fail_msg("status %d: %s", run->status, run->errors);
    if (strstr(run->output, text) == NULL) fail_msg("no \"%s\" in: %s", text, run->output);
}

static void every_layer_is_told_with_its_options(void **state)
{
    (void)state;
    program_run all = run_program("layers");
    size_t count;
    const capas_layer_type *const *types = capas_layer_types(&count);
    for (size_t i = 0; i < count; i++) {
        assert_prints(&all, types[i]->name);
        assert_prints(&all, types[i]->summary);
        program_run one = run_program("layers %s", types[i]->name);
        for (size_t k = 0; k < types[i]->options.count; k++)
            assert_prints(&one, types[i]->options.options[k].name);
        program_run_free(&one);
    }
    program_run_free(&all);
}

static void required_options_and_defaults_are_told(void **state)
{
    (void)state;
    program_run run = run_program("layers Conv2D");
    assert_prints(&run, "  filters                     required        ");
    assert_prints(&run, "  strides                     [1, 1]          ");
    assert_prints(&run, "  use_bias                    true            ");
    assert_prints(&run, "  kernel_initializer          GlorotUniform   ");
    assert_prints(&run, "  kernel_regularizer          None            ");
    program_run_free(&run);
    run = run_program("layers Conv2d");
    const char *const texts[] = {"capas layers: ", "mean \"Conv2D\"?"};
    assert_true(program_fails(&run, 1, texts, 2));
    program_run_free(&run);
}

static void other_groups_are_told_too(void **state)
{
    (void)state;
    program_run run = run_program("layers Hinge"); /* a loss and a metric */
    assert_prints(&run, "In the losses: Hinge, by name hinge");
    assert_prints(&run, "In the metrics: Hinge, by name hinge");
    program_run_free(&run);
    run = run_program("layers optimizers");
    assert_prints(&run, "Adadelta");
    program_run_free(&run);
    run = run_program("layers SGD");
    assert_prints(&run, "0.01");
    program_run_free(&run);
}

#if CAPAS_WITH_JANSSON
static void the_schema_of_recipes_is_json(void **state)
{
    (void)state;
    (void)mkdir("reference", 0755); /* it may be there from a run before */
    program_run run = run_program("reference reference");
    assert_int_equal(run.status, 0);
    program_run_free(&run);
    char *text;
    size_t size;
    assert_int_equal(capas_read_file("reference/recipe.schema.json", 1 << 24, &text, &size),
                     CAPAS_OK);
    capas_value *schema = capas_json_read(text, size, "schema");
    if (!schema) fail_msg("%s", capas_error());
    const capas_value *groups = capas_value_get(schema, "definitions");
    const capas_value *layers = capas_value_get(capas_value_get(groups, "layers"), "anyOf");
    const capas_value *conv =
        capas_value_get(capas_value_get(layers->items[1], "properties"), "Conv2D");
    const capas_value *filters = capas_value_get(capas_value_get(conv, "properties"), "filters");
    assert_string_equal(capas_value_get(filters, "type")->string, "integer");
    assert_int_equal(capas_value_get(filters, "minimum")->real, 1);
    capas_value_free(schema);
    capas_release(text);
}
#endif

static void training_tells_what_it_did(void **state)
{
    (void)state;
    program_run run = run_program("train two.yaml --fresh --verbose 0 --seed 3 --out one");
    assert_prints(&run, "trained 1 epoch in ");
    assert_prints(&run, ", saved one/model.keras\n");
    assert_prints(&run, "on the 20 test samples: loss ");
    program_run_free(&run);
    run = run_program("train two.yaml --seed 3 --out one");
    assert_prints(&run, "seed 3, epochs 1; test: loss ");
    assert_non_null(strstr(run.errors, "one holds this run, finished"));
    program_run_free(&run);
}

/* What differs is named, and the run that is there stays. */
static void another_run_is_refused(void **state)
{
    (void)state;
    program_run run =
        run_program("train two.yaml --fresh --verbose 0 --set fit.epochs=2 --out own");
    assert_prints(&run, "trained 2 epochs");
    program_run_free(&run);
    static const struct {
        const char *arguments, *text;
    } cases[] = {
        {"--set fit.epochs=2 --seed 4", "--seed is 0 there and 4 here"},
        {"--set fit.epochs=2 --data set", "--data is set here and not said there"},
        {"--set fit.epochs=2 --set fit.batch_size=4",
         "fit.batch_size is 4 here and not said there"},
        {"--set fit.epochs=2 --set model.1.Dense.units=3",
         "model.1.Dense.units is 2 there and 3 here"},
        {"--set fit.epochs=1", "fit.epochs is 2 there and 1 here"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run = run_program("train two.yaml --verbose 0 --out own %s", cases[i].arguments);
        const char *const texts[] = {"capas train: own holds another run: ", cases[i].text,
                                     "--fresh", "--out"};
        if (!program_fails(&run, 1, texts, 4)) fail_msg("%s", cases[i].arguments);
        program_run_free(&run);
    }
    run = run_program("train two.yaml --verbose 0 --set fit.epochs=2 --set expect.test_accuracy=0 "
                      "--set name=other --out own");
    assert_prints(&run, "seed 0, epochs 2; test: loss ");
    program_run_free(&run);
    assert_int_equal(unlink("own/checkpoint"), 0);
    run = run_program("train two.yaml --verbose 0 --set fit.epochs=3 --out own");
    const char *const texts[] = {"own holds this run with 2 epochs, but no checkpoint"};
    assert_true(program_fails(&run, 1, texts, 1));
    program_run_free(&run);
    assert_int_equal(unlink("own/recipe.txt"), 0);
    run = run_program("train two.yaml --verbose 0 --set fit.epochs=2 --out own");
    const char *const missing[] = {"recipe.txt is missing", "--fresh"};
    assert_true(program_fails(&run, 1, missing, 2));
    program_run_free(&run);
}

/* The signal comes when the first epochs are done. */
static void ctrl_c_saves_and_tells_how_to_go_on(void **state)
{
    (void)state;
    program_run run = run_program("train two.yaml --fresh --verbose 0 --out cut");
    assert_prints(&run, "trained 1 epoch");
    program_run_free(&run);
    run = run_line("rm -f log; \"$CAPAS_PROGRAM\" train two.yaml --fresh --verbose 2 --out cut "
                   "--set fit.epochs=100000000 2>log & "
                   "until grep -qs 'Epoch 3/' log; do sleep 0.05; done; kill -INT $!; wait $!; "
                   "status=$?; tail -n 3 log >&2; exit $status");
    const char *const texts[] = {"stopped after batch 1 of 1 in epoch ", "cut/model.keras",
                                 "The same command without --fresh goes on from there."};
    assert_true(program_fails(&run, 1, texts, 3));
    assert_string_equal(run.output, "");
    program_run_free(&run);
    /* The result of the run before is not taken for this one's. */
    assert_int_equal(access("cut/result.json", F_OK), -1);
    run = run_program("evaluate cut/model.keras --data set --json");
    assert_prints(&run, "\"samples\": 20");
    program_run_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer_is_told_with_its_options),
        cmocka_unit_test(required_options_and_defaults_are_told),
        cmocka_unit_test(other_groups_are_told_too),
#if CAPAS_WITH_JANSSON
        cmocka_unit_test(the_schema_of_recipes_is_json),
#endif
        cmocka_unit_test_setup(training_tells_what_it_did, make_recipe),
        cmocka_unit_test_setup(another_run_is_refused, make_recipe),
        cmocka_unit_test_setup(ctrl_c_saves_and_tells_how_to_go_on, make_recipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
