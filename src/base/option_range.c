/* The kind of option that holds a range of numbers: 0.1, or [0.9, 1.2]. One number stays one
 * number (a `high` of CAPAS_NONE), because Keras writes it so; the range that it means is the
 * owner's matter. */
#include "base/option.h"
#include <math.h>
#include <stdio.h>

enum { FOUND_SIZE = 96 };

static bool is_number(const capas_value *value)
{
    return value->kind == CAPAS_VALUE_INTEGER || value->kind == CAPAS_VALUE_REAL;
}

static double resolved(double given)
{
    return given == CAPAS_ZERO ? 0 : given;
}

/* As Keras does it. */
static void sort(capas_range *range)
{
    if (range->high == CAPAS_NONE || !(range->high < range->low)) return;
    *range = (capas_range){range->high, range->low};
}

static void resolve_range(const capas_option *option, void *field)
{
    capas_range *range = field;
    if (range->low == 0 && range->high == 0) range->low = option->standard;
    range->high = range->high == 0 ? CAPAS_NONE : resolved(range->high);
    range->low = resolved(range->low);
    sort(range);
}

static bool within(const capas_option *option, double number)
{
    if (!isfinite(number) || number <= CAPAS_NONE) return false;
    if (option->minimum == 0 && option->maximum == 0) return true;
    bool above = option->open_minimum ? number > option->minimum : number >= option->minimum;
    return above && number <= option->maximum;
}

static capas_status fail_range(const capas_option *option, const char *found)
{
    const char *none = option->nullable ? ", or None" : "";
    if (option->minimum == 0 && option->maximum == 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "a number or a list of two%s, found %s", none,
                          found);
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "a number %s %.15g %s %.15g or a list of two%s, found %s",
                      option->open_minimum ? "above" : "from", option->minimum,
                      option->open_minimum ? "and at most" : "to", option->maximum, none, found);
}

static capas_status check_range(const capas_option *option, const void *field)
{
    const capas_range *range = field;
    bool one = range->high == CAPAS_NONE;
    if (range->low == CAPAS_NONE && one && option->nullable) return CAPAS_OK;
    bool fits = within(option, range->low);
    if (fits && (one || within(option, range->high))) return CAPAS_OK;
    char found[FOUND_SIZE];
    if (one && range->low == CAPAS_NONE)
        snprintf(found, sizeof found, "None");
    else if (one)
        snprintf(found, sizeof found, "%.15g", range->low);
    else
        snprintf(found, sizeof found, "[%.15g, %.15g]", range->low, range->high);
    return fail_range(option, found);
}

static capas_status read_range(const capas_option *option, const capas_value *value, void *field)
{
    capas_range *range = field;
    bool list = value->kind == CAPAS_VALUE_LIST && value->count == 2 &&
                is_number(value->items[0]) && is_number(value->items[1]);
    if (option->nullable && value->kind == CAPAS_VALUE_NULL)
        *range = (capas_range){CAPAS_NONE, CAPAS_NONE};
    else if (list)
        *range = (capas_range){value->items[0]->real, value->items[1]->real};
    else if (is_number(value))
        *range = (capas_range){value->real, CAPAS_NONE};
    if (list && range->high == CAPAS_NONE) range->high = NAN; /* no mark */
    if (list) sort(range);
    if (list || is_number(value) || (option->nullable && value->kind == CAPAS_VALUE_NULL))
        return CAPAS_OK;
    char found[FOUND_SIZE];
    return fail_range(option, capas_value_describe(value, found, sizeof found));
}

static capas_value *write_range(const capas_option *option, const void *field)
{
    const capas_range *range = field;
    (void)option;
    if (range->low == CAPAS_NONE) return capas_value_null();
    if (range->high == CAPAS_NONE) return capas_value_real(range->low);
    capas_value *list = capas_value_list();
    if (capas_value_append(list, capas_value_real(range->low)) == CAPAS_OK &&
        capas_value_append(list, capas_value_real(range->high)) == CAPAS_OK)
        return list;
    capas_value_free(list);
    return NULL;
}

const capas_option_kind capas_option_range = {
    "a number or a list of two", resolve_range, check_range, read_range, write_range,
};
