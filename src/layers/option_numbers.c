/* The kind of option that holds numbers in any shape: 0.5, [1, 2] or [[1, 2], [3, 4]]. The numbers
 * are float64 and the layer's own; its type releases them. */
#include "base/memory.h"
#include "base/text.h"
#include "layers/layer.h"
#include <math.h>

enum { TEXT_SIZE = 128 };

static capas_status fail_numbers(const capas_value *value)
{
    char found[TEXT_SIZE];
    return capas_fail(CAPAS_INVALID_ARGUMENT, "a number or a list of numbers, or None, found %s",
                      capas_value_describe(value, found, sizeof found));
}

static void resolve_numbers(const capas_option *option, void *field)
{
    (void)option;
    (void)field;
}

static capas_status check_numbers(const capas_option *option, const void *field)
{
    const capas_tensor *numbers = field;
    (void)option;
    const int64_t count = numbers->data ? capas_shape_count(&numbers->shape, 0) : 0;
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(((const double *)numbers->data)[i]))
            return capas_fail(CAPAS_INVALID_ARGUMENT, "finite numbers, found %g",
                              ((const double *)numbers->data)[i]);
    return CAPAS_OK;
}

/* The sizes of nested lists, by their first items. */
static bool shape_of(const capas_value *value, capas_shape *shape)
{
    *shape = (capas_shape){0};
    for (; value->kind == CAPAS_VALUE_LIST; value = value->items[0]) {
        if (value->count == 0 || shape->rank == CAPAS_MAX_RANK) return false;
        shape->dims[shape->rank++] = (int64_t)value->count;
    }
    return true;
}

/* Numbers of the axes from `axis` on; the next free place comes back, NULL when lists differ. */
static double *fill(const capas_value *value, const capas_shape *shape, int axis, double *next)
{
    if (axis == shape->rank) {
        *next = value->real;
        bool number = value->kind == CAPAS_VALUE_INTEGER || value->kind == CAPAS_VALUE_REAL;
        return number ? next + 1 : NULL;
    }
    if (value->kind != CAPAS_VALUE_LIST || (int64_t)value->count != shape->dims[axis]) return NULL;
    for (size_t i = 0; next && i < value->count; i++)
        next = fill(value->items[i], shape, axis + 1, next);
    return next;
}

static capas_status read_numbers(const capas_option *option, const capas_value *value, void *field)
{
    capas_tensor *numbers = field;
    (void)option;
    capas_release(numbers->data);
    *numbers = (capas_tensor){0};
    if (value->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    capas_shape shape;
    if (!shape_of(value, &shape)) return fail_numbers(value);
    double *data = capas_allocate((size_t)capas_shape_count(&shape, 0), sizeof *data);
    if (!data) return CAPAS_NO_MEMORY;
    *numbers = (capas_tensor){CAPAS_FLOAT64, shape, data};
    return fill(value, &shape, 0, data) ? CAPAS_OK : fail_numbers(value);
}

static capas_value *write_axis(const capas_shape *shape, int axis, const double **next)
{
    if (axis == shape->rank) return capas_value_real(*(*next)++);
    capas_value *list = capas_value_list();
    for (int64_t i = 0; i < shape->dims[axis]; i++) {
        if (capas_value_append(list, write_axis(shape, axis + 1, next)) == CAPAS_OK) continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

static capas_value *write_numbers(const capas_option *option, const void *field)
{
    const capas_tensor *numbers = field;
    const double *next = numbers->data;
    (void)option;
    return next ? write_axis(&numbers->shape, 0, &next) : capas_value_null();
}

const capas_option_kind capas_option_numbers = {
    "a number or a list of numbers", resolve_numbers, check_numbers, read_numbers, write_numbers,
};
