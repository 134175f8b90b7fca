/* ResNet50, 101 and 152 (Keras applications/resnet.py): a graph of layers and nothing else. A block
 * of f filters:
 *
 *     x --- 1x1 f, stride --- 3x3 f --- 1x1 4f --- add --- relu
 *       `-- 1x1 4f, stride (first of its stack), or x itself --'
 *
 * each convolution with a batch normalisation behind it. */
#include "model/application.h"
#include <stdio.h>

/* Part `number` of a block: the convolution and its normalisation. */
static capas_node convolve(capas_applying *a, int number, int filters, int kernel_size, int stride,
                           capas_node x)
{
    char suffix[CAPAS_APPLICATION_NAME / 2];
    snprintf(suffix, sizeof suffix, "_%d_conv", number);
    x = capas_apply(a,
                    capas_conv2d(filters, kernel_size, .strides = {stride, stride},
                                 .padding = kernel_size > 1 ? CAPAS_SAME : CAPAS_VALID,
                                 .name = capas_applying_name(a, suffix)),
                    x);
    snprintf(suffix, sizeof suffix, "_%d_bn", number);
    return capas_apply_normalisation(a, suffix, x);
}

static capas_node block(capas_applying *a, int filters, int stride, bool first, capas_node x)
{
    capas_node shortcut = first ? convolve(a, 0, 4 * filters, 1, stride, x) : x;
    x = capas_apply_relu(a, "_1_relu", convolve(a, 1, filters, 1, stride, x));
    x = capas_apply_relu(a, "_2_relu", convolve(a, 2, filters, 3, 1, x));
    x = convolve(a, 3, 4 * filters, 1, 1, x);
    x = capas_apply_two(a, capas_add(.name = capas_applying_name(a, "_add")), shortcut, x);
    return capas_apply_relu(a, "_out", x);
}

static capas_node stem(capas_applying *a, capas_node x)
{
    capas_applying_prefix(a, "conv1");
    x = capas_apply(a, capas_zero_padding2d(3, .name = capas_applying_name(a, "_pad")), x);
    x = capas_apply(
        a, capas_conv2d(64, 7, .strides = {2, 2}, .name = capas_applying_name(a, "_conv")), x);
    x = capas_apply_relu(a, "_relu", capas_apply_normalisation(a, "_bn", x));
    capas_applying_prefix(a, "pool1");
    x = capas_apply(a, capas_zero_padding2d(1, .name = capas_applying_name(a, "_pad")), x);
    return capas_apply(
        a, capas_max_pooling2d(3, .strides = {2, 2}, .name = capas_applying_name(a, "_pool")), x);
}

/* sizes: blocks of each stack. */
capas_node capas_resnet_body(capas_applying *a, const int *sizes, capas_node input)
{
    a->axis = 3;
    a->epsilon = 1.001e-5;
    capas_node x = stem(a, input);
    for (int stack = 0; stack < 4; stack++)
        for (int i = 0; i < sizes[stack]; i++) {
            capas_applying_prefix(a, "conv%d_block%d", stack + 2, i + 1);
            x = block(a, 64 << stack, i == 0 && stack > 0 ? 2 : 1, i == 0, x);
        }
    return x;
}
