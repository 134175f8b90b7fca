/* Callbacks: when each hook is called, what it sees, what it may do; and the moments of fit that
 * they show: steps, passes over the data, validation. */
#include "support/cmocka.h"
#include "support/small_network.h"

#include "training/trainer.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes down every call in short: "E0" epoch 0 begins, "b2" batch 2 begins, "B2" it ends, ... */
typedef struct recorder {
    char text[4096];
    char key_text[256];
    double loss;           /* of the last logs that had one */
    int64_t steps;         /* as the training says */
    int stop_at_batch;     /* -1: never */
    int stop_after_epoch;  /* -1: never */
    const char *fail_hook; /* "B": this hook fails */
    capas_status fail_with;
} recorder;

static capas_status record(recorder *r, const char *what, int64_t number, const capas_training *t,
                           const capas_logs *logs)
{
    size_t length = strlen(r->text);
    if (number >= 0)
        snprintf(r->text + length, sizeof r->text - length, "%s%lld ", what, (long long)number);
    else
        snprintf(r->text + length, sizeof r->text - length, "%s ", what);
    r->steps = capas_training_steps(t);
    r->key_text[0] = '\0';
    for (int i = 0; i < capas_logs_count(logs); i++) {
        strcat(r->key_text, capas_logs_name(logs, i));
        strcat(r->key_text, " ");
    }
    if (!isnan(capas_logs_get(logs, "loss"))) r->loss = capas_logs_get(logs, "loss");
    return r->fail_hook && strcmp(r->fail_hook, what) == 0 ? r->fail_with : CAPAS_OK;
}

static capas_status train_begin(void *c, capas_training *t, capas_logs *logs)
{
    return record(c, "fit", -1, t, logs);
}

static capas_status train_end(void *c, capas_training *t, capas_logs *logs)
{
    return record(c, "end", -1, t, logs);
}

static capas_status epoch_begin(void *c, capas_training *t, int epoch, capas_logs *logs)
{
    assert_int_equal(epoch, capas_training_epoch(t));
    return record(c, "e", epoch, t, logs);
}

static capas_status epoch_end(void *c, capas_training *t, int epoch, capas_logs *logs)
{
    recorder *r = c;
    if (epoch == r->stop_after_epoch) capas_training_stop(t);
    return record(c, "E", epoch, t, logs);
}

static capas_status batch_begin(void *c, capas_training *t, int64_t batch, capas_logs *logs)
{
    return record(c, "b", batch, t, logs);
}

static capas_status batch_end(void *c, capas_training *t, int64_t batch, capas_logs *logs)
{
    recorder *r = c;
    if (batch == r->stop_at_batch) capas_training_stop(t);
    return record(c, "B", batch, t, logs);
}

static capas_status test_begin(void *c, capas_training *t, capas_logs *logs)
{
    return record(c, "test", -1, t, logs);
}

static capas_status test_end(void *c, capas_training *t, capas_logs *logs)
{
    return record(c, "TEST", -1, t, logs);
}

static capas_status test_batch_begin(void *c, capas_training *t, int64_t batch, capas_logs *logs)
{
    return record(c, "t", batch, t, logs);
}

static capas_status test_batch_end(void *c, capas_training *t, int64_t batch, capas_logs *logs)
{
    return record(c, "T", batch, t, logs);
}

static capas_callback callback_of(recorder *r)
{
    *r = (recorder){.stop_at_batch = -1, .stop_after_epoch = -1};
    return (capas_callback){
        .context = r,
        .on_train_begin = train_begin,
        .on_train_end = train_end,
        .on_epoch_begin = epoch_begin,
        .on_epoch_end = epoch_end,
        .on_train_batch_begin = batch_begin,
        .on_train_batch_end = batch_end,
        .on_test_begin = test_begin,
        .on_test_end = test_end,
        .on_test_batch_begin = test_batch_begin,
        .on_test_batch_end = test_batch_end,
    };
}

typedef struct scene {
    capas_model *model;
    capas_dataset *data;
    recorder recorder;
    capas_callback callback;
    const capas_callback *callbacks[1];
} scene;

static scene open_scene(void)
{
    scene s = {.model = small_network(), .data = small_dataset()};
    return s;
}

/* The pointers into the scene, once it stays where it is. */
static void connect(scene *s)
{
    s->callback = callback_of(&s->recorder);
    s->callbacks[0] = &s->callback;
}

static void close_scene(scene *s)
{
    capas_dataset_free(s->data);
    capas_model_free(s->model);
}

