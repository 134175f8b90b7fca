/* Rescaling: x * scale + offset (Keras layers/preprocessing/rescaling.py), with numbers, not
 * arrays. */
#include "layers/layer.h"
#include <math.h>

static const capas_option options[] = {
    {"scale", &capas_option_real, offsetof(capas_rescaling_options, scale), NAN,
     .help = "what is multiplied"},
    {"offset", &capas_option_real, offsetof(capas_rescaling_options, offset), 0,
     .help = "what is added after"},
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)layer;
    (void)count;
    *output = inputs[0];
    return CAPAS_OK;
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_rescaling_options *rescaling = layer->options;
    return capas_program_affine(program, layer->name, inputs[0], rescaling->scale,
                                rescaling->offset);
}

const capas_layer_type capas_rescaling_type = {
    .name = "Rescaling",
    .summary = "Multiplies every number by scale and adds offset.",
    .options = {"Rescaling", options, CAPAS_COUNT(options), sizeof(capas_rescaling_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .infer = infer,
    .lower = lower,
    .passes_mask = true,
};

capas_layer *capas_rescaling_with(double scale, const capas_rescaling_options *given)
{
    capas_rescaling_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.scale = scale == 0 ? CAPAS_ZERO : scale; /* 0 is a scale like any other, not left out */
    return capas_layer_new(&capas_rescaling_type, &all);
}
