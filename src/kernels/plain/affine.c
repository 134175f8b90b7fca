/* Affine maps, plain: y = x * scale + offset. */
#include "kernels/elementwise.h"
#include "kernels/plain/real.h"

static void run_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const capas_affine_problem *p = problem;
    const capas_affine_arguments *a = arguments;
    const capas_real *x = a->input;
    const capas_real scale = (capas_real)p->scale, offset = (capas_real)p->offset;
    capas_real *y = a->output;
    (void)shard;
    for (int64_t i = begin; i < end; i++)
        y[i] = x[i] * scale + offset;
}

static void run(const void *problem, const void *arguments)
{
    const capas_affine_problem *p = problem;
    const capas_affine_arguments *a = arguments;
    capas_parallel_ranges(a->count, CAPAS_PLAIN_GRAIN, p->workers, run_range, p, a);
}

CAPAS_PLAIN_KERNEL(affine, NULL, run);
