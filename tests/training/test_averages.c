/* SwapEMAWeights: what validation, each epoch's end and the end of a training see of the averages,
 * against Keras; what a training that is killed or stopped has; what is refused. */
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/lives.h"
#include "support/saved_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
static capas_tensor tensor_of(const npy *array)
{
    return (capas_tensor){
        CAPAS_FLOAT32, capas_shape_of(2, (int)array->shape[0], (int)array->shape[1]), array->data};
}

/* What a callback behind it sees at the end of each epoch. */
typedef struct seen {
    npy inputs, wanted;
    int epochs;
} seen;

static capas_status look(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    seen *s = context;
    const size_t each = (size_t)s->inputs.shape[0];
    (void)logs;
    float *y = predict_recorded(capas_training_model(training), &s->inputs, each);
    for (size_t i = 0; i < each; i++)
        if (fabs((double)y[i] - npy_at(&s->wanted, (size_t)epoch * each + i)) > 1e-5)
            fail_msg("epoch %d, sample %zu: %.9g, Keras has %.9g", epoch, i, (double)y[i],
                     npy_at(&s->wanted, (size_t)epoch * each + i));
    free(y);
    s->epochs++;
    return CAPAS_OK;
}

static void compare_history(const capas_history *history, const npy *losses)
{
    const char *const names[] = {"loss", "val_loss"};
    for (size_t i = 0; i < losses->count; i++) {
        double got = capas_history_values(history, names[i / 3])[i % 3];
        if (fabs(got - npy_at(losses, i)) > 1e-5)
            fail_msg("%s of epoch %zu: %.9g, Keras has %.9g", names[i / 3], i % 3, got,
                     npy_at(losses, i));
    }
}

static void run_as_keras(int swap_on_epoch)
{
    npy x = golden_npy("callbacks/averages/x.npy"), y = golden_npy("callbacks/averages/y.npy");
    npy vx = golden_npy("callbacks/averages/vx.npy"), vy = golden_npy("callbacks/averages/vy.npy");
    npy losses = golden_npy("callbacks/averages/losses%d.npy", swap_on_epoch);
    npy after = golden_npy("callbacks/averages/after%d.npy", swap_on_epoch);
    seen s = {.inputs = vx, .wanted = golden_npy("callbacks/averages/epochs%d.npy", swap_on_epoch)};
    capas_dataset *train = capas_dataset_from_arrays(tensor_of(&x), tensor_of(&y), 0);
    capas_dataset *validation = capas_dataset_from_arrays(tensor_of(&vx), tensor_of(&vy), 0);
    capas_model *model = open_model(golden_path("callbacks/averages/model.keras"));
    capas_callback *swap = capas_swap_ema_weights(.swap_on_epoch = swap_on_epoch);
    capas_callback looker = {.context = &s, .on_epoch_end = look};
    const capas_callback *callbacks[] = {swap, &looker};
    capas_history *history;
    if (capas_fit(model, train, .batch_size = 5, .epochs = 3, .shuffle = CAPAS_FALSE,
                  .validation_data = validation, .callbacks = callbacks, .callback_count = 2,
                  .history = &history) != CAPAS_OK)
        fail_msg("%s", capas_error());
    assert_int_equal(s.epochs, 3);
    compare_history(history, &losses);
    float *predicted = predict_recorded(model, &vx, after.count);
    assert_true(golden_close("after the training", predicted, &after, 0, 1e-5));
    free(predicted);
    capas_history_free(history);
    capas_callback_free(swap);
    capas_model_free(model);
    capas_dataset_free(train);
    capas_dataset_free(validation);
    npy *all[] = {&x, &y, &vx, &vy, &losses, &after, &s.wanted};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        npy_free(all[i]);
}

static void swaps_as_keras(void **state)
{
    (void)state;
    run_as_keras(0);
    run_as_keras(1);
}
#endif

static capas_status count_down(void *context, capas_training *training, int64_t batch,
                               capas_logs *logs)
{
    int *left = context;
    (void)batch, (void)logs;
    if (--*left == 0) capas_training_interrupt(training);
    return CAPAS_OK;
}

static capas_status stop_at(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    (void)logs;
    if (epoch == *(const int *)context) capas_training_stop(training);
    return CAPAS_OK;
}

/* One life of so many batches (0: to the end), stopped after an epoch (-1: not); its weights, or
 * NULL when it was killed. */
