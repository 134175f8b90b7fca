/* What the depthwise convolutions share: each channel with a filter of its own (groups = channels =
 * filters), over vectors of channels; any stride and dilation; linear or ReLU, and forward ReLU6.
 */
#ifndef CAPAS_KERNELS_TUNED_CONV_DEPTHWISE_H
#define CAPAS_KERNELS_TUNED_CONV_DEPTHWISE_H

#include "kernels/tuned/conv_common.h"
#include "kernels/tuned/elements.h"

/* One side of the taps that touch the image: first .. end-1. */
typedef struct conv_taps {
    int first, end;
} conv_taps;

/* Taps t of `kernel` with 0 <= start + t * dilation < size. */
static inline conv_taps conv_taps_inside(int start, int kernel, int dilation, int size)
{
    conv_taps t = {0, kernel};
    while (t.first < kernel && start + t.first * dilation < 0)
        t.first++;
    while (t.end > t.first && start + (t.end - 1) * dilation >= size)
        t.end--;
    return t;
}

static inline bool conv_is_3x3(const capas_conv_problem *p)
{
    return p->kernel_height == 3 && p->kernel_width == 3;
}

/* Rows of a shard, of outputs or of the input's gradient: some 65536 multiplications. */
static inline int64_t conv_depthwise_grain(const capas_conv_problem *p, int width)
{
    return (1 << 16) / ((int64_t)p->kernel_height * p->kernel_width * width * p->channels) + 1;
}

static inline bool conv_is_depthwise(const capas_conv_problem *p)
{
    return p->groups > 1 && p->groups == p->channels && p->groups == p->filters &&
           p->pool.height == 0 && !p->has_residual;
}

/* The kernel's run; also the input's gradient, where the filters can be turned round. */
void CAPAS_TUNED(capas_conv_depthwise_forward)(const void *problem, const void *arguments);

#endif
