/* Dense layers: Y[b][j] = activation(bias[j] + sum over k of X[b][k] * W[k][j]).
 *
 * X [rows][inputs] and Y [rows][units] in plain C order. The weights are tiled along the inputs:
 * element (k, j) lies at ((k / tile) * units + j) * tile + k % tile, with zeros for k >= inputs; so
 * that both backward products are additions of short vectors along k that stay in registers, and
 * the forward product needs no packing. The gradient (and the optimizer's slots) have the same
 * order, and zeros in the padding. */
#ifndef CAPAS_KERNELS_DENSE_H
#define CAPAS_KERNELS_DENSE_H

#include "kernels/kernel.h"
#include <capas/options.h>

/* The tile for a matrix, from the shape alone: up to 112 inputs are one tile, rounded up to 16;
 * otherwise the multiple of 16 from 64 to 112 that pads least, the widest of equals. */
int capas_dense_tile(int64_t inputs, int64_t units);
/* Elements of a tiled matrix: units * inputs rounded up to whole tiles. */
int64_t capas_dense_tiled_count(int64_t inputs, int64_t units);
static inline int64_t capas_dense_tiled_index(int64_t k, int64_t j, int64_t units, int tile)
{
    return ((k / tile) * units + j) * tile + k % tile;
}

typedef struct capas_dense_problem {
    int64_t rows; /* at most so many rows a call: batch x rows of a sample */
    int workers;
    int64_t inputs, units;
    int tile;
    capas_activation activation; /* not softmax */
    bool has_bias;
    bool for_training;
    bool wants_input_gradient;
} capas_dense_problem;

static inline int64_t capas_dense_tiles(const capas_dense_problem *p)
{
    return (p->inputs + p->tile - 1) / p->tile;
}

typedef struct capas_dense_forward_arguments {
    int64_t rows;
    const void *input, *weights, *bias;
    const void
        *prepared; /* what the kernel made of the weights before, beside them; NULL: nothing */
    void *output;
    void *workspace;
} capas_dense_forward_arguments;

/*   dZ = dY * activation'(Y);  dX[b][k] = sum over j of dZ[b][j] W[k][j];  dW[k][j] = sum over b of
 *   X[b][k] dZ[b][j];  db[j] = sum over b of dZ[b][j].
 * Gradients are overwritten. Exact zeros of dZ and X may be skipped. */
typedef struct capas_dense_backward_arguments {
    int64_t rows;
    const void *input, *weights, *output, *output_gradient;
    void *input_gradient;                  /* NULL when not wanted */
    void *weight_gradient, *bias_gradient; /* each may be NULL */
    void *workspace;
} capas_dense_backward_arguments;

#endif
