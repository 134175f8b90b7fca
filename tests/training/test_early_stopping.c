/* EarlyStopping, held against Keras's decisions epoch by epoch, and its options. */
#include "base/value.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include "training/early_stopping.h"
#include "training/hooks.h"
#include <capas/capas.h>
#include <math.h>
#include <string.h>

/* One weight, so that one can see which epoch's weights are there. */
static capas_model *one_weight(void)
{
    capas_model *model = capas_sequential(capas_input(1), capas_dense(1, .use_bias = CAPAS_FALSE));
    if (!model) fail_msg("%s", capas_error());
    assert_int_equal(capas_compile(model, .optimizer = capas_sgd(),
                                   .loss = CAPAS_MEAN_SQUARED_ERROR, .metrics = {CAPAS_ACCURACY}),
                     CAPAS_OK);
    return model;
}

static double number(const json_t *map, const char *key)
{
    const json_t *value = json_object_get(map, key);
    return json_is_null(value) ? NAN : json_number_value(value);
}

static void read_arguments(const json_t *arguments, capas_early_stopping_options *options)
{
    const char *mode = json_string_value(json_object_get(arguments, "mode"));
    const json_t *baseline = json_object_get(arguments, "baseline");
    *options = (capas_early_stopping_options){
        .struct_size = sizeof *options,
        .monitor = json_string_value(json_object_get(arguments, "monitor")),
        .min_delta = number(arguments, "min_delta"),
        .patience = (int)number(arguments, "patience"),
        .restore_best_weights = json_is_true(json_object_get(arguments, "restore_best_weights")),
        .start_from_epoch = (int)number(arguments, "start_from_epoch")};
    options->mode = strcmp(mode, "min") == 0   ? CAPAS_MONITOR_MIN
                    : strcmp(mode, "max") == 0 ? CAPAS_MONITOR_MAX
                                               : CAPAS_MONITOR_AUTO;
    if (json_is_number(baseline)) options->baseline = json_number_value(baseline);
}

/* The hooks of one epoch, as fit calls them. */
static void run_epoch(capas_training *training, const json_t *entry, const char *metric)
{
    capas_logs logs = {0};
    float weight = (float)number(entry, "epoch");
    training->epoch = (int)number(entry, "epoch");
    assert_int_equal(capas_model_set_weight(training->model, 0, &weight), CAPAS_OK);
    assert_int_equal(capas_logs_set(&logs, metric, number(entry, "value")), CAPAS_OK);
    if (capas_hook_epoch_end(training, &logs) != CAPAS_OK) fail_msg("%s", capas_error());
    assert_int_equal(training->stop, json_is_true(json_object_get(entry, "stop")));
    capas_logs_clear(&logs);
}

static void check_case(const json_t *entry)
{
    capas_early_stopping_options options;
    read_arguments(json_object_get(entry, "arguments"), &options);
    capas_callback *callback = capas_early_stopping_with(&options);
    if (!callback) fail_msg("%s", capas_error());
    capas_training training = {.model = one_weight(), .epochs = 1000};
    const capas_callback *const callbacks[] = {callback};
    capas_logs logs = {0};
    assert_int_equal(capas_training_gather(&training, callbacks, 1, NULL, 0, "test"), CAPAS_OK);
    assert_int_equal(capas_hook_train_begin(&training, &logs), CAPAS_OK);
    size_t i;
    json_t *epoch;
    json_array_foreach(json_object_get(entry, "epochs"), i, epoch)
        run_epoch(&training, epoch, json_string_value(json_object_get(entry, "metric")));
    assert_int_equal(capas_hook_train_end(&training, &logs), CAPAS_OK);
    float weight;
    assert_int_equal(capas_model_get_weight(training.model, 0, &weight), CAPAS_OK);
    assert_true(weight == (float)number(entry, "weight_after"));
    assert_int_equal(capas_early_stopping_epoch(callback), (int)number(entry, "stopped_epoch"));
    capas_training_release(&training);
    capas_model_free(training.model);
    capas_early_stopping_free(callback);
}

