/* Conv2D: cross-correlation of images with filters, strided, dilated or in groups (Keras
 * layers/convolutional/base_conv.py, keras-semantics 1.2). */
#include "base/text.h"
#include "layers/image.h"
#include <stdio.h>

enum { TEXT_SIZE = 128 };

#define FIELD(name) offsetof(capas_conv2d_options, name)
static const capas_option options[] = {
    {"filters", &capas_option_integer, FIELD(filters), .minimum = 1,
     .help = "channels of the output"},
    {"kernel_size", &capas_option_pair, FIELD(kernel_size), .minimum = 1,
     .help = "height and width of the window"},
    {"strides", &capas_option_pair, FIELD(strides), 1, .minimum = 1, .help = "steps of the window"},
    {"padding", &capas_option_enum, FIELD(padding), CAPAS_VALID, .words = capas_padding_names,
     .help = "valid: only whole windows; same: zeros around the image"},
    {"data_format", &capas_option_enum, FIELD(data_format), CAPAS_CHANNELS_LAST,
     .words = capas_data_format_names, .help = "where an image's channels are"},
    {"dilation_rate", &capas_option_pair, FIELD(dilation_rate), 1, .minimum = 1,
     .help = "distance of the window's cells"},
    {"groups", &capas_option_integer, FIELD(groups), 1, .minimum = 1,
     .help = "blocks of channels that are convolved apart"},
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
    {"activity_regularizer", &capas_option_regularizer, FIELD(activity_regularizer),
     .nullable = true, .help = "a penalty on the output"},
    {"kernel_constraint", &capas_option_constraint, FIELD(kernel_constraint), .nullable = true,
     .help = "only None yet"},
    {"bias_constraint", &capas_option_constraint, FIELD(bias_constraint), .nullable = true,
     .help = "only None yet"},
};

static bool above_one(capas_pair pair)
{
    return pair.height > 1 || pair.width > 1;
}

static capas_status check(const capas_layer *layer, const char *where)
{
    const capas_conv2d_options *conv = layer->options;
    if (conv->filters % conv->groups != 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: groups must divide filters, found %d groups and %d filters", where,
                          conv->groups, conv->filters);
    if (above_one(conv->strides) && above_one(conv->dilation_rate))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: strides and dilation_rate cannot both be above 1, found strides "
                          "%dx%d and dilation_rate %dx%d",
                          where, conv->strides.height, conv->strides.width,
                          conv->dilation_rate.height, conv->dilation_rate.width);
    return CAPAS_OK;
}

/* Windows over the height and the width. */
static void slides_of(const capas_conv2d_options *conv, capas_slide *height, capas_slide *width)
{
    *height =
        (capas_slide){(conv->kernel_size.height - 1) * (int64_t)conv->dilation_rate.height + 1,
                      conv->strides.height, conv->padding};
    *width = (capas_slide){(conv->kernel_size.width - 1) * (int64_t)conv->dilation_rate.width + 1,
                           conv->strides.width, conv->padding};
}

static capas_status fail_too_large(const capas_layer *layer, const capas_image *image,
                                   const capas_slide *height, const capas_slide *width)
{
    const capas_conv2d_options *conv = layer->options;
    char covers[TEXT_SIZE] = "";
    if (above_one(conv->dilation_rate))
        snprintf(covers, sizeof covers, " with dilation_rate %dx%d covers %lldx%lld and",
                 conv->dilation_rate.height, conv->dilation_rate.width, (long long)height->size,
                 (long long)width->size);
    return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                            "the kernel %dx%d%s is larger than its input %lldx%lld; use padding "
                            "\"same\", a smaller kernel_size, or less pooling before it",
                            conv->kernel_size.height, conv->kernel_size.width, covers,
                            (long long)image->height, (long long)image->width);
}

