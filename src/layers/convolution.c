/* Shapes, weights and lowering of the convolution layers; see convolution.h (Keras
 * layers/convolutional/base_conv.py, base_depthwise_conv.py, base_separable_conv.py,
 * base_conv_transpose.py). */
#include "layers/convolution.h"
#include "base/text.h"
#include <stdio.h>

enum { TEXT_SIZE = 2 * CAPAS_SIZES_TEXT };

static capas_convolution described(const capas_layer *layer)
{
    capas_convolution conv = {0};
    layer->type->describe(layer, &conv);
    return conv;
}

static bool above_one(capas_triple size)
{
    return size.depth > 1 || size.height > 1 || size.width > 1;
}

static const char *triple_text(const capas_convolution *conv, capas_triple size,
                               char text[CAPAS_SIZES_TEXT])
{
    return capas_sizes_text(conv->axes, size.depth, size.height, size.width, text);
}

static bool below(int padding, int stride)
{
    return padding == CAPAS_NONE || padding < stride;
}

static capas_status check_output_padding(const capas_convolution *conv, const char *where)
{
    const capas_triple *padding = &conv->output_padding, *strides = &conv->strides;
    char found[CAPAS_SIZES_TEXT], steps[CAPAS_SIZES_TEXT];
    if (below(padding->depth, strides->depth) && below(padding->height, strides->height) &&
        below(padding->width, strides->width))
        return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "%s: output_padding must be below strides, found %s and strides %s", where,
                      triple_text(conv, *padding, found), triple_text(conv, *strides, steps));
}

capas_status capas_convolution_check(const capas_layer *layer, const char *where)
{
    const capas_convolution conv = described(layer);
    return capas_convolution_check_of(&conv, where);
}

capas_status capas_convolution_check_of(const capas_convolution *conv, const char *where)
{
    char strides[CAPAS_SIZES_TEXT], dilation[CAPAS_SIZES_TEXT];
    if (conv->filters % conv->groups != 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: groups must divide filters, found %d groups and %d filters", where,
                          conv->groups, conv->filters);
    if (above_one(conv->strides) && above_one(conv->dilation_rate))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: strides and dilation_rate cannot both be above 1, found strides "
                          "%s and dilation_rate %s",
                          where, triple_text(conv, conv->strides, strides),
                          triple_text(conv, conv->dilation_rate, dilation));
    return conv->transpose ? check_output_padding(conv, where) : CAPAS_OK;
}

/* A window over one axis, and the sizes on both of its sides: of a transposed one `input` is what
 * the layer gives. */
typedef struct axis {
    int64_t size, input, output, before;
} axis;

static axis axis_of(const capas_convolution *conv, int64_t found, int taps, int stride,
                    int dilation, int output_padding)
{
    const capas_slide slide = {(taps - 1) * (int64_t)dilation + 1, stride, conv->padding};
    axis a = {.size = slide.size};
    if (!conv->transpose) {
        a.input = found;
        a.output = capas_slide_output(&slide, found);
        a.before = capas_slide_before(&slide, found);
        return a;
    }
    const bool same = conv->padding == CAPAS_SAME, worked_out = output_padding == CAPAS_NONE;
    const int64_t covered = (found - 1) * stride + slide.size;
    a.output = found;
    if (worked_out)
        a.input = same ? found * stride : covered + (slide.size < stride ? stride - slide.size : 0);
    else
        a.input = covered + output_padding - (same ? 2 * (slide.size / 2) : 0);
    a.before = same && covered > a.input ? (covered - a.input) / 2 : 0;
    return a;
}

/* Depth, height and width. */
static void axes_of(const capas_convolution *conv, const capas_image *image, axis axes[3])
{
    const capas_triple *k = &conv->kernel_size, *s = &conv->strides, *d = &conv->dilation_rate;
    const capas_triple *more = &conv->output_padding;
    axes[0] = axis_of(conv, image->depth, k->depth, s->depth, d->depth, more->depth);
    axes[1] = axis_of(conv, image->height, k->height, s->height, d->height, more->height);
    axes[2] = axis_of(conv, image->width, k->width, s->width, d->width, more->width);
}

/* What the layer gives along an axis. */
static int64_t given(const capas_convolution *conv, const axis *a)
{
    return conv->transpose ? a->input : a->output;
}

