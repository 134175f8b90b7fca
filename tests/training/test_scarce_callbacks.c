/* Callbacks with each allocation of ours failed in turn, from their making to a training whose
 * states are saved and taken back: a sentence, and nothing leaked. */
#include "support/cmocka.h"
#include "support/scarce_memory.h"
#include "support/small_network.h"

#include "training/callback.h"
#include "training/state.h"
#include <string.h>

enum { CALLBACKS = 7 };

static capas_status look(void *context, int64_t step, const char *layer, const capas_tensor *tensor)
{
    (void)context, (void)step, (void)layer, (void)tensor;
    return CAPAS_OK;
}

static void make_all(capas_callback *made[CALLBACKS])
{
    made[0] = capas_early_stopping(.monitor = "loss", .patience = 5, .restore_best_weights = 1);
    made[1] = capas_reduce_lr_on_plateau(.monitor = "loss");
    made[2] = capas_csv_logger("scarce.csv");
    made[3] = capas_logging_tensor(.tensors = {"dense", "dense_1"}, .function = look,
                                   .filename = "scarce.log");
    made[4] = capas_terminate_on_nan();
    made[5] = capas_model_checkpoint("scarce.keras", .save_freq = 1000);
    made[6] = capas_swap_ema_weights(.swap_on_epoch = 1);
}

/* After each epoch all states, there and back. */
static capas_status keep_states(void *context, capas_training *training, int epoch,
                                capas_logs *logs)
{
    capas_callback *const *made = context;
    capas_state_store store = {0};
    capas_state whole = capas_state_of(&store);
    capas_status status = CAPAS_OK;
    (void)training, (void)epoch, (void)logs;
    for (int i = 0; i < CALLBACKS && status == CAPAS_OK; i++) {
        capas_state part = capas_state_part(&whole, (const char[]){(char)('a' + i), '\0'});
        if (made[i]->save_state) status = made[i]->save_state(made[i]->context, &part);
        if (made[i]->save_state && status == CAPAS_OK)
            status = made[i]->load_state(made[i]->context, &part);
    }
    capas_state_clear(&store);
    return status;
}

/* Nothing here ends the test while memory is scarce. */
static capas_status train(capas_callback *made[CALLBACKS])
{
    float x[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    uint8_t y[6] = {0, 1, 2, 0, 1, 2};
    capas_tensor inputs = {CAPAS_FLOAT32, {2, {6, 2}}, x}, targets = {CAPAS_UINT8, {1, {6}}, y};
    capas_callback keeper = {.context = made, .on_epoch_end = keep_states};
    const capas_callback *callbacks[CALLBACKS + 1] = {[CALLBACKS] = &keeper};
    memcpy(callbacks, made, CALLBACKS * sizeof *made);
    capas_dataset *data = capas_dataset_from_arrays(inputs, targets, 0);
    capas_model *model =
        data ? capas_sequential(capas_input(2), capas_dense(4, .activation = CAPAS_RELU),
                                capas_dense(3, .activation = CAPAS_SOFTMAX))
             : NULL;
    capas_status status = model ? CAPAS_OK : CAPAS_NO_MEMORY;
    if (model)
        status = capas_compile(model, .optimizer = capas_adadelta(.use_ema = 1),
                               .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY);
    if (status == CAPAS_OK)
        status = capas_fit(model, data, .batch_size = 3, .epochs = 2, .callbacks = callbacks,
                           .callback_count = CALLBACKS + 1);
    capas_model_free(model);
    capas_dataset_free(data);
    return status;
}

static void nothing_leaks(void **state)
{
    (void)state;
    bool done = false;
    for (long allowed = 0; !done; allowed++) {
        capas_callback *made[CALLBACKS];
        bool all = true;
        capas_status status = CAPAS_NO_MEMORY;
        assert_true(allowed < 3000);
        scarce_memory_begin(allowed);
        make_all(made);
        for (int i = 0; i < CALLBACKS; i++)
            all = all && made[i];
        if (all) status = train(made);
        done = status == CAPAS_OK;
        if (!done && capas_error_status() != CAPAS_NO_MEMORY)
            fail_msg("after %ld allocations: %s", allowed, capas_error());
        for (int i = 0; i < CALLBACKS; i++)
            capas_callback_free(made[i]);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_leaks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
