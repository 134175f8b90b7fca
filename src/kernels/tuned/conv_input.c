/* Convolution backward, the input's gradient: which way is taken (conv_backward.h has them all).
 *
 *   input   that alone: a transposed convolution, in programs that only predict
 *           (libcapas-predict.a); elsewhere the kernels of conv_backward.c have it */
#include "kernels/tuned/conv_backward.h"
#include "kernels/tuned/kernels.h"

/* Winograd's way takes so much of the dense one's time. */
static const double winograd_input_time = 0.5;

/* The rim of the flipped problem must not be negative. */
static bool can_flip(const capas_conv_problem *p)
{
    return p->pool.height == 0 && p->stride_height == 1 && p->stride_width == 1 &&
           p->pad_top < p->kernel_height && p->pad_left < p->kernel_width;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

size_t CAPAS_TUNED(capas_conv_input_workspace)(const capas_conv_problem *p)
{
    const size_t lists = CAPAS_TUNED(capas_conv_input_lists_workspace)(p);
    if (CAPAS_TUNED(capas_conv_is_points)(p))
        return larger(lists, CAPAS_TUNED(capas_conv_input_points_workspace)(p));
    if (can_flip(p)) return larger(lists, CAPAS_TUNED(capas_conv_input_flipped_workspace)(p));
    return lists;
}

void CAPAS_TUNED(capas_conv_input)(const capas_conv_problem *p,
                                   const capas_conv_backward_arguments *a, double live,
                                   double share)
{
    const bool winograd = can_flip(p) && CAPAS_TUNED(capas_conv_flipped_is_winograd)(p);
    if (CAPAS_TUNED(capas_conv_is_points)(p) && live > share)
        CAPAS_TUNED(capas_conv_input_points)(p, a);
    else if (can_flip(p) && live > (winograd ? winograd_input_time : 1) * share)
        CAPAS_TUNED(capas_conv_input_flipped)(p, a);
    else
        CAPAS_TUNED(capas_conv_input_by_lists)(p, a);
}

static bool input_accepts(const void *problem)
{
    return conv_is_usual(problem);
}

static size_t input_workspace(const void *problem)
{
    return CAPAS_TUNED(capas_conv_input_workspace)(problem);
}

/* Nothing of it is known to be zero: as with `steady`. */
static void input_run(const void *problem, const void *arguments)
{
    const capas_conv_backward_arguments *a = arguments;
    if (a->n > 0) CAPAS_TUNED(capas_conv_input)(problem, a, 1, 0);
}

CAPAS_TUNED_KERNEL_OF(conv_backward, conv_backward_input, "input", input_accepts, input_workspace,
                      input_run);
