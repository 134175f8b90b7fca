/* Softmax over rows, plain: y[c] = e^(x[c] - max) / sum, dx = y (dy - sum(dy y)); and its
 * logarithm, which has no tuned twin: y[c] = x[c] - max - log(sum), dx = dy - e^y sum(dy). */
#include "kernels/elementwise.h"
#include "kernels/plain/real.h"

static capas_real largest_of(const capas_real *x, int classes)
{
    capas_real largest = x[0];
    for (int c = 1; c < classes; c++)
        largest = x[c] > largest ? x[c] : largest;
    return largest;
}

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_softmax_problem *p = problem;
    const capas_softmax_arguments *a = arguments;
    (void)shard;
    for (int64_t row = begin; row < end; row++) {
        const capas_real *x = (const capas_real *)a->input + row * p->classes;
        capas_real *y = (capas_real *)a->output + row * p->classes;
        const capas_real largest = largest_of(x, p->classes);
        double sum = 0;
        for (int c = 0; c < p->classes; c++) {
            y[c] = CAPAS_PLAIN(capas_exp)(x[c] - largest);
            sum += y[c];
        }
        for (int c = 0; c < p->classes; c++)
            y[c] = (capas_real)(y[c] / sum);
    }
}

static void log_forward_range(const void *problem, const void *arguments, int64_t begin,
                              int64_t end, int shard)
{
    const capas_softmax_problem *p = problem;
    const capas_softmax_arguments *a = arguments;
    (void)shard;
    for (int64_t row = begin; row < end; row++) {
        const capas_real *x = (const capas_real *)a->input + row * p->classes;
        capas_real *y = (capas_real *)a->output + row * p->classes;
        const capas_real largest = largest_of(x, p->classes);
        double sum = 0;
        for (int c = 0; c < p->classes; c++)
            sum += CAPAS_PLAIN(capas_exp)(x[c] - largest);
        const capas_real logarithm = CAPAS_PLAIN(capas_log)((capas_real)sum);
        for (int c = 0; c < p->classes; c++)
            y[c] = x[c] - largest - logarithm;
    }
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

static void log_backward_range(const void *problem, const void *arguments, int64_t begin,
                               int64_t end, int shard)
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
            sum += dy[c];
        for (int c = 0; c < p->classes; c++)
            dx[c] = (capas_real)(dy[c] - CAPAS_PLAIN(capas_exp)(y[c]) * sum);
    }
}

static void run(const void *problem, const void *arguments, capas_range_function *function)
{
    const capas_softmax_problem *p = problem;
    const capas_softmax_arguments *a = arguments;
    int64_t grain = CAPAS_PLAIN_GRAIN / p->classes + 1;
    capas_parallel_ranges(a->rows, grain, p->workers, function, p, a);
}

static void forward(const void *problem, const void *arguments)
{
    run(problem, arguments, forward_range);
}

static void backward(const void *problem, const void *arguments)
{
    run(problem, arguments, backward_range);
}

static void log_forward(const void *problem, const void *arguments)
{
    run(problem, arguments, log_forward_range);
}

static void log_backward(const void *problem, const void *arguments)
{
    run(problem, arguments, log_backward_range);
}

CAPAS_PLAIN_KERNEL(softmax_forward, NULL, forward);
CAPAS_PLAIN_KERNEL(softmax_backward, NULL, backward);
CAPAS_PLAIN_KERNEL(log_softmax_forward, NULL, log_forward);
CAPAS_PLAIN_KERNEL(log_softmax_backward, NULL, log_backward);
