/* TerminateOnNaN: where capas_fit would fail, because the loss or a weight is no longer finite, the
 * training ends as if it were done. */
#include "training/callback.h"
#include "training/hooks.h"
#include <math.h>

typedef struct terminator {
    capas_own_callback own;
    int raise_error;
} terminator;

static const capas_option options[] = {
    {.name = "raise_error",
     .kind = &capas_option_bool,
     .offset = offsetof(capas_terminate_on_nan_options, raise_error),
     .help = "fails, as without this callback"},
};

static capas_status begin(void *context, capas_training *training, capas_logs *logs)
{
    const terminator *state = context;
    (void)logs;
    training->bears_nan = !state->raise_error;
    return CAPAS_OK;
}

static capas_status end_batch(void *context, capas_training *training, int64_t batch,
                              capas_logs *logs)
{
    (void)context;
    if (!training->invalid && isfinite(capas_logs_get(logs, "loss"))) return CAPAS_OK;
    capas_note("Batch %lld: Invalid loss, terminating training", (long long)batch);
    capas_training_stop(training);
    return CAPAS_OK;
}

static capas_status make(void *own, const void *given, const char *where)
{
    terminator *state = own;
    (void)where;
    state->raise_error = ((const capas_terminate_on_nan_options *)given)->raise_error;
    state->own.callback.on_train_begin = begin;
    state->own.callback.on_train_batch_end = end_batch;
    return CAPAS_OK;
}

const capas_callback_type capas_terminate_on_nan_type = {
    .table = {"TerminateOnNaN", options, CAPAS_COUNT(options),
              sizeof(capas_terminate_on_nan_options)},
    .size = sizeof(terminator),
    .make = make,
};

capas_callback *capas_terminate_on_nan_with(const capas_terminate_on_nan_options *given)
{
    return capas_callback_with(&capas_terminate_on_nan_type, given);
}
