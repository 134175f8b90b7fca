/* Shapes, weights and lowering of the convolution layers; see convolution.h (Keras
 * layers/convolutional/base_conv.py, base_depthwise_conv.py, base_separable_conv.py). */
#include "layers/convolution.h"
#include "base/text.h"
#include <stdio.h>

enum { TEXT_SIZE = 128, SIZE_TEXT = 48 };

static capas_convolution described(const capas_layer *layer)
{
    capas_convolution conv = {0};
    layer->type->describe(layer, &conv);
    return conv;
}

static bool above_one(capas_pair pair)
{
    return pair.height > 1 || pair.width > 1;
}

/* "3x2", of a sequence "3". */
static const char *size_text(const capas_convolution *conv, int64_t height, int64_t width,
                             char text[SIZE_TEXT])
{
    if (conv->axes == 1)
        snprintf(text, SIZE_TEXT, "%lld", (long long)width);
    else
        snprintf(text, SIZE_TEXT, "%lldx%lld", (long long)height, (long long)width);
    return text;
}

static const char *pair_text(const capas_convolution *conv, capas_pair pair, char text[SIZE_TEXT])
{
    return size_text(conv, pair.height, pair.width, text);
}

capas_status capas_convolution_check(const capas_layer *layer, const char *where)
{
    const capas_convolution conv = described(layer);
    char strides[SIZE_TEXT], dilation[SIZE_TEXT];
    if (conv.filters % conv.groups != 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: groups must divide filters, found %d groups and %d filters", where,
                          conv.groups, conv.filters);
    if (above_one(conv.strides) && above_one(conv.dilation_rate))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: strides and dilation_rate cannot both be above 1, found strides "
                          "%s and dilation_rate %s",
                          where, pair_text(&conv, conv.strides, strides),
                          pair_text(&conv, conv.dilation_rate, dilation));
    return CAPAS_OK;
}

/* Windows over the height and the width. */
static void slides_of(const capas_convolution *conv, capas_slide *height, capas_slide *width)
{
    *height =
        (capas_slide){(conv->kernel_size.height - 1) * (int64_t)conv->dilation_rate.height + 1,
                      conv->strides.height, conv->padding};
    *width = (capas_slide){(conv->kernel_size.width - 1) * (int64_t)conv->dilation_rate.width + 1,
                           conv->strides.width, conv->padding};
}

static capas_status fail_too_large(const capas_layer *layer, const capas_convolution *conv,
                                   const capas_image *image, const capas_slide *height,
                                   const capas_slide *width)
{
    char covers[TEXT_SIZE] = "", size[SIZE_TEXT], whole[SIZE_TEXT], rate[SIZE_TEXT];
    if (above_one(conv->dilation_rate))
        snprintf(covers, sizeof covers, " with dilation_rate %s covers %s and",
                 pair_text(conv, conv->dilation_rate, rate),
                 size_text(conv, height->size, width->size, whole));
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                            "the kernel %s%s is larger than its input %s; use padding "
                            "\"same\", a smaller kernel_size, or less pooling before it",
                            pair_text(conv, conv->kernel_size, size), covers,
                            size_text(conv, image->height, image->width, whole));
}

/* Channels of the (first) convolution's output. */
static int64_t outputs_of(const capas_convolution *conv, int64_t channels)
{
    return conv->multiplier > 0 ? channels * conv->multiplier : conv->filters;
}

capas_status capas_convolution_infer(const capas_layer *layer, const capas_shape *inputs, int count,
                                     capas_shape *output)
{
    (void)count;
    const capas_convolution conv = described(layer);
    capas_image image;
    capas_slide height, width;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], conv.axes, conv.data_format, &image));
    if (image.channels % conv.groups != 0)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "groups must divide the input's channels, found %d groups and "
                                "%lld channels",
                                conv.groups, (long long)image.channels);
    slides_of(&conv, &height, &width);
    capas_image result = {capas_slide_output(&height, image.height),
                          capas_slide_output(&width, image.width),
                          conv.filters > 0 ? conv.filters : outputs_of(&conv, image.channels)};
    if (result.height < 1 || result.width < 1)
        return fail_too_large(layer, &conv, &image, &height, &width);
    *output = capas_image_shape(&result, conv.axes, conv.data_format);
    return CAPAS_OK;
}

/* [height, width, a, b], of a sequence [width, a, b]. */
static capas_shape kernel_shape(const capas_convolution *conv, capas_pair size, int64_t a,
                                int64_t b)
{
    if (conv->axes == 1) return (capas_shape){3, {size.width, a, b}};
    return (capas_shape){4, {size.height, size.width, a, b}};
}