static capas_status fail_too_large(const capas_layer *layer, const capas_convolution *conv,
                                   const capas_image *image, const axis axes[3])
{
    char covers[TEXT_SIZE] = "", size[CAPAS_SIZES_TEXT], whole[CAPAS_SIZES_TEXT],
         rate[CAPAS_SIZES_TEXT];
    if (conv->transpose)
        return capas_layer_fail(
            layer, CAPAS_SHAPE_MISMATCH,
            "with padding \"same\" and this output_padding nothing is left of its input %s; use "
            "output_padding 1 or None",
            capas_sizes_text(conv->axes, image->depth, image->height, image->width, whole));
    if (above_one(conv->dilation_rate))
        snprintf(covers, sizeof covers, " with dilation_rate %s covers %s and",
                 triple_text(conv, conv->dilation_rate, rate),
                 capas_sizes_text(conv->axes, axes[0].size, axes[1].size, axes[2].size, whole));
    return capas_layer_fail(
        layer, CAPAS_SHAPE_MISMATCH,
        "the kernel %s%s is larger than its input %s; use padding \"same\", a smaller "
        "kernel_size, or less pooling before it",
        triple_text(conv, conv->kernel_size, size), covers,
        capas_sizes_text(conv->axes, image->depth, image->height, image->width, whole));
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
    return capas_convolution_infer_of(layer, &conv, &inputs[0], output);
}

capas_status capas_convolution_infer_of(const capas_layer *layer, const capas_convolution *conv,
                                        const capas_shape *input, capas_shape *output)
{
    capas_image image;
    axis axes[3];
    CAPAS_TRY(capas_image_of(layer, input, conv->axes, conv->data_format, &image));
    if (image.channels % conv->groups != 0)
        return capas_layer_fail(layer, CAPAS_SHAPE_MISMATCH,
                                "groups must divide the input's channels, found %d groups and "
                                "%lld channels",
                                conv->groups, (long long)image.channels);
    axes_of(conv, &image, axes);
    const capas_image result = {given(conv, &axes[1]), given(conv, &axes[2]),
                                conv->filters > 0 ? conv->filters
                                                  : outputs_of(conv, image.channels),
                                given(conv, &axes[0])};
    if (result.depth < 1 || result.height < 1 || result.width < 1)
        return fail_too_large(layer, conv, &image, axes);
    *output = capas_image_shape(&result, conv->axes, conv->data_format);
    return CAPAS_OK;
}

capas_shape capas_convolution_kernel(const capas_convolution *conv, capas_triple size, int64_t a,
                                     int64_t b)
{
    if (conv->axes == 1) return (capas_shape){3, {size.width, a, b}};
    if (conv->axes == 2) return (capas_shape){4, {size.height, size.width, a, b}};
    return (capas_shape){5, {size.depth, size.height, size.width, a, b}};
}

capas_status capas_convolution_build(capas_layer *layer, const capas_shape *inputs, int count)
{
    (void)count;
    const capas_convolution conv = described(layer);
    const bool depthwise = conv.multiplier > 0, separable = depthwise && conv.filters > 0;
    capas_image image;
    CAPAS_TRY(capas_image_of(layer, &inputs[0], conv.axes, conv.data_format, &image));
    const int64_t middle = outputs_of(&conv, image.channels), in = image.channels / conv.groups;
    const int64_t out = depthwise ? conv.multiplier : middle;
    capas_shape kernel = capas_convolution_kernel(
        &conv, conv.kernel_size, conv.transpose ? out : in, conv.transpose ? in : out);
    capas_shape pointwise =
        capas_convolution_kernel(&conv, (capas_triple){1, 1, 1}, middle, conv.filters);
    capas_shape bias = {1, {separable ? conv.filters : middle}};
    CAPAS_TRY(capas_layer_add_weight(layer, separable ? "depthwise_kernel" : "kernel", &kernel,
                                     conv.kernel_initializer, conv.kernel_regularizer, true));
    if (conv.axes == 3) layer->weights[0].layout = CAPAS_LAYOUT_DEPTH_INSIDE;
    if (separable)
        CAPAS_TRY(capas_layer_add_weight(layer, "pointwise_kernel", &pointwise,
                                         conv.pointwise_initializer, conv.pointwise_regularizer,
                                         true));
    if (!conv.use_bias) return CAPAS_OK;
    return capas_layer_add_weight(layer, "bias", &bias, conv.bias_initializer,
                                  conv.bias_regularizer, true);
}

/* The problem without what the program fills in from the input (its sizes) and the plan (batch,
 * workers). Of a volume: what is done with the stacked slices. */
