/* The kind of option that only optimizers have: a learning rate, a number or a schedule. */
#include "base/option.h"
#include "training/optimizer.h"
#include <stdio.h>

/* The schedule lies behind the rate in every optimizer's options. */
static capas_schedule *schedule_of(void *field)
{
    capas_sgd_options *common =
        (void *)((char *)field - offsetof(capas_sgd_options, learning_rate));
    return &common->schedule;
}

/* Keras keeps a rate as float32 and writes that. */
static void round_rate(void *field)
{
    double *rate = field;
    *rate = (double)(float)*rate;
}

static void resolve_rate(const capas_option *option, void *field)
{
    capas_option_real.resolve(option, field);
    round_rate(field);
}

static capas_status check_rate(const capas_option *option, const void *field)
{
    return capas_option_real.check(option, field);
}

static capas_status read_schedule(const capas_value *value, capas_schedule *schedule)
{
    char what[300];
    capas_status status = capas_schedule_read(value, schedule, "schedule");
    if (status == CAPAS_OK || status == CAPAS_NO_MEMORY) return status;
    snprintf(what, sizeof what, "%s", capas_error());
    return capas_fail(status, "a number or a schedule; %s", what);
}

static capas_status read_rate(const capas_option *option, const capas_value *value, void *field)
{
    capas_schedule *schedule = schedule_of(field);
    if (value->kind == CAPAS_VALUE_MAP) return read_schedule(value, schedule);
    schedule->kind = CAPAS_SCHEDULE_NONE;
    CAPAS_TRY(capas_option_real.read(option, value, field));
    round_rate(field);
    return CAPAS_OK;
}

static capas_value *write_rate(const capas_option *option, const void *field)
{
    const capas_sgd_options *common =
        (const void *)((const char *)field - offsetof(capas_sgd_options, learning_rate));
    if (common->schedule.kind != CAPAS_SCHEDULE_NONE)
        return capas_schedule_write(&common->schedule);
    return capas_option_real.write(option, field);
}

const capas_option_kind capas_option_rate = {
    "a number", resolve_rate, check_rate, read_rate, write_rate,
};
