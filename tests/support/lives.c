/* Trainings that end early and go on; see lives.h. */
#include "support/lives.h"
#include "support/cmocka.h"

#include "base/system.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static capas_optimizer optimizer_of(const training_plan *plan)
{
    if (plan->averages)
        return capas_nadam(.learning_rate = 0.01, .use_ema = 1, .ema_overwrite_frequency = 3,
                           .gradient_accumulation_steps = 2);
    return plan->momentum > 0 ? capas_sgd(.momentum = plan->momentum)
                              : capas_adam(.learning_rate = 0.01);
}

capas_model *make_planned_model(const training_plan *plan)
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

training_outcome live(const training_plan *plan, int life, bool with_backup)
{
    training_outcome outcome = {.mortal.life = life};
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
    capas_model *model = make_planned_model(plan);
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

void forget_outcome(training_outcome *outcome)
{
    free(outcome->weights);
    capas_free(outcome->history);
}

void assert_same_outcome(const training_outcome *a, const training_outcome *b)
{
    if (a->status != CAPAS_OK || b->status != CAPAS_OK) fail_msg("%s%s", a->sentence, b->sentence);
    assert_string_equal(a->history, b->history);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->weights, b->weights, a->count * sizeof *a->weights);
    assert_true(a->mortal.sum == b->mortal.sum && a->mortal.epochs == b->mortal.epochs);
}

training_plan kept_plan(int epochs)
{
    return (training_plan){.fit = {.batch_size = 6, .epochs = epochs},
                           .backup = {.save_freq = 1, .delete_checkpoint = CAPAS_FALSE}};
}

void clear_backup(void)
{
    unlink("backup/checkpoint");
    unlink("backup/checkpoint.previous");
    rmdir("backup");
}

static int no_fsync(int file)
{
    (void)file;
    return 0;
}

int begin_lives(void **state)
{
    (void)state;
    capas_system.fsync = no_fsync;
    return system("rm -rf backup kept");
}
