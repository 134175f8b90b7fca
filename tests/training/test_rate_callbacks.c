/* ReduceLROnPlateau, LearningRateScheduler and TerminateOnNaN in a real training: what they do, add
 * to the logs and say. */
#include "base/value.h"
#include "support/cmocka.h"
#include "support/small_network.h"
#include "training/callback.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static char said[4096];

static void keep(capas_log_level level, const char *message, void *context)
{
    size_t length = strlen(said);
    (void)context;
    if (strncmp(message, "fit: ", 5) == 0) return; /* what it says of so few samples */
    snprintf(said + length, sizeof said - length, "%s%s\n",
             level == CAPAS_LOG_WARNING ? "warning: " : "", message);
}

/* Trains with one callback, which it frees; the history may be NULL. */
static capas_status train(capas_callback *callback, int epochs, capas_history **history)
{
    if (!callback) fail_msg("%s", capas_error());
    capas_model *model = small_network();
    capas_dataset *data = small_dataset();
    const capas_callback *callbacks[] = {callback};
    said[0] = '\0';
    capas_set_log(keep, NULL);
    capas_status status =
        capas_fit(model, data, .batch_size = 4, .epochs = epochs, .callbacks = callbacks,
                  .callback_count = 1, .history = history);
    capas_set_log(NULL, NULL);
    capas_dataset_free(data);
    capas_model_free(model);
    capas_callback_free(callback);
    return status;
}

static void assert_rates(capas_history *history, const double *want, int count)
{
    const double *got = capas_history_values(history, "learning_rate");
    assert_non_null(got);
    assert_int_equal(capas_history_epochs(history), count);
    for (int i = 0; i < count; i++)
        assert_true(fabs(got[i] - want[i]) < 1e-7);
    capas_history_free(history);
}

static void reduces_and_says_so(void **state)
{
    (void)state;
    capas_history *history;
    capas_callback *callback =
        capas_reduce_lr_on_plateau(.monitor = "loss", .min_delta = 10, .patience = 2, .factor = 0.5,
                                   .verbose = 1);
    assert_int_equal(train(callback, 5, &history), CAPAS_OK);
    /* The rate that an epoch began with: float32(0.1) halved in double, as Keras prints it. */
    assert_rates(history, (double[]){.1, .1, .1, .05, .05}, 5);
    assert_string_equal(
        said, "Epoch 3: ReduceLROnPlateau reducing learning rate to 0.05000000074505806.\n"
              "Epoch 5: ReduceLROnPlateau reducing learning rate to 0.02500000037252903.\n");
}

static void stops_at_the_least_rate(void **state)
{
    (void)state;
    capas_history *history;
    capas_callback *callback =
        capas_reduce_lr_on_plateau(.monitor = "loss", .min_delta = 10, .patience = 1,
                                   .min_lr = 0.03, .cooldown = 1);
    assert_int_equal(train(callback, 5, &history), CAPAS_OK);
    assert_rates(history, (double[]){.1, .1, .03, .03, .03}, 5);
    assert_string_equal(said, "");
}

static void warns_once_about_what_is_missing(void **state)
{
    (void)state;
    assert_int_equal(train(capas_reduce_lr_on_plateau(), 3, NULL), CAPAS_OK);
    assert_string_equal(said, "warning: ReduceLROnPlateau watches val_loss, which this training "
                              "does not have (it has accuracy and others); the learning rate "
                              "stays\n");
}

static double halve(void *context, int epoch, double learning_rate)
{
    *(int *)context += epoch;
    return epoch == 0 ? learning_rate : learning_rate / 2;
}

static double wrong(void *context, int epoch, double learning_rate)
{
    (void)context, (void)epoch;
    return -learning_rate;
}

static void schedules_epochs(void **state)
{
    (void)state;
    int sum = 0;
    capas_history *history;
    assert_int_equal(
        train(capas_learning_rate_scheduler(.function = halve, .context = &sum, .verbose = 1), 3,
              &history),
        CAPAS_OK);
    assert_int_equal(sum, 3);
    assert_rates(history, (double[]){.1, .05, .025}, 3);
    assert_string_equal(
        said, "Epoch 1: LearningRateScheduler setting learning rate to 0.10000000149011612.\n"
              "Epoch 2: LearningRateScheduler setting learning rate to 0.05000000074505806.\n"
              "Epoch 3: LearningRateScheduler setting learning rate to 0.02500000037252903.\n");
    assert_int_equal(
        train(capas_learning_rate_scheduler(.schedule = capas_inverse_time_decay(.2, 1, 1)), 3,
              &history),
        CAPAS_OK);
    assert_rates(history, (double[]){.2, .1, .2 / 3}, 3);
    assert_int_equal(train(capas_learning_rate_scheduler(.function = wrong), 1, NULL),
                     CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(), "LearningRateScheduler: learning_rate must be a number of "
                                       "at least 0, found -0.100000001");
}

