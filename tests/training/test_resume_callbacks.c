/* A training that is killed at every batch in turn and goes on from its checkpoint: callbacks
 * decide and write as if it had run through, and so does a learning rate on a schedule. */
#include "base/file.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/small_network.h"

#include "training/callback.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCHS = 6, BATCHES = 5, OURS = 4 };

static capas_status count_down(void *context, capas_training *training, int64_t batch,
                               capas_logs *logs)
{
    int *left = context;
    (void)training, (void)batch, (void)logs;
    return --*left == 0 ? CAPAS_INTERRUPTED : CAPAS_OK;
}

/* Of each of these a training that ran through must have the same. */
typedef struct outcome {
    float *weights;
    size_t count;
    char *history, *csv, *tensors;
    int stopped;
} outcome;

static char *text_of(const char *path)
{
    char *text;
    size_t size;
    assert_int_equal(capas_read_file(path, 1 << 20, &text, &size), CAPAS_OK);
    return text;
}

static capas_optimizer optimizer_of(bool scheduled)
{
    if (!scheduled) return capas_adadelta(.learning_rate = 1);
    return capas_sgd(.momentum = 0.9, .schedule = capas_exponential_decay(0.2, 4, 0.5));
}

static void make_all(capas_callback *made[OURS], bool scheduled)
{
    made[0] = scheduled ? capas_terminate_on_nan()
                        : capas_reduce_lr_on_plateau(.monitor = "loss", .min_delta = 0.3,
                                                     .patience = 2, .cooldown = 1);
    made[1] = capas_early_stopping(.monitor = "loss", .min_delta = 0.05, .patience = 3,
                                   .restore_best_weights = 1);
    made[2] = capas_csv_logger("log.csv");
    made[3] =
        capas_logging_tensor(.tensors = {"dense_1"}, .every_n_iter = 4, .filename = "tensors.log");
}

/* One life of so many batches (0: to the end); whether it came to its end. */
static bool live(bool scheduled, int batches, outcome *outcome)
{
    capas_callback *made[OURS], *backup = capas_backup_and_restore("backup", .save_freq = 1);
    capas_callback killer = {.context = &batches, .on_train_batch_end = count_down};
    make_all(made, scheduled);
    const capas_callback *callbacks[] = {made[0], made[1], made[2], made[3], backup, &killer};
    capas_model *model = small_network();
    capas_dataset *data = small_dataset();
    capas_history *history = NULL;
    assert_int_equal(capas_compile(model, .optimizer = optimizer_of(scheduled),
                                   .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY),
                     CAPAS_OK);
    capas_status status =
        capas_fit(model, data, .batch_size = 4, .epochs = EPOCHS, .callbacks = callbacks,
                  .callback_count = 6, .history = &history);
    if (status != CAPAS_OK && status != CAPAS_INTERRUPTED) fail_msg("%s", capas_error());
    if (status == CAPAS_OK) {
        outcome->weights = small_weights(model, &outcome->count);
        assert_int_equal(capas_history_csv(history, &outcome->history), CAPAS_OK);
        outcome->csv = text_of("log.csv");
        outcome->tensors = text_of("tensors.log");
        outcome->stopped = capas_early_stopping_epoch(made[1]);
    }
    for (int i = 0; i < OURS; i++)
        capas_callback_free(made[i]);
    capas_callback_free(backup);
    capas_history_free(history);
    capas_model_free(model);
    capas_dataset_free(data);
    return status == CAPAS_OK;
}

static void forget(outcome *outcome)
{
    free(outcome->weights);
    capas_free(outcome->history);
    capas_release(outcome->csv);
    capas_release(outcome->tensors);
}

static void check(bool scheduled)
{
    outcome whole;
    assert_true(live(scheduled, 0, &whole));
    /* Something is decided: the rate is lowered, or the best is not the last. */
    if (!scheduled && !strstr(whole.csv, ",0.10000000149011612,"))
        fail_msg("no reduction in\n%s", whole.csv);
    for (int batches = 3; batches <= BATCHES * EPOCHS; batches += 8) {
        outcome parts;
        int lives = 1;
        while (!live(scheduled, batches, &parts))
            assert_true(++lives < 40);
        assert_int_equal(parts.count, whole.count);
        assert_memory_equal(parts.weights, whole.weights, whole.count * sizeof *whole.weights);
        assert_string_equal(parts.history, whole.history);
        assert_string_equal(parts.csv, whole.csv);
        assert_string_equal(parts.tensors, whole.tensors);
        assert_int_equal(parts.stopped, whole.stopped);
        forget(&parts);
    }
    forget(&whole);
}

static void go_on(void **state)
{
    (void)state;
    check(false);
}

static void go_on_with_a_schedule(void **state)
{
    (void)state;
    check(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(go_on),
        cmocka_unit_test(go_on_with_a_schedule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