static void calls_in_keras_order(void **state)
{
    (void)state;
    scene s = open_scene();
    connect(&s);
    assert_int_equal(capas_fit(s.model, s.data, .batch_size = 8, .epochs = 2,
                               .validation_split = 0.2, .callbacks = s.callbacks,
                               .callback_count = 1),
                     CAPAS_OK);
    assert_string_equal(
        s.recorder.text,
        "fit e0 b0 B0 b1 B1 test t0 T0 TEST E0 e1 b0 B0 b1 B1 test t0 T0 TEST E1 end ");
    assert_string_equal(s.recorder.key_text, "accuracy loss val_accuracy val_loss ");
    assert_int_equal(s.recorder.steps, 2);
    connect(&s);
    capas_evaluation evaluation;
    assert_int_equal(capas_evaluate(s.model, s.data, &evaluation, .batch_size = 16,
                                    .callbacks = s.callbacks, .callback_count = 1),
                     CAPAS_OK);
    assert_string_equal(s.recorder.text, "test t0 T0 t1 T1 TEST ");
    assert_string_equal(s.recorder.key_text, "accuracy loss ");
    assert_true(s.recorder.loss == capas_evaluation_get(&evaluation, "loss"));
    assert_int_equal(evaluation.samples, SMALL_SAMPLES);
    close_scene(&s);
}

static void stops_at_a_batch_or_epoch(void **state)
{
    (void)state;
    scene s = open_scene();
    connect(&s);
    s.recorder.stop_at_batch = 1;
    assert_int_equal(capas_fit(s.model, s.data, .batch_size = 5, .epochs = 3,
                               .callbacks = s.callbacks, .callback_count = 1),
                     CAPAS_OK);
    assert_string_equal(s.recorder.text, "fit e0 b0 B0 b1 B1 E0 end ");
    connect(&s);
    s.recorder.stop_after_epoch = 1;
    assert_int_equal(capas_fit(s.model, s.data, .batch_size = 20, .epochs = 5,
                               .callbacks = s.callbacks, .callback_count = 1),
                     CAPAS_OK);
    assert_string_equal(s.recorder.text, "fit e0 b0 B0 E0 e1 b0 B0 E1 end ");
    close_scene(&s);
}

static void ends_with_a_hooks_failure(void **state)
{
    (void)state;
    scene s = open_scene();
    connect(&s);
    s.recorder.fail_hook = "B";
    s.recorder.fail_with = CAPAS_INTERRUPTED;
    capas_history *history = (capas_history *)&s;
    assert_int_equal(capas_fit(s.model, s.data, .callbacks = s.callbacks, .callback_count = 1,
                               .history = &history),
                     CAPAS_INTERRUPTED);
    assert_null(history);
    assert_string_equal(capas_error(),
                        "callback: on_train_batch_end returned INTERRUPTED (stopped by the user)");
    assert_int_equal(capas_fit(s.model, s.data), CAPAS_INTERRUPTED); /* kept */
    capas_model_clear_error(s.model);
    assert_int_equal(capas_fit(s.model, s.data), CAPAS_OK);
    close_scene(&s);
}

/* 20 samples in batches of 6 are 4 steps: with 3 steps an epoch the data ends inside the second. */
static void goes_on_with_the_data_across_epochs(void **state)
{
    (void)state;
    scene s = open_scene();
    connect(&s);
    assert_int_equal(capas_fit(s.model, s.data, .batch_size = 6, .epochs = 3, .steps_per_epoch = 3,
                               .callbacks = s.callbacks, .callback_count = 1),
                     CAPAS_OK);
    assert_string_equal(s.recorder.text,
                        "fit e0 b0 B0 b1 B1 b2 B2 E0 e1 b0 B0 E1 e2 b0 B0 b1 B1 b2 B2 E2 end ");
    assert_int_equal(s.recorder.steps, 3);
    connect(&s);
    assert_int_equal(capas_fit(s.model, s.data, .batch_size = 5, .epochs = 3, .steps_per_epoch = 2,
                               .callbacks = s.callbacks, .callback_count = 1),
                     CAPAS_OK);
    assert_string_equal(s.recorder.text,
                        "fit e0 b0 B0 b1 B1 E0 e1 b0 B0 b1 B1 E1 e2 b0 B0 b1 B1 E2 end ");
    close_scene(&s);
}