static capas_conv_problem problem_of(const capas_convolution *conv, const capas_image *image)
{
    axis axes[3];
    const int channels = (int)image->channels;
    axes_of(conv, image, axes);
    return (capas_conv_problem){
        .height = (int)axes[1].input,
        .width = (int)axes[2].input,
        .channels = (conv->transpose ? conv->filters : channels) * conv->kernel_size.depth,
        .filters = conv->transpose ? channels : (int)outputs_of(conv, channels),
        .groups = conv->multiplier > 0 ? channels : conv->groups,
        .kernel_height = conv->kernel_size.height,
        .kernel_width = conv->kernel_size.width,
        .stride_height = conv->strides.height,
        .stride_width = conv->strides.width,
        .dilation_height = conv->dilation_rate.height,
        .dilation_width = conv->dilation_rate.width,
        .pad_top = (int)axes[1].before,
        .pad_left = (int)axes[2].before,
        .out_height = (int)axes[1].output,
        .out_width = (int)axes[2].output,
        .activation = CAPAS_LINEAR,
        .has_bias = conv->use_bias,
    };
}

/* Whether the window along a volume's depth is more than a slice, and then how it is stacked. */
static bool stacks(const capas_convolution *conv, const capas_image *image,
                   capas_stack_problem *stack)
{
    axis axes[3];
    axes_of(conv, image, axes);
    *stack = (capas_stack_problem){
        .depth = (int)axes[0].input,
        .out_depth = (int)axes[0].output,
        .taps = conv->kernel_size.depth,
        .stride = conv->strides.depth,
        .dilation = conv->dilation_rate.depth,
        .before = (int)axes[0].before,
        .groups = conv->groups,
    };
    return conv->axes == 3 && (stack->taps > 1 || stack->stride > 1);
}

int capas_convolution_lower_of(const capas_layer *layer, const capas_convolution *conv,
                               capas_program *program, int input, int bias)
{
    const capas_image image = capas_image_of_buffer(program, input);
    const capas_conv_problem problem = problem_of(conv, &image);
    capas_stack_problem stack;
    if (stacks(conv, &image, &stack))
        input = capas_program_stack(program, layer->name, input, &stack);
    return capas_program_conv(program, layer->name, input, &problem, layer->weights[0].index, bias);
}

static int lower_transpose(const capas_layer *layer, const capas_convolution *conv,
                           capas_program *program, int input, int bias)
{
    const capas_image image = capas_image_of_buffer(program, input);
    const capas_conv_problem problem = problem_of(conv, &image);
    capas_stack_problem stack;
    int output = capas_program_conv_transpose(program, layer->name, input, &problem,
                                              layer->weights[0].index);
    if (stacks(conv, &image, &stack))
        output = capas_program_unstack(program, layer->name, output, &stack);
    if (bias == CAPAS_NO_WEIGHT) return output;
    return capas_program_bias(program, layer->name, output, bias);
}

/* A separable one is two: each channel apart, then 1x1 over the channels, which has the bias. */
static int lower_separable(const capas_layer *layer, const capas_convolution *conv,
                           capas_program *program, int input, int bias)
{
    capas_image image = capas_image_of_buffer(program, input);
    capas_conv_problem problem = problem_of(conv, &image);
    int middle = capas_program_conv(program, layer->name, input, &problem, layer->weights[0].index,
                                    CAPAS_NO_WEIGHT);
    if (middle == CAPAS_NO_BUFFER) return middle;
    const capas_convolution pointwise = {
        .filters = conv->filters,
        .groups = 1,
        .kernel_size = {1, 1, 1},
        .strides = {1, 1, 1},
        .dilation_rate = {1, 1, 1},
        .padding = CAPAS_VALID,
        .use_bias = conv->use_bias,
    };
    image = capas_image_of_buffer(program, middle);
    problem = problem_of(&pointwise, &image);
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
    int output = separable        ? lower_separable(layer, &conv, program, input, bias)
                 : conv.transpose ? lower_transpose(layer, &conv, program, input, bias)
                                  : capas_convolution_lower_of(layer, &conv, program, input, bias);
    /* Softmax is over the last axis of what the layer gives; what is the same anywhere can be fused
     * with the convolution next to it. */
    bool of_rows = capas_activation_is_of_rows(conv.activation);
    if (!of_rows) output = capas_program_activate(program, label, output, conv.activation);
    output = capas_image_from_last(layer, program, output, conv.axes, conv.data_format);
    if (of_rows) output = capas_program_activate(program, label, output, conv.activation);
    if (penalty->kind == CAPAS_REGULARIZER_NONE) return output;
    return capas_program_penalty(program, label, output, penalty->l1, penalty->l2);
}