static void decides_as_keras(void **state)
{
    (void)state;
    json_t *file = golden_json("callbacks/callbacks.json");
    size_t i, checked = 0;
    json_t *entry;
    json_array_foreach(json_object_get(file, "cases"), i, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "callback"));
        if (strcmp(name, "EarlyStopping") != 0) continue;
        check_case(entry);
        checked++;
    }
    assert_true(checked > 0);
    json_decref(file);
}

static void assert_refused(capas_callback *callback, const char *sentence)
{
    assert_null(callback);
    assert_int_equal(capas_error_status(), CAPAS_INVALID_ARGUMENT);
    if (!strstr(capas_error(), sentence)) fail_msg("\"%s\" lacks \"%s\"", capas_error(), sentence);
}

static void checks_its_options(void **state)
{
    (void)state;
    assert_refused(capas_early_stopping(.patience = -1),
                   "patience must be an integer of at least 0");
    assert_refused(capas_early_stopping(.mode = (capas_monitor_mode)9), "mode must be");
    capas_value *map = capas_value_map();
    capas_value_set(map, "monitor", capas_value_integer(3));
    assert_refused(capas_early_stopping_read(map, "here"), "here: monitor must be a name");
    capas_value_set(map, "monitor", capas_value_string("loss"));
    capas_value_set(map, "patience", capas_value_integer(2));
    capas_callback *callback = capas_early_stopping_read(map, "here");
    assert_non_null(callback);
    capas_early_stopping_free(callback);
    capas_value_set(map, "pacience", capas_value_integer(2));
    assert_null(capas_early_stopping_read(map, "here"));
    assert_non_null(strstr(capas_error(), "did you mean \"patience\"?"));
    capas_value_free(map);
}

static int warnings;

static void count_warning(capas_log_level level, const char *message, void *context)
{
    (void)context;
    if (level == CAPAS_LOG_WARNING && strstr(message, "EarlyStopping watches val_loss")) warnings++;
}

static void stops_a_real_training(void **state)
{
    (void)state;
    float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, y[8] = {0};
    capas_tensor inputs = {CAPAS_FLOAT32, {2, {8, 1}}, x},
                 targets = {CAPAS_FLOAT32, {2, {8, 1}}, y};
    capas_dataset *data = capas_dataset_from_arrays(inputs, targets, 0);
    capas_model *model = one_weight();
    capas_callback *callback = capas_early_stopping(.monitor = "loss", .min_delta = 1e9);
    const capas_callback *callbacks[] = {callback};
    capas_history *history = NULL;
    assert_int_equal(capas_fit(model, data, .epochs = 10, .callbacks = callbacks,
                               .callback_count = 1, .history = &history),
                     CAPAS_OK);
    assert_int_equal(capas_history_epochs(history), 2);
    assert_int_equal(capas_early_stopping_epoch(callback), 1);
    capas_history_free(history);
    capas_early_stopping_free(callback);

    callback = capas_early_stopping();
    callbacks[0] = callback;
    capas_set_log(count_warning, NULL);
    assert_int_equal(
        capas_fit(model, data, .epochs = 3, .callbacks = callbacks, .callback_count = 1), CAPAS_OK);
    capas_set_log(NULL, NULL);
    assert_int_equal(warnings, 1);
    assert_int_equal(capas_early_stopping_epoch(callback), 0);
    capas_early_stopping_free(callback);

    callback = capas_early_stopping(.monitor = "val_precision");
    callbacks[0] = callback;
    assert_int_equal(capas_fit(model, data, .callbacks = callbacks, .callback_count = 1),
                     CAPAS_INVALID_ARGUMENT);
    assert_non_null(strstr(capas_error(), "say mode \"min\" or \"max\""));
    capas_early_stopping_free(callback);
    capas_model_free(model);
    capas_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides_as_keras),
        cmocka_unit_test(checks_its_options),
        cmocka_unit_test(stops_a_real_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
