/* Axes that a layer works over; see axes.h. */
#include "layers/axes.h"
#include "base/text.h"

enum { TEXT_SIZE = 128 };

static void resolve_axes(const capas_option *option, void *field)
{
    capas_shape *axes = field;
    if (axes->rank == 0) *axes = (capas_shape){1, {(int64_t)option->standard}};
}

static capas_status check_axes(const capas_option *option, const void *field)
{
    const capas_shape *axes = field;
    (void)option;
    if (axes->rank >= 1 && axes->rank < CAPAS_MAX_RANK) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "an axis or a list of 1 to %d axes, found %d of them",
                      CAPAS_MAX_RANK - 1, axes->rank);
}

static capas_status read_axes(const capas_option *option, const capas_value *value, void *field)
{
    capas_shape axes = {0};
    char found[TEXT_SIZE];
    bool listed = value->kind == CAPAS_VALUE_LIST;
    size_t count = listed ? value->count : 1;
    bool none = value->kind == CAPAS_VALUE_NULL || (listed && count == 0);
    bool right = count >= 1 && count < CAPAS_MAX_RANK;
    if (none && option->nullable) {
        *(capas_shape *)field = (capas_shape){1, {CAPAS_NONE}};
        return CAPAS_OK;
    }
    for (size_t i = 0; right && i < count; i++) {
        const capas_value *item = listed ? value->items[i] : value;
        right = item->kind == CAPAS_VALUE_INTEGER;
        axes.dims[axes.rank++] = item->integer;
    }
    if (!right)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "an axis or a list of 1 to %d axes, found %s",
                          CAPAS_MAX_RANK - 1, capas_value_describe(value, found, sizeof found));
    *(capas_shape *)field = axes;
    return CAPAS_OK;
}

static capas_value *write_axes(const capas_option *option, const void *field)
{
    const capas_shape *axes = field;
    capas_value *list = capas_value_list();
    (void)option;
    for (int i = 0; i < axes->rank && axes->dims[0] != CAPAS_NONE; i++) {
        if (capas_value_append(list, capas_value_integer(axes->dims[i])) == CAPAS_OK) continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

static capas_value *write_axis_or_axes(const capas_option *option, const void *field)
{
    const capas_shape *axes = field;
    return axes->rank == 1 ? capas_value_integer(axes->dims[0]) : write_axes(option, field);
}

const capas_option_kind capas_option_axes = {
    "an axis or a list of axes", resolve_axes, check_axes, read_axes, write_axes,
};
const capas_option_kind capas_option_axis_or_axes = {
    "an axis or a list of axes", resolve_axes, check_axes, read_axes, write_axis_or_axes,
};

static capas_status fail(const capas_layer *layer, int64_t axis, const capas_shape *input)
{
    char text[TEXT_SIZE];
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                            "axis must be axes of its input %s besides the batch's, each once, "
                            "found %lld; give -1 for the last",
                            capas_shape_text(input, text, sizeof text), (long long)axis);
}

capas_status capas_axes_of(const capas_layer *layer, const capas_shape *wanted,
                           const capas_shape *input, capas_axes *axes)
{
    bool taken[CAPAS_MAX_RANK] = {false};
    *axes = (capas_axes){.rank = input->rank};
    for (int i = 0; i < wanted->rank; i++) {
        int64_t axis = wanted->dims[i] < 0 ? wanted->dims[i] + input->rank : wanted->dims[i];
        if (axis < 1 || axis >= input->rank || taken[axis])
            return fail(layer, wanted->dims[i], input);
        taken[axis] = true;
    }
    int others = 0;
    for (int axis = 0; axis < input->rank; axis++)
        if (taken[axis])
            axes->axis[axes->count++] = axis;
        else
            axes->order[others++] = axis;
    for (int i = 0; i < axes->count; i++)
        axes->order[others + i] = axes->axis[i];
    return CAPAS_OK;
}

static bool in_place(const capas_axes *axes)
{
    return axes->count == 0 || axes->axis[0] == axes->rank - axes->count;
}

int capas_axes_to_end(const capas_layer *layer, capas_program *program, int buffer,
                      const capas_axes *axes)
{
    if (in_place(axes)) return buffer;
    return capas_program_move(program, layer->name, buffer, axes->order);
}

int capas_axes_from_end(const capas_layer *layer, capas_program *program, int buffer,
                        const capas_axes *axes)
{
    int back[CAPAS_MAX_RANK];
    if (in_place(axes)) return buffer;
    for (int i = 0; i < axes->rank; i++)
        back[axes->order[i]] = i;
    return capas_program_move(program, layer->name, buffer, back);
}

int capas_axes_standardise(const capas_layer *layer, capas_program *program, int input,
                           const capas_axes *axes, capas_standardise_problem problem, int gamma,
                           int beta)
{
    int buffer = capas_axes_to_end(layer, program, input, axes);
    const capas_shape *shape = capas_program_shape(program, buffer);
    problem.rows = problem.outer = problem.groups = problem.inner = 1;
    for (int i = 1; i < shape->rank; i++)
        if (i < axes->rank - axes->count)
            problem.rows *= shape->dims[i];
        else
            problem.inner *= shape->dims[i];
    problem.weights = gamma == CAPAS_NO_WEIGHT && beta == CAPAS_NO_WEIGHT ? 0 : problem.inner;
    problem.weight_inner = 1;
    if (problem.share == 0) problem.share = 1 / (double)problem.inner;
    buffer = capas_program_standardise(program, layer->name, buffer, &problem, gamma, beta);
    return capas_axes_from_end(layer, program, buffer, axes);
}
