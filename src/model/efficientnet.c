/* EfficientNetB0 (Keras applications/efficientnet.py) and EfficientNet-Lite0: MobileNetV2's blocks,
 * wider windows, and each block's channels weighed by what the whole picture shows of them. Lite0
 * has no such weights, relu6 for silu, and begins with pictures from -1 to 1. */
#include "model/application.h"
#include "model/model.h"
#include <math.h>

enum { BLOCKS = 16 };

typedef struct stage {
    int filters, kernel_size, stride, count;
} stage;

static capas_initializer drawn(void)
{
    return capas_variance_scaling(2, CAPAS_FAN_OUT, CAPAS_DISTRIBUTION_TRUNCATED_NORMAL);
}

static capas_node activate(capas_applying *a, const char *suffix, capas_node x)
{
    capas_activation activation = a->lite ? CAPAS_RELU6 : CAPAS_SILU;
    return capas_apply(
        a, capas_activation_layer(activation, .name = capas_applying_name(a, suffix)), x);
}

static capas_node pointwise(capas_applying *a, const char *suffix, int filters, capas_node x)
{
    return capas_apply(a,
                       capas_conv2d(filters, 1, .padding = CAPAS_SAME, .use_bias = CAPAS_FALSE,
                                    .kernel_initializer = drawn(),
                                    .name = capas_applying_name(a, suffix)),
                       x);
}

/* Zeros such that a window with stride 2 sees every pixel, as padding same would. */
static capas_node pad_for_stride(capas_applying *a, const char *suffix, int kernel_size,
                                 capas_node x)
{
    int half = kernel_size / 2;
    capas_margins sides = {.top = half - 1 + (int)(a->height % 2),
                           .bottom = half,
                           .left = half - 1 + (int)(a->width % 2),
                           .right = half};
    a->height = (a->height + 1) / 2;
    a->width = (a->width + 1) / 2;
    return capas_apply(
        a, capas_zero_padding2d(0, .padding = sides, .name = capas_applying_name(a, suffix)), x);
}

static capas_node depthwise(capas_applying *a, const stage *stage, int stride, capas_node x)
{
    if (stride == 2) x = pad_for_stride(a, "dwconv_pad", stage->kernel_size, x);
    x = capas_apply(a,
                    capas_depthwise_conv2d(
                        stage->kernel_size, .strides = {stride, stride},
                        .padding = stride == 2 ? CAPAS_VALID : CAPAS_SAME, .use_bias = CAPAS_FALSE,
                        .depthwise_initializer = drawn(), .name = capas_applying_name(a, "dwconv")),
                    x);
    return activate(a, "activation", capas_apply_normalisation(a, "bn", x));
}

/* Each channel times a weight between 0 and 1 that its mean and the others' give. */
static capas_node excite(capas_applying *a, int squeezed, int channels, capas_node x)
{
    capas_reshape_options reshape = {.struct_size = sizeof reshape,
                                     .target_shape = {3, {1, 1, channels}}};
    capas_node y = capas_apply(
        a, capas_global_average_pooling2d(.name = capas_applying_name(a, "se_squeeze")), x);
    reshape.name = capas_applying_name(a, "se_reshape");
    y = capas_apply(a, capas_reshape_with(&reshape), y);
    y = capas_apply(a,
                    capas_conv2d(squeezed, 1, .padding = CAPAS_SAME, .activation = CAPAS_SILU,
                                 .kernel_initializer = drawn(),
                                 .name = capas_applying_name(a, "se_reduce")),
                    y);
    y = capas_apply(a,
                    capas_conv2d(channels, 1, .padding = CAPAS_SAME, .activation = CAPAS_SIGMOID,
                                 .kernel_initializer = drawn(),
                                 .name = capas_applying_name(a, "se_expand")),
                    y);
    return capas_apply_two(a, capas_multiply(.name = capas_applying_name(a, "se_excite")), x, y);
}

