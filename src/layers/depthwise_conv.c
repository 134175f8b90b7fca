/* DepthwiseConv1D and DepthwiseConv2D: each channel convolved apart, with one filter or several
 * (Keras layers/convolutional/base_depthwise_conv.py). What they do is convolution.c. */
#include "layers/convolution.h"

#define ROWS(size_kind)                                                                            \
    CAPAS_MULTIPLIER_ROW, CAPAS_WINDOW_ROWS(size_kind, capas_padding_names), CAPAS_OUTPUT_ROWS,    \
        CAPAS_INITIALIZER_ROW(depthwise, GLOROT_UNIFORM, "how its W starts"),                      \
        CAPAS_INITIALIZER_ROW(bias, ZEROS, "how b starts"),                                        \
        CAPAS_REGULARIZER_ROW(depthwise, "a penalty on its W"),                                    \
        CAPAS_REGULARIZER_ROW(bias, "a penalty on b"),                                             \
        CAPAS_REGULARIZER_ROW(activity, "a penalty on the output"),                                \
        CAPAS_CONSTRAINT_ROW(depthwise), CAPAS_CONSTRAINT_ROW(bias),                               \
    {                                                                                              \
        .name = "groups", .kind = &capas_option_only_one, .omit_none = true,                       \
        .help = "Keras 2's; only 1: the channels are apart anyway"                                 \
    }

#define FIELD(name) offsetof(capas_depthwise_conv1d_options, name)
static const capas_option options1[] = {ROWS(capas_option_single)};
#undef FIELD
#define FIELD(name) offsetof(capas_depthwise_conv2d_options, name)
static const capas_option options2[] = {ROWS(capas_option_pair)};
#undef FIELD

static void describe1(const capas_layer *layer, void *description)
{
    const capas_depthwise_conv1d_options *conv = layer->options;
    *(capas_convolution *)description = (capas_convolution){
        CAPAS_CONVOLUTION_OF(conv, 1),
        .groups = 1,
        .multiplier = conv->depth_multiplier,
        .kernel_initializer = conv->depthwise_initializer,
        .kernel_regularizer = conv->depthwise_regularizer,
    };
}

static void describe2(const capas_layer *layer, void *description)
{
    const capas_depthwise_conv2d_options *conv = layer->options;
    *(capas_convolution *)description = (capas_convolution){
        CAPAS_CONVOLUTION_OF(conv, 2),
        .groups = 1,
        .multiplier = conv->depth_multiplier,
        .kernel_initializer = conv->depthwise_initializer,
        .kernel_regularizer = conv->depthwise_regularizer,
    };
}

const capas_layer_type capas_depthwise_conv1d_type = {
    CAPAS_CONVOLUTION_TYPE("DepthwiseConv1D", "Convolution along a sequence, each channel apart.",
                           options1, capas_depthwise_conv1d_options, describe1),
};

capas_layer *capas_depthwise_conv1d_with(int kernel_size,
                                         const capas_depthwise_conv1d_options *given)
{
    capas_depthwise_conv1d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.kernel_size = kernel_size;
    return capas_layer_new(&capas_depthwise_conv1d_type, &all);
}

const capas_layer_type capas_depthwise_conv2d_type = {
    CAPAS_CONVOLUTION_TYPE("DepthwiseConv2D", "Convolution of each channel of an image apart.",
                           options2, capas_depthwise_conv2d_options, describe2),
};

capas_layer *capas_depthwise_conv2d_with(int kernel_size,
                                         const capas_depthwise_conv2d_options *given)
{
    capas_depthwise_conv2d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    if (all.kernel_size.height == 0) all.kernel_size = (capas_pair){kernel_size, kernel_size};
    return capas_layer_new(&capas_depthwise_conv2d_type, &all);
}
