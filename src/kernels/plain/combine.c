/* Two arrays, element by element with broadcasting, plain: their sum, product, maximum or minimum.
 * Backward, each part's gradient is dy times its share, summed over the axes on which the part was
 * repeated. */
#include "kernels/elementwise.h"
#include "kernels/plain/real.h"
#include "kernels/plain/walk.h"

/* Whether an extremum takes a; a NaN is taken wherever it is. */
static bool takes_a(capas_combination combination, capas_real a, capas_real b)
{
    return (combination == CAPAS_COMBINE_MAXIMUM ? a >= b : a <= b) || a != a;
}

static capas_real combined(capas_combination combination, capas_real a, capas_real b)
{
    switch (combination) {
    case CAPAS_COMBINE_SUM:
        return a + b;
    case CAPAS_COMBINE_PRODUCT:
        return a * b;
    default:
        return takes_a(combination, a, b) ? a : b;
    }
}

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_combine_problem *p = problem;
    const capas_combine_arguments *args = arguments;
    const capas_real *a = args->a, *b = args->b;
    capas_real *y = args->output;
    int64_t a_strides[CAPAS_MAX_RANK], b_strides[CAPAS_MAX_RANK];
    repeating_strides(&p->a, a_strides);
    repeating_strides(&p->b, b_strides);
    walk in_a = walk_from(&p->output, a_strides, begin);
    walk in_b = walk_from(&p->output, b_strides, begin);
    (void)shard;
    for (int64_t i = begin; i < end; i++, walk_on(&in_a), walk_on(&in_b))
        y[i] = combined(p->combination, a[in_a.offset], b[in_b.offset]);
}

static void forward(const void *problem, const void *arguments)
{
    const capas_combine_problem *p = problem;
    const capas_combine_arguments *a = arguments;
    capas_parallel_ranges(a->n * sample_size(&p->output), CAPAS_PLAIN_GRAIN, p->workers,
                          forward_range, p, a);
}

/* What the backward pass of one part needs. Strides are 0 where an array repeats. */
typedef struct part_problem {
    const capas_combine_problem *all;
    const capas_combine_arguments *arguments;
    const capas_shape *part;
    bool is_a;
    int64_t a_strides[CAPAS_MAX_RANK], b_strides[CAPAS_MAX_RANK];
} part_problem;

/* An element of the output, and of the two arrays that it came from. */
typedef struct place {
    int64_t y, a, b;
} place;

/* dy times what a change of the part does to y. */
static double share(const part_problem *p, place at)
{
    const capas_combination combination = p->all->combination;
    const double dy = ((const capas_real *)p->arguments->output_gradient)[at.y];
    if (combination == CAPAS_COMBINE_SUM) return dy;
    const capas_real a = ((const capas_real *)p->arguments->a)[at.a];
    const capas_real b = ((const capas_real *)p->arguments->b)[at.b];
    if (combination == CAPAS_COMBINE_PRODUCT) return dy * (p->is_a ? b : a);
    return takes_a(combination, a, b) == p->is_a ? dy : 0;
}

/* The sum over the axes d, d+1, ... that the part repeats, at `coordinate` of the others. */
static double sum_repeated(const part_problem *p, const int64_t *coordinate, int d, place at)
{
    if (d == p->part->rank) return share(p, at);
    const int64_t size = d > 0 ? p->all->output.dims[d] : p->arguments->n;
    const bool repeats = p->part->dims[d] == 1;
    double sum = 0;
    for (int64_t i = 0; i < (repeats ? size : 1); i++) {
        const int64_t here = repeats ? i : coordinate[d];
        const place next = {at.y * size + here, at.a + here * p->a_strides[d],
                            at.b + here * p->b_strides[d]};
        sum += sum_repeated(p, coordinate, d + 1, next);
    }
    return sum;
}

/* Elements begin .. end-1 of the part's gradient. */
static void part_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                       int shard)
{
    const part_problem *p = problem;
    capas_real *gradient = *(capas_real *const *)arguments;
    static const int64_t no_strides[CAPAS_MAX_RANK];
    walk at = walk_from(p->part, no_strides, begin);
    (void)shard;
    for (int64_t i = begin; i < end; i++, walk_on(&at))
        gradient[i] = (capas_real)sum_repeated(p, at.coordinate, 0, (place){0});
}

static void part_gradient(const capas_combine_problem *p, const capas_combine_arguments *a,
                          bool is_a)
{
    part_problem problem = {p, a, is_a ? &p->a : &p->b, is_a, {0}, {0}};
    void *gradient = is_a ? a->a_gradient : a->b_gradient;
    if (!gradient) return;
    repeating_strides(&p->a, problem.a_strides);
    repeating_strides(&p->b, problem.b_strides);
    const int64_t samples = problem.part->dims[0] == 1 ? 1 : a->n;
    capas_parallel_ranges(samples * sample_size(problem.part), 1, p->workers, part_range, &problem,
                          &gradient);
}

static void backward(const void *problem, const void *arguments)
{
    part_gradient(problem, arguments, true);
    part_gradient(problem, arguments, false);
}

CAPAS_PLAIN_KERNEL(combine_forward, NULL, forward);
CAPAS_PLAIN_KERNEL(combine_backward, NULL, backward);
