/* SwapEMAWeights (Keras callbacks/swap_ema_weights.py): weights and their averages change places
 * for the time of a test; with swap_on_epoch also from the end of an epoch to the beginning of the
 * next, so that what comes behind it (ModelCheckpoint) sees the averages.
 *
 * Unlike Keras it leaves the averages in the model also when the training ends before its last
 * epoch (fit.c). */
#include "training/callback.h"
#include "training/hooks.h"
#include "training/optimizer.h"

typedef struct swapper {
    capas_own_callback own;
    int swap_on_epoch;
    bool averaged; /* the weights of `model` are the averages now */
    const capas_model *model;
    capas_training *training; /* that is under way */
} swapper;

static const capas_option options[] = {
    {.name = "swap_on_epoch",
     .kind = &capas_option_bool,
     .offset = offsetof(capas_swap_ema_weights_options, swap_on_epoch),
     .help = "the averages stay until the next epoch begins, for callbacks behind it"},
};

/* Before the first step there are no averages. */
static void swap_to(swapper *state, capas_training *training, bool averaged)
{
    if (state->averaged == averaged || training->model->trainer->iteration == 0) return;
    capas_optimizer_swap_averages(training->model);
    state->averaged = training->averaged = averaged;
}

/* A callback may serve one model after another. */
static capas_status begin(swapper *state, capas_training *training)
{
    if (state->model != training->model) state->averaged = false;
    state->model = training->model;
    state->training = training;
    training->averaged = state->averaged;
    if (capas_optimizer_average_slot(training->model->trainer) >= 0) return CAPAS_OK;
    return capas_fail(
        CAPAS_INVALID_ARGUMENT,
        "SwapEMAWeights needs the averages of an optimizer with use_ema; compile with "
        "use_ema, or leave the callback out");
}

static capas_status begin_training(void *context, capas_training *training, capas_logs *logs)
{
    (void)logs;
    return begin(context, training);
}

static capas_status begin_epoch(void *context, capas_training *training, int epoch,
                                capas_logs *logs)
{
    swapper *state = context;
    (void)epoch, (void)logs;
    if (state->swap_on_epoch) swap_to(state, training, false);
    return CAPAS_OK;
}

/* After the last epoch fit.c leaves them so; a checkpoint can still go on to more epochs. */
static capas_status end_epoch(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    swapper *state = context;
    (void)epoch, (void)logs;
    if (state->swap_on_epoch) swap_to(state, training, true);
    return CAPAS_OK;
}

static capas_status begin_test(void *context, capas_training *training, capas_logs *logs)
{
    (void)logs;
    CAPAS_TRY(begin(context, training));
    swap_to(context, training, true);
    return CAPAS_OK;
}

static capas_status end_test(void *context, capas_training *training, capas_logs *logs)
{
    (void)logs;
    swap_to(context, training, false);
    return CAPAS_OK;
}

static capas_status end_training(void *context, capas_training *training, capas_logs *logs)
{
    swapper *state = context;
    (void)logs;
    state->averaged = training->averaged = false;
    state->training = NULL;
    return CAPAS_OK;
}

static capas_status save_state(void *context, capas_state *saved)
{
    return capas_state_set_number(saved, "averaged", ((const swapper *)context)->averaged);
}

static capas_status load_state(void *context, const capas_state *saved)
{
    int averaged;
    CAPAS_TRY(capas_callback_get_integer(saved, "averaged", &averaged));
    swapper *state = context;
    state->averaged = averaged != 0;
    if (state->training) state->training->averaged = state->averaged;
    return CAPAS_OK;
}

static capas_status make(void *own, const void *given, const char *where)
{
    swapper *state = own;
    (void)where;
    state->swap_on_epoch = ((const capas_swap_ema_weights_options *)given)->swap_on_epoch;
    capas_callback *callback = &state->own.callback;
    callback->on_train_begin = begin_training;
    callback->on_train_end = end_training;
    callback->on_epoch_begin = begin_epoch;
    callback->on_epoch_end = end_epoch;
    callback->on_test_begin = begin_test;
    callback->on_test_end = end_test;
    callback->save_state = save_state;
    callback->load_state = load_state;
    return CAPAS_OK;
}

const capas_callback_type capas_swap_ema_weights_type = {
    .table = {"SwapEMAWeights", options, CAPAS_COUNT(options),
              sizeof(capas_swap_ema_weights_options)},
    .size = sizeof(swapper),
    .make = make,
};

capas_callback *capas_swap_ema_weights_with(const capas_swap_ema_weights_options *given)
{
    return capas_callback_with(&capas_swap_ema_weights_type, given);
}
