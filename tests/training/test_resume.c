/* A training that ends after any batch goes on from its checkpoint to the same bits: weights,
 * history, what callbacks remember. And checkpoints that do not fit, are damaged or cannot be
 * written. A kill is here a callback that fails; tests/cli kills the program. */
#include "support/cmocka.h"
#include "support/program.h"
#include "support/scarce_memory.h"
#include "support/small_network.h"

#include "base/system.h"
#include "training/store.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EPOCHS = 4, SENTENCE = 400 };

/* Remembers, and changes the learning rate at each epoch's beginning: what is done twice or
 * forgotten shows. Fails after `life` batches. */
typedef struct mortal {
    double sum;
    int epochs, life;
    bool ended;
} mortal;

static capas_status begin(void *context, capas_training *training, capas_logs *logs)
{
    mortal *m = context;
    (void)training, (void)logs;
    m->sum = m->epochs = 0;
    return CAPAS_OK;
}

static capas_status begin_epoch(void *context, capas_training *training, int epoch,
                                capas_logs *logs)
{
    mortal *m = context;
    (void)epoch, (void)logs;
    m->epochs++;
    return capas_training_set_learning_rate(training, capas_training_learning_rate(training) * 0.9);
}

static capas_status end_batch(void *context, capas_training *training, int64_t batch,
                              capas_logs *logs)
{
    mortal *m = context;
    (void)training, (void)batch;
    if (m->life-- == 0) return CAPAS_BAD_DATA;
    m->sum = 0.5 * m->sum + capas_logs_get(logs, "loss");
    return CAPAS_OK;
}

static capas_status end_epoch(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    const mortal *m = context;
    (void)training, (void)epoch;
    return capas_logs_set(logs, "sum", m->sum);
}

static capas_status end(void *context, capas_training *training, capas_logs *logs)
{
    mortal *m = context;
    (void)training;
    m->ended = true;
    assert_true(capas_logs_count(logs) == 0 || capas_logs_get(logs, "sum") == m->sum);
    return CAPAS_OK;
}

static capas_status save_state(void *context, capas_state *state)
{
    const mortal *m = context;
    capas_status status = capas_state_set_number(state, "sum", m->sum);
    return status == CAPAS_OK ? capas_state_set_number(state, "epochs", m->epochs) : status;
}

static capas_status load_state(void *context, const capas_state *state)
{
    mortal *m = context;
    double epochs = 0;
    capas_status status = capas_state_get_number(state, "sum", &m->sum);
    if (status == CAPAS_OK) status = capas_state_get_number(state, "epochs", &epochs);
    m->epochs = (int)epochs;
    return status;
}

/* How a training is made. */
typedef struct plan {
    capas_fit_options fit;
    capas_backup_and_restore_options backup;
    uint64_t seed;
    double momentum; /* of SGD; 0: Adam */
    bool averages;   /* of weights and of gradients, by Nadam */
} plan;

typedef struct outcome {
    capas_status status;
    char sentence[SENTENCE];
    float *weights;
    size_t count;
    char *history;
    mortal mortal;
} outcome;

static capas_optimizer optimizer_of(const plan *plan)
{
    if (plan->averages)
        return capas_nadam(.learning_rate = 0.01, .use_ema = 1, .ema_overwrite_frequency = 3,
                           .gradient_accumulation_steps = 2);
    return plan->momentum > 0 ? capas_sgd(.momentum = plan->momentum)
                              : capas_adam(.learning_rate = 0.01);
}

static capas_model *make_model(const plan *plan)
{
    capas_set_random_seed(plan->seed);
    capas_model *model =
        capas_sequential(capas_input(SMALL_FEATURES), capas_dense(6, .activation = CAPAS_RELU),
                         capas_batch_normalization(), capas_dropout(0.3),
                         capas_dense(SMALL_CLASSES, .activation = CAPAS_SOFTMAX));
    capas_compile(model, .optimizer = optimizer_of(plan),
                  .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
                  .metrics = {CAPAS_ACCURACY, CAPAS_METRIC_AUC, CAPAS_METRIC_MEAN_ABSOLUTE_ERROR});
    capas_set_random_seed(0);
    return model;
}

