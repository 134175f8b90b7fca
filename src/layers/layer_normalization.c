/* LayerNormalization, RMSNormalization and UnitNormalization: the numbers of each sample along axes
 * brought to one scale (Keras layers/normalization/, keras-semantics 1.4). */
#include "base/text.h"
#include "layers/axes.h"
#include "layers/gamma_beta.h"
#include <math.h>

#define FIELD(name) offsetof(capas_layer_normalization_options, name)
static const capas_option layer_options[] = {
    {"axis", &capas_option_axes, FIELD(axis), -1,
     .help = "over which the mean is taken, or a list"},
    {"epsilon", &capas_option_real, FIELD(epsilon), 0.001, .minimum = 0, .maximum = INFINITY,
     .help = "added to the variance"},
    {"rms_scaling", &capas_option_bool, FIELD(rms_scaling), 0,
     .help = "whether numbers are only scaled, by gamma and the variance"},
    CAPAS_GAMMA_BETA_ROWS,
};
#undef FIELD
#define FIELD(name) offsetof(capas_rms_normalization_options, name)
static const capas_option rms_options[] = {
    {"axis", &capas_option_axes, FIELD(axis), -1,
     .help = "over which the mean is taken, or a list"},
    {"epsilon", &capas_option_real, FIELD(epsilon), 1e-6, .minimum = 0, .maximum = INFINITY,
     .help = "added to the mean of the squares"},
};
static const capas_option unit_options[] = {
    {"axis", &capas_option_axis_or_axes, offsetof(capas_unit_normalization_options, axis), -1,
     .help = "over which the squares sum to 1, or a list"},
};

/* All three begin their options with the axes. */
static const capas_shape *wanted_axes(const capas_layer *layer)
{
    const capas_option *axis = &layer->type->options.options[0];
    return (const capas_shape *)(const void *)((const char *)layer->options + axis->offset);
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    capas_axes axes;
    *output = inputs[0];
    return capas_axes_of(layer, wanted_axes(layer), &inputs[0], &axes);
}

/* The sizes of the axes, in the order that they were said in. */
static capas_shape weight_shape(const capas_layer *layer, const capas_shape *input)
{
    const capas_shape *wanted = wanted_axes(layer);
    capas_shape shape = {.rank = wanted->rank};
    for (int i = 0; i < wanted->rank; i++)
        shape.dims[i] =
            input->dims[wanted->dims[i] < 0 ? wanted->dims[i] + input->rank : wanted->dims[i]];
    return shape;
}

static bool has_gamma(const capas_layer_normalization_options *options)
{
    return options->scale || options->rms_scaling;
}

static bool has_beta(const capas_layer_normalization_options *options)
{
    return options->center && !options->rms_scaling;
}

static capas_status build_layer(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const capas_layer_normalization_options *options = layer->options;
    const capas_shape shape = weight_shape(layer, &inputs[0]);
    if (has_gamma(options))
        CAPAS_TRY(capas_layer_add_weight(layer, "gamma", &shape, options->gamma_initializer,
                                         options->gamma_regularizer, true));
    if (!has_beta(options)) return CAPAS_OK;
    return capas_layer_add_weight(layer, "beta", &shape, options->beta_initializer,
                                  options->beta_regularizer, true);
}

static capas_status build_rms(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const capas_shape shape = weight_shape(layer, &inputs[0]);
    return capas_layer_add_weight(layer, "scale", &shape, capas_ones(), (capas_regularizer){0},
                                  true);
}

static int lower(const capas_layer *layer, capas_program *program, int input,
                 capas_standardise_problem problem, int gamma, int beta)
{
    capas_axes axes;
    const capas_shape *shape = capas_program_shape(program, input);
    if (capas_axes_of(layer, wanted_axes(layer), shape, &axes) != CAPAS_OK) return CAPAS_NO_BUFFER;
    return capas_axes_standardise(layer, program, input, &axes, problem, gamma, beta);
}

static int lower_layer(const capas_layer *layer, capas_program *program, const int *inputs,
                       int count)
{
    (void)count;
    const capas_layer_normalization_options *options = layer->options;
    const int gamma = has_gamma(options) ? layer->weights[0].index : CAPAS_NO_WEIGHT;
    const int beta = has_beta(options) ? layer->weights[has_gamma(options)].index : CAPAS_NO_WEIGHT;
    return lower(layer, program, inputs[0],
                 (capas_standardise_problem){.about_mean = true,
                                             .subtracts_mean = !options->rms_scaling,
                                             .epsilon = options->epsilon},
                 gamma, beta);
}

static int lower_rms(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_rms_normalization_options *options = layer->options;
    return lower(layer, program, inputs[0],
                 (capas_standardise_problem){.epsilon = options->epsilon}, layer->weights[0].index,
                 CAPAS_NO_WEIGHT);
}

/* The squares' sum counts as 1e-12 where it is less. */
static int lower_unit(const capas_layer *layer, capas_program *program, const int *inputs,
                      int count)
{
    (void)count;
    return lower(layer, program, inputs[0], (capas_standardise_problem){.share = 1, .least = 1e-12},
                 CAPAS_NO_WEIGHT, CAPAS_NO_WEIGHT);
}

#define NORMALIZATION(word, class_name, text, rows, build_function, lower_function, masked)        \
    const capas_layer_type capas_##word##_type = {                                                 \
        .name = class_name,                                                                        \
        .summary = text,                                                                           \
        .options = {class_name, rows, CAPAS_COUNT(rows), sizeof(capas_##word##_options)},          \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 1,                                                                       \
        .has_build_config = true,                                                                  \
        .infer = infer,                                                                            \
        .build = build_function,                                                                   \
        .lower = lower_function,                                                                   \
        .passes_mask = masked,                                                                     \
    };                                                                                             \
    capas_layer *capas_##word##_with(const capas_##word##_options *given)                          \
    {                                                                                              \
        return capas_layer_new(&capas_##word##_type, given);                                       \
    }

NORMALIZATION(layer_normalization, "LayerNormalization",
              "Brings the numbers of each sample to mean 0 and deviation 1, then scales and shifts "
              "them.",
              layer_options, build_layer, lower_layer, true)
NORMALIZATION(rms_normalization, "RMSNormalization",
              "Divides the numbers of each sample by the root of their mean square, then scales "
              "them.",
              rms_options, build_rms, lower_rms, false)
NORMALIZATION(unit_normalization, "UnitNormalization",
              "Divides the numbers of each sample by their length.", unit_options, NULL, lower_unit,
              true)
