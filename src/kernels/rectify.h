/* Rectifiers: what is above a threshold stays as it is, up to a maximum; what is below is bent.
 *
 *   y = x > threshold ? min(x, maximum) : below
 *   below = slope (x - threshold), or slope (e^x - 1) when exponential (whose threshold is 0)
 *
 * The slope is one number or an array that is trained (PReLU), which repeats over the samples and
 * along its axes of 1. At the threshold and at the maximum themselves the derivative is whatever
 * TensorFlow has there, which differs from layer to layer (keras-semantics 2.1). */
#ifndef CAPAS_KERNELS_RECTIFY_H
#define CAPAS_KERNELS_RECTIFY_H

#include "kernels/kernel.h"

typedef struct capas_rectify_problem {
    int batch, workers;
    double threshold, maximum; /* HUGE_VAL: none */
    double slope;
    bool exponential;
    double at_threshold, at_maximum; /* dy/dx */
    capas_shape shape;               /* of the input; dims[0] = the batch */
    capas_shape slopes; /* rank 0: the one above; otherwise the input's rank, dims[0] = 1 */
} capas_rectify_problem;

typedef struct capas_rectify_arguments {
    int n;
    const void *input;
    const void *slopes; /* when there are several */
    void *output;
    const void *output_gradient;
    void *input_gradient;  /* NULL when not wanted */
    void *slopes_gradient; /* likewise */
    void *workspace;
} capas_rectify_arguments;

#endif
