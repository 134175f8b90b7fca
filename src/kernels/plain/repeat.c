/* Rows several times, one behind the other, and the sum of what comes back; there is no tuned twin.
 */
#include "kernels/elementwise.h"
#include "kernels/plain/real.h"
#include <string.h>

static void forward_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                         int shard)
{
    const capas_repeat_problem *p = problem;
    const capas_repeat_arguments *a = arguments;
    (void)shard;
    for (int64_t row = begin; row < end; row++)
        for (int t = 0; t < p->times; t++)
            memcpy((capas_real *)a->output + (row * p->times + t) * p->inner,
                   (const capas_real *)a->input + row * p->inner,
                   (size_t)p->inner * sizeof(capas_real));
}

/* dX[row][i] = sum over t of dY[row][t][i] */
static void backward_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_repeat_problem *p = problem;
    const capas_repeat_arguments *a = arguments;
    (void)shard;
    for (int64_t row = begin; row < end; row++) {
        const capas_real *dy = (const capas_real *)a->input + row * p->times * p->inner;
        capas_real *dx = (capas_real *)a->output + row * p->inner;
        for (int64_t i = 0; i < p->inner; i++) {
            double sum = 0;
            for (int t = 0; t < p->times; t++)
                sum += dy[t * p->inner + i];
            dx[i] = (capas_real)sum;
        }
    }
}

static void run(const void *problem, const void *arguments, capas_range_function *function)
{
    const capas_repeat_problem *p = problem;
    const capas_repeat_arguments *a = arguments;
    capas_parallel_ranges(a->n * p->rows, CAPAS_PLAIN_GRAIN / (p->inner * p->times + 1) + 1,
                          p->workers, function, p, a);
}

static void forward(const void *problem, const void *arguments)
{
    run(problem, arguments, forward_rows);
}

static void backward(const void *problem, const void *arguments)
{
    run(problem, arguments, backward_rows);
}

CAPAS_PLAIN_KERNEL(repeat_forward, NULL, forward);
CAPAS_PLAIN_KERNEL(repeat_backward, NULL, backward);