/* One life: all is made anew, as after a kill. `life` -1: it lives to the end. */
static outcome live(const plan *plan, int life, bool with_backup)
{
    outcome outcome = {.mortal.life = life};
    capas_callback callback = {.context = &outcome.mortal,
                               .on_train_begin = begin,
                               .on_epoch_begin = begin_epoch,
                               .on_train_batch_end = end_batch,
                               .on_epoch_end = end_epoch,
                               .on_train_end = end,
                               .save_state = save_state,
                               .load_state = load_state};
    capas_backup_and_restore_options how = plan->backup;
    how.struct_size = sizeof how;
    how.backup_dir = "backup";
    capas_callback *backup = capas_backup_and_restore_with(&how);
    const capas_callback *callbacks[] = {with_backup ? backup : NULL, &callback};
    capas_model *model = make_model(plan);
    capas_dataset *data = small_dataset();
    capas_history *history = NULL;
    capas_fit_options options = plan->fit;
    options.struct_size = sizeof options;
    options.callbacks = callbacks;
    options.callback_count = 2;
    options.history = &history;
    outcome.status = backup && model ? capas_fit_with(model, data, &options) : CAPAS_NO_MEMORY;
    snprintf(outcome.sentence, sizeof outcome.sentence, "%s", capas_error());
    if (outcome.status == CAPAS_OK) {
        outcome.weights = small_weights(model, &outcome.count);
        assert_int_equal(capas_history_csv(history, &outcome.history), CAPAS_OK);
    }
    capas_history_free(history);
    capas_callback_free(backup);
    capas_model_free(model);
    capas_dataset_free(data);
    return outcome;
}

static void forget(outcome *outcome)
{
    free(outcome->weights);
    capas_free(outcome->history);
}

static void assert_same(const outcome *a, const outcome *b)
{
    if (a->status != CAPAS_OK || b->status != CAPAS_OK) fail_msg("%s%s", a->sentence, b->sentence);
    assert_string_equal(a->history, b->history);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->weights, b->weights, a->count * sizeof *a->weights);
    assert_true(a->mortal.sum == b->mortal.sum && a->mortal.epochs == b->mortal.epochs);
}

/* Lives of `life` batches, each two longer than the one before it, until one ends well. */
static void assert_goes_on(const plan *plan, int life)
{
    outcome whole = live(plan, -1, false), part = {.status = CAPAS_BAD_DATA};
    int lives = 0;
    while (part.status == CAPAS_BAD_DATA && lives < 100) {
        part = live(plan, life, true);
        life += 2;
        lives++;
    }
    if (lives < 2) fail_msg("it was not interrupted");
    assert_same(&whole, &part);
    assert_true(part.mortal.ended);
    assert_int_equal(access("backup", F_OK), -1); /* delete_checkpoint */
    forget(&whole);
    forget(&part);
}

