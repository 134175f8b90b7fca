/* Given statistics, plain: y = (x - mean) / max(sqrt(variance), least), or the inverse; there is no
 * tuned twin. */
#include "kernels/rescale.h"
#include "kernels/plain/real.h"
#include "kernels/plain/walk.h"

static double statistic(const double *fixed, const void *given, int64_t at)
{
    return fixed ? fixed[at] : (double)((const capas_real *)given)[at];
}

static double width_of(const capas_rescale_problem *p, const capas_rescale_arguments *a, int64_t at)
{
    const double given = statistic(p->variance, a->variance, at);
    if (p->deviations) return given;
    const double deviation = sqrt(given);
    return deviation > p->least ? deviation : p->least;
}

static void run_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const capas_rescale_problem *p = problem;
    const capas_rescale_arguments *a = arguments;
    const capas_real *x = a->input;
    capas_real *y = a->output;
    int64_t strides[CAPAS_MAX_RANK];
    repeating_strides(&p->statistics, strides);
    walk place = walk_from(&p->shape, strides, begin);
    (void)shard;
    for (int64_t i = begin; i < end; i++, walk_on(&place)) {
        const capas_real width = (capas_real)width_of(p, a, place.offset);
        const capas_real mean =
            p->without_mean ? 0 : (capas_real)statistic(p->mean, a->mean, place.offset);
        y[i] = p->inverse ? x[i] * width + mean : (x[i] - mean) / width;
    }
}

static void run(const void *problem, const void *arguments)
{
    const capas_rescale_problem *p = problem;
    const capas_rescale_arguments *a = arguments;
    capas_parallel_ranges(a->n * sample_size(&p->shape), CAPAS_PLAIN_GRAIN, p->workers, run_range,
                          p, a);
}

CAPAS_PLAIN_KERNEL(rescale, NULL, run);
