/* The history: against Keras's (golden/text) with the same data and weights, and its CSV. */
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/values.h"

#include "training/history.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_JANSSON

/* What Keras's ReduceLROnPlateau does to the logs when it has nothing to reduce. */
static capas_status log_rate(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    (void)context, (void)epoch;
    return capas_logs_set(logs, "learning_rate", capas_training_learning_rate(training));
}

static capas_model *logged_model(int features)
{
    capas_model *model =
        capas_sequential(capas_input(features), capas_dense(4, .activation = CAPAS_RELU),
                         capas_dense(3, .activation = CAPAS_SOFTMAX));
    assert_non_null(model);
    for (int w = 0; w < 4; w++) {
        npy weight = golden_npy("text/log_w%d.npy", w);
        assert_int_equal(capas_model_set_weight(model, w, weight.data), CAPAS_OK);
        npy_free(&weight);
    }
    return model;
}

static capas_element element_of(const npy *array)
{
    return array->element == NPY_I4   ? CAPAS_INT32
           : array->element == NPY_U1 ? CAPAS_UINT8
                                      : CAPAS_FLOAT32;
}

static void compare_history(const capas_history *history, const capas_value *golden)
{
    const capas_value *keys = value_at(golden, "history_key_order");
    assert_int_equal(capas_history_count(history), keys->count);
    for (size_t k = 0; k < keys->count; k++) {
        const char *name = keys->items[k]->string;
        assert_string_equal(capas_history_name(history, (int)k), name);
        const double *got = capas_history_values(history, name);
        const capas_value *want = value_at(value_at(golden, "history"), name);
        assert_int_equal(capas_history_epochs(history), want->count);
        for (size_t i = 0; i < want->count; i++)
            if (fabs(got[i] - want->items[i]->real) > 1e-4 * fabs(want->items[i]->real))
                fail_msg("%s of epoch %zu is %.9g, Keras has %.9g", name, i, got[i],
                         want->items[i]->real);
    }
}

static void agrees_with_keras(void **state)
{
    (void)state;
    capas_value *golden = golden_value("text/history_verbose2.json");
    npy x = golden_npy("text/log_x.npy"), y = golden_npy("text/log_y.npy");
    capas_model *model = logged_model((int)x.shape[1]);
    capas_tensor inputs = {CAPAS_FLOAT32, {2, {x.shape[0], x.shape[1]}}, x.data};
    capas_tensor targets = {element_of(&y), {1, {y.shape[0]}}, y.data};
    capas_dataset *data = capas_dataset_from_arrays(inputs, targets, 0);
    capas_compile(model, .optimizer = capas_sgd(.learning_rate = 0.1),
                  .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY, .metrics = {CAPAS_ACCURACY});
    capas_callback rate = {.on_epoch_end = log_rate};
    const capas_callback *callbacks[] = {&rate};
    capas_history *history = NULL;
    capas_fit(model, data, .batch_size = (int)number_at(golden, "fit.batch_size"),
              .epochs = (int)number_at(golden, "fit.epochs"), .shuffle = CAPAS_FALSE,
              .validation_split = number_at(golden, "fit.validation_split"), .callbacks = callbacks,
              .callback_count = 1, .history = &history);
    capas_evaluation evaluation;
    capas_evaluate(model, data, &evaluation, .batch_size = 32);
    if (capas_model_status(model) != CAPAS_OK) fail_msg("%s", capas_error());
    compare_history(history, golden);
    double loss = number_at(golden, "evaluate.0"), accuracy = number_at(golden, "evaluate.1");
    assert_true(fabs(capas_evaluation_get(&evaluation, "loss") - loss) < 1e-4 * loss);
    assert_true(fabs(capas_evaluation_get(&evaluation, "accuracy") - accuracy) < 1e-6);
    capas_history_free(history);
    capas_dataset_free(data);
    capas_model_free(model);
    npy_free(&x);
    npy_free(&y);
    capas_value_free(golden);
}
#endif

static void add(capas_history *history, int epoch, const char *const *names, const double *values,
                int count)
{
    capas_logs logs = {0};
    for (int i = 0; i < count; i++)
        assert_int_equal(capas_logs_set(&logs, names[i], values[i]), CAPAS_OK);
    assert_int_equal(capas_history_add(history, epoch, &logs), CAPAS_OK);
    capas_logs_clear(&logs);
}

static void compare_csv(const capas_history *history, const char *want)
{
    char *csv;
    assert_int_equal(capas_history_csv(history, &csv), CAPAS_OK);
    assert_string_equal(csv, want);
    capas_free(csv);
}

static void writes_csv_as_keras(void **state)
{
    (void)state;
    static const char *const names[] = {"accuracy", "loss", "val_loss", "learning_rate"};
    capas_history *history = capas_history_new();
    compare_csv(history, "epoch\r\n");
    add(history, 3, names, (double[]){1, 0.1, 1.2589566707611084, 1e-5}, 4);
    add(history, 4, names, (double[]){0.390625, 1e-20, NAN}, 3);
    compare_csv(history, "epoch,accuracy,learning_rate,loss,val_loss\r\n"
                         "3,1.0,1e-05,0.1,1.2589566707611084\r\n"
                         "4,0.390625,NA,1e-20,nan\r\n");
    assert_true(isnan(capas_history_values(history, "learning_rate")[1]));
    assert_null(capas_history_values(history, "no such"));
    assert_null(capas_history_name(history, 4));
    capas_history_free(history);
}

/* Keras adds a val_ column for each when there is none. */
static void repeats_columns_without_validation(void **state)
{
    (void)state;
    static const char *const names[] = {"accuracy", "loss"};
    capas_history *history = capas_history_new();
    add(history, 0, names, (double[]){0.5, 2}, 2);
    compare_csv(history, "epoch,accuracy,loss,val_accuracy,val_loss\r\n0,0.5,2.0,NA,NA\r\n");
    capas_history_free(history);
}

static void keeps_many_epochs(void **state)
{
    (void)state;
    static const char *const names[] = {"loss", "late"};
    capas_history *history = capas_history_new();
    for (int epoch = 0; epoch < 100; epoch++)
        add(history, epoch, names, (double[]){epoch, -epoch}, epoch < 50 ? 1 : 2);
    assert_int_equal(capas_history_epochs(history), 100);
    const double *loss = capas_history_values(history, "loss");
    const double *late = capas_history_values(history, "late");
    for (int epoch = 0; epoch < 100; epoch++) {
        assert_true(loss[epoch] == epoch);
        assert_true(epoch < 50 ? isnan(late[epoch]) : late[epoch] == -epoch);
    }
    capas_history_free(history);
    capas_history_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if CAPAS_WITH_JANSSON
        cmocka_unit_test(agrees_with_keras),
#endif
        cmocka_unit_test(writes_csv_as_keras),
        cmocka_unit_test(repeats_columns_without_validation),
        cmocka_unit_test(keeps_many_epochs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
