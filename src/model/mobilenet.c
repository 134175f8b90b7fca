/* MobileNet and MobileNetV2 (Keras applications/mobilenet.py, mobilenet_v2.py): depthwise
 * convolutions with 1x1 convolutions between them; in the second version these widen, and narrow
 * again, and shortcuts go from narrow to narrow. */
#include "model/application.h"

static capas_node pointwise(capas_applying *a, const char *suffix, int filters, capas_node x)
{
    return capas_apply(a,
                       capas_conv2d(filters, 1, .padding = CAPAS_SAME, .use_bias = CAPAS_FALSE,
                                    .name = capas_applying_name(a, suffix)),
                       x);
}

static capas_node depthwise(capas_applying *a, const char *suffix, int stride, capas_node x)
{
    return capas_apply(a,
                       capas_depthwise_conv2d(3, .strides = {stride, stride},
                                              .use_bias = CAPAS_FALSE,
                                              .padding = stride == 1 ? CAPAS_SAME : CAPAS_VALID,
                                              .depth_multiplier = a->options.depth_multiplier,
                                              .name = capas_applying_name(a, suffix)),
                       x);
}

/* The first version. */

static capas_node separable(capas_applying *a, int block, int filters, int stride, capas_node x)
{
    filters = (int)(filters * a->options.alpha);
    capas_applying_prefix(a, "conv_pad_%d", block);
    if (stride == 2)
        x = capas_apply(a,
                        capas_zero_padding2d(0, .padding = {.bottom = 1, .right = 1},
                                             .name = capas_applying_name(a, "")),
                        x);
    capas_applying_prefix(a, "conv_dw_%d", block);
    x = capas_apply_normalisation(a, "_bn", depthwise(a, "", stride, x));
    x = capas_apply_relu6(a, "_relu", x);
    capas_applying_prefix(a, "conv_pw_%d", block);
    x = capas_apply_normalisation(a, "_bn", pointwise(a, "", filters, x));
    return capas_apply_relu6(a, "_relu", x);
}

capas_node capas_mobilenet_body(capas_applying *a, const int *sizes, capas_node input)
{
    static const struct {
        int filters, stride;
    } blocks[] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
                  {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};
    (void)sizes;
    capas_applying_prefix(a, "conv1");
    capas_node x =
        capas_apply(a,
                    capas_conv2d((int)(32 * a->options.alpha), 3, .strides = {2, 2},
                                 .padding = CAPAS_SAME, .use_bias = CAPAS_FALSE, .name = "conv1"),
                    input);
    x = capas_apply_relu6(a, "_relu", capas_apply_normalisation(a, "_bn", x));
    for (int i = 0; i < (int)CAPAS_COUNT(blocks); i++)
        x = separable(a, i + 1, blocks[i].filters, blocks[i].stride, x);
    return x;
}

capas_node capas_mobilenet_top(capas_applying *a, capas_node x)
{
    const capas_application_options *o = &a->options;
    x = capas_apply(a, capas_global_average_pooling2d(.keepdims = CAPAS_TRUE), x);
    x = capas_apply(a, capas_dropout(o->dropout, .name = "dropout"), x);
    x = capas_apply(a, capas_conv2d(o->classes, 1, .padding = CAPAS_SAME, .name = "conv_preds"), x);
    capas_reshape_options reshape = {
        .struct_size = sizeof reshape, .name = "reshape_2", .target_shape = {1, {o->classes}}};
    x = capas_apply(a, capas_reshape_with(&reshape), x);
    return capas_apply(a, capas_activation_layer(o->classifier_activation, .name = "predictions"),
                       x);
}

/* The second version. */

/* Keras's _make_divisible: the nearest multiple of 8, not less than nine tenths. */
static int in_eights(double channels)
{
    int rounded = (int)(channels + 4) / 8 * 8;
    if (rounded < 8) rounded = 8;
    return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

/* Zeros such that a 3x3 window with stride 2 sees every pixel, as padding same would. */
static capas_node pad_for_stride(capas_applying *a, capas_node x)
{
    capas_margins sides = {
        .top = (int)(a->height % 2), .bottom = 1, .left = (int)(a->width % 2), .right = 1};
    a->height = (a->height + 1) / 2;
    a->width = (a->width + 1) / 2;
    return capas_apply(
        a, capas_zero_padding2d(0, .padding = sides, .name = capas_applying_name(a, "pad")), x);
}

static capas_node inverted(capas_applying *a, int block, int *channels, int filters, int stride,
                           capas_node input)
{
    int from = *channels, to = in_eights((int)(filters * a->options.alpha));
    capas_node x = input;
    capas_applying_prefix(a, block > 0 ? "block_%d_" : "expanded_conv_", block);
    if (block > 0) {
        x = capas_apply_normalisation(a, "expand_BN", pointwise(a, "expand", 6 * from, x));
        x = capas_apply_relu6(a, "expand_relu", x);
    }
    if (stride == 2) x = pad_for_stride(a, x);
    x = capas_apply_normalisation(a, "depthwise_BN", depthwise(a, "depthwise", stride, x));
    x = capas_apply_relu6(a, "depthwise_relu", x);
    x = capas_apply_normalisation(a, "project_BN", pointwise(a, "project", to, x));
    *channels = to;
    if (from != to || stride != 1) return x;
    return capas_apply_two(a, capas_add(.name = capas_applying_name(a, "add")), input, x);
}

static capas_node begin(capas_applying *a, int filters, capas_node x)
{
    x = capas_apply(a,
                    capas_conv2d(filters, 3, .strides = {2, 2}, .padding = CAPAS_SAME,
                                 .use_bias = CAPAS_FALSE, .name = "Conv1"),
                    x);
    a->height = (a->height + 1) / 2;
    a->width = (a->width + 1) / 2;
    capas_applying_prefix(a, "%s", "");
    return capas_apply_relu6(a, "Conv1_relu", capas_apply_normalisation(a, "bn_Conv1", x));
}

capas_node capas_mobilenet_v2_body(capas_applying *a, const int *sizes, capas_node input)
{
    static const struct {
        int filters, stride, count;
    } stages[] = {{16, 1, 1}, {24, 2, 2},  {32, 2, 3}, {64, 2, 4},
                  {96, 1, 3}, {160, 2, 3}, {320, 1, 1}};
    (void)sizes;
    a->epsilon = 1e-3;
    a->momentum = 0.999;
    double alpha = a->options.alpha;
    int channels = in_eights(32 * alpha), block = 0;
    capas_node x = begin(a, channels, input);
    for (size_t s = 0; s < CAPAS_COUNT(stages); s++)
        for (int i = 0; i < stages[s].count; i++)
            x = inverted(a, block++, &channels, stages[s].filters, i == 0 ? stages[s].stride : 1,
                         x);
    capas_applying_prefix(a, "%s", "");
    x = capas_apply(a,
                    capas_conv2d(alpha > 1 ? in_eights(1280 * alpha) : 1280, 1,
                                 .use_bias = CAPAS_FALSE, .name = "Conv_1"),
                    x);
    return capas_apply_relu6(a, "out_relu", capas_apply_normalisation(a, "Conv_1_bn", x));
}

capas_node capas_mobilenet_v2_top(capas_applying *a, capas_node x)
{
    return capas_apply_predictions(a, capas_apply(a, capas_global_average_pooling2d(), x));
}