static capas_status infer(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output)
{
    (void)count;
    const capas_conv2d_options *conv = layer->options;
    capas_image image;
    capas_slide height, width;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], conv->data_format, &image));
    if (image.channels % conv->groups != 0)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "groups must divide the input's channels, found %d groups and "
                                "%lld channels",
                                conv->groups, (long long)image.channels);
    slides_of(conv, &height, &width);
    capas_image result = {capas_slide_output(&height, image.height),
                          capas_slide_output(&width, image.width), conv->filters};
    if (result.height < 1 || result.width < 1)
        return fail_too_large(layer, &image, &height, &width);
    *output = capas_image_shape(&result, conv->data_format);
    return CAPAS_OK;
}

static capas_status build(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const capas_conv2d_options *conv = layer->options;
    capas_image image;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], conv->data_format, &image));
    capas_shape kernel = {4,
                          {conv->kernel_size.height, conv->kernel_size.width,
                           image.channels / conv->groups, conv->filters}};
    capas_shape bias = {1, {conv->filters}};
    CAPAS_TRY(capas_layer_add_weight(layer, "kernel", &kernel, conv->kernel_initializer,
                                     conv->kernel_regularizer, true));
    if (!conv->use_bias) return CAPAS_OK;
    return capas_layer_add_weight(layer, "bias", &bias, conv->bias_initializer,
                                  conv->bias_regularizer, true);
}

/* The problem without what the program fills in from the input (its sizes) and the plan (batch,
 * workers). */
static capas_conv_problem problem_of(const capas_conv2d_options *conv, const capas_shape *shape)
{
    capas_slide height, width;
    slides_of(conv, &height, &width);
    return (capas_conv_problem){
        .height = (int)shape->dims[1],
        .width = (int)shape->dims[2],
        .channels = (int)shape->dims[3],
        .filters = conv->filters,
        .groups = conv->groups,
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

static int lower(const capas_layer *layer, capas_program *program, const int *inputs, int count)
{
    (void)count;
    const capas_conv2d_options *conv = layer->options;
    const capas_regularizer *penalty = &conv->activity_regularizer;
    const char *label = layer->name;
    int bias = conv->use_bias ? layer->weights[1].index : CAPAS_NO_WEIGHT;
    int input = capas_image_to_last(layer, program, inputs[0], conv->data_format);
    if (input == CAPAS_NO_BUFFER) return input;
    capas_conv_problem problem = problem_of(conv, capas_program_shape(program, input));
    int output = capas_program_conv(program, label, input, &problem, layer->weights[0].index, bias);
    /* Softmax is over the last axis of what the layer gives; the others are the same anywhere, and
     * next to the convolution they can be fused with it. */
    bool softmax = conv->activation == CAPAS_SOFTMAX;
    if (!softmax) output = capas_program_activate(program, label, output, conv->activation);
    output = capas_image_from_last(layer, program, output, conv->data_format);
    if (softmax) output = capas_program_activate(program, label, output, conv->activation);
    if (penalty->kind == CAPAS_REGULARIZER_NONE) return output;
    return capas_program_penalty(program, label, output, penalty->l1, penalty->l2);
}

const capas_layer_type capas_conv2d_type = {
    .name = "Conv2D",
    .summary = "Convolution: small filters slide over an image.",
    .options = {"Conv2D", options, CAPAS_COUNT(options), sizeof(capas_conv2d_options)},
    .minimum_inputs = 1,
    .maximum_inputs = 1,
    .has_build_config = true,
    .check = check,
    .infer = infer,
    .build = build,
    .lower = lower,
};

capas_layer *capas_conv2d_with(int filters, int kernel_size, const capas_conv2d_options *given)
{
    capas_conv2d_options all;
    capas_layer_copy_options(&all, sizeof all, given);
    all.filters = filters;
    if (all.kernel_size.height == 0) all.kernel_size = (capas_pair){kernel_size, kernel_size};
    return capas_layer_new(&capas_conv2d_type, &all);
}
