/* GaussianNoise, GaussianDropout and AlphaDropout: noise in training (Keras
 * layers/regularization/). noise_shape is Keras's, with the batch. */
#include "layers/random.h"
#include <math.h>

#define SEED_ROW(type)                                                                             \
    {                                                                                              \
        "seed", &capas_option_integer, offsetof(type, seed), CAPAS_NONE,                           \
            .nullable = true, .help = "a sequence of its own; None: as the model's seed says"      \
    }
static const capas_option noise_options[] = {
    {"stddev", &capas_option_real, offsetof(capas_gaussian_noise_options, stddev), NAN,
     .minimum = 0, .maximum = 1, .help = "the deviation of what is added"},
    SEED_ROW(capas_gaussian_noise_options),
};
static const capas_option dropout_options[] = {
    {"rate", &capas_option_real, offsetof(capas_gaussian_dropout_options, rate), NAN, .minimum = 0,
     .maximum = 1, .help = "the factors' deviation is sqrt(rate / (1 - rate))"},
    SEED_ROW(capas_gaussian_dropout_options),
};
static const capas_option alpha_options[] = {
    {"rate", &capas_option_real, offsetof(capas_alpha_dropout_options, rate), NAN, .minimum = 0,
     .maximum = 1, .help = "the share of elements that become selu's lowest value"},
    SEED_ROW(capas_alpha_dropout_options),
    {"noise_shape", &capas_option_shape, offsetof(capas_alpha_dropout_options, noise_shape),
     .nullable = true, .help = "with the batch; 1 where one draw is shared"},
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)layer;
    (void)count;
    *output = inputs[0];
    return CAPAS_OK;
}

static int lower_noise(const capas_layer *layer, capas_program *program, const int *inputs,
                       int count)
{
    (void)count;
    const capas_gaussian_noise_options *noise = layer->options;
    return capas_program_noise(program, layer->name, inputs[0], CAPAS_NOISE_ADDED, noise->stddev,
                               capas_program_shape(program, inputs[0]),
                               capas_random_stream(layer, program, noise->seed));
}

/* Keras takes a rate of 1 and then divides by zero. The rate is the first option. */
static capas_status check_rate(const capas_layer *layer, const char *where)
{
    const size_t place = layer->type->options.options[0].offset;
    const double *rate = (const double *)(const void *)((const char *)layer->options + place);
    if (*rate < 1) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: rate must be a number below 1, found 1", where);
}

static int lower_dropout(const capas_layer *layer, capas_program *program, const int *inputs,
                         int count)
{
    (void)count;
    const capas_gaussian_dropout_options *dropout = layer->options;
    return capas_program_noise(program, layer->name, inputs[0], CAPAS_NOISE_MULTIPLIED,
                               sqrt(dropout->rate / (1 - dropout->rate)),
                               capas_program_shape(program, inputs[0]),
                               capas_random_stream(layer, program, dropout->seed));
}

static capas_status infer_alpha(const capas_layer *layer, const capas_shape *inputs, int count,
                                capas_shape *output)
{
    (void)count;
    const capas_alpha_dropout_options *dropout = layer->options;
    *output = inputs[0];
    return capas_random_check_noise(layer, &dropout->noise_shape, &inputs[0]);
}

static int lower_alpha(const capas_layer *layer, capas_program *program, const int *inputs,
                       int count)
{
    (void)count;
    const capas_alpha_dropout_options *dropout = layer->options;
    const capas_shape draws =
        capas_random_noise(&dropout->noise_shape, capas_program_shape(program, inputs[0]));
    return capas_program_noise(program, layer->name, inputs[0], CAPAS_NOISE_ALPHA, dropout->rate,
                               &draws, capas_random_stream(layer, program, dropout->seed));
}

#define NOISE(word, class_name, text, number, rows, check_function, infer_function,                \
              lower_function)                                                                      \
    const capas_layer_type capas_##word##_type = {                                                 \
        .name = class_name,                                                                        \
        .summary = text,                                                                           \
        .options = {class_name, rows, CAPAS_COUNT(rows), sizeof(capas_##word##_options)},          \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 1,                                                                       \
        .check = check_function,                                                                   \
        .infer = infer_function,                                                                   \
        .lower = lower_function,                                                                   \
        .passes_mask = true,                                                                       \
        .call_has_training = true,                                                                 \
    };                                                                                             \
    capas_layer *capas_##word##_with(double number, const capas_##word##_options *given)           \
    {                                                                                              \
        capas_##word##_options all;                                                                \
        capas_layer_copy_options(&all, sizeof all, given);                                         \
        all.number = number == 0 ? CAPAS_ZERO : number;                                            \
        return capas_layer_new(&capas_##word##_type, &all);                                        \
    }

NOISE(gaussian_noise, "GaussianNoise", "Adds normal noise in training.", stddev, noise_options,
      NULL, infer, lower_noise)
NOISE(gaussian_dropout, "GaussianDropout", "Multiplies by noise about 1 in training.", rate,
      dropout_options, check_rate, infer, lower_dropout)
NOISE(alpha_dropout, "AlphaDropout",
      "Dropout that leaves mean and deviation as they are, to go with selu.", rate, alpha_options,
      check_rate, infer_alpha, lower_alpha)
