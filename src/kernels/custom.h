/* Family custom: a function of the user's, forward or backward. It is no arithmetic of ours, and
 * there is float32 only; plans in double refuse it. */
#ifndef CAPAS_KERNELS_CUSTOM_H
#define CAPAS_KERNELS_CUSTOM_H

#include <capas/custom.h>

typedef void capas_custom_function(const capas_custom_call *call);

typedef struct capas_custom_problem {
    const capas_custom_layer *definition; /* borrowed */
    const double *options;                /* borrowed from the layer */
    int training, input_count;
    capas_shape input_shapes[CAPAS_CUSTOM_INPUTS], output_shape;
} capas_custom_problem;

typedef struct capas_custom_arguments {
    capas_custom_function *function;
    const capas_custom_call *call;
} capas_custom_arguments;

#endif
