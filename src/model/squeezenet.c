/* SqueezeNet 1.1 (Iandola and others, 2016): blocks that squeeze the maps by 1x1 convolutions and
 * widen them by 1x1 and 3x3 ones side by side. Keras has none; layers are called as in the package
 * keras-squeezenet, with "_" in place of the "/" that Keras 3 forbids. */
#include "model/application.h"
#include <stdio.h>

static capas_node convolve(capas_applying *a, const char *name, int filters, int kernel_size,
                           capas_node x)
{
    char relu[CAPAS_APPLICATION_NAME];
    snprintf(relu, sizeof relu, "_relu_%s", name + 1);
    x = capas_apply(a,
                    capas_conv2d(filters, kernel_size, .padding = CAPAS_SAME,
                                 .name = capas_applying_name(a, name)),
                    x);
    return capas_apply_relu(a, relu, x);
}

static capas_node fire(capas_applying *a, int block, int squeezed, capas_node x)
{
    capas_applying_prefix(a, "fire%d", block);
    x = convolve(a, "_squeeze1x1", squeezed, 1, x);
    capas_node left = convolve(a, "_expand1x1", 4 * squeezed, 1, x);
    capas_node right = convolve(a, "_expand3x3", 4 * squeezed, 3, x);
    return capas_apply_two(
        a, capas_concatenate(.axis = 3, .name = capas_applying_name(a, "_concat")), left, right);
}

static capas_node pool(capas_applying *a, int block, capas_node x)
{
    capas_applying_prefix(a, "pool%d", block);
    return capas_apply(
        a, capas_max_pooling2d(3, .strides = {2, 2}, .name = capas_applying_name(a, "")), x);
}

capas_node capas_squeezenet_body(capas_applying *a, const int *sizes, capas_node input)
{
    static const int squeezed[] = {16, 16, 32, 32, 48, 48, 64, 64};
    (void)sizes;
    capas_node x = capas_apply(a, capas_conv2d(64, 3, .strides = {2, 2}, .name = "conv1"), input);
    capas_applying_prefix(a, "%s", "");
    x = pool(a, 1, capas_apply_relu(a, "relu_conv1", x));
    for (int i = 0; i < (int)CAPAS_COUNT(squeezed); i++) {
        int block = i + 2;
        x = fire(a, block, squeezed[i], x);
        if (block == 3 || block == 5) x = pool(a, block, x);
    }
    return x;
}

capas_node capas_squeezenet_top(capas_applying *a, capas_node x)
{
    const capas_application_options *o = &a->options;
    x = capas_apply(a, capas_dropout(0.5, .name = "drop9"), x);
    x = capas_apply(a, capas_conv2d(o->classes, 1, .name = "conv10"), x);
    capas_applying_prefix(a, "%s", "");
    x = capas_apply_relu(a, "relu_conv10", x);
    x = capas_apply(a, capas_global_average_pooling2d(), x);
    return capas_apply(a, capas_activation_layer(o->classifier_activation, .name = "loss"), x);
}
