/* VGG16 and VGG19 (Keras applications/vgg16.py, vgg19.py): five blocks of 3x3 convolutions, each
 * with a max-pool behind it, and two large dense layers. */
#include "model/application.h"
#include <stdio.h>

/* sizes[0]: convolutions of the last three blocks. */
capas_node capas_vgg_body(capas_applying *a, const int *sizes, capas_node input)
{
    static const int filters[] = {64, 128, 256, 512, 512};
    capas_node x = input;
    for (int block = 0; block < 5; block++) {
        int count = block < 2 ? 2 : sizes[0];
        capas_applying_prefix(a, "block%d", block + 1);
        for (int i = 0; i < count; i++) {
            char suffix[CAPAS_APPLICATION_NAME / 2];
            snprintf(suffix, sizeof suffix, "_conv%d", i + 1);
            x = capas_apply(a,
                            capas_conv2d(filters[block], 3, .activation = CAPAS_RELU,
                                         .padding = CAPAS_SAME,
                                         .name = capas_applying_name(a, suffix)),
                            x);
        }
        x = capas_apply(
            a, capas_max_pooling2d(2, .strides = {2, 2}, .name = capas_applying_name(a, "_pool")),
            x);
    }
    return x;
}

capas_node capas_vgg_top(capas_applying *a, capas_node x)
{
    x = capas_apply(a, capas_flatten(.name = "flatten"), x);
    x = capas_apply(a, capas_dense(4096, .activation = CAPAS_RELU, .name = "fc1"), x);
    x = capas_apply(a, capas_dense(4096, .activation = CAPAS_RELU, .name = "fc2"), x);
    return capas_apply_predictions(a, x);
}
