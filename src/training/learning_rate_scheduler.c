/* LearningRateScheduler: the learning rate of each epoch from a function, or from a schedule that
 * counts epochs in place of steps. */
#include "base/text.h"
#include "training/callback.h"
#include "training/schedule.h"
#include <stdio.h>

typedef struct scheduler {
    capas_own_callback own;
    capas_learning_rate_scheduler_options options; /* the schedule is resolved */
} scheduler;

static void leave_schedule(const capas_option *option, void *field)
{
    (void)option, (void)field;
}

static capas_status read_schedule(const capas_option *option, const capas_value *value, void *field)
{
    (void)option;
    char what[300];
    capas_status status = capas_schedule_read(value, field, "schedule");
    if (status == CAPAS_OK || status == CAPAS_NO_MEMORY) return status;
    capas_cut_text(what, sizeof what, snprintf(what, sizeof what, "%s", capas_error()));
    return capas_fail(status, "a schedule; %s", what);
}

static capas_value *write_schedule(const capas_option *option, const void *field)
{
    const capas_schedule *schedule = field;
    (void)option;
    return schedule->kind == CAPAS_SCHEDULE_NONE ? capas_value_null()
                                                 : capas_schedule_write(schedule);
}

static const capas_option_kind schedule_kind = {
    "a schedule", leave_schedule, NULL, read_schedule, write_schedule,
};

static const capas_option options[] = {
    {.name = "schedule",
     .kind = &schedule_kind,
     .offset = offsetof(capas_learning_rate_scheduler_options, schedule),
     .help = "of which each epoch is one step"},
    CAPAS_VERBOSE_ROW(capas_learning_rate_scheduler_options),
};

static capas_status begin_epoch(void *context, capas_training *training, int epoch,
                                capas_logs *logs)
{
    const scheduler *state = context;
    (void)logs;
    char text[CAPAS_REAL_TEXT];
    double rate = state->options.function
                      ? state->options.function(state->options.context, epoch,
                                                capas_training_learning_rate(training))
                      : capas_schedule_at(&state->options.schedule, epoch);
    if (capas_training_set_learning_rate(training, rate) != CAPAS_OK)
        return capas_fail_in("LearningRateScheduler");
    if (state->options.verbose > 0)
        capas_note("Epoch %d: LearningRateScheduler setting learning rate to %s.", epoch + 1,
                   capas_real_text(rate, text));
    return CAPAS_OK;
}

static capas_status end_epoch(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    (void)context, (void)epoch;
    return capas_logs_set(logs, "learning_rate", capas_training_learning_rate(training));
}

static capas_status make(void *own, const void *given, const char *where)
{
    scheduler *state = own;
    state->options = *(const capas_learning_rate_scheduler_options *)given;
    bool scheduled = state->options.schedule.kind != CAPAS_SCHEDULE_NONE;
    if (scheduled == (state->options.function != NULL))
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: %s", where,
                          scheduled ? "a function or a schedule is wanted, found both"
                                    : "schedule is missing");
    state->own.callback.on_epoch_begin = begin_epoch;
    state->own.callback.on_epoch_end = end_epoch;
    return CAPAS_OK;
}

const capas_callback_type capas_learning_rate_scheduler_type = {
    .table = {"LearningRateScheduler", options, CAPAS_COUNT(options),
              sizeof(capas_learning_rate_scheduler_options)},
    .size = sizeof(scheduler),
    .make = make,
};

capas_callback *capas_learning_rate_scheduler_with(
    const capas_learning_rate_scheduler_options *given)
{
    capas_learning_rate_scheduler_options own;
    if (capas_copy_options(&own, sizeof own, given, "LearningRateScheduler") != CAPAS_OK)
        return NULL;
    own.struct_size = sizeof own;
    if (own.schedule.kind != CAPAS_SCHEDULE_NONE &&
        capas_schedule_resolve(&own.schedule, "LearningRateScheduler") != CAPAS_OK)
        return NULL;
    return capas_callback_with(&capas_learning_rate_scheduler_type, &own);
}
