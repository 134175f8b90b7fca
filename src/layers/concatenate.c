/* Concatenate: its inputs one behind the other along an axis (Keras layers/merging/concatenate.py).
 * Their other axes must be equal. */
#include "base/text.h"
#include "layers/layer.h"
#include <math.h>

enum { TEXT_SIZE = 128 };

#define FIELD(name) offsetof(capas_concatenate_options, name)
static const capas_option options[] = {
    {"axis", &capas_option_integer, FIELD(axis), -1,
     .help = "the axis along which they are joined; the last is -1"},
};

static int axis_of(const capas_layer *layer, int rank)
{
    int axis = ((const capas_concatenate_options *)layer->options)->axis;
    return axis < 0 ? axis + rank : axis;
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    char first[TEXT_SIZE], next[TEXT_SIZE];
    int axis = axis_of(layer, inputs[0].rank);
    if (axis < 1 || axis >= inputs[0].rank)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "there is no axis %d to join along in %s; the batch's, 0, is none",
                                ((const capas_concatenate_options *)layer->options)->axis,
                                capas_shape_text(&inputs[0], first, sizeof first));
    *output = inputs[0];
    for (int i = 1; i < count; i++) {
        capas_shape rest = inputs[i];
        if (axis < rest.rank) rest.dims[axis] = inputs[0].dims[axis];
        if (!capas_shape_equal(&rest, &inputs[0]))
            return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                    "%s and %s cannot be joined along axis %d: the other sizes "
                                    "must be equal",
                                    capas_shape_text(&inputs[0], first, sizeof first),
                                    capas_shape_text(&inputs[i], next, sizeof next), axis);
        output->dims[axis] += inputs[i].dims[axis];
    }
    return CAPAS_OK;
}

/* Masks along the steps are joined as they are; an input without one counts everywhere. */
static int join_masks(const capas_layer *layer, capas_program *program, const int *inputs,
                      int count)
{
    int all = CAPAS_NO_BUFFER;
    bool any = false;
    for (int i = 0; i < count; i++)
        any |= program->buffers[inputs[i]].mask >= 0;
    for (int i = 0; any && i < count && program->status == CAPAS_OK; i++) {
        int mask = program->buffers[inputs[i]].mask;
        if (mask < 0) {
            const capas_shape *shape = capas_program_shape(program, inputs[i]);
            const capas_shape steps = {3, {CAPAS_ANY, shape->dims[1], capas_shape_count(shape, 2)}};
            int rows = capas_program_reshape(program, inputs[i], &steps);
            mask = capas_program_mask(program, layer->name, rows, NAN, true); /* nothing is NAN */
        }
        all = i == 0 ? mask : capas_program_join(program, layer->name, all, mask, 1);
    }
    return all;
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    const capas_shape *shape = capas_program_shape(program, inputs[0]);
    int all = inputs[0];
    if (!shape) return CAPAS_NO_BUFFER;
    const int rank = shape->rank, axis = axis_of(layer, rank);
    for (int i = 1; i < count; i++)
        all = capas_program_join(program, layer->name, all, inputs[i], axis);
    if (axis != 1 || rank < 3 || all < 0) return all;
    int mask = join_masks(layer, program, inputs, count);
    if (program->status != CAPAS_OK) return CAPAS_NO_BUFFER;
    program->buffers[all].mask = mask;
    return all;
}

const capas_layer_type capas_concatenate_type = {
    .name = "Concatenate",
    .summary = "Its inputs one behind the other along an axis.",
    .options = {"Concatenate", options, CAPAS_COUNT(options), sizeof(capas_concatenate_options)},
    .minimum_inputs = 2,
    .maximum_inputs = CAPAS_MAX_INPUTS,
    .has_build_config = true,
    .infer = infer,
    .lower = lower,
    .passes_mask = true,
};

capas_layer *capas_concatenate_with(const capas_concatenate_options *given)
{
    return capas_layer_new(&capas_concatenate_type, given);
}
