/* Dropout: in training sets elements to zero and scales the others up (Keras
 * layers/regularization/dropout.py). noise_shape is Keras's, with the batch. */
#include "layers/random.h"
#include <math.h>

#define FIELD(name) offsetof(capas_dropout_options, name)
static const capas_option options[] = {
    {"rate", &capas_option_real, FIELD(rate), NAN, .minimum = 0, .maximum = 1,
     .help = "the share of elements that become zero"},
    {"seed", &capas_option_integer, FIELD(seed), CAPAS_NONE, .nullable = true,
     .help = "a sequence of its own; None: as the model's seed says"},
    {"noise_shape", &capas_option_shape, FIELD(noise_shape), .nullable = true,
     .help = "with the batch; 1 where one draw is shared"},
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const capas_dropout_options *dropout = layer->options;
    *output = inputs[0];
    return capas_random_check_noise(layer, &dropout->noise_shape, &inputs[0]);
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_dropout_options *dropout = layer->options;
    const capas_shape *input = capas_program_shape(program, inputs[0]);
    if (!input) return CAPAS_NO_BUFFER;
    if (dropout->rate == 0) return inputs[0];
    const capas_shape noise = capas_random_noise(&dropout->noise_shape, input);
    return capas_program_dropout(program, layer->name, inputs[0], dropout->rate, &noise,
                                 capas_random_stream(layer, program, dropout->seed));
}

const capas_layer_type capas_dropout_type = {
    .name = "Dropout",
    .summary = "Forgets a share of its inputs in training, against learning by heart.",
    .options = {"Dropout", options, CAPAS_COUNT(options), sizeof(capas_dropout_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .infer = infer,
    .lower = lower,
    .passes_mask = true,
    .call_has_training = true,
};

capas_layer *capas_dropout_with(double rate, const capas_dropout_options *given)
{
    capas_dropout_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.rate = rate == 0 ? CAPAS_ZERO : rate; /* 0 is a rate like any other, not left out */
    return capas_layer_new(&capas_dropout_type, &all);
}
