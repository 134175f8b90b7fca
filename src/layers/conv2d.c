/* Conv2D: cross-correlation of images with filters, strided, dilated or in groups (Keras
 * layers/convolutional/conv2d.py). What it does is convolution.c. */
#include "layers/convolution.h"

#define FIELD(name) offsetof(capas_conv2d_options, name)
static const capas_option options[] = {
    {"filters", &capas_option_integer, FIELD(filters), .minimum = 1,
     .help = "channels of the output"},
    CAPAS_WINDOW_ROWS(capas_option_pair, capas_padding_names),
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
    const capas_conv2d_options *conv = layer->options;
    *(capas_convolution *)description = (capas_convolution){
        .axes = 2,
        .filters = conv->filters,
        .groups = conv->groups,
        .kernel_size = conv->kernel_size,
        .strides = conv->strides,
        .dilation_rate = conv->dilation_rate,
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

const capas_layer_type capas_conv2d_type = {
    CAPAS_CONVOLUTION_TYPE("Conv2D", "Convolution: small filters slide over an image.", options,
                           capas_conv2d_options, describe),
};

capas_layer *capas_conv2d_with(int filters, int kernel_size, const capas_conv2d_options *given)
{
    capas_conv2d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.filters = filters;
    if (all.kernel_size.height == 0) all.kernel_size = (capas_pair){kernel_size, kernel_size};
    return capas_layer_new(&capas_conv2d_type, &all);
}
