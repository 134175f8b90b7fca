/* EarlyStopping: its options, and in a real training. Its decisions: test_monitored.c. */
#include "base/value.h"
#include "support/cmocka.h"
#include "training/callback.h"
#include <capas/capas.h>
#include <string.h>

static capas_model *one_weight(void)
{
    capas_model *model = capas_sequential(capas_input(1), capas_dense(1, .use_bias = CAPAS_FALSE));
    if (!model) fail_msg("%s", capas_error());
    assert_int_equal(capas_compile(model, .optimizer = capas_sgd(),
                                   .loss = CAPAS_MEAN_SQUARED_ERROR, .metrics = {CAPAS_ACCURACY}),
                     CAPAS_OK);
    return model;
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
    assert_refused(capas_callback_read(&capas_early_stopping_type, map, "here"),
                   "here: monitor must be a name");
    capas_value_set(map, "monitor", capas_value_string("loss"));
    capas_value_set(map, "patience", capas_value_integer(2));
    capas_callback *callback = capas_callback_read(&capas_early_stopping_type, map, "here");
    assert_non_null(callback);
    capas_callback_free(callback);
    capas_value_set(map, "pacience", capas_value_integer(2));
    assert_null(capas_callback_read(&capas_early_stopping_type, map, "here"));
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
    capas_callback_free(callback);

    callback = capas_early_stopping();
    callbacks[0] = callback;
    capas_set_log(count_warning, NULL);
    assert_int_equal(
        capas_fit(model, data, .epochs = 3, .callbacks = callbacks, .callback_count = 1), CAPAS_OK);
    capas_set_log(NULL, NULL);
    assert_int_equal(warnings, 1);
    assert_int_equal(capas_early_stopping_epoch(callback), 0);
    capas_callback_free(callback);

    callback = capas_early_stopping(.monitor = "val_precision");
    callbacks[0] = callback;
    assert_int_equal(capas_fit(model, data, .callbacks = callbacks, .callback_count = 1),
                     CAPAS_INVALID_ARGUMENT);
    assert_non_null(strstr(capas_error(), "say mode \"min\" or \"max\""));
    capas_callback_free(callback);
    capas_model_free(model);
    capas_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_its_options),
        cmocka_unit_test(stops_a_real_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
