/* Pooling over height and width: X [n][height][width][channels] to Y
 * [n][out_height][out_width][channels].
 *
 * Max: cells outside the image never win; of equal maxima the first in row-major order gets the
 * whole gradient, or each of them an equal share (shares_ties); a NaN loses to any number, and a
 * window of nothing but NaN gives NaN (keras-semantics 1.3). Average: divided by the cells inside
 * the image.
 *
 * Adaptive windows cover the image whatever its size: output row y sees the rows from y * height /
 * out_height, rounded down, to (y + 1) * height / out_height, rounded up; columns likewise. */
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
    bool adaptive;    /* pool_.. and stride_.. say about what comes out, pad_.. nothing */
} capas_pool_problem;

/* The part of a window that lies inside the image: rows top .. bottom-1, columns left .. right-1.
 */
typedef struct capas_pool_window {
    int top, bottom, left, right;
} capas_pool_window;

static inline capas_pool_window capas_pool_window_at(const capas_pool_problem *p, int64_t y,
                                                     int64_t x)
{
    if (p->adaptive)
        return (capas_pool_window){
            .top = (int)(y * p->height / p->out_height),
            .bottom = (int)(((y + 1) * p->height + p->out_height - 1) / p->out_height),
            .left = (int)(x * p->width / p->out_width),
            .right = (int)(((x + 1) * p->width + p->out_width - 1) / p->out_width),
        };
    const int top = (int)y * p->stride_height - p->pad_top;
    const int left = (int)x * p->stride_width - p->pad_left;
    const int bottom = top + p->pool_height, right = left + p->pool_width;
    return (capas_pool_window){
        .top = top < 0 ? 0 : top,
        .bottom = bottom > p->height ? p->height : bottom,
        .left = left < 0 ? 0 : left,
        .right = right > p->width ? p->width : right,
    };
}

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
