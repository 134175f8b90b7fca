/* Convolution (cross-correlation, no flip) with bias, activation and max-pool in one.
 *
 *   Z[n,y,x,k] = bias[k] + sum over r,s,c of X[n, y*sh + r*dh - pad_top, x*sw + s*dw - pad_left, c]
 *                                            * W[r,s,c,k]
 *   Y = activation(Z), or with a pool: Y[n,i,j,k] = activation(max over the window of Z)
 *
 * A residual R is added before the activation, and only without a pool: Y = activation(Z + R).
 *
 * X [n][height][width][channels], W [kernel_height][kernel_width][channels/groups][filters]
 * (Keras's HWIO), Y [n][out_height][out_width][filters], or pooled
 * [n][pool.out_height][pool.out_width][filters]. All plain C order: a copy with a rim of zeros,
 * packed weights and the like are the kernel's own, in its workspace. Filters of group g see input
 * channels of group g. Outside the image X is 0. (keras-semantics: Keras
 * layers/convolutional/base_conv.py.) */
#ifndef CAPAS_KERNELS_CONV_H
#define CAPAS_KERNELS_CONV_H

#include "kernels/kernel.h"
#include <capas/options.h>

/* The max-pool behind it, windows inside the map (padding valid); height 0: none.
 * Only with linear and relu, which keep the order of numbers. */
typedef struct capas_conv_pool {
    int height, width, stride_height, stride_width, out_height, out_width;
} capas_conv_pool;

typedef struct capas_conv_problem {
    int batch; /* at most so many samples a call */
    int workers;
    int height, width, channels, filters, groups;
    int kernel_height, kernel_width, stride_height, stride_width;
    int dilation_height, dilation_width;
    int pad_top, pad_left; /* the other sides follow from the output's size */
    int out_height, out_width;
    capas_activation activation; /* not softmax */
    capas_conv_pool pool;
    bool has_bias;
    bool has_residual;         /* forward only */
    bool for_training;         /* position is written */
    bool wants_input_gradient; /* backward: false for a network's first layer */
    bool steady; /* backward: the same way whatever the numbers are, so that one sample's gradient
                    does not depend on another's */
} capas_conv_problem;

typedef struct capas_conv_forward_arguments {
    int n;
    const void *input, *weights, *bias;
    const void *prepared; /* what the kernel made of weights and bias before; NULL: nothing */
    const void *residual; /* shaped as the output; it may not be the output itself */
    void *output;
    uint8_t *position; /* with a pool, in training: where in its window the maximum was, row-major,
                          the first of equals; shaped as the output. Otherwise NULL. */
    void *workspace;
} capas_conv_forward_arguments;

/* dY is with respect to Y (after activation and pool). The gradients are overwritten, not added to.
 *
 *   dZ = dY * activation'(Y), put at the position of the maximum, 0 elsewhere
 *   dW[r,s,c,k] = sum over n,y,x of X[n, y*sh+r*dh-pad_top, x*sw+s*dw-pad_left, c] * dZ[n,y,x,k]
 *   db[k] = sum over n,y,x of dZ[n,y,x,k]
 *   dX[n,h,w,c] = sum over the (y,x,r,s) that touch (h,w), and k, of dZ[n,y,x,k] * W[r,s,c,k]
 *
 * Exact zeros of dZ may be skipped: a skipped 0 x inf does not give NaN. */
typedef struct capas_conv_backward_arguments {
    int n;
    const void *input, *weights, *output;
    const uint8_t *position;
    const void *output_gradient;
    void *input_gradient;                  /* NULL when not wanted */
    void *weight_gradient, *bias_gradient; /* each may be NULL (frozen, no bias) */
    void *workspace;
} capas_conv_backward_arguments;

#endif