/* Epochs in one call or in several: the same bits. */
static void goes_on_from_an_epoch(void **state)
{
    (void)state;
    for (int steps = 0; steps <= 3; steps += 3) {
        scene s = open_scene(), again = open_scene();
        assert_int_equal(
            capas_fit(s.model, s.data, .batch_size = 6, .epochs = 4, .steps_per_epoch = steps),
            CAPAS_OK);
        assert_int_equal(capas_fit(again.model, again.data, .batch_size = 6, .epochs = 2,
                                   .steps_per_epoch = steps),
                         CAPAS_OK);
        assert_int_equal(capas_fit(again.model, again.data, .batch_size = 6, .epochs = 4,
                                   .initial_epoch = 2, .steps_per_epoch = steps),
                         CAPAS_OK);
        size_t count;
        float *one = small_weights(s.model, &count), *two = small_weights(again.model, NULL);
        assert_memory_equal(one, two, count * sizeof *one);
        free(one);
        free(two);
        close_scene(&s);
        close_scene(&again);
    }
}

/* A callback that adds to the logs, and moves the learning rate. */
static capas_status halve(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    (void)context;
    double rate = capas_training_learning_rate(training);
    assert_true(fabs(rate - 0.1 * pow(0.5, epoch)) < 1e-7);
    assert_int_equal(capas_training_set_learning_rate(training, -1), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_training_set_learning_rate(training, NAN), CAPAS_INVALID_ARGUMENT);
    assert_non_null(capas_training_model(training));
    assert_int_equal(capas_training_epochs(training), 3);
    assert_int_equal(capas_logs_set(logs, "learning_rate", rate), CAPAS_OK);
    return capas_training_set_learning_rate(training, rate / 2);
}

static void changes_rate_and_logs(void **state)
{
    (void)state;
    scene s = open_scene();
    capas_callback change = {.on_epoch_end = halve};
    const capas_callback *callbacks[] = {NULL, &change};
    capas_history *history;
    assert_int_equal(capas_fit(s.model, s.data, .epochs = 3, .callbacks = callbacks,
                               .callback_count = 2, .history = &history),
                     CAPAS_OK);
    assert_string_equal(capas_history_name(history, 2), "learning_rate");
    assert_true(fabs(capas_history_values(history, "learning_rate")[2] - 0.025) < 1e-7);
    assert_true(fabs(s.model->trainer->learning_rate - 0.0125) < 1e-7);
    capas_history_free(history);
    close_scene(&s);
}

/* What must wait until the fit is done. */
static capas_status compile_inside(void *context, capas_training *training, int epoch,
                                   capas_logs *logs)
{
    (void)context, (void)epoch, (void)logs;
    capas_model *model = capas_training_model(training);
    assert_int_equal(capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR), CAPAS_WRONG_STATE);
    capas_model_clear_error(model);
    capas_dataset *data = small_dataset();
    assert_int_equal(capas_fit(model, data), CAPAS_WRONG_STATE);
    capas_model_clear_error(model);
    capas_evaluation evaluation;
    assert_int_equal(capas_evaluate(model, data, &evaluation), CAPAS_OK);
    capas_dataset_free(data);
    return CAPAS_OK;
}

static void refuses_compile_inside_fit(void **state)
{
    (void)state;
    scene s = open_scene();
    capas_callback inside = {.on_epoch_begin = compile_inside};
    const capas_callback *callbacks[] = {&inside};
    assert_int_equal(
        capas_fit(s.model, s.data, .epochs = 2, .callbacks = callbacks, .callback_count = 1),
        CAPAS_OK);
    close_scene(&s);
}

static void keeps_logs_sorted(void **state)
{
    (void)state;
    scene s = open_scene();
    connect(&s);
    capas_history *history;
    assert_int_equal(capas_fit(s.model, s.data, .validation_data = s.data, .history = &history),
                     CAPAS_OK);
    static const char *const want[] = {"accuracy", "loss", "val_accuracy", "val_loss"};
    assert_int_equal(capas_history_count(history), 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(capas_history_name(history, i), want[i]);
    capas_history_free(history);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_in_keras_order),
        cmocka_unit_test(stops_at_a_batch_or_epoch),
        cmocka_unit_test(ends_with_a_hooks_failure),
        cmocka_unit_test(goes_on_with_the_data_across_epochs),
        cmocka_unit_test(goes_on_from_an_epoch),
        cmocka_unit_test(changes_rate_and_logs),
        cmocka_unit_test(refuses_compile_inside_fit),
        cmocka_unit_test(keeps_logs_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
