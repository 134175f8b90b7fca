/* Dot: products of two inputs, summed along an axis of each (Keras layers/merging/dot.py). */
#include "base/text.h"
#include "layers/axes.h"

enum { TEXT_SIZE = 128 };

#define FIELD(name) offsetof(capas_dot_options, name)
static const capas_option options[] = {
    {"axes", &capas_option_axis_or_axes, FIELD(axes), -1,
     .help = "the axis to sum along, or a list of one for each input"},
    {"normalize", &capas_option_bool, FIELD(normalize), 0,
     .help = "whether numbers along the axes are divided by their length first"},
};

static capas_status check(const capas_layer *layer, const char *where)
{
    const capas_dot_options *dot = layer->options;
    if (dot->axes.rank <= 2) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "%s: axes must be one axis or a list of two, found %d of them", where,
                      dot->axes.rank);
}

/* The axis of an input. */
static capas_status axis_of(const capas_layer *layer, const capas_shape *input, int number,
                            capas_axes *axes)
{
    const capas_dot_options *dot = layer->options;
    const capas_shape wanted = {1, {dot->axes.dims[dot->axes.rank == 2 ? number : 0]}};
    return capas_axes_of(layer, &wanted, input, axes);
}

/* The sizes of both without the axes. */
static capas_shape without_axes(const capas_shape *inputs, const capas_axes *axes)
{
    capas_shape output = {1, {CAPAS_ANY}};
    for (int k = 0; k < 2; k++)
        for (int i = 1; i < inputs[k].rank; i++)
            if (i != axes[k].axis[0] && output.rank < CAPAS_MAX_RANK)
                output.dims[output.rank++] = inputs[k].dims[i];
    if (output.rank == 1) output.dims[output.rank++] = 1;
    return output;
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    char first[TEXT_SIZE], second[TEXT_SIZE];
    capas_axes axes[2];
    for (int k = 0; k < 2; k++)
        CAPAS_TRY(axis_of(layer, &inputs[k], k, &axes[k]));
    *output = without_axes(inputs, axes);
    bool fits = inputs[0].rank + inputs[1].rank - 3 <= CAPAS_MAX_RANK;
    if (fits && inputs[0].dims[axes[0].axis[0]] == inputs[1].dims[axes[1].axis[0]]) return CAPAS_OK;
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                            "its inputs %s and %s must have the same size along axes %d and %d, "
                            "and %d axes together at most",
                            capas_shape_text(&inputs[0], first, sizeof first),
                            capas_shape_text(&inputs[1], second, sizeof second), axes[0].axis[0],
                            axes[1].axis[0], CAPAS_MAX_RANK + 3);
}

/* An input as [n, rows, length], the axis last. */
static int as_matrix(const capas_layer *layer, capas_program *program, int input,
                     const capas_axes *axes)
{
    const capas_dot_options *dot = layer->options;
    int buffer = capas_axes_to_end(layer, program, input, axes);
    const capas_shape *shape = capas_program_shape(program, buffer);
    if (shape->rank == 0) return CAPAS_NO_BUFFER;
    const int64_t length = shape->dims[shape->rank - 1];
    const int64_t rows = capas_shape_count(shape, 1) / length;
    const capas_shape matrix = {3, {CAPAS_ANY, rows, length}};
    buffer = capas_program_reshape(program, buffer, &matrix);
    if (!dot->normalize) return buffer;
    const capas_standardise_problem unit = {
        .rows = rows, .outer = 1, .groups = 1, .inner = length, .share = 1, .least = 1e-14};
    return capas_program_standardise(program, layer->name, buffer, &unit, CAPAS_NO_WEIGHT,
                                     CAPAS_NO_WEIGHT);
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    capas_axes axes[2];
    capas_shape shapes[2];
    int matrices[2];
    for (int k = 0; k < 2; k++) {
        shapes[k] = *capas_program_shape(program, inputs[k]);
        if (axis_of(layer, &shapes[k], k, &axes[k]) != CAPAS_OK) return CAPAS_NO_BUFFER;
        matrices[k] = as_matrix(layer, program, inputs[k], &axes[k]);
    }
    const capas_shape output = without_axes(shapes, axes);
    int buffer = capas_program_product(program, layer->name, matrices[0], matrices[1]);
    return capas_program_reshape(program, buffer, &output);
}

const capas_layer_type capas_dot_type = {
    .name = "Dot",
    .takes_mask = true,
    .summary = "Products of two inputs, summed along an axis.",
    .options = {"Dot", options, CAPAS_COUNT(options), sizeof(capas_dot_options)},
    .minimum_inputs = 2,
    .maximum_inputs = 2,
    .has_build_config = true,
    .check = check,
    .infer = infer,
    .lower = lower,
};

capas_layer *capas_dot_with(int axes, const capas_dot_options *given)
{
    capas_dot_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    if (all.axes.rank == 0) all.axes = (capas_shape){1, {axes}};
    return capas_layer_new(&capas_dot_type, &all);
}
