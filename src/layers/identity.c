/* Identity: what it takes, as it is (Keras layers/core/identity.py). */
#include "layers/layer.h"
#include <capas/reshaping.h>

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)layer, (void)count;
    *output = inputs[0];
    return CAPAS_OK;
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)layer, (void)program, (void)count;
    return inputs[0];
}

const capas_layer_type capas_identity_type = {
    .name = "Identity",
    .summary = "Gives what it takes: stands in for a layer that is left out.",
    .options = {"Identity", NULL, 0, sizeof(capas_identity_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .infer = infer,
    .lower = lower,
    .passes_mask = true,
};

capas_layer *capas_identity_layer_with(const capas_identity_options *given)
{
    return capas_layer_new(&capas_identity_type, given);
}
