/* Activations, plain: y = f(x), dx = dy f'(y), or dy f'(x). */
#include "kernels/elementwise.h"
#include "kernels/plain/activation.h"
#include "kernels/plain/activation_of_input.h"

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_activate_problem *p = problem;
    const capas_activate_arguments *a = arguments;
    const capas_real *x = a->input;
    capas_real *y = a->output;
    (void)shard;
    for (int64_t i = begin; i < end; i++)
        y[i] = capas_activation_reads_input(p->activation) ? activated_of(p->activation, x[i]).value
                                                           : activation_value(p->activation, x[i]);
}

static void forward(const void *problem, const void *arguments)
{
    const capas_activate_problem *p = problem;
    const capas_activate_arguments *a = arguments;
    capas_parallel_ranges(a->count, CAPAS_PLAIN_GRAIN, p->workers, forward_range, p, a);
}

static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_activate_problem *p = problem;
    const capas_activate_arguments *a = arguments;
    const capas_real *x = a->input, *y = a->output, *dy = a->output_gradient;
    capas_real *dx = a->input_gradient;
    (void)shard;
    for (int64_t i = begin; i < end; i++)
        dx[i] = dy[i] * (capas_activation_reads_input(p->activation)
                             ? activated_of(p->activation, x[i]).slope
                             : activation_slope(p->activation, y[i]));
}

static void backward(const void *problem, const void *arguments)
{
    const capas_activate_problem *p = problem;
    const capas_activate_arguments *a = arguments;
    capas_parallel_ranges(a->count, CAPAS_PLAIN_GRAIN, p->workers, backward_range, p, a);
}

CAPAS_PLAIN_KERNEL(activate_forward, NULL, forward);
CAPAS_PLAIN_KERNEL(activate_backward, NULL, backward);