static void any_batch_may_be_the_last(void **state)
{
    (void)state;
    static const int64_t freqs[] = {1, 2, 3, 7, 0};
    for (size_t f = 0; f < sizeof freqs / sizeof freqs[0]; f++)
        for (int life = 1; life < 8; life++) {
            plan plan = {.fit = {.batch_size = 6, .epochs = EPOCHS, .validation_split = 0.1},
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
        plan plan = {.fit = {.batch_size = 4, .epochs = EPOCHS, .steps_per_epoch = steps[s]},
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

static plan kept_plan(int epochs)
{
    return (plan){.fit = {.batch_size = 6, .epochs = epochs},
                  .backup = {.save_freq = 1, .delete_checkpoint = CAPAS_FALSE}};
}

static void clear_backup(void)
{
    unlink("backup/checkpoint");
    unlink("backup/checkpoint.previous");
    rmdir("backup");
}

static void more_epochs_go_on_from_the_end(void **state)
{
    (void)state;
    plan few = kept_plan(2), many = kept_plan(5);
    few.backup.save_freq = 0;
    outcome whole = live(&many, -1, false), first = live(&few, -1, true),
            second = live(&many, -1, true), third = live(&many, -1, true),
            fewer = live(&few, -1, true);
    assert_int_equal(first.status, CAPAS_OK);
    assert_same(&whole, &second);
    assert_same(&whole, &third); /* nothing is left to be trained */
    assert_int_equal(fewer.status, CAPAS_WRONG_STATE);
    assert_non_null(strstr(fewer.sentence, "it has 5 epochs, more than the 2 that were asked for"));
    forget(&whole), forget(&first), forget(&second), forget(&third);
    clear_backup();
}

static void assert_refused(const plan *plan, const char *what)
{
    outcome other = live(plan, -1, true);
    assert_int_equal(other.status, CAPAS_WRONG_STATE);
    if (!strstr(other.sentence, what)) fail_msg("%s: %s", what, other.sentence);
}

static void another_training_is_refused_by_what_differs(void **state)
{
    (void)state;
    plan plan = kept_plan(3);
    outcome first = live(&plan, 4, true);
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
    clear_backup();
}

static void damaged_checkpoints_are_passed_over(void **state)
{
    (void)state;
    plan plan = kept_plan(3);
    plan.backup.double_checkpoint = 1;
    outcome whole = live(&plan, -1, false), first = live(&plan, 5, true);
    assert_int_equal(first.status, CAPAS_BAD_DATA);
    assert_int_equal(truncate("backup/checkpoint", 300), 0);
    outcome second = live(&plan, 0, true); /* the damaged one must not replace the other */
    assert_int_equal(second.status, CAPAS_BAD_DATA);
    outcome third = live(&plan, -1, true);
    assert_same(&whole, &third);
    assert_int_equal(truncate("backup/checkpoint", 300), 0);
    assert_int_equal(unlink("backup/checkpoint.previous"), 0);
    outcome none = live(&plan, -1, true);
    assert_int_equal(none.status, CAPAS_BAD_FILE);
    assert_string_equal(none.sentence, "fit: backup/checkpoint is damaged or cut off; it is no "
                                       "whole checkpoint; remove it to train anew");
    put_file("backup/checkpoint", "something else");
    none = live(&plan, -1, true);
    assert_int_equal(none.status, CAPAS_BAD_FILE);
    forget(&whole), forget(&third);
    clear_backup();
}

/* What lies in a whole file may still be nonsense. */
static void foreign_values_are_a_sentence(void **state)
{
    (void)state;
    static const char *const names[] = {"epoch",          "step",     "pass",    "index",
                                        "stop",           "identity", "weights", "running",
                                        "callback/0/sum", "slots/0",  "kernels", "iteration"};
    plan plan = kept_plan(3);
    outcome first = live(&plan, 4, true);
    assert_int_equal(first.status, CAPAS_BAD_DATA);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (int kind = 0; kind < 3; kind++) {
            capas_state_store store = {0};
            assert_int_equal(capas_restore_state("backup/checkpoint", &store), CAPAS_OK);
            capas_state all = capas_state_of(&store);
            if (!capas_state_has(&all, names[i])) fail_msg("there is no %s", names[i]);
            if (kind == 0) capas_state_set_number(&all, names[i], -1.5);
            if (kind == 1) capas_state_set_number(&all, names[i], NAN);
            if (kind == 2) capas_state_set_data(&all, names[i], "abc", 3);
            mkdir("kept", 0777);
            assert_int_equal(rename("backup/checkpoint", "kept/checkpoint"), 0);
            assert_int_equal(capas_store_state(&store, "backup/checkpoint"), CAPAS_OK);
            capas_state_clear(&store);
            outcome outcome = live(&plan, 0, true);
            bool number = strcmp(names[i], "callback/0/sum") == 0; /* which may be any */
            if (!number && outcome.status != CAPAS_BAD_FILE)
                fail_msg("%s: %s", names[i], outcome.sentence);
            assert_int_equal(rename("kept/checkpoint", "backup/checkpoint"), 0);
        }
    clear_backup();
}

/* Failures of the system's calls, one after another, all life long. */
static long calls_left;

static bool out_of_calls(void)
{
    errno = EIO;
    return calls_left-- <= 0;
}

static ssize_t failing_write(int file, const void *data, size_t size)
{
    return out_of_calls() ? -1 : write(file, data, size);
}

static int failing_fsync(int file)
{
    (void)file;
    return out_of_calls() ? -1 : 0;
}

static int failing_rename(const char *from, const char *to)
{
    return out_of_calls() ? -1 : rename(from, to);
}

static int warnings;

static void count_warnings(capas_log_level level, const char *message, void *context)
{
    (void)context;
    if (level == CAPAS_LOG_WARNING && strstr(message, "the training goes on without it"))
        warnings++;
}

/* The training is not harmed, and the last checkpoint that was written can be gone on from. */
static void failing_writes_leave_the_old_one(void **state)
{
    (void)state;
    const capas_system_calls before = capas_system;
    plan plan = kept_plan(2);
    outcome whole = live(&plan, -1, false);
    for (int twice = 0; twice < 2; twice++)
        for (long allowed = 0; allowed < 24; allowed++) {
            plan.backup.double_checkpoint = twice;
            capas_set_log(count_warnings, NULL);
            warnings = 0;
            calls_left = allowed;
            capas_system.write = failing_write;
            capas_system.fsync = failing_fsync;
            capas_system.rename = failing_rename;
            outcome part = live(&plan, 7, true);
            capas_system = before;
            capas_set_log(NULL, NULL);
            assert_int_equal(part.status, CAPAS_BAD_DATA);
            assert_true(warnings > 0);
            outcome rest = live(&plan, -1, true);
            assert_same(&whole, &rest);
            forget(&rest);
            clear_backup();
        }
    forget(&whole);
}

/* Memory that runs out ends the training or is a warning; a checkpoint that is there stays whole.
 */
static void scarce_memory_leaves_the_old_one(void **state)
{
    (void)state;
    plan plan = kept_plan(2);
    outcome whole = live(&plan, -1, false), first = live(&plan, 4, true);
    assert_int_equal(first.status, CAPAS_BAD_DATA);
    outcome rest = {.status = CAPAS_NO_MEMORY};
    for (long allowed = 150; rest.status != CAPAS_OK && allowed < 20000; allowed += 11) {
        forget(&rest);
        scarce_memory_begin(allowed);
        capas_model *model = make_model(&plan); /* plans and weights are others' tests */
        capas_model_free(model);
        rest = live(&plan, -1, true);
        assert_int_equal(scarce_memory_live() == 0 || rest.status == CAPAS_OK, true);
        scarce_memory_end();
    }
    assert_same(&whole, &rest);
    forget(&whole), forget(&rest);
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
    plan plan = kept_plan(3);
    capas_callback interrupter = {.on_train_batch_end = interrupt};
    capas_callback *backup = capas_backup_and_restore("backup", .delete_checkpoint = CAPAS_FALSE);
    const capas_callback *callbacks[] = {&interrupter, backup};
    capas_history *history = NULL;
    capas_model *model = make_model(&plan);
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
    model = make_model(&plan);
    interrupter.on_train_batch_end = NULL;
    assert_int_equal(capas_fit(model, data, .batch_size = 6, .epochs = 3, .callbacks = callbacks,
                               .callback_count = 2),
                     CAPAS_OK);
    capas_model *whole = make_model(&plan);
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

static void folders_are_checked_at_once(void **state)
{
    (void)state;
    assert_null(capas_backup_and_restore(""));
    assert_string_equal(capas_error(), "BackupAndRestore: backup_dir must be a path, found \"\"");
    assert_null(capas_backup_and_restore("backup", .save_freq = -1));
    put_file("backup", "a file");
    plan plan = kept_plan(1);
    outcome outcome = live(&plan, -1, true);
    assert_int_equal(outcome.status, CAPAS_WRITE_FAILED);
    assert_string_equal(outcome.sentence, "backup is a file; a folder was to be made there");
    unlink("backup");
}

/* What a killed process has written is there without fsync, which takes long. */
static int no_fsync(int file)
{
    (void)file;
    return 0;
}

static int begin_group(void **state)
{
    (void)state;
    capas_system.fsync = no_fsync;
    return system("rm -rf backup kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_batch_may_be_the_last),
        cmocka_unit_test(epochs_of_some_steps_too),
        cmocka_unit_test(more_epochs_go_on_from_the_end),
        cmocka_unit_test(another_training_is_refused_by_what_differs),
        cmocka_unit_test(damaged_checkpoints_are_passed_over),
        cmocka_unit_test(foreign_values_are_a_sentence),
        cmocka_unit_test(failing_writes_leave_the_old_one),
        cmocka_unit_test(scarce_memory_leaves_the_old_one),
        cmocka_unit_test(an_interrupted_training_can_be_saved_and_gone_on_with),
        cmocka_unit_test(folders_are_checked_at_once),
    };
    return cmocka_run_group_tests(tests, begin_group, NULL);
}
