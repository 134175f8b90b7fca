/* One axis of pictures resized, with half-pixel centres (keras-semantics 8.5): X is seen as
 * [n][rows][size][inner], Y as [n][rows][out_size][inner];
 *
 *   Y[i] = sum over j of weight[i][j] X[start[i] + j]
 *
 * Backward is the transposed sum. */
#ifndef CAPAS_KERNELS_RESIZE_H
#define CAPAS_KERNELS_RESIZE_H

#include "kernels/kernel.h"
#include <capas/options.h>

typedef struct capas_resize_problem {
    int workers;
    int64_t rows, inner;
    int size, out_size;
    capas_interpolation interpolation;
    bool antialias; /* shrinking takes the mean of all that lies under a result */
} capas_resize_problem;

typedef struct capas_resize_arguments {
    int n;
    const void *input;
    void *output;
    const void *output_gradient;
    void *input_gradient;
    void *workspace;
} capas_resize_arguments;

/* At most so many numbers make one of the result's. */
int capas_resize_span(const capas_resize_problem *problem);

/* The weights of number `i` of the result, in order: their count, of which the first belongs to
 * number `*start` of the source. float32, step by step as TensorFlow has them. */
int capas_resize_weights(const capas_resize_problem *problem, int i, int *start, float *weights);

#endif
