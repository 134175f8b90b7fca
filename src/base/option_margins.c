/* The kind of option that holds the four sides of an image, in the forms that Keras takes: 1, or
 * [1, 2] (above and below, left and right), or [[1, 1], [0, 2]]. Keras writes the last. */
#include "base/option.h"
#include <limits.h>
#include <stdio.h>

enum { FOUND_SIZE = 96 };

static capas_status fail_margins(const capas_option *option, const char *found)
{
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "an integer of at least %.15g, a list of two or a list of two lists of two, "
                      "found %s",
                      option->minimum, found);
}

static int said(int given)
{
    return given == CAPAS_ZERO ? 0 : given;
}

static void resolve_margins(const capas_option *option, void *field)
{
    capas_margins *m = field;
    int all = (int)option->standard;
    if (m->top == 0 && m->bottom == 0 && m->left == 0 && m->right == 0)
        *m = (capas_margins){all, all, all, all};
    *m = (capas_margins){said(m->top), said(m->bottom), said(m->left), said(m->right)};
}

static capas_status check_margins(const capas_option *option, const void *field)
{
    const capas_margins *m = field;
    if (m->top >= option->minimum && m->bottom >= option->minimum && m->left >= option->minimum &&
        m->right >= option->minimum)
        return CAPAS_OK;
    char found[FOUND_SIZE];
    snprintf(found, sizeof found, "[[%d, %d], [%d, %d]]", m->top, m->bottom, m->left, m->right);
    return fail_margins(option, found);
}

static bool read_side(const capas_value *value, int *side)
{
    if (value->kind != CAPAS_VALUE_INTEGER || value->integer < 0 || value->integer > INT_MAX)
        return false;
    *side = (int)value->integer;
    return true;
}

/* 1, or [1, 2]: what is before the image and behind it. */
static bool read_axis(const capas_value *value, int *before, int *behind)
{
    if (value->kind == CAPAS_VALUE_LIST)
        return value->count == 2 && read_side(value->items[0], before) &&
               read_side(value->items[1], behind);
    bool read = read_side(value, before);
    *behind = *before;
    return read;
}

static capas_status read_margins(const capas_option *option, const capas_value *value, void *field)
{
    capas_margins *m = field;
    char found[FOUND_SIZE];
    bool list = value->kind == CAPAS_VALUE_LIST;
    bool two = list && value->count == 2;
    const capas_value *rows = two ? value->items[0] : value;
    const capas_value *columns = two ? value->items[1] : value;
    if ((two || !list) && read_axis(rows, &m->top, &m->bottom) &&
        read_axis(columns, &m->left, &m->right))
        return CAPAS_OK;
    return fail_margins(option, capas_value_describe(value, found, sizeof found));
}

static capas_value *write_axis(int before, int behind)
{
    capas_value *list = capas_value_list();
    if (capas_value_append(list, capas_value_integer(before)) == CAPAS_OK &&
        capas_value_append(list, capas_value_integer(behind)) == CAPAS_OK)
        return list;
    capas_value_free(list);
    return NULL;
}

static capas_value *write_margins(const capas_option *option, const void *field)
{
    const capas_margins *m = field;
    (void)option;
    capas_value *list = capas_value_list();
    if (capas_value_append(list, write_axis(m->top, m->bottom)) == CAPAS_OK &&
        capas_value_append(list, write_axis(m->left, m->right)) == CAPAS_OK)
        return list;
    capas_value_free(list);
    return NULL;
}

const capas_option_kind capas_option_margins = {
    "an integer or two lists of two", resolve_margins, check_margins, read_margins, write_margins,
};
