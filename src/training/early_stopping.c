/* EarlyStopping, with Keras 3's rules to the letter: the first value always improves; an
 * improvement gives new patience only when it also beats the baseline; patience 0 stops at the
 * first epoch without improvement, but never at epoch 0; the best weights are restored also when
 * nothing stopped; numbers are compared in float32. */
#include "base/memory.h"
#include "training/callback.h"
#include "training/monitor.h"
#include <capas/state.h>
#include <math.h>
#include <string.h>

typedef struct early_stopping {
    capas_own_callback own;
    capas_early_stopping_options options; /* without its texts */
    capas_monitor monitor;
    int wait, best_epoch, stopped_epoch;
    size_t weights_size; /* of the model's block */
    float *best_weights; /* NULL until there is a best */
} early_stopping;

#define FIELD(name) offsetof(capas_early_stopping_options, name)
static const capas_option options[] = {
    CAPAS_MONITOR_ROW(capas_early_stopping_options),
    {.name = "min_delta",
     .kind = &capas_option_real,
     .offset = FIELD(min_delta),
     .help = "less does not count as improvement"},
    {.name = "patience",
     .kind = &capas_option_integer,
     .offset = FIELD(patience),
     .maximum = HUGE_VAL,
     .help = "epochs without improvement that are borne"},
    CAPAS_VERBOSE_ROW(capas_early_stopping_options),
    CAPAS_MODE_ROW(capas_early_stopping_options),
    {.name = "baseline",
     .kind = &capas_option_real,
     .offset = FIELD(baseline),
     .standard = CAPAS_NONE,
     .nullable = true,
     .help = "only what is better gives new patience"},
    {.name = "restore_best_weights",
     .kind = &capas_option_bool,
     .offset = FIELD(restore_best_weights),
     .help = "in the end the weights of the best epoch"},
    {.name = "start_from_epoch",
     .kind = &capas_option_integer,
     .offset = FIELD(start_from_epoch),
     .maximum = HUGE_VAL,
     .help = "epochs before it are passed over"},
};

static void forget_weights(early_stopping *state)
{
    capas_release(state->best_weights);
    state->best_weights = NULL;
}

static capas_status begin(void *context, capas_training *training, capas_logs *logs)
{
    early_stopping *state = context;
    (void)logs;
    state->wait = state->best_epoch = state->stopped_epoch = 0;
    state->weights_size =
        (size_t)capas_training_model(training)->value_count * sizeof *state->best_weights;
    capas_monitor_reset(&state->monitor);
    forget_weights(state);
    return CAPAS_OK;
}

static capas_status keep_weights(early_stopping *state, const capas_model *model)
{
    if (!state->options.restore_best_weights) return CAPAS_OK;
    if (!state->best_weights) state->best_weights = capas_allocate(state->weights_size, 1);
    if (!state->best_weights) return capas_fail_in("EarlyStopping: keeping the best weights");
    memcpy(state->best_weights, model->values, state->weights_size);
    return CAPAS_OK;
}

static capas_status take_best(early_stopping *state, const capas_model *model, int epoch,
                              double value)
{
    double baseline = state->options.baseline;
    bool beats_baseline =
        baseline == CAPAS_NONE || capas_monitor_is_better(&state->monitor, value, baseline);
    capas_monitor_take(&state->monitor, value);
    state->best_epoch = epoch;
    if (beats_baseline) state->wait = 0;
    return keep_weights(state, model);
}

static capas_status end_epoch(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    early_stopping *state = context;
    const capas_model *model = capas_training_model(training);
    double value;
    bool found;
    CAPAS_TRY(capas_monitor_look(&state->monitor, model, logs, &value, &found));
    if (!found || epoch < state->options.start_from_epoch) return CAPAS_OK;
    if (!state->best_weights) CAPAS_TRY(keep_weights(state, model));
    state->wait++;
    if (capas_monitor_improves(&state->monitor, value))
        return take_best(state, model, epoch, value);
    if (state->wait < state->options.patience || epoch == 0) return CAPAS_OK;
    state->stopped_epoch = epoch;
    capas_training_stop(training);
    return CAPAS_OK;
}

static capas_status end(void *context, capas_training *training, capas_logs *logs)
{
    early_stopping *state = context;
    capas_model *model = capas_training_model(training);
    (void)logs;
    bool speaks = state->options.verbose > 0;
    if (state->stopped_epoch > 0 && speaks)
        capas_note("Epoch %d: early stopping", state->stopped_epoch + 1);
    if (!state->best_weights) return CAPAS_OK;
    if (speaks)
        capas_note("Restoring model weights from the end of the best epoch: %d.",
                   state->best_epoch + 1);
    memcpy(model->values, state->best_weights, state->weights_size);
    capas_model_touch(model);
    forget_weights(state);
    return CAPAS_OK;
}

static capas_status save_state(void *context, capas_state *saved)
{
    const early_stopping *state = context;
    CAPAS_TRY(capas_monitor_save(&state->monitor, saved));
    CAPAS_TRY(capas_state_set_number(saved, "wait", state->wait));
    CAPAS_TRY(capas_state_set_number(saved, "best_epoch", state->best_epoch));
    CAPAS_TRY(capas_state_set_number(saved, "stopped_epoch", state->stopped_epoch));
    if (!state->best_weights) return CAPAS_OK;
    return capas_state_set_data(saved, "best_weights", state->best_weights, state->weights_size);
}

static capas_status load_state(void *context, const capas_state *saved)
{
    early_stopping *state = context;
    CAPAS_TRY(capas_monitor_load(&state->monitor, saved));
    CAPAS_TRY(capas_callback_get_integer(saved, "wait", &state->wait));
    CAPAS_TRY(capas_callback_get_integer(saved, "best_epoch", &state->best_epoch));
    CAPAS_TRY(capas_callback_get_integer(saved, "stopped_epoch", &state->stopped_epoch));
    if (!capas_state_has(saved, "best_weights")) return CAPAS_OK;
    if (!state->best_weights) state->best_weights = capas_allocate(state->weights_size, 1);
    if (!state->best_weights) return CAPAS_NO_MEMORY;
    return capas_state_get_data(saved, "best_weights", state->best_weights, state->weights_size);
}

static capas_status make(void *own, const void *given, const char *where)
{
    early_stopping *state = own;
    (void)where;
    state->options = *(const capas_early_stopping_options *)given;
    state->monitor = (capas_monitor){.owner = "EarlyStopping",
                                     .without = "it will not stop",
                                     .name = (char *)state->options.monitor,
                                     .mode = state->options.mode,
                                     .min_delta = state->options.min_delta};
    state->options.monitor = NULL;
    state->own.decides = true;
    capas_callback *callback = &state->own.callback;
    callback->on_train_begin = begin;
    callback->on_epoch_end = end_epoch;
    callback->on_train_end = end;
    callback->save_state = save_state;
    callback->load_state = load_state;
    return capas_monitor_open(&state->monitor);
}

static void close(void *own)
{
    early_stopping *state = own;
    capas_monitor_close(&state->monitor);
    forget_weights(state);
}

const capas_callback_type capas_early_stopping_type = {
    .table = {"EarlyStopping", options, CAPAS_COUNT(options), sizeof(capas_early_stopping_options)},
    .size = sizeof(early_stopping),
    .make = make,
    .close = close,
};

capas_callback *capas_early_stopping_with(const capas_early_stopping_options *given)
{
    return capas_callback_with(&capas_early_stopping_type, given);
}

int capas_early_stopping_epoch(const capas_callback *callback)
{
    return callback ? ((const early_stopping *)callback->context)->stopped_epoch : 0;
}
