/* capas convert: from each kind of file into each, with the comparison; and models in other kinds
 * of files given to the other verbs. */
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if CAPAS_WITH_KERAS_FILES
static void assert_converts(const char *arguments)
{
    program_run run = run_program("convert %s", arguments);
    if (run.status != 0) fail_msg("%s: status %d: %s", arguments, run.status, run.errors);
    if (!strstr(run.output, "weights; largest difference over 16 random inputs: 0\n"))
        fail_msg("%s: %s", arguments, run.output);
    program_run_free(&run);
}

static void converts_each_into_each(void **state)
{
    (void)state;
    char arguments[1024];
    snprintf(arguments, sizeof arguments, "%s a.keras", golden_path("files/cnn_k2_compiled.h5"));
    assert_converts(arguments);
    assert_converts("a.keras b.h5");
    assert_converts("b.h5 c.weights.h5");
    assert_converts("b.h5 d.json");
    assert_converts("d.json e.keras --weights c.weights.h5");
    assert_converts("d.json f.hdf5 --weights a.keras");
    assert_converts("f.hdf5 g.keras");
    assert_converts("g.keras h.capas");
    assert_converts("h.capas i.c");
    assert_converts("h.capas j.h5");
    assert_converts("d.json k.c --weights h.capas");
    snprintf(arguments, sizeof arguments, "%s new.json", golden_path("files/cnn_k2.json"));
    assert_converts(arguments);
}

static void assert_fails(const char *arguments, int status, const char *a, const char *b)
{
    program_run run = run_program("%s", arguments);
    const char *const texts[] = {a, b};
    assert_true(program_fails(&run, status, texts, 2));
    program_run_free(&run);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    char arguments[1024];
    snprintf(arguments, sizeof arguments, "convert %s x.keras", golden_path("files/cnn_k3.json"));
    assert_fails(arguments, 1, "without weights", "--weights");
    snprintf(arguments, sizeof arguments, "convert %s x.onnx", golden_path("files/cnn_k3.keras"));
    assert_fails(arguments, 2, "must end in", "x.onnx");
    snprintf(arguments, sizeof arguments, "convert %s x.keras",
             golden_path("files/cnn_k2_weights.h5"));
    assert_fails(arguments, 1, "weights only", "--weights");
    assert_int_equal(access("x.keras", F_OK), -1);
}

static void other_verbs_take_them(void **state)
{
    (void)state;
    program_run run = run_program("summary %s", golden_path("files/cnn_k2.h5"));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.output, "conv_a (Conv2D)"));
    program_run_free(&run);
    run = run_program("summary %s", golden_path("files/cnn_k2.json"));
    assert_int_equal(run.status, 0);
    program_run_free(&run);
    run = run_program("plot filters %s --weights %s --out filters.svg",
                      golden_path("files/cnn_k3.json"), golden_path("files/cnn_k3.weights.h5"));
    assert_int_equal(run.status, 0);
    program_run_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converts_each_into_each),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(other_verbs_take_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
/* A build without Keras's files has nothing to convert; tests/files/test_broken.c sees that it says
 * so. */
int main(void)
{
    return 0;
}
#endif
