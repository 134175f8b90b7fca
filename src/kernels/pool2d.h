/* Pooling over height and width: X [n][height][width][channels] to Y
 * [n][out_height][out_width][channels].
 *
 * Max: cells outside the image never win; of equal maxima the first in row-major order gets the
 * whole gradient, or each of them an equal share (shares_ties); a NaN loses to any number, and a
 * window of nothing but NaN gives NaN (keras-semantics 1.3). Average: divided by the cells inside
 * the image. */
#ifndef CAPAS_KERNELS_POOL2D_H
#define CAPAS_KERNELS_POOL2D_H

#include "kernels/kernel.h"

typedef struct capas_pool_problem {
    int batch, workers;
    bool average; /* otherwise max */
    int height, width, channels;
    int pool_height, pool_width, stride_height, stride_width, pad_top, pad_left;
    int out_height, out_width;
    bool shares_ties; /* max only, windows that do not overlap */
} capas_pool_problem;

typedef struct capas_pool_forward_arguments {
    int n;
    const void *input;
    void *output;
} capas_pool_forward_arguments;

typedef struct capas_pool_backward_arguments {
    int n;
    const void *input; /* max only: the winner is found again */
    const void *output_gradient;
    void *input_gradient; /* overwritten */
} capas_pool_backward_arguments;

#endif
