/* A training that ends after any batch goes on from its checkpoint to the same bits: weights,
 * history, what callbacks remember. A kill is here a callback that fails; tests/cli kills the
 * program. (Checkpoints that are damaged or cannot be written: test_resume_failures.c.) */
#include "support/cmocka.h"
#include "support/lives.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EPOCHS = 4 };

/* Lives of `life` batches, each two longer than the one before it, until one ends well. */
static void assert_goes_on(const training_plan *plan, int life)
{
    training_outcome whole = live(plan, -1, false), part = {.status = CAPAS_BAD_DATA};
    int lives = 0;
    while (part.status == CAPAS_BAD_DATA && lives < 100) {
        part = live(plan, life, true);
        life += 2;
        lives++;
    }
    if (lives < 2) fail_msg("it was not interrupted");
    assert_same_outcome(&whole, &part);
    assert_true(part.mortal.ended);
    assert_int_equal(access("backup", F_OK), -1); /* delete_checkpoint */
    forget_outcome(&whole);
    forget_outcome(&part);
}

static void any_batch_may_be_the_last(void **state)
{
    (void)state;
    static const int64_t freqs[] = {1, 2, 3, 7, 0};
    for (size_t f = 0; f < sizeof freqs / sizeof freqs[0]; f++)
        for (int life = 1; life < 8; life++) {
            training_plan plan = {
                .fit = {.batch_size = 6, .epochs = EPOCHS, .validation_split = 0.1},
                .backup = {.save_freq = freqs[f]},
                .seed = 5};
            assert_goes_on(&plan, life);
        }
}

/* One pass goes on over several epochs, and ends within one; and an optimizer with other slots. */
static void epochs_of_some_steps_too(void **state)
{
    (void)state;
    static const int64_t steps[] = {1, 3, 5, 9};
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
        training_plan plan = {
            .fit = {.batch_size = 4, .epochs = EPOCHS, .steps_per_epoch = steps[s]},
            .backup = {.save_freq = 1, .double_checkpoint = 1},
            .momentum = 0.9};
        assert_goes_on(&plan, 1);
        plan.averages = true;
        assert_goes_on(&plan, 1);
        plan.averages = false;
        plan.fit.shuffle = CAPAS_FALSE;
        assert_goes_on(&plan, 2);
    }
}

static void more_epochs_go_on_from_the_end(void **state)
{
    (void)state;
    training_plan few = kept_plan(2), many = kept_plan(5);
    few.backup.save_freq = 0;
    training_outcome whole = live(&many, -1, false), first = live(&few, -1, true),
                     second = live(&many, -1, true), third = live(&many, -1, true),
                     fewer = live(&few, -1, true);
    assert_int_equal(first.status, CAPAS_OK);
    assert_same_outcome(&whole, &second);
    assert_same_outcome(&whole, &third); /* nothing is left to be trained */
    assert_int_equal(fewer.status, CAPAS_WRONG_STATE);
    assert_non_null(strstr(fewer.sentence, "it has 5 epochs, more than the 2 that were asked for"));
    forget_outcome(&whole), forget_outcome(&first), forget_outcome(&second), forget_outcome(&third);
    clear_backup();
}

static void assert_refused(const training_plan *plan, const char *what)
{
    training_outcome other = live(plan, -1, true);
    assert_int_equal(other.status, CAPAS_WRONG_STATE);
    if (!strstr(other.sentence, what)) fail_msg("%s: %s", what, other.sentence);
}

static void another_training_is_refused_by_what_differs(void **state)
{
    (void)state;
    training_plan plan = kept_plan(3);
    training_outcome first = live(&plan, 4, true);
    assert_int_equal(first.status, CAPAS_BAD_DATA);
    plan.fit.batch_size = 5;
    assert_refused(&plan, "fit: the checkpoint in backup: it is of another training: "
                          "fit.batch_size is 6 there and 5 here; remove it to train anew");
    plan = kept_plan(3);
    plan.seed = 7;
    assert_refused(&plan, "seed is 0 there and 7 here");
    plan = kept_plan(3);
    plan.momentum = 0.5;
    assert_refused(&plan, "compile.optimizer.class_name is Adam there and SGD here");
    plan = kept_plan(3);
    plan.fit.validation_split = 0.5;
    assert_refused(&plan, "fit.validation_split is 0 there and 0.5 here");
    plan = kept_plan(3);
    plan.fit.validation_epochs = (const int[]){2};
    plan.fit.validation_epoch_count = 1;
    assert_refused(&plan, "fit.validation_epochs.0");
    clear_backup();
}

static capas_status interrupt(void *context, capas_training *training, int64_t batch,
                              capas_logs *logs)
{
    (void)context, (void)logs;
    if (capas_training_epoch(training) == 1 && batch == 1) capas_training_interrupt(training);
    return CAPAS_OK;
}

static void an_interrupted_training_can_be_saved_and_gone_on_with(void **state)
{
    (void)state;
    training_plan plan = kept_plan(3);
    capas_callback interrupter = {.on_train_batch_end = interrupt};
    capas_callback *backup = capas_backup_and_restore("backup", .delete_checkpoint = CAPAS_FALSE);
    const capas_callback *callbacks[] = {&interrupter, backup};
    capas_history *history = NULL;
    capas_model *model = make_planned_model(&plan);
    capas_dataset *data = small_dataset();
    assert_int_equal(capas_fit(model, data, .batch_size = 6, .epochs = 3, .callbacks = callbacks,
                               .callback_count = 2, .history = &history),
                     CAPAS_INTERRUPTED);
    assert_string_equal(capas_error(), "fit: interrupted in epoch 2 after batch 2; it goes on from "
                                       "the checkpoint in backup");
    assert_int_equal(capas_model_status(model), CAPAS_OK);
    assert_int_equal(capas_history_epochs(history), 1);
    capas_history_free(history);
    capas_model_free(model);
    model = make_planned_model(&plan);
    interrupter.on_train_batch_end = NULL;
    assert_int_equal(capas_fit(model, data, .batch_size = 6, .epochs = 3, .callbacks = callbacks,
                               .callback_count = 2),
                     CAPAS_OK);
    capas_model *whole = make_planned_model(&plan);
    assert_int_equal(capas_fit(whole, data, .batch_size = 6, .epochs = 3), CAPAS_OK);
    size_t count;
    float *a = small_weights(model, &count), *b = small_weights(whole, NULL);
    assert_memory_equal(a, b, count * sizeof *a);
    free(a);
    free(b);
    capas_model_free(model);
    capas_model_free(whole);
    capas_dataset_free(data);
    capas_callback_free(backup);
    clear_backup();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_batch_may_be_the_last),
        cmocka_unit_test(epochs_of_some_steps_too),
        cmocka_unit_test(more_epochs_go_on_from_the_end),
        cmocka_unit_test(another_training_is_refused_by_what_differs),
        cmocka_unit_test(an_interrupted_training_can_be_saved_and_gone_on_with),
    };
    return cmocka_run_group_tests(tests, begin_lives, NULL);
}
