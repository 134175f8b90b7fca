/* ActivityRegularization: the input as it is, and a penalty on it that is added to the loss,
 * divided by the batch's size (Keras layers/regularization/activity_regularization.py). */
#include "layers/layer.h"
#include <math.h>

#define FIELD(name) offsetof(capas_activity_regularization_options, name)
static const capas_option options[] = {
    {"l1", &capas_option_real, FIELD(l1), 0, .minimum = 0, .maximum = INFINITY,
     .help = "times the sum of |x|"},
    {"l2", &capas_option_real, FIELD(l2), 0, .minimum = 0, .maximum = INFINITY,
     .help = "times the sum of x^2"},
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
    const capas_activity_regularization_options *penalty = layer->options;
    return capas_program_penalty(program, layer->name, inputs[0], penalty->l1, penalty->l2);
}

const capas_layer_type capas_activity_regularization_type = {
    .name = "ActivityRegularization",
    .summary = "Adds a penalty on its input to the loss.",
    .options = {"ActivityRegularization", options, CAPAS_COUNT(options),
                sizeof(capas_activity_regularization_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .infer = infer,
    .lower = lower,
    .passes_mask = true,
};

capas_layer *capas_activity_regularization_with(const capas_activity_regularization_options *given)
{
    return capas_layer_new(&capas_activity_regularization_type, given);
}