static float *weights_of_life(int swap, int batches, int last, int epochs, bool backed_up,
                              size_t *count)
{
    capas_callback *swapper = capas_swap_ema_weights(.swap_on_epoch = 1);
    capas_callback *backup =
        capas_backup_and_restore("backup", .save_freq = 1, .delete_checkpoint = CAPAS_FALSE);
    capas_callback killer = {.context = &batches, .on_train_batch_end = count_down};
    capas_callback stopper = {.context = &last, .on_epoch_end = stop_at};
    const capas_callback *callbacks[] = {swap ? swapper : NULL, &stopper, backed_up ? backup : NULL,
                                         &killer};
    capas_model *model = small_network();
    capas_dataset *data = small_dataset();
    assert_int_equal(capas_compile(model,
                                   .optimizer = capas_sgd(.learning_rate = 0.2, .use_ema = 1),
                                   .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY),
                     CAPAS_OK);
    capas_status status =
        capas_fit(model, data, .batch_size = 4, .epochs = epochs, .validation_data = data,
                  .callbacks = callbacks, .callback_count = 4);
    if (status != CAPAS_OK && status != CAPAS_INTERRUPTED) fail_msg("%s", capas_error());
    float *weights = status == CAPAS_OK ? small_weights(model, count) : NULL;
    capas_callback_free(swapper);
    capas_callback_free(backup);
    capas_model_free(model);
    capas_dataset_free(data);
    return weights;
}

/* Killed between batches and at the end of an epoch, where the averages are in the model; and asked
 * for more epochs when it had come to its end. */
static void goes_on(void **state)
{
    (void)state;
    size_t count, again;
    float *whole = weights_of_life(1, 0, -1, 4, false, &count), *parts;
    for (int batches = 1; batches <= 7; batches += 2) {
        int lives = 1;
        while (!(parts = weights_of_life(1, batches, -1, 4, true, &again)))
            assert_true(++lives < 30);
        assert_int_equal(again, count);
        assert_memory_equal(parts, whole, count * sizeof *whole);
        free(parts);
        parts = weights_of_life(1, 0, -1, 4, true, &again); /* nothing is left to be done */
        assert_memory_equal(parts, whole, count * sizeof *whole);
        free(parts);
        clear_backup();
    }
    free(weights_of_life(1, 0, -1, 2, true, &again));
    parts = weights_of_life(1, 0, -1, 4, true, &again);
    assert_memory_equal(parts, whole, count * sizeof *whole);
    free(parts);
    free(whole);
    clear_backup();
}

/* Swapped or not, and also when it is stopped, a training leaves the averages. */
static void leaves_the_averages(void **state)
{
    (void)state;
    for (int last = -1; last < 2; last++) {
        size_t count, again;
        float *plain = weights_of_life(0, 0, last, 4, false, &count),
              *swapped = weights_of_life(1, 0, last, 4, false, &again);
        assert_int_equal(again, count);
        assert_memory_equal(swapped, plain, count * sizeof *plain);
        free(plain);
        free(swapped);
    }
}

/* Evaluation sees the averages and gives the weights back; before a step there are none. */
static void evaluates_averages(void **state)
{
    (void)state;
    capas_model *model = small_network();
    capas_dataset *data = small_dataset();
    capas_callback *swap = capas_swap_ema_weights();
    const capas_callback *callbacks[] = {swap};
    capas_evaluation plain, averaged;
    size_t count;
    assert_int_equal(
        capas_evaluate(model, data, &plain, .callbacks = callbacks, .callback_count = 1),
        CAPAS_INVALID_ARGUMENT);
    assert_non_null(strstr(capas_error(), "SwapEMAWeights needs the averages of an optimizer with "
                                          "use_ema"));
    capas_model_clear_error(model);
    capas_compile(model,
                  .optimizer = capas_sgd(.learning_rate = 0.2, .use_ema = 1, .ema_momentum = 0.9),
                  .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY);
    for (int step = 0; step < 2; step++) {
        float *before = small_weights(model, &count);
        assert_int_equal(capas_evaluate(model, data, &plain), CAPAS_OK);
        assert_int_equal(
            capas_evaluate(model, data, &averaged, .callbacks = callbacks, .callback_count = 1),
            CAPAS_OK);
        float *after = small_weights(model, &count);
        assert_memory_equal(before, after, count * sizeof *after);
        assert_int_equal(capas_evaluation_get(&plain, "loss") ==
                             capas_evaluation_get(&averaged, "loss"),
                         step == 0);
        free(before);
        free(after);
        float x[2 * SMALL_FEATURES] = {1, -2, 3, 4};
        uint8_t y[2] = {0, 2};
        const capas_tensor inputs = {CAPAS_FLOAT32, {2, {2, SMALL_FEATURES}}, x};
        const capas_tensor targets = {CAPAS_UINT8, {1, {2}}, y};
        for (int i = 0; i < 3; i++)
            assert_int_equal(capas_train_on_batch(model, &inputs, &targets, 2, &plain), CAPAS_OK);
    }
    capas_callback_free(swap);
    capas_model_free(model);
    capas_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if CAPAS_WITH_KERAS_FILES
        cmocka_unit_test(swaps_as_keras),
#endif
        cmocka_unit_test(goes_on),
        cmocka_unit_test(leaves_the_averages),
        cmocka_unit_test(evaluates_averages),
    };
    return cmocka_run_group_tests(tests, begin_lives, NULL);
}
