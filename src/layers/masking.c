/* Masking: steps all of whose numbers are one value do not count (Keras layers/core/masking.py). */
#include "base/text.h"
#include "layers/layer.h"

enum { TEXT_SIZE = 128 };

#define FIELD(name) offsetof(capas_masking_options, name)
static const capas_option options[] = {
    {"mask_value", &capas_option_real, FIELD(mask_value), 0,
     .help = "what all numbers of a step are that does not count"},
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    char text[TEXT_SIZE];
    *output = inputs[0];
    if (inputs[0].rank >= 3) return CAPAS_OK;
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                            "takes sequences (None, steps, ..., numbers), found %s",
                            capas_shape_text(&inputs[0], text, sizeof text));
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_masking_options *masking = layer->options;
    int mask = capas_program_mask(program, layer->name, inputs[0], masking->mask_value, true);
    if (mask == CAPAS_NO_BUFFER) return mask;
    capas_shape wide = *capas_program_shape(program, mask);
    wide.dims[wide.rank++] = 1;
    int output =
        capas_program_combine(program, layer->name, inputs[0],
                              capas_program_reshape(program, mask, &wide), CAPAS_COMBINE_PRODUCT);
    if (output >= 0) program->buffers[output].mask = mask;
    return output;
}

const capas_layer_type capas_masking_type = {
    .name = "Masking",
    .takes_mask = true,
    .summary = "Steps all of whose numbers are one value do not count.",
    .options = {"Masking", options, CAPAS_COUNT(options), sizeof(capas_masking_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .infer = infer,
    .lower = lower,
};

capas_layer *capas_masking_with(const capas_masking_options *given)
{
    return capas_layer_new(&capas_masking_type, given);
}
