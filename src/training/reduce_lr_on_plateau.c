/* ReduceLROnPlateau, with Keras 3's rules (keras-semantics 6.1): the logs get the learning rate as
 * it was before a reduction; in a cooldown nothing is counted; what is written is float32. */
#include "base/text.h"
#include "training/callback.h"
#include "training/monitor.h"
#include <capas/state.h>
#include <math.h>

typedef struct plateau {
    capas_own_callback own;
    capas_reduce_lr_on_plateau_options options; /* without its texts */
    capas_monitor monitor;
    int wait, cooldown_left;
} plateau;

#define FIELD(name) offsetof(capas_reduce_lr_on_plateau_options, name)
static const capas_option options[] = {
    CAPAS_MONITOR_ROW(capas_reduce_lr_on_plateau_options),
    {.name = "factor",
     .kind = &capas_option_real,
     .offset = FIELD(factor),
     .standard = 0.1,
     .maximum = HUGE_VAL,
     .help = "by which the learning rate is multiplied"},
    {.name = "patience",
     .kind = &capas_option_integer,
     .offset = FIELD(patience),
     .standard = 10,
     .maximum = HUGE_VAL,
     .help = "epochs without improvement that are borne"},
    CAPAS_VERBOSE_ROW(capas_reduce_lr_on_plateau_options),
    CAPAS_MODE_ROW(capas_reduce_lr_on_plateau_options),
    {.name = "min_delta",
     .kind = &capas_option_real,
     .offset = FIELD(min_delta),
     .standard = 1e-4,
     .help = "less does not count as improvement"},
    {.name = "cooldown",
     .kind = &capas_option_integer,
     .offset = FIELD(cooldown),
     .maximum = HUGE_VAL,
     .help = "epochs after a reduction in which nothing is counted"},
    {.name = "min_lr",
     .kind = &capas_option_real,
     .offset = FIELD(min_lr),
     .maximum = HUGE_VAL,
     .help = "the learning rate does not go below"},
};

static capas_status begin(void *context, capas_training *training, capas_logs *logs)
{
    plateau *state = context;
    (void)logs;
    if (capas_optimizer_has_schedule(capas_training_model(training)->trainer))
        return capas_fail(
            CAPAS_WRONG_STATE,
            "ReduceLROnPlateau: the learning rate comes from the optimizer's schedule "
            "and cannot be reduced; use one of the two");
    capas_monitor_reset(&state->monitor);
    state->wait = state->cooldown_left = 0;
    return CAPAS_OK;
}

static capas_status reduce(plateau *state, capas_training *training, int epoch)
{
    double rate = capas_training_learning_rate(training);
    if (!(rate > (float)state->options.min_lr)) return CAPAS_OK;
    double reduced = fmax(rate * state->options.factor, state->options.min_lr);
    CAPAS_TRY(capas_training_set_learning_rate(training, reduced));
    char text[CAPAS_REAL_TEXT];
    if (state->options.verbose > 0)
        capas_note("Epoch %d: ReduceLROnPlateau reducing learning rate to %s.", epoch + 1,
                   capas_real_text(reduced, text));
    state->cooldown_left = state->options.cooldown;
    state->wait = 0;
    return CAPAS_OK;
}

static capas_status end_epoch(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    plateau *state = context;
    double value;
    bool found;
    CAPAS_TRY(capas_logs_set(logs, "learning_rate", capas_training_learning_rate(training)));
    CAPAS_TRY(
        capas_monitor_look(&state->monitor, capas_training_model(training), logs, &value, &found));
    if (!found) return CAPAS_OK;
    if (state->cooldown_left > 0) {
        state->cooldown_left--;
        state->wait = 0;
    }
    if (capas_monitor_improves(&state->monitor, value)) {
        capas_monitor_take(&state->monitor, value);
        state->wait = 0;
        return CAPAS_OK;
    }
    if (state->cooldown_left > 0) return CAPAS_OK;
    state->wait++;
    return state->wait >= state->options.patience ? reduce(state, training, epoch) : CAPAS_OK;
}

static capas_status save_state(void *context, capas_state *saved)
{
    const plateau *state = context;
    CAPAS_TRY(capas_monitor_save(&state->monitor, saved));
    CAPAS_TRY(capas_state_set_number(saved, "wait", state->wait));
    return capas_state_set_number(saved, "cooldown_left", state->cooldown_left);
}

static capas_status load_state(void *context, const capas_state *saved)
{
    plateau *state = context;
    CAPAS_TRY(capas_monitor_load(&state->monitor, saved));
    CAPAS_TRY(capas_callback_get_integer(saved, "wait", &state->wait));
    return capas_callback_get_integer(saved, "cooldown_left", &state->cooldown_left);
}

static capas_status make(void *own, const void *given, const char *where)
{
    plateau *state = own;
    state->options = *(const capas_reduce_lr_on_plateau_options *)given;
    state->monitor = (capas_monitor){.owner = "ReduceLROnPlateau",
                                     .without = "the learning rate stays",
                                     .name = (char *)state->options.monitor,
                                     .mode = state->options.mode,
                                     .min_delta = state->options.min_delta};
    CAPAS_TRY(capas_monitor_open(&state->monitor));
    if (state->options.factor >= 1)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: factor must be below 1, found %.9g", where,
                          state->options.factor);
    state->own.decides = true;
    capas_callback *callback = &state->own.callback;
    callback->on_train_begin = begin;
    callback->on_epoch_end = end_epoch;
    callback->save_state = save_state;
    callback->load_state = load_state;
    return CAPAS_OK;
}

static void close(void *own)
{
    capas_monitor_close(&((plateau *)own)->monitor);
}

const capas_callback_type capas_reduce_lr_on_plateau_type = {
    .table = {"ReduceLROnPlateau", options, CAPAS_COUNT(options),
              sizeof(capas_reduce_lr_on_plateau_options)},
    .size = sizeof(plateau),
    .make = make,
    .close = close,
};

capas_callback *capas_reduce_lr_on_plateau_with(const capas_reduce_lr_on_plateau_options *given)
{
    return capas_callback_with(&capas_reduce_lr_on_plateau_type, given);
}
