/* Softmax over an axis, or over several together (Keras layers/activations/softmax.py). */
#include "base/text.h"
#include "layers/axes.h"

static const capas_option options[] = {
    {"axis", &capas_option_axis_or_axes, offsetof(capas_softmax_options, axis), -1,
     .help = "over which the results sum to 1, or a list of such axes"},
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const capas_softmax_options *softmax = layer->options;
    capas_axes axes;
    *output = inputs[0];
    return capas_axes_of(layer, &softmax->axis, &inputs[0], &axes);
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_softmax_options *softmax = layer->options;
    capas_axes axes;
    if (capas_axes_of(layer, &softmax->axis, capas_program_shape(program, inputs[0]), &axes) !=
        CAPAS_OK)
        return CAPAS_NO_BUFFER;
    int buffer = capas_axes_to_end(layer, program, inputs[0], &axes);
    const capas_shape moved = *capas_program_shape(program, buffer);
    if (axes.count > 1) {
        capas_shape flat = moved;
        flat.rank = moved.rank - axes.count + 1;
        flat.dims[flat.rank - 1] = capas_shape_count(&moved, flat.rank - 1);
        buffer = capas_program_reshape(program, buffer, &flat);
    }
    buffer = capas_program_activate(program, layer->name, buffer, CAPAS_SOFTMAX);
    if (axes.count > 1) buffer = capas_program_reshape(program, buffer, &moved);
    return capas_axes_from_end(layer, program, buffer, &axes);
}

const capas_layer_type capas_softmax_type = {
    .name = "Softmax",
    .summary = "Makes shares of 1 of the numbers along an axis.",
    .options = {"Softmax", options, CAPAS_COUNT(options), sizeof(capas_softmax_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .infer = infer,
    .lower = lower,
    .passes_mask = true,
};

capas_layer *capas_softmax_with(const capas_softmax_options *given)
{
    return capas_layer_new(&capas_softmax_type, given);
}
