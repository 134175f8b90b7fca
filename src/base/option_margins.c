/* The kinds of option that hold the four sides of an image or the six of a volume, in the forms
 * that Keras takes: 1, or [1, 2] (above and below, left and right), or [[1, 1], [0, 2]]. Keras
 * writes the last. */
#include "base/option.h"
#include <limits.h>
#include <stdio.h>

enum { FOUND_SIZE = 128 };

/* A field is two ints an axis, one behind the other. */
static int axes_of(const capas_option *option)
{
    return option->kind == &capas_option_margins3d ? 3 : 2;
}

static capas_status fail_margins(const capas_option *option, const char *found)
{
    const char *axes = axes_of(option) == 2 ? "two" : "three";
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "an integer of at least %.15g, a list of %s or a list of %s lists of two, "
                      "found %s",
                      option->minimum, axes, axes, found);
}

static void resolve_margins(const capas_option *option, void *field)
{
    int *side = field, all = (int)option->standard;
    bool said = false;
    for (int i = 0; i < 2 * axes_of(option); i++)
        said |= side[i] != 0;
    for (int i = 0; i < 2 * axes_of(option); i++)
        side[i] = !said ? all : side[i] == CAPAS_ZERO ? 0 : side[i];
}

static capas_status check_margins(const capas_option *option, const void *field)
{
    const int *side = field;
    char found[FOUND_SIZE];
    int length = 0;
    bool fits = true;
    for (int i = 0; i < 2 * axes_of(option); i += 2) {
        fits &= side[i] >= option->minimum && side[i + 1] >= option->minimum;
        length += snprintf(found + length, sizeof found - (size_t)length, "%s[%d, %d]",
                           i == 0 ? "[" : ", ", side[i], side[i + 1]);
    }
    snprintf(found + length, sizeof found - (size_t)length, "]");
    return fits ? CAPAS_OK : fail_margins(option, found);
}

static bool read_side(const capas_value *value, int *side)
{
    if (value->kind != CAPAS_VALUE_INTEGER || value->integer < 0 || value->integer > INT_MAX)
        return false;
    *side = (int)value->integer;
    return true;
}

/* 1, or [1, 2]: what is before the image and behind it. */
static bool read_axis(const capas_value *value, int sides[2])
{
    if (value->kind == CAPAS_VALUE_LIST)
        return value->count == 2 && read_side(value->items[0], &sides[0]) &&
               read_side(value->items[1], &sides[1]);
    bool read = read_side(value, &sides[0]);
    sides[1] = sides[0];
    return read;
}

static capas_status read_margins(const capas_option *option, const capas_value *value, void *field)
{
    int *side = field;
    char found[FOUND_SIZE];
    bool list = value->kind == CAPAS_VALUE_LIST;
    bool read = !list || value->count == (size_t)axes_of(option);
    for (int i = 0; i < axes_of(option) && read; i++)
        read = read_axis(list ? value->items[i] : value, side + 2 * i);
    return read ? CAPAS_OK : fail_margins(option, capas_value_describe(value, found, sizeof found));
}

static capas_value *write_axis(const int sides[2])
{
    capas_value *list = capas_value_list();
    if (capas_value_append(list, capas_value_integer(sides[0])) == CAPAS_OK &&
        capas_value_append(list, capas_value_integer(sides[1])) == CAPAS_OK)
        return list;
    capas_value_free(list);
    return NULL;
}

static capas_value *write_margins(const capas_option *option, const void *field)
{
    const int *side = field;
    capas_value *list = capas_value_list();
    capas_status status = CAPAS_OK;
    for (int i = 0; i < axes_of(option) && status == CAPAS_OK; i++)
        status = capas_value_append(list, write_axis(side + 2 * i));
    if (status == CAPAS_OK) return list;
    capas_value_free(list);
    return NULL;
}

const capas_option_kind capas_option_margins = {
    "an integer or two lists of two", resolve_margins, check_margins, read_margins, write_margins,
};
const capas_option_kind capas_option_margins3d = {
    "an integer or three lists of two", resolve_margins, check_margins, read_margins, write_margins,
};
