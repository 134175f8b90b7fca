/* The kind of option that holds a shape without the batch: (28, 28, 1), with None for a size that
 * is not known yet. Sizes are 1 or more. */
#include "base/option.h"
#include "base/text.h"
#include <stdio.h>

enum { TEXT_SIZE = 256 };

static capas_status fail_shape(const capas_option *option, const char *found)
{
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "a list of 1 to %d sizes, each an integer of at least 1 or None%s, found %s",
                      CAPAS_MAX_RANK, option->nullable ? ", or None" : "", found);
}

/* A shape has no other default than none, and that is what rank 0 says. */
static void resolve_shape(const capas_option *option, void *field)
{
    (void)option;
    (void)field;
}

static capas_status check_shape(const capas_option *option, const void *field)
{
    const capas_shape *shape = field;
    char found[TEXT_SIZE];
    if (shape->rank == 0) return option->nullable ? CAPAS_OK : fail_shape(option, "none");
    if (shape->rank < 0 || shape->rank > CAPAS_MAX_RANK) {
        snprintf(found, sizeof found, "the rank %d", shape->rank);
        return fail_shape(option, found);
    }
    for (int i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 1 && shape->dims[i] != CAPAS_ANY)
            return fail_shape(option, capas_shape_text(shape, found, sizeof found));
    return CAPAS_OK;
}

/* 28, null or -1 */
static bool read_size(const capas_value *value, int64_t *size)
{
    *size = value->kind == CAPAS_VALUE_NULL ? CAPAS_ANY : value->integer;
    return value->kind == CAPAS_VALUE_NULL ||
           (value->kind == CAPAS_VALUE_INTEGER && (*size >= 1 || *size == CAPAS_ANY));
}

static capas_status read_shape(const capas_option *option, const capas_value *value, void *field)
{
    capas_shape shape = {0};
    bool read = option->nullable && value->kind == CAPAS_VALUE_NULL;
    if (value->kind == CAPAS_VALUE_LIST && value->count >= 1 && value->count <= CAPAS_MAX_RANK) {
        shape.rank = (int)value->count;
        read = true;
        for (size_t i = 0; i < value->count; i++)
            read = read_size(value->items[i], &shape.dims[i]) && read;
    }
    char found[TEXT_SIZE];
    if (!read) return fail_shape(option, capas_value_describe(value, found, sizeof found));
    *(capas_shape *)field = shape;
    return CAPAS_OK;
}

static capas_value *write_shape(const capas_option *option, const void *field)
{
    const capas_shape *shape = field;
    (void)option;
    if (shape->rank == 0) return capas_value_null();
    capas_value *list = capas_value_list();
    for (int i = 0; i < shape->rank; i++) {
        int64_t size = shape->dims[i];
        capas_value *item = size == CAPAS_ANY ? capas_value_null() : capas_value_integer(size);
        if (capas_value_append(list, item) == CAPAS_OK) continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

const capas_option_kind capas_option_shape = {
    "a list of sizes", resolve_shape, check_shape, read_shape, write_shape,
};
