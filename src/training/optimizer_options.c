/* The kind of option that only optimizers have: a learning rate, a number or one day a schedule. */
#include "base/option.h"
#include "training/optimizer.h"

/* A learning rate: Keras keeps it as float32 and writes that. */

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

static capas_status read_rate(const capas_option *option, const capas_value *value, void *field)
{
    if (value->kind == CAPAS_VALUE_MAP) {
        const capas_value *name = capas_value_get(value, "class_name");
        return capas_fail(CAPAS_UNSUPPORTED,
                          "a number: capas has no learning rate schedules yet, found %s",
                          name && name->kind == CAPAS_VALUE_STRING ? name->string : "a map");
    }
    CAPAS_TRY(capas_option_real.read(option, value, field));
    round_rate(field);
    return CAPAS_OK;
}

static capas_value *write_rate(const capas_option *option, const void *field)
{
    return capas_option_real.write(option, field);
}

const capas_option_kind capas_option_rate = {
    "a number", resolve_rate, check_rate, read_rate, write_rate,
};