static void assert_refused(capas_callback *callback, const char *sentence)
{
    assert_null(callback);
    if (!strstr(capas_error(), sentence)) fail_msg("\"%s\" lacks \"%s\"", capas_error(), sentence);
}

static void checks_options(void **state)
{
    (void)state;
    assert_refused(capas_reduce_lr_on_plateau(.factor = 1),
                   "ReduceLROnPlateau: factor must be below 1, found 1");
    assert_refused(capas_reduce_lr_on_plateau(.patience = -1), "patience must be");
    assert_refused(capas_reduce_lr_on_plateau(.monitor = ""), "a name like val_loss, found \"\"");
    assert_refused(capas_learning_rate_scheduler(), "schedule is missing");
    assert_refused(
        capas_learning_rate_scheduler(.function = halve, .schedule = capas_cosine_decay(.1, 3)),
        "found both");
    assert_refused(capas_learning_rate_scheduler(.schedule = capas_cosine_decay(.1, 0)),
                   "decay_steps must be a number above 0");
    capas_value *map = capas_value_map();
    capas_value_set(map, "schedule", capas_value_string("CosineDecay"));
    assert_refused(capas_callback_read(&capas_learning_rate_scheduler_type, map, "here"),
                   "here: schedule must be a schedule; schedule: CosineDecay: "
                   "initial_learning_rate is missing");
    capas_value_free(map);
}

/* A rate so high that nothing stays finite. */
static double explode(void *context, int epoch, double learning_rate)
{
    (void)context, (void)learning_rate;
    return epoch == 0 ? 0.1 : 3e38;
}

/* Who gives the rate is told before the work, not after epochs of it. */
static void does_not_fight_a_schedule(void **state)
{
    (void)state;
    capas_callback *both[] = {capas_reduce_lr_on_plateau(),
                              capas_learning_rate_scheduler(.function = explode)};
    static const char *const said_first[] = {"ReduceLROnPlateau: ", "LearningRateScheduler: "};
    for (int i = 0; i < 2; i++) {
        capas_model *model = small_network();
        capas_dataset *data = small_dataset();
        const capas_callback *callbacks[] = {both[i]};
        assert_int_equal(
            capas_compile(model, .optimizer = capas_sgd(.schedule = capas_cosine_decay(0.1, 9)),
                          .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY),
            CAPAS_OK);
        assert_int_equal(
            capas_fit(model, data, .epochs = 9, .callbacks = callbacks, .callback_count = 1),
            CAPAS_WRONG_STATE);
        assert_ptr_equal(strstr(capas_error(), said_first[i]), capas_error());
        assert_non_null(strstr(capas_error(), "the optimizer's schedule"));
        capas_callback_free(both[i]);
        capas_dataset_free(data);
        capas_model_free(model);
    }
}

static void terminates_on_nan(void **state)
{
    (void)state;
    for (int raise_error = 0; raise_error < 2; raise_error++) {
        capas_model *model = small_network();
        capas_dataset *data = small_dataset();
        capas_callback *nan = capas_terminate_on_nan(.raise_error = raise_error),
                       *rate = capas_learning_rate_scheduler(.function = explode);
        const capas_callback *callbacks[] = {nan, rate};
        capas_history *history;
        said[0] = '\0';
        capas_set_log(keep, NULL);
        capas_status status =
            capas_fit(model, data, .batch_size = 4, .epochs = 9, .callbacks = callbacks,
                      .callback_count = 2, .history = &history);
        capas_set_log(NULL, NULL);
        assert_int_equal(status, raise_error ? CAPAS_NOT_FINITE : CAPAS_OK);
        if (!raise_error) {
            assert_int_equal(capas_history_epochs(history), 2);
            assert_non_null(strstr(said, ": Invalid loss, terminating training\n"));
            assert_int_equal(capas_model_status(model), CAPAS_OK);
        }
        capas_history_free(history);
        capas_callback_free(nan);
        capas_callback_free(rate);
        capas_dataset_free(data);
        capas_model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reduces_and_says_so),
        cmocka_unit_test(stops_at_the_least_rate),
        cmocka_unit_test(warns_once_about_what_is_missing),
        cmocka_unit_test(schedules_epochs),
        cmocka_unit_test(checks_options),
        cmocka_unit_test(does_not_fight_a_schedule),
        cmocka_unit_test(terminates_on_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
