/* DenseNet121, 169 and 201 (Keras applications/densenet.py): in a block every layer adds 32 maps to
 * all those before it; between blocks their number and size are halved. */
#include "model/application.h"

enum { GROWTH = 32 };

static capas_node grow(capas_applying *a, capas_node x)
{
    capas_node y = capas_apply_relu(a, "_0_relu", capas_apply_normalisation(a, "_0_bn", x));
    y = capas_apply(a,
                    capas_conv2d(4 * GROWTH, 1, .use_bias = CAPAS_FALSE,
                                 .name = capas_applying_name(a, "_1_conv")),
                    y);
    y = capas_apply_relu(a, "_1_relu", capas_apply_normalisation(a, "_1_bn", y));
    y = capas_apply(a,
                    capas_conv2d(GROWTH, 3, .padding = CAPAS_SAME, .use_bias = CAPAS_FALSE,
                                 .name = capas_applying_name(a, "_2_conv")),
                    y);
    return capas_apply_two(
        a, capas_concatenate(.axis = 3, .name = capas_applying_name(a, "_concat")), x, y);
}

static capas_node shrink(capas_applying *a, int channels, capas_node x)
{
    x = capas_apply_relu(a, "_relu", capas_apply_normalisation(a, "_bn", x));
    x = capas_apply(
        a,
        capas_conv2d(channels, 1, .use_bias = CAPAS_FALSE, .name = capas_applying_name(a, "_conv")),
        x);
    return capas_apply(
        a, capas_average_pooling2d(2, .strides = {2, 2}, .name = capas_applying_name(a, "_pool")),
        x);
}

static capas_node stem(capas_applying *a, capas_node x)
{
    capas_applying_prefix(a, "conv1");
    x = capas_apply(a, capas_zero_padding2d(3), x);
    x = capas_apply(a,
                    capas_conv2d(64, 7, .strides = {2, 2}, .use_bias = CAPAS_FALSE,
                                 .name = capas_applying_name(a, "_conv")),
                    x);
    x = capas_apply_relu(a, "_relu", capas_apply_normalisation(a, "_bn", x));
    x = capas_apply(a, capas_zero_padding2d(1), x);
    return capas_apply(a, capas_max_pooling2d(3, .strides = {2, 2}, .name = "pool1"), x);
}

/* sizes: layers of each block. */
capas_node capas_densenet_body(capas_applying *a, const int *sizes, capas_node input)
{
    a->axis = 3;
    a->epsilon = 1.001e-5;
    int channels = 64;
    capas_node x = stem(a, input);
    for (int block = 0; block < 4; block++) {
        for (int i = 0; i < sizes[block]; i++) {
            capas_applying_prefix(a, "conv%d_block%d", block + 2, i + 1);
            x = grow(a, x);
        }
        channels += GROWTH * sizes[block];
        if (block == 3) break;
        channels /= 2;
        capas_applying_prefix(a, "pool%d", block + 2);
        x = shrink(a, channels, x);
    }
    capas_applying_prefix(a, "%s", "");
    return capas_apply_relu(a, "relu", capas_apply_normalisation(a, "bn", x));
}
