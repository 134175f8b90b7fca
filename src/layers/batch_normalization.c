/* BatchNormalization over all axes but one (Keras layers/normalization/batch_normalization.py,
 * keras-semantics 1.4). A frozen one uses its moving statistics in training too. Renormalisation is
 * not there; its options are read when they say so. */
#include "base/text.h"
#include "layers/layer.h"
#include <math.h>

enum { TEXT_SIZE = 128 };

/* The axis: an integer, or the list of one that Keras 2 writes. */
static capas_status read_axis(const capas_option *option, const capas_value *value, void *field)
{
    bool list_of_one = value->kind == CAPAS_VALUE_LIST && value->count == 1;
    return capas_option_integer.read(option, list_of_one ? value->items[0] : value, field);
}

static void resolve_axis(const capas_option *option, void *field)
{
    capas_option_integer.resolve(option, field);
}

static capas_value *write_axis(const capas_option *option, const void *field)
{
    return capas_option_integer.write(option, field);
}

static const capas_option_kind axis_kind = {
    "an integer", resolve_axis, NULL, read_axis, write_axis,
};

#define FIELD(name) offsetof(capas_batch_normalization_options, name)
static const capas_option options[] = {
    {"axis", &axis_kind, FIELD(axis), -1, .help = "the axis of the channels"},
    {"momentum", &capas_option_real, FIELD(momentum), 0.99, .minimum = 0, .maximum = 1,
     .help = "how much of the moving statistics stays each step"},
    {"epsilon", &capas_option_real, FIELD(epsilon), 0.001, .minimum = 0, .maximum = INFINITY,
     .help = "added to the variance"},
    {"center", &capas_option_bool, FIELD(center), 1, .help = "whether beta is added"},
    {"scale", &capas_option_bool, FIELD(scale), 1, .help = "whether gamma multiplies"},
    {"beta_initializer", &capas_option_initializer, FIELD(beta_initializer),
     CAPAS_INITIALIZER_ZEROS, .help = "how beta starts"},
    {"gamma_initializer", &capas_option_initializer, FIELD(gamma_initializer),
     CAPAS_INITIALIZER_ONES, .help = "how gamma starts"},
    {"moving_mean_initializer", &capas_option_initializer, FIELD(moving_mean_initializer),
     CAPAS_INITIALIZER_ZEROS, .help = "how the moving mean starts"},
    {"moving_variance_initializer", &capas_option_initializer, FIELD(moving_variance_initializer),
     CAPAS_INITIALIZER_ONES, .help = "how the moving variance starts"},
    {"beta_regularizer", &capas_option_regularizer, FIELD(beta_regularizer), .nullable = true,
     .help = "a penalty on beta"},
    {"gamma_regularizer", &capas_option_regularizer, FIELD(gamma_regularizer), .nullable = true,
     .help = "a penalty on gamma"},
    {"beta_constraint", &capas_option_weight_constraint, FIELD(beta_constraint), .nullable = true,
     .help = "what its numbers are held to"},
    {"gamma_constraint", &capas_option_weight_constraint, FIELD(gamma_constraint), .nullable = true,
     .help = "what its numbers are held to"},
    {"synchronized", &capas_option_bool, FIELD(synchronized), 0, .help = "only false"},
    {"renorm", &capas_option_only_false, 0, .help = "only false"},
    {"renorm_clipping", &capas_option_only_none, 0, .help = "only None"},
    {"renorm_momentum", &capas_option_unused, 0, 0.99, .help = "without effect"},
};

static capas_status check(const capas_layer *layer, const char *where)
{
    const capas_batch_normalization_options *normalization = layer->options;
    if (!normalization->synchronized) return CAPAS_OK;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "%s: synchronized must be false: there is one replica to take statistics of",
                      where);
}

/* The axis counted from the front; it must be none of the batch's. */
static capas_status axis_of(const capas_layer *layer, const capas_shape *shape, int *axis)
{
    const capas_batch_normalization_options *normalization = layer->options;
    char text[TEXT_SIZE];
    *axis = normalization->axis < 0 ? normalization->axis + shape->rank : normalization->axis;
    if (*axis > 0 && *axis < shape->rank) return CAPAS_OK;
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                            "axis %d is no axis of its input %s that has channels; give -1 for "
                            "the last",
                            normalization->axis, capas_shape_text(shape, text, sizeof text));
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    int axis;
    CAPAS_TRY(axis_of(layer, &inputs[0], &axis));
    *output = inputs[0];
    return CAPAS_OK;
}

static capas_status build(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const capas_batch_normalization_options *normalization = layer->options;
    static const capas_regularizer none = {0};
    int axis;
    CAPAS_TRY(axis_of(layer, &inputs[0], &axis));
    capas_shape shape = {1, {inputs[0].dims[axis]}};
    if (normalization->scale)
        CAPAS_TRY(capas_layer_add_weight(layer, "gamma", &shape, normalization->gamma_initializer,
                                         normalization->gamma_regularizer, true));
    if (normalization->center)
        CAPAS_TRY(capas_layer_add_weight(layer, "beta", &shape, normalization->beta_initializer,
                                         normalization->beta_regularizer, true));
    CAPAS_TRY(capas_layer_add_weight(layer, "moving_mean", &shape,
                                     normalization->moving_mean_initializer, none, false));
    return capas_layer_add_weight(layer, "moving_variance", &shape,
                                  normalization->moving_variance_initializer, none, false);
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_batch_normalization_options *normalization = layer->options;
    const capas_shape *shape = capas_program_shape(program, inputs[0]);
    int axis, next = 0;
    if (!shape || axis_of(layer, shape, &axis) != CAPAS_OK) return CAPAS_NO_BUFFER;
    if (program->training && layer->trainable && program->buffers[inputs[0]].mask >= 0) {
        program->status = capas_layer_fail(
            layer, CAPAS_UNSUPPORTED,
            "it cannot be trained behind a mask: capas has no statistics of the steps that count "
            "yet; put it before the Masking, or use LayerNormalization");
        return CAPAS_NO_BUFFER;
    }
    int weights[CAPAS_OP_WEIGHTS];
    weights[0] = normalization->scale ? layer->weights[next++].index : CAPAS_NO_WEIGHT;
    weights[1] = normalization->center ? layer->weights[next++].index : CAPAS_NO_WEIGHT;
    weights[2] = layer->weights[next++].index;
    weights[3] = layer->weights[next++].index;
    bool batch_statistics = program->training && layer->trainable;
    return capas_program_normalise(program, layer->name, inputs[0], axis, normalization->epsilon,
                                   normalization->momentum, batch_statistics, weights);
}

const capas_layer_type capas_batch_normalization_type = {
    .name = "BatchNormalization",
    .summary = "Brings each channel to mean 0 and deviation 1, then scales and shifts it.",
    .options = {"BatchNormalization", options, CAPAS_COUNT(options),
                sizeof(capas_batch_normalization_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .check = check,
    .infer = infer,
    .build = build,
    .lower = lower,
    .passes_mask = true,
    .call_has_mask = true,
};

capas_layer *capas_batch_normalization_with(const capas_batch_normalization_options *given)
{
    return capas_layer_new(&capas_batch_normalization_type, given);
}
