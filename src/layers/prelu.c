/* PReLU: a rectifier whose slope below 0 is trained, for each place of the input or shared along
 * axes (Keras layers/activations/prelu.py). */
#include "base/text.h"
#include "layers/axes.h"
#include <math.h>

#define FIELD(name) offsetof(capas_prelu_options, name)
static const capas_option options[] = {
    {"alpha_initializer", &capas_option_initializer, FIELD(alpha_initializer),
     CAPAS_INITIALIZER_ZEROS, .help = "how the slopes start"},
    {"alpha_regularizer", &capas_option_regularizer, FIELD(alpha_regularizer), .nullable = true,
     .help = "a penalty on the slopes"},
    {"alpha_constraint", &capas_option_weight_constraint, FIELD(alpha_constraint), .nullable = true,
     .help = "what its numbers are held to"},
    {"shared_axes", &capas_option_shape, FIELD(shared_axes), .nullable = true,
     .help = "axes that share a slope, the first is 1; None: each place has its own"},
};

/* The input's shape with 1 along shared axes and for the batch. */
static capas_status slopes_of(const capas_layer *layer, const capas_shape *input,
                              capas_shape *slopes)
{
    const capas_prelu_options *prelu = layer->options;
    capas_axes axes;
    CAPAS_TRY(capas_axes_of(layer, &prelu->shared_axes, input, &axes));
    *slopes = *input;
    slopes->dims[0] = 1;
    for (int i = 0; i < axes.count; i++)
        slopes->dims[axes.axis[i]] = 1;
    return CAPAS_OK;
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    capas_shape slopes;
    *output = inputs[0];
    return slopes_of(layer, &inputs[0], &slopes);
}

static capas_status build(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const capas_prelu_options *prelu = layer->options;
    capas_shape slopes, alpha = {.rank = inputs[0].rank - 1};
    CAPAS_TRY(slopes_of(layer, &inputs[0], &slopes));
    for (int i = 0; i < alpha.rank; i++)
        alpha.dims[i] = slopes.dims[i + 1];
    return capas_layer_add_weight(layer, "alpha", &alpha, prelu->alpha_initializer,
                                  prelu->alpha_regularizer, true);
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    capas_rectify_problem problem = {.maximum = HUGE_VAL};
    const capas_shape *input = capas_program_shape(program, inputs[0]);
    if (slopes_of(layer, input, &problem.slopes) != CAPAS_OK) return CAPAS_NO_BUFFER;
    return capas_program_rectify(program, layer->name, inputs[0], &problem,
                                 layer->weights[0].index);
}

const capas_layer_type capas_prelu_type = {
    .name = "PReLU",
    .summary = "Rectifier whose slopes below 0 are trained.",
    .options = {"PReLU", options, CAPAS_COUNT(options), sizeof(capas_prelu_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .infer = infer,
    .build = build,
    .lower = lower,
    .passes_mask = true,
};

capas_layer *capas_prelu_with(const capas_prelu_options *given)
{
    return capas_layer_new(&capas_prelu_type, given);
}
