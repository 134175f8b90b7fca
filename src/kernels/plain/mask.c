/* Masks, plain (kernels/sequence.h): which rows count, and what each of them counts in a mean. */
#include "kernels/plain/real.h"
#include "kernels/sequence.h"

static void mask_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                       int shard)
{
    const capas_mask_problem *p = problem;
    const capas_mask_arguments *a = arguments;
    const capas_real *x = a->input, value = (capas_real)p->value;
    capas_real *y = a->output;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        y[i] = 0;
        for (int64_t k = 0; k < p->width; k++)
            if (x[i * p->width + k] != value) y[i] = 1;
    }
}

static void run_mask(const void *problem, const void *arguments)
{
    const capas_mask_problem *p = problem;
    const capas_mask_arguments *a = arguments;
    capas_parallel_ranges(a->rows, CAPAS_PLAIN_GRAIN / p->width + 1, p->workers, mask_range, p, a);
}

static void run_share(const void *problem, const void *arguments)
{
    const capas_share_problem *p = problem;
    const capas_share_arguments *a = arguments;
    const int64_t group = p->group > 0 ? p->group : a->count;
    const capas_real *m = a->input;
    capas_real *y = a->output;
    for (int64_t begin = 0; begin < a->count; begin += group) {
        double sum = 0;
        for (int64_t i = begin; i < begin + group; i++)
            sum += m[i];
        for (int64_t i = begin; i < begin + group; i++)
            y[i] = sum > 0 ? (capas_real)(m[i] * ((double)group / sum)) : 0;
    }
}

CAPAS_PLAIN_KERNEL(mask, NULL, run_mask);
CAPAS_PLAIN_KERNEL(share, NULL, run_share);