capas_status capas_convolution_build(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const capas_convolution conv = described(layer);
    const bool depthwise = conv.multiplier > 0, separable = depthwise && conv.filters > 0;
    capas_image image;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], conv.axes, conv.data_format, &image));
    const int64_t middle = outputs_of(&conv, image.channels);
    capas_shape kernel = kernel_shape(&conv, conv.kernel_size, image.channels / conv.groups,
                                      depthwise ? conv.multiplier : middle);
    capas_shape pointwise = kernel_shape(&conv, (capas_pair){1, 1}, middle, conv.filters);
    capas_shape bias = {1, {separable ? conv.filters : middle}};
    CAPAS_TRY(capas_layer_add_weight(layer, separable ? "depthwise_kernel" : "kernel", &kernel,
                                     conv.kernel_initializer, conv.kernel_regularizer, true));
    if (separable)
        CAPAS_TRY(capas_layer_add_weight(layer, "pointwise_kernel", &pointwise,
                                         conv.pointwise_initializer, conv.pointwise_regularizer,
                                         true));
    if (!conv.use_bias) return CAPAS_OK;
    return capas_layer_add_weight(layer, "bias", &bias, conv.bias_initializer,
                                  conv.bias_regularizer, true);
}

/* The problem without what the program fills in from the input (its sizes) and the plan (batch,
 * workers). */
static capas_conv_problem problem_of(const capas_convolution *conv, const capas_shape *shape)
{
    capas_slide height, width;
    const int channels = (int)shape->dims[3];
    slides_of(conv, &height, &width);
    return (capas_conv_problem){
        .height = (int)shape->dims[1],
        .width = (int)shape->dims[2],
        .channels = channels,
        .filters = (int)outputs_of(conv, channels),
        .groups = conv->multiplier > 0 ? channels : conv->groups,
        .kernel_height = conv->kernel_size.height,
        .kernel_width = conv->kernel_size.width,
        .stride_height = conv->strides.height,
        .stride_width = conv->strides.width,
        .dilation_height = conv->dilation_rate.height,
        .dilation_width = conv->dilation_rate.width,
        .pad_top = (int)capas_slide_before(&height, shape->dims[1]),
        .pad_left = (int)capas_slide_before(&width, shape->dims[2]),
        .out_height = (int)capas_slide_output(&height, shape->dims[1]),
        .out_width = (int)capas_slide_output(&width, shape->dims[2]),
        .activation = CAPAS_LINEAR,
        .has_bias = conv->use_bias,
    };
}

/* A separable one is two: each channel apart, then 1x1 over the channels, which has the bias. */
static int lower_separable(const capas_layer *layer, const capas_convolution *conv,
                           capas_program *program, int input, int bias)
{
    capas_conv_problem problem = problem_of(conv, capas_program_shape(program, input));
    problem.has_bias = false;
    int middle = capas_program_conv(program, layer->name, input, &problem, layer->weights[0].index,
                                    CAPAS_NO_WEIGHT);
    if (middle == CAPAS_NO_BUFFER) return middle;
    const capas_convolution pointwise = {
        .filters = conv->filters,
        .groups = 1,
        .kernel_size = {1, 1},
        .strides = {1, 1},
        .dilation_rate = {1, 1},
        .padding = CAPAS_VALID,
        .use_bias = conv->use_bias,
    };
    problem = problem_of(&pointwise, capas_program_shape(program, middle));
    return capas_program_conv(program, layer->name, middle, &problem, layer->weights[1].index,
                              bias);
}

int capas_convolution_lower(const capas_layer *layer, capas_program *program, const int *inputs,
                            int count)
{
    (void)count;
    const capas_convolution conv = described(layer);
    const capas_regularizer *penalty = &conv.activity_regularizer;
    const char *label = layer->name;
    const bool separable = conv.multiplier > 0 && conv.filters > 0;
    int bias = conv.use_bias ? layer->weights[separable ? 2 : 1].index : CAPAS_NO_WEIGHT;
    int input = capas_image_to_last(layer, program, inputs[0], conv.axes, conv.data_format);
    if (input == CAPAS_NO_BUFFER) return input;
    capas_conv_problem problem = problem_of(&conv, capas_program_shape(program, input));
    int output = separable ? lower_separable(layer, &conv, program, input, bias)
                           : capas_program_conv(program, label, input, &problem,
                                                layer->weights[0].index, bias);
    /* Softmax is over the last axis of what the layer gives; the others are the same anywhere, and
     * next to the convolution they can be fused with it. */
    bool softmax = conv.activation == CAPAS_SOFTMAX;
    if (!softmax) output = capas_program_activate(program, label, output, conv.activation);
    output = capas_image_from_last(layer, program, output, conv.axes, conv.data_format);
    if (softmax) output = capas_program_activate(program, label, output, conv.activation);
    if (penalty->kind == CAPAS_REGULARIZER_NONE) return output;
    return capas_program_penalty(program, label, output, penalty->l1, penalty->l2);
}
