/* GroupNormalization: statistics of each sample over groups of channels and all places (Keras
 * layers/normalization/group_normalization.py). */
#include "base/text.h"
#include "layers/axes.h"
#include "layers/gamma_beta.h"
#include <math.h>

#define FIELD(name) offsetof(capas_group_normalization_options, name)
static const capas_option options[] = {
    {"groups", &capas_option_integer, FIELD(groups), 32, .minimum = -1, .maximum = INFINITY,
     .help = "groups of channels; -1: each channel is one"},
    {"axis", &capas_option_integer, FIELD(axis), -1, .help = "the axis of the channels"},
    {"epsilon", &capas_option_real, FIELD(epsilon), 0.001, .minimum = 0, .maximum = INFINITY,
     .help = "added to the variance"},
    CAPAS_GAMMA_BETA_ROWS,
};

static capas_status axes_of(const capas_layer *layer, const capas_shape *input, capas_axes *axes)
{
    const capas_group_normalization_options *group = layer->options;
    const capas_shape wanted = {1, {group->axis}};
    return capas_axes_of(layer, &wanted, input, axes);
}

static int64_t groups_of(const capas_layer *layer, int64_t channels)
{
    const capas_group_normalization_options *group = layer->options;
    return group->groups == -1 ? channels : group->groups;
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    capas_axes axes;
    CAPAS_TRY(axes_of(layer, &inputs[0], &axes));
    const int64_t channels = inputs[0].dims[axes.axis[0]], groups = groups_of(layer, channels);
    *output = inputs[0];
    if (groups > 0 && groups <= channels && channels % groups == 0) return CAPAS_OK;
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                            "groups must divide the %lld channels of its input, found %lld",
                            (long long)channels, (long long)groups);
}

static capas_status build(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const capas_group_normalization_options *group = layer->options;
    capas_axes axes;
    CAPAS_TRY(axes_of(layer, &inputs[0], &axes));
    const capas_shape shape = {1, {inputs[0].dims[axes.axis[0]]}};
    if (group->scale)
        CAPAS_TRY(capas_layer_add_weight(layer, "gamma", &shape, group->gamma_initializer,
                                         group->gamma_regularizer, true));
    if (!group->center) return CAPAS_OK;
    return capas_layer_add_weight(layer, "beta", &shape, group->beta_initializer,
                                  group->beta_regularizer, true);
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_group_normalization_options *group = layer->options;
    capas_axes axes;
    if (axes_of(layer, capas_program_shape(program, inputs[0]), &axes) != CAPAS_OK)
        return CAPAS_NO_BUFFER;
    int buffer = capas_axes_to_end(layer, program, inputs[0], &axes);
    const capas_shape *shape = capas_program_shape(program, buffer);
    if (shape->rank == 0) return CAPAS_NO_BUFFER;
    const int64_t channels = shape->dims[shape->rank - 1], groups = groups_of(layer, channels);
    const int64_t places = capas_shape_count(shape, 1) / channels;
    const capas_standardise_problem problem = {
        .rows = 1,
        .outer = places,
        .groups = groups,
        .inner = channels / groups,
        .weights = channels,
        .weight_group = channels / groups,
        .weight_inner = 1,
        .about_mean = true,
        .subtracts_mean = true,
        .share = 1 / (double)(places * channels / groups),
        .epsilon = group->epsilon,
    };
    const int gamma = group->scale ? layer->weights[0].index : CAPAS_NO_WEIGHT;
    const int beta = group->center ? layer->weights[group->scale].index : CAPAS_NO_WEIGHT;
    buffer = capas_program_standardise(program, layer->name, buffer, &problem, gamma, beta);
    return capas_axes_from_end(layer, program, buffer, &axes);
}

const capas_layer_type capas_group_normalization_type = {
    .name = "GroupNormalization",
    .summary =
        "Brings groups of channels of each sample to mean 0 and deviation 1, then scales and "
        "shifts them.",
    .options = {"GroupNormalization", options, CAPAS_COUNT(options),
                sizeof(capas_group_normalization_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .infer = infer,
    .build = build,
    .lower = lower,
    .passes_mask = true,
};

capas_layer *capas_group_normalization_with(const capas_group_normalization_options *given)
{
    return capas_layer_new(&capas_group_normalization_type, given);
}
