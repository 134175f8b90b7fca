/* Sums with broadcasting, plain: y = a + b; backward, each part's gradient is dy summed over the
 * axes on which the part was repeated. */
#include "kernels/elementwise.h"
#include "kernels/plain/real.h"
#include "kernels/plain/walk.h"

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_add_problem *p = problem;
    const capas_add_arguments *args = arguments;
    const capas_real *a = args->a, *b = args->b;
    capas_real *y = args->output;
    int64_t a_strides[CAPAS_MAX_RANK], b_strides[CAPAS_MAX_RANK];
    repeating_strides(&p->a, a_strides);
    repeating_strides(&p->b, b_strides);
    walk in_a = walk_from(&p->output, a_strides, begin);
    walk in_b = walk_from(&p->output, b_strides, begin);
    (void)shard;
    for (int64_t i = begin; i < end; i++, walk_on(&in_a), walk_on(&in_b))
        y[i] = a[in_a.offset] + b[in_b.offset];
}

static void forward(const void *problem, const void *arguments)
{
    const capas_add_problem *p = problem;
    const capas_add_arguments *a = arguments;
    capas_parallel_ranges(a->n * sample_size(&p->output), CAPAS_PLAIN_GRAIN, p->workers,
                          forward_range, p, a);
}

/* What the backward pass of one part needs. */
typedef struct part_problem {
    int n;
    const capas_shape *part, *output;
    const capas_real *output_gradient;
} part_problem;

/* The sum of dy over the axes d, d+1, ... that the part repeats, at `coordinate` of the others.
 * `offset` counts in the output down to axis d. */
static double sum_repeated(const part_problem *p, const int64_t *coordinate, int d, int64_t offset)
{
    if (d == p->part->rank) return p->output_gradient[offset];
    const int64_t size = d > 0 ? p->output->dims[d] : p->n;
    if (p->part->dims[d] != 1)
        return sum_repeated(p, coordinate, d + 1, offset * size + coordinate[d]);
    double sum = 0;
    for (int64_t i = 0; i < size; i++)
        sum += sum_repeated(p, coordinate, d + 1, offset * size + i);
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
        gradient[i] = (capas_real)sum_repeated(p, at.coordinate, 0, 0);
}

static void part_gradient(const capas_add_problem *p, const capas_add_arguments *a,
                          const capas_shape *part, void *gradient)
{
    if (!gradient) return;
    const part_problem problem = {a->n, part, &p->output, a->output_gradient};
    const int64_t samples = part->dims[0] == 1 ? 1 : a->n;
    capas_parallel_ranges(samples * sample_size(part), 1, p->workers, part_range, &problem,
                          &gradient);
}

static void backward(const void *problem, const void *arguments)
{
    const capas_add_problem *p = problem;
    const capas_add_arguments *a = arguments;
    part_gradient(p, a, &p->a, a->a_gradient);
    part_gradient(p, a, &p->b, a->b_gradient);
}

CAPAS_PLAIN_KERNEL(add_forward, NULL, forward);
CAPAS_PLAIN_KERNEL(add_backward, NULL, backward);
