/* Dense: y = activation(x W + b) over the last axis of an input of any rank (Keras
 * layers/core/dense.py). Its kernel lies tiled in the model's block, as the kernels want it. */
#include "base/text.h"
#include "layers/layer.h"

enum { TEXT_SIZE = 128 };

#define FIELD(name) offsetof(capas_dense_options, name)
static const capas_option options[] = {
    {"activity_regularizer", &capas_option_regularizer, FIELD(activity_regularizer),
     .nullable = true, .omit_none = true, .help = "a penalty on the output"},
    {"units", &capas_option_integer, FIELD(units), .minimum = 1, .help = "numbers of the output"},
    {"activation", &capas_option_activation, FIELD(activation), CAPAS_LINEAR,
     .help = "what the output goes through"},
    {"use_bias", &capas_option_bool, FIELD(use_bias), 1, .help = "whether b is added"},
    {"kernel_initializer", &capas_option_initializer, FIELD(kernel_initializer),
     CAPAS_INITIALIZER_GLOROT_UNIFORM, .help = "how W starts"},
    {"bias_initializer", &capas_option_initializer, FIELD(bias_initializer),
     CAPAS_INITIALIZER_ZEROS, .help = "how b starts"},
    {"kernel_regularizer", &capas_option_regularizer, FIELD(kernel_regularizer), .nullable = true,
     .help = "a penalty on W"},
    {"bias_regularizer", &capas_option_regularizer, FIELD(bias_regularizer), .nullable = true,
     .help = "a penalty on b"},
    {"kernel_constraint", &capas_option_weight_constraint, FIELD(kernel_constraint),
     .nullable = true, .help = "what its numbers are held to"},
    {"bias_constraint", &capas_option_weight_constraint, FIELD(bias_constraint), .nullable = true,
     .help = "what its numbers are held to"},
    {"quantization_config", &capas_option_only_none, 0, .help = "only None yet"},
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const capas_dense_options *dense = layer->options;
    char text[TEXT_SIZE];
    if (inputs[0].rank < 2)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "takes inputs (None, ..., numbers), found %s",
                                capas_shape_text(&inputs[0], text, sizeof text));
    *output = inputs[0];
    output->dims[output->rank - 1] = dense->units;
    return CAPAS_OK;
}

static capas_status build(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const capas_dense_options *dense = layer->options;
    capas_shape kernel = {2, {inputs[0].dims[inputs[0].rank - 1], dense->units}};
    capas_shape bias = {1, {dense->units}};
    CAPAS_TRY(capas_layer_add_weight(layer, "kernel", &kernel, dense->kernel_initializer,
                                     dense->kernel_regularizer, true));
    layer->weights[0].layout = CAPAS_LAYOUT_TILED;
    if (!dense->use_bias) return CAPAS_OK;
    return capas_layer_add_weight(layer, "bias", &bias, dense->bias_initializer,
                                  dense->bias_regularizer, true);
}

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_dense_options *dense = layer->options;
    const capas_regularizer *penalty = &dense->activity_regularizer;
    int bias = dense->use_bias ? layer->weights[1].index : CAPAS_NO_WEIGHT;
    int output = capas_program_dense(program, layer->name, inputs[0], dense->units,
                                     layer->weights[0].index, bias);
    output = capas_program_activate(program, layer->name, output, dense->activation);
    if (penalty->kind == CAPAS_REGULARIZER_NONE) return output;
    return capas_program_penalty(program, layer->name, output, penalty->l1, penalty->l2);
}

const capas_layer_type capas_dense_type = {
    .name = "Dense",
    .summary = "Fully connected: every output is a weighted sum of all inputs.",
    .options = {"Dense", options, CAPAS_COUNT(options), sizeof(capas_dense_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .infer = infer,
    .build = build,
    .lower = lower,
    .passes_mask = true,
};

capas_layer *capas_dense_with(int units, const capas_dense_options *given)
{
    capas_dense_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.units = units;
    return capas_layer_new(&capas_dense_type, &all);
}
