/* The mistakes that courses made, each on the experiment that made it, as the program tells them;
 * cut to a few steps. The library's guards are tests/training/test_guards.c's. */
#include "support/cmocka.h"
#include "support/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_holds(const program_run *run, const char *text, const char *piece)
{
    if (strstr(text, piece) == NULL)
        fail_msg("no \"%s\" in \"%s\" (status %d)", piece, text, run->status);
}

/* validation_split 0.999 */
static void mlp_2048_is_told_of_its_sixty_samples(void **state)
{
    (void)state;
    program_run run = run_program("train mlp-2048 --fresh --out mlp --set fit.epochs=1 "
                                  "--set fit.validation_steps=1 --set model.1.Dense.units=16 "
                                  "--set model.3.Dense.units=16");
    assert_int_equal(run.status, 0);
    assert_holds(&run, run.errors, "validation_split 0.999 leaves only 60 of 60,000 samples");
    assert_holds(&run, run.errors, "of the 10 classes there are only 4 to 9 samples each");
    program_run_free(&run);
}

/* The test set as validation data. */
static void keras_mlp_is_told_of_its_validation(void **state)
{
    (void)state;
    program_run run = run_program("train keras-mlp --fresh --out keras --set fit.epochs=1 "
                                  "--set fit.steps_per_epoch=2 --set fit.validation_steps=1 "
                                  "--set model.1.Dense.units=16 --set model.3.Dense.units=16");
    assert_int_equal(run.status, 0);
    assert_holds(&run, run.errors, "the test set is also the validation set; keep a part");
    assert_holds(&run, run.output, "; they were the validation set, too\n");
    program_run_free(&run);
}

/* Training pixels divided by 255 twice, test pixels once. */
static void crash_cnn_refuses_what_is_scaled_otherwise(void **state)
{
    (void)state;
    program_run run = run_program("train crash-cnn --fresh --out crash --set data.scale=1/65025 "
                                  "--set model.0.Conv2D.filters=2 --set fit.epochs=1 "
                                  "--set fit.steps_per_epoch=20 --set fit.validation_steps=1");
    if (run.status != 0) fail_msg("%s", run.errors);
    program_run_free(&run);
    run = run_program("evaluate crash/model.keras --scale 1/255");
    const char *said[] = {"they are scaled otherwise", "from 0 to 1 (mean 0.13",
                          "from 0 to 0.003922 (mean 0.0005"};
    assert_true(program_fails(&run, 1, said, 3));
    program_run_free(&run);
    run = run_program("evaluate crash/model.keras --scale 1/255 --force");
    assert_int_equal(run.status, 0);
    assert_holds(&run, run.output, "accuracy");
    program_run_free(&run);
    run = run_program("evaluate crash/model.keras");
    assert_int_equal(run.status, 0);
    program_run_free(&run);
}

int main(void)
{
    setenv("CAPAS_RECIPES", CAPAS_SOURCE_DIR "/recipes", 1);
    setenv("CAPAS_DATA", CAPAS_SOURCE_DIR "/data", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mlp_2048_is_told_of_its_sixty_samples),
        cmocka_unit_test(keras_mlp_is_told_of_its_validation),
        cmocka_unit_test(crash_cnn_refuses_what_is_scaled_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
