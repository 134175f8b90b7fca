/* Activation: an activation as a layer of its own (Keras layers/activations/activation.py). */
#include "layers/layer.h"

static const capas_option options[] = {
    {"activation", &capas_option_activation, offsetof(capas_activation_options, activation),
     .help = "linear, relu, sigmoid, tanh, softmax, elu or selu"},
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
    const capas_activation_options *activation = layer->options;
    return capas_program_activate(program, layer->name, inputs[0], activation->activation);
}

const capas_layer_type capas_activation_type = {
    .name = "Activation",
    .summary = "An activation function on every number; softmax over the last axis.",
    .options = {"Activation", options, CAPAS_COUNT(options), sizeof(capas_activation_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .infer = infer,
    .lower = lower,
    .passes_mask = true,
};

capas_layer *capas_activation_with(capas_activation activation,
                                   const capas_activation_options *given)
{
    capas_activation_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.activation = activation;
    return capas_layer_new(&capas_activation_type, &all);
}
