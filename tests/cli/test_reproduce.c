/* capas reproduce: every experiment and seed once, rows and table, going on where it was cut off,
 * and anew when the recipe has changed. */
#include "support/cmocka.h"
#include "support/idx_set.h"
#include "support/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RECIPE(epochs)                                                                             \
    "data: {folder: set, scale: 1/255}\n"                                                          \
    "model: [Flatten, Dense: {units: 2, activation: softmax}]\n"                                   \
    "compile: {optimizer: sgd, loss: sparse_categorical_crossentropy, metrics: [accuracy]}\n"      \
    "fit: {epochs: " #epochs "}\n"                                                                 \
    "expect: {test_accuracy: 0.5, published: 0.75, keras: [0.7, 0.625, 0.65]}\n"

static int make_recipes(void **state)
{
    (void)state;
    if (system("rm -rf recipes runs results.json results.md") != 0) return -1;
    idx_set_write("set", "train", 0);
    idx_set_write("set", "t10k", 0);
    mkdir("recipes", 0755);
    put_file("recipes/first.yaml", RECIPE(1));
    put_file("recipes/second.yaml", RECIPE(2));
    put_file(
        "recipes/without-data.yaml",
        "data: absent\nmodel: [Flatten]\ncompile: {loss: mse}\nexpect: {test_accuracy: 0.5}\n");
    put_file("recipes/without-floor.yaml", "data: set\nmodel: [Flatten]\ncompile: {loss: mse}\n");
    return 0;
}

static int count_of(const char *text, const char *piece)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, piece)) != NULL; at++)
        count++;
    return count;
}

static program_run reproduce(const char *arguments)
{
    program_run run = run_program("reproduce %s --results results.json", arguments);
    if (run.status != 0) fail_msg("%d: %s", run.status, run.errors);
    return run;
}

static void assert_file_has(const char *path, const char *piece, int count)
{
    char *text = get_file(path, NULL);
    assert_non_null(text);
    if (count_of(text, piece) != count) fail_msg("not %d times \"%s\" in %s", count, piece, text);
    free(text);
}

static void all_that_have_a_floor_run_once(void **state)
{
    (void)state;
    program_run run = reproduce("--seeds 0,3");
    assert_int_equal(count_of(run.errors, " of 4] "), 4);
    assert_non_null(strstr(run.errors, "[4 of 4] second, seed 3"));
    assert_non_null(strstr(run.output, "\nfirst          0.7500  0.6250-0.7000  0.5000"));
    assert_null(strstr(run.output, "without-floor"));
    assert_non_null(strstr(run.errors, "left out: the data folder absent is not there"));
    program_run_free(&run);
    assert_file_has("results.json", "\"id\": \"second\", \"seed\": 3, \"accuracy\": ", 1);
    assert_file_has("results.json", "\n{\"id\"", 4);
    assert_file_has("results.md", "\n| first | 0.7500 | 0.6250-0.7000 | 0.5000 |", 1);
    assert_file_has("runs/second/seed-3/history.csv", "\r\n", 3);

    run = reproduce("--seeds 0,3"); /* nothing is left to be done */
    assert_null(strstr(run.errors, "[1 of"));
    program_run_free(&run);
}

static void a_row_that_is_missing_is_computed(void **state)
{
    (void)state;
    program_run run = reproduce("first");
    program_run_free(&run);
    run = reproduce("first --seeds 0,1");
    assert_non_null(strstr(run.errors, "[1 of 1] first, seed 1"));
    program_run_free(&run);
    assert_file_has("results.json", "\n{\"id\"", 2);
}

/* More epochs are another experiment; the other rows stay. */
static void another_recipe_is_run_anew(void **state)
{
    (void)state;
    program_run run = reproduce("--seeds 0");
    program_run_free(&run);
    put_file("recipes/first.yaml", RECIPE(3));
    run = reproduce("first");
    assert_non_null(strstr(run.errors, "[1 of 1] first, seed 0"));
    assert_null(strstr(run.output, "second"));
    program_run_free(&run);
    assert_file_has("results.json", "\"epochs\": 3", 1);
    assert_file_has("results.json", "\n{\"id\"", 2);
    assert_file_has("results.md", "\n| second |", 1);
}

static void wrong_use_is_told(void **state)
{
    (void)state;
    static const char *const wrong[] = {"--seeds 1,x", "--seeds ''", "--seeds -1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        program_run run = run_program("reproduce %s", wrong[i]);
        const char *said = "--seeds must be numbers of at least 0";
        assert_true(program_fails(&run, 2, &said, 1));
        program_run_free(&run);
    }
    const char *said[] = {"no recipe \"firts\"; did you mean \"first\"?"};
    program_run run = run_program("reproduce firts");
    assert_true(program_fails(&run, 1, said, 1));
    program_run_free(&run);
    put_file("results.json", "{}");
    run = run_program("reproduce --results results.json");
    const char *list[] = {"results.json: a list of results is expected"};
    assert_true(program_fails(&run, 1, list, 1));
    program_run_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_that_have_a_floor_run_once, make_recipes),
        cmocka_unit_test_setup(a_row_that_is_missing_is_computed, make_recipes),
        cmocka_unit_test_setup(another_recipe_is_run_anew, make_recipes),
        cmocka_unit_test_setup(wrong_use_is_told, make_recipes),
    };
    setenv("CAPAS_RECIPES", "recipes", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
