/* Conv1D: cross-correlation of sequences with filters (Keras layers/convolutional/conv1d.py). What
 * it does is convolution.c. */
#include "layers/convolution.h"

static const char *const paddings[] = {"valid", "same", "causal", NULL};

#define FIELD(name) offsetof(capas_conv1d_options, name)
static const capas_option options[] = {
    {"filters", &capas_option_integer, FIELD(filters), .minimum = 1,
     .help = "channels of the output"},
    CAPAS_WINDOW_ROWS(capas_option_single, paddings),
    {"groups", &capas_option_integer, FIELD(groups), 1, .minimum = 1,
     .help = "blocks of channels that are convolved apart"},
    CAPAS_OUTPUT_ROWS,
    CAPAS_INITIALIZER_ROW(kernel, GLOROT_UNIFORM, "how W starts"),
    CAPAS_INITIALIZER_ROW(bias, ZEROS, "how b starts"),
    CAPAS_REGULARIZER_ROW(kernel, "a penalty on W"),
    CAPAS_REGULARIZER_ROW(bias, "a penalty on b"),
    CAPAS_REGULARIZER_ROW(activity, "a penalty on the output"),
    CAPAS_CONSTRAINT_ROW(kernel),
    CAPAS_CONSTRAINT_ROW(bias),
};

static void describe(const capas_layer *layer, void *description)
{
    const capas_conv1d_options *conv = layer->options;
    *(capas_convolution *)description = (capas_convolution){
        .axes = 1,
        .filters = conv->filters,
        .groups = conv->groups,
        .kernel_size = capas_along(conv->kernel_size),
        .strides = capas_along(conv->strides),
        .dilation_rate = capas_along(conv->dilation_rate),
        .padding = conv->padding,
        .data_format = conv->data_format,
        .activation = conv->activation,
        .use_bias = conv->use_bias,
        .kernel_initializer = conv->kernel_initializer,
        .bias_initializer = conv->bias_initializer,
        .kernel_regularizer = conv->kernel_regularizer,
        .bias_regularizer = conv->bias_regularizer,
        .activity_regularizer = conv->activity_regularizer,
    };
}

const capas_layer_type capas_conv1d_type = {
    CAPAS_CONVOLUTION_TYPE("Conv1D", "Convolution along a sequence, as a time series.", options,
                           capas_conv1d_options, describe),
};

capas_layer *capas_conv1d_with(int filters, int kernel_size, const capas_conv1d_options *given)
{
    capas_conv1d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.filters = filters;
    all.kernel_size = kernel_size;
    return capas_layer_new(&capas_conv1d_type, &all);
}
