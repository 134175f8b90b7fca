/* Rectifiers, plain: y = x > t ? min(x, max) : slope (x - t), or slope (e^x - 1). The gradient of
 * trained slopes is summed in double, shards of samples in their order. */
#include "kernels/rectify.h"
#include "kernels/plain/real.h"
#include "kernels/plain/walk.h"

/* What the slope multiplies. */
static capas_real below(const capas_rectify_problem *p, capas_real x)
{
    if (x > p->threshold) return 0;
    return p->exponential ? CAPAS_PLAIN(capas_expm1)(x) : x - (capas_real)p->threshold;
}

/* A slope of 0 gives 0 of an infinity too; a NaN stays. */
static capas_real value_of(const capas_rectify_problem *p, capas_real slope, capas_real x)
{
    if (x <= p->threshold) return slope == 0 ? 0 : slope * below(p, x);
    return x > p->maximum ? (capas_real)p->maximum : x;
}

static capas_real derivative_of(const capas_rectify_problem *p, capas_real slope, capas_real x)
{
    if (x < p->threshold) return p->exponential ? slope * CAPAS_PLAIN(capas_exp)(x) : slope;
    if (x == p->threshold) return (capas_real)p->at_threshold;
    if (x == p->maximum) return (capas_real)p->at_maximum;
    return x > p->maximum ? 0 : 1;
}

static walk slopes_from(const capas_rectify_problem *p, int64_t index)
{
    int64_t strides[CAPAS_MAX_RANK] = {0};
    if (p->slopes.rank > 0) repeating_strides(&p->slopes, strides);
    return walk_from(&p->shape, strides, index);
}

static capas_real slope_at(const capas_rectify_problem *p, const capas_rectify_arguments *a,
                           const walk *place)
{
    return a->slopes ? ((const capas_real *)a->slopes)[place->offset] : (capas_real)p->slope;
}

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_rectify_problem *p = problem;
    const capas_rectify_arguments *a = arguments;
    const capas_real *x = a->input;
    capas_real *y = a->output;
    walk place = slopes_from(p, begin);
    (void)shard;
    for (int64_t i = begin; i < end; i++, walk_on(&place))
        y[i] = value_of(p, slope_at(p, a, &place), x[i]);
}

static void forward(const void *problem, const void *arguments)
{
    const capas_rectify_problem *p = problem;
    const capas_rectify_arguments *a = arguments;
    capas_parallel_ranges(a->n * sample_size(&p->shape), CAPAS_PLAIN_GRAIN, p->workers,
                          forward_range, p, a);
}

static int64_t slope_count(const capas_rectify_problem *p)
{
    return p->slopes.rank > 0 ? sample_size(&p->slopes) : 0;
}

/* Each shard sums the gradient of the slopes in a part of its own. */
static size_t workspace(const void *problem)
{
    return CAPAS_MAX_SHARDS * (size_t)slope_count(problem) * sizeof(double);
}

/* Over samples begin .. end-1: dx = dy dy/dx, dslope[j] += dy below(x) */
static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_rectify_problem *p = problem;
    const capas_rectify_arguments *a = arguments;
    const int64_t size = sample_size(&p->shape), slopes = slope_count(p);
    const capas_real *x = a->input, *dy = a->output_gradient;
    capas_real *dx = a->input_gradient;
    double *sums = a->slopes_gradient ? (double *)a->workspace + shard * slopes : NULL;
    for (int64_t j = 0; sums && j < slopes; j++)
        sums[j] = 0;
    walk place = slopes_from(p, begin * size);
    for (int64_t i = begin * size; i < end * size; i++, walk_on(&place)) {
        if (dx) dx[i] = dy[i] * derivative_of(p, slope_at(p, a, &place), x[i]);
        if (sums) sums[place.offset] += (double)dy[i] * below(p, x[i]);
    }
}

static void backward(const void *problem, const void *arguments)
{
    const capas_rectify_problem *p = problem;
    const capas_rectify_arguments *a = arguments;
    const int64_t size = sample_size(&p->shape), slopes = slope_count(p);
    const int64_t grain = CAPAS_PLAIN_GRAIN / (size > 0 ? size : 1) + 1;
    capas_parallel_ranges(a->n, grain, p->workers, backward_range, p, a);
    const int shards = capas_shard_count(a->n, grain);
    for (int64_t j = 0; a->slopes_gradient && j < slopes; j++) {
        double sum = 0;
        for (int shard = 0; shard < shards; shard++)
            sum += ((const double *)a->workspace)[shard * slopes + j];
        ((capas_real *)a->slopes_gradient)[j] = (capas_real)sum;
    }
}

CAPAS_PLAIN_KERNEL(rectify_forward, NULL, forward);
CAPAS_PLAIN_KERNEL(rectify_backward, workspace, backward);