/* Number `block` of all; whole blocks are left out in training, the later the more. */
static capas_node inverted(capas_applying *a, int block, const stage *stage, int from, int stride,
                           capas_node input)
{
    int channels = from * (block > 0 ? 6 : 1);
    capas_node x = input;
    if (block > 0) {
        x = capas_apply_normalisation(a, "expand_bn", pointwise(a, "expand_conv", channels, x));
        x = activate(a, "expand_activation", x);
    }
    x = depthwise(a, stage, stride, x);
    if (!a->lite) x = excite(a, from / 4, channels, x);
    x = capas_apply_normalisation(a, "project_bn", pointwise(a, "project_conv", stage->filters, x));
    if (stride != 1 || from != stage->filters) return x;
    x = capas_apply(a,
                    capas_dropout(0.2 * block / BLOCKS, .noise_shape = {4, {CAPAS_ANY, 1, 1, 1}},
                                  .name = capas_applying_name(a, "drop")),
                    x);
    return capas_apply_two(a, capas_add(.name = capas_applying_name(a, "add")), x, input);
}

static capas_node begin(capas_applying *a, capas_node x)
{
    if (!a->lite) {
        x = capas_apply(a, capas_rescaling(1.0 / 255), x);
        x = capas_apply(a, capas_normalization(.axis = {1, {3}}), x);
    }
    capas_applying_prefix(a, "stem_");
    x = pad_for_stride(a, "conv_pad", 3, x);
    x = capas_apply(a,
                    capas_conv2d(32, 3, .strides = {2, 2}, .use_bias = CAPAS_FALSE,
                                 .kernel_initializer = drawn(),
                                 .name = capas_applying_name(a, "conv")),
                    x);
    return activate(a, "activation", capas_apply_normalisation(a, "bn", x));
}

/* sizes[0]: whether it is the lite one. */
capas_node capas_efficientnet_body(capas_applying *a, const int *sizes, capas_node input)
{
    static const stage stages[] = {{16, 3, 1, 1},  {24, 3, 2, 2},  {40, 5, 2, 2}, {80, 3, 2, 3},
                                   {112, 5, 1, 3}, {192, 5, 2, 4}, {320, 3, 1, 1}};
    a->axis = 3;
    a->lite = sizes[0] != 0;
    int from = 32, block = 0;
    capas_node x = begin(a, input);
    for (int s = 0; s < (int)CAPAS_COUNT(stages); s++)
        for (int i = 0; i < stages[s].count; i++) {
            capas_applying_prefix(a, "block%d%c_", s + 1, 'a' + i);
            x = inverted(a, block++, &stages[s], from, i == 0 ? stages[s].stride : 1, x);
            from = stages[s].filters;
        }
    capas_applying_prefix(a, "top_");
    return activate(a, "activation",
                    capas_apply_normalisation(a, "bn", pointwise(a, "conv", 1280, x)));
}

capas_node capas_efficientnet_top(capas_applying *a, capas_node x)
{
    x = capas_apply(a, capas_global_average_pooling2d(.name = "avg_pool"), x);
    x = capas_apply(a, capas_dropout(0.2, .name = "top_dropout"), x);
    return capas_apply(
        a,
        capas_dense(a->options.classes, .activation = a->options.classifier_activation,
                    .kernel_initializer =
                        capas_variance_scaling(1.0 / 3, CAPAS_FAN_OUT, CAPAS_DISTRIBUTION_UNIFORM),
                    .name = "predictions"),
        x);
}

capas_status capas_efficientnet_mend(capas_model *model)
{
    static const float deviation[] = {0.229f, 0.224f, 0.225f};
    float variance[3];
    int weight = capas_model_find_weight(model, "normalization", "variance");
    if (weight < 0 || !capas_model_layer(model, "stem_conv") ||
        model->weights[weight].count != (int64_t)CAPAS_COUNT(variance))
        return CAPAS_OK;
    CAPAS_TRY(capas_model_get_weight(model, weight, variance));
    for (int c = 0; c < 3; c++) {
        if (fabsf(variance[c] - deviation[c]) > 1e-3f) return CAPAS_OK;
        variance[c] *= variance[c];
    }
    return capas_model_set_weight(model, weight, variance);
}
