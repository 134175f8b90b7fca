/* Kinds of option that only optimizers have: the learning rate, and Keras's options whose parts
 * capas does not have yet: they are refused by name unless they say their default. */
#include "base/option.h"
#include "training/optimizer.h"

enum { FOUND_SIZE = 96 };

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

/* What is not there: no field stands behind these options. */

static capas_status refuse(const char *only, const capas_value *value)
{
    char found[FOUND_SIZE];
    return capas_fail(CAPAS_UNSUPPORTED, "%s: capas does not have this part yet, found %s", only,
                      capas_value_describe(value, found, sizeof found));
}

static capas_status read_false(const capas_option *option, const capas_value *value, void *field)
{
    (void)option, (void)field;
    if (value->kind == CAPAS_VALUE_BOOL && !value->boolean) return CAPAS_OK;
    return refuse("false", value);
}

static capas_value *write_false(const capas_option *option, const void *field)
{
    (void)option, (void)field;
    return capas_value_bool(false);
}

static capas_status read_none(const capas_option *option, const capas_value *value, void *field)
{
    (void)option, (void)field;
    return value->kind == CAPAS_VALUE_NULL ? CAPAS_OK : refuse("None", value);
}

static capas_value *write_none(const capas_option *option, const void *field)
{
    (void)option, (void)field;
    return capas_value_null();
}

/* Without averaged weights their momentum means nothing: any number will do. */
static capas_status read_ema_momentum(const capas_option *option, const capas_value *value,
                                      void *field)
{
    (void)option, (void)field;
    if (value->kind == CAPAS_VALUE_INTEGER || value->kind == CAPAS_VALUE_REAL) return CAPAS_OK;
    char found[FOUND_SIZE];
    return capas_fail(CAPAS_INVALID_ARGUMENT, "a number, found %s",
                      capas_value_describe(value, found, sizeof found));
}

static capas_value *write_standard(const capas_option *option, const void *field)
{
    (void)field;
    return capas_value_real(option->standard);
}

const capas_option_kind capas_option_rate = {
    "a number", resolve_rate, check_rate, read_rate, write_rate,
};
const capas_option_kind capas_option_only_false = {
    "false", NULL, NULL, read_false, write_false,
};
const capas_option_kind capas_option_only_none = {
    "None", NULL, NULL, read_none, write_none,
};
const capas_option_kind capas_option_ema_momentum = {
    "a number", NULL, NULL, read_ema_momentum, write_standard,
};
