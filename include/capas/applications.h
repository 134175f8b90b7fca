/* Networks by name, as keras.applications has them: the same layers, names and numbers of weights.
 * Their weights are drawn. */
#ifndef CAPAS_APPLICATIONS_H
#define CAPAS_APPLICATIONS_H

#include <capas/model.h>

CAPAS_BEGIN

/* ResNet50(): residual blocks of a 1x1, a 3x3 and a 1x1 convolution, the first version, which
 * strides in the 1x1. 25,636,712 weights. Pictures are expected as BGR, less 103.939, 116.779 and
 * 123.68. NULL on failure. */
typedef struct capas_resnet_options {
    size_t struct_size;
    const char *name;                       /* default: "resnet50" */
    int include_top;                        /* pooling and classes; default: true */
    capas_shape input_shape;                /* without the batch; default: 224, 224, 3; at least 32
                                               high and wide without the top */
    int classes;                            /* default: 1000 */
    capas_activation classifier_activation; /* default: softmax */
} capas_resnet_options;
CAPAS_API capas_model *capas_resnet50_with(const capas_resnet_options *options);
#define capas_resnet50(...)                                                                        \
    capas_resnet50_with(                                                                           \
        &(capas_resnet_options){.struct_size = sizeof(capas_resnet_options), __VA_ARGS__})

CAPAS_END

#endif
