/* The kinds of option that only schedules have: a number of steps, and lists of numbers. A number
 * of steps is a double, as Keras takes any number, and is written as an integer when it is one. */
#include "training/schedule.h"
#include <math.h>
#include <stdio.h>

static capas_value *write_number(double number)
{
    bool whole = number == floor(number) && fabs(number) < 9e15;
    return whole ? capas_value_integer((int64_t)number) : capas_value_real(number);
}

static void resolve_steps(const capas_option *option, void *field)
{
    capas_option_real.resolve(option, field);
}

static capas_status check_steps(const capas_option *option, const void *field)
{
    return capas_option_real.check(option, field);
}

static capas_status read_steps(const capas_option *option, const capas_value *value, void *field)
{
    return capas_option_real.read(option, value, field);
}

static capas_value *write_steps(const capas_option *option, const void *field)
{
    (void)option;
    return write_number(*(const double *)field);
}

const capas_option_kind capas_option_steps = {
    "a number", resolve_steps, check_steps, read_steps, write_steps,
};

static capas_status fail_list(const char *found)
{
    return capas_fail(CAPAS_INVALID_ARGUMENT, "a list of 1 to %d numbers of at least 0, found %s",
                      CAPAS_SCHEDULE_VALUES, found);
}

static capas_status check_list(const capas_option *option, const void *field)
{
    const capas_numbers *list = field;
    char found[48];
    (void)option;
    snprintf(found, sizeof found, list->count < 1 ? "none" : "%d", list->count);
    if (list->count < 1 || list->count > CAPAS_SCHEDULE_VALUES) return fail_list(found);
    for (int i = 0; i < list->count; i++) {
        if (list->numbers[i] >= 0 && isfinite(list->numbers[i])) continue;
        snprintf(found, sizeof found, "%.15g", list->numbers[i]);
        return fail_list(found);
    }
    return CAPAS_OK;
}

static capas_status read_list(const capas_option *option, const capas_value *value, void *field)
{
    capas_numbers *list = field;
    char found[96];
    (void)option;
    capas_value_describe(value, found, sizeof found);
    if (value->kind != CAPAS_VALUE_LIST || value->count > CAPAS_SCHEDULE_VALUES)
        return fail_list(found);
    list->count = (int)value->count;
    for (size_t i = 0; i < value->count; i++) {
        const capas_value *item = value->items[i];
        if (item->kind != CAPAS_VALUE_INTEGER && item->kind != CAPAS_VALUE_REAL)
            return fail_list(found);
        list->numbers[i] = item->real;
    }
    return CAPAS_OK;
}

static capas_value *write_list(const void *field, capas_value *(*write)(double number))
{
    const capas_numbers *numbers = field;
    capas_value *list = capas_value_list();
    for (int i = 0; i < numbers->count; i++) {
        if (capas_value_append(list, write(numbers->numbers[i])) == CAPAS_OK) continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

static capas_value *write_steps_list(const capas_option *option, const void *field)
{
    (void)option;
    return write_list(field, write_number);
}

static capas_value *write_rates_list(const capas_option *option, const void *field)
{
    (void)option;
    return write_list(field, capas_value_real);
}

const capas_option_kind capas_option_steps_list = {
    "a list of numbers", NULL, check_list, read_list, write_steps_list,
};
const capas_option_kind capas_option_rates_list = {
    "a list of numbers", NULL, check_list, read_list, write_rates_list,
};
