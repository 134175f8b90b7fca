/* Softmax over rows, plain: y[c] = e^(x[c] - max) / sum, dx = y (dy - sum(dy y)). */
#include "kernels/elementwise.h"
#include "kernels/plain/real.h"

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_softmax_problem *p = problem;
    const capas_softmax_arguments *a = arguments;
    (void)shard;
    for (int64_t row = begin; row < end; row++) {
        const capas_real *x = (const capas_real *)a->input + row * p->classes;
        capas_real *y = (capas_real *)a->output + row * p->classes;
        capas_real largest = x[0];
        for (int c = 1; c < p->classes; c++)
            largest = x[c] > largest ? x[c] : largest;
        double sum = 0;
        for (int c = 0; c < p->classes; c++) {
            y[c] = CAPAS_PLAIN(capas_exp)(x[c] - largest);
            sum += y[c];
        }
        for (int c = 0; c < p->classes; c++)
            y[c] = (capas_real)(y[c] / sum);
    }
}

static void forward(const void *problem, const void *arguments)
{
    const capas_softmax_problem *p = problem;
    const capas_softmax_arguments *a = arguments;
    int64_t grain = CAPAS_PLAIN_GRAIN / p->classes + 1;
    capas_parallel_ranges(a->rows, grain, p->workers, forward_range, p, a);
}

static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_softmax_problem *p = problem;
    const capas_softmax_arguments *a = arguments;
    (void)shard;
    for (int64_t row = begin; row < end; row++) {
        const capas_real *y = (const capas_real *)a->output + row * p->classes;
        const capas_real *dy = (const capas_real *)a->output_gradient + row * p->classes;
        capas_real *dx = (capas_real *)a->input_gradient + row * p->classes;
        double sum = 0;
        for (int c = 0; c < p->classes; c++)
            sum += (double)dy[c] * y[c];
        for (int c = 0; c < p->classes; c++)
            dx[c] = (capas_real)(y[c] * (dy[c] - sum));
    }
}

static void backward(const void *problem, const void *arguments)
{
    const capas_softmax_problem *p = problem;
    const capas_softmax_arguments *a = arguments;
    int64_t grain = CAPAS_PLAIN_GRAIN / p->classes + 1;
    capas_parallel_ranges(a->rows, grain, p->workers, backward_range, p, a);
}

CAPAS_PLAIN_KERNEL(softmax_forward, NULL, forward);
CAPAS_PLAIN_KERNEL(softmax_backward, NULL, backward);
