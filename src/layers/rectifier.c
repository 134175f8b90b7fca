/* ReLU, LeakyReLU and ELU: activations that are told something, as layers of their own (Keras
 * layers/activations/). PReLU, whose slopes are trained, is prelu.c. */
#include "layers/layer.h"
#include <math.h>

#define FIELD(name) offsetof(capas_relu_options, name)
static const capas_option relu_options[] = {
    {"max_value", &capas_option_real, FIELD(max_value), CAPAS_NONE, .minimum = 0,
     .maximum = INFINITY, .nullable = true, .help = "nothing is larger; None: no limit"},
    {"negative_slope", &capas_option_real, FIELD(negative_slope), 0, .minimum = 0,
     .maximum = INFINITY, .help = "of what is below the threshold"},
    {"threshold", &capas_option_real, FIELD(threshold), 0, .minimum = 0, .maximum = INFINITY,
     .help = "what is above stays as it is"},
};
#undef FIELD
static const capas_option leaky_options[] = {
    {"negative_slope", &capas_option_real, offsetof(capas_leaky_relu_options, negative_slope), 0.3,
     .minimum = 0, .maximum = INFINITY, .former = "alpha", .help = "of what is below 0"},
};
static const capas_option elu_options[] = {
    {"alpha", &capas_option_real, offsetof(capas_elu_options, alpha), 1,
     .help = "the factor of e^x - 1 below 0"},
};

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)layer;
    (void)count;
    *output = inputs[0];
    return CAPAS_OK;
}

static int rectify(const capas_layer *layer, capas_program *program, int input,
                   capas_rectify_problem problem)
{
    return capas_program_rectify(program, layer->name, input, &problem, CAPAS_NO_WEIGHT);
}

/* TensorFlow takes another way for each of these, which shows in the derivative at the corners:
 * only a mere slope counts at the threshold, and only relu6 is flat at its maximum. */
static int lower_relu(const capas_layer *layer, capas_program *program, const int *inputs,
                      int count)
{
    (void)count;
    const capas_relu_options *relu = layer->options;
    bool limited = relu->max_value != CAPAS_NONE, from_zero = relu->threshold == 0;
    if (!limited && from_zero && relu->negative_slope == 0)
        return capas_program_activate(program, layer->name, inputs[0], CAPAS_RELU);
    if (relu->max_value == 6 && from_zero && relu->negative_slope == 0)
        return capas_program_activate(program, layer->name, inputs[0], CAPAS_RELU6);
    return rectify(layer, program, inputs[0],
                   (capas_rectify_problem){
                       .threshold = relu->threshold,
                       .maximum = limited ? relu->max_value : HUGE_VAL,
                       .slope = relu->negative_slope,
                       .at_threshold = limited || !from_zero ? 0 : relu->negative_slope,
                       .at_maximum = from_zero && relu->max_value == 6 ? 0 : 1,
                   });
}

static int lower_leaky(const capas_layer *layer, capas_program *program, const int *inputs,
                       int count)
{
    (void)count;
    const capas_leaky_relu_options *leaky = layer->options;
    return rectify(layer, program, inputs[0],
                   (capas_rectify_problem){.maximum = HUGE_VAL,
                                           .slope = leaky->negative_slope,
                                           .at_threshold = leaky->negative_slope});
}

static int lower_elu(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_elu_options *elu = layer->options;
    if (elu->alpha == 1) return capas_program_activate(program, layer->name, inputs[0], CAPAS_ELU);
    return rectify(layer, program, inputs[0],
                   (capas_rectify_problem){.maximum = HUGE_VAL,
                                           .slope = elu->alpha,
                                           .exponential = true,
                                           .at_threshold = elu->alpha});
}

#define RECTIFIER(word, class_name, text, rows, lower_function)                                    \
    const capas_layer_type capas_##word##_type = {                                                 \
        .name = class_name,                                                                        \
        .summary = text,                                                                           \
        .options = {class_name, rows, CAPAS_COUNT(rows), sizeof(capas_##word##_options)},          \
        .minimum_inputs = 1,                                                                       \
        .maximum_inputs = 1,                                                                       \
        .infer = infer,                                                                            \
        .lower = lower_function,                                                                   \
        .passes_mask = true,                                                                       \
    };                                                                                             \
    capas_layer *capas_##word##_with(const capas_##word##_options *given)                          \
    {                                                                                              \
        return capas_layer_new(&capas_##word##_type, given);                                       \
    }

RECTIFIER(relu, "ReLU", "Rectifier with a slope, a threshold and a limit.", relu_options,
          lower_relu)
RECTIFIER(leaky_relu, "LeakyReLU", "Rectifier that lets a part of what is below 0 through.",
          leaky_options, lower_leaky)
RECTIFIER(elu, "ELU", "The identity above 0, alpha (e^x - 1) below.", elu_options, lower_elu)
