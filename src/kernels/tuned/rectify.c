/* Rectifiers of one slope over vectors; those that are exponential or have trained slopes are the
 * plain kernel's. */
#include "kernels/rectify.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"

enum { GRAIN = 16384 /* elements */ };

static int64_t count_of(const capas_rectify_problem *p, int n)
{
    int64_t count = n;
    for (int d = 1; d < p->shape.rank; d++)
        count *= p->shape.dims[d];
    return count;
}

CAPAS_INLINE vfloat value_of(const capas_rectify_problem *p, vfloat x)
{
    const float threshold = (float)p->threshold, maximum = (float)p->maximum;
    const float slope = (float)p->slope;
    vfloat below = (x - threshold) * slope;
    if (slope == 0) below = v_zero();
    return v_select(x <= threshold, below, v_select(x > maximum, v_set(maximum), x));
}

CAPAS_INLINE vfloat derivative_of(const capas_rectify_problem *p, vfloat x)
{
    const float threshold = (float)p->threshold, maximum = (float)p->maximum;
    vfloat d = v_select(x > maximum, v_zero(), v_set(1.0f));
    d = v_select(x == maximum, v_set((float)p->at_maximum), d);
    d = v_select(x < threshold, v_set((float)p->slope), d);
    return v_select(x == threshold, v_set((float)p->at_threshold), d);
}

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_rectify_problem *p = problem;
    const capas_rectify_arguments *a = arguments;
    const int64_t last = capas_pieces_end(end, count_of(p, a->n));
    const float *x = a->input;
    float *y = a->output;
    (void)shard;
    for (int64_t i = begin * CAPAS_PIECE; i < last; i += CAPAS_VECTOR) {
        const int count = last - i < CAPAS_VECTOR ? (int)(last - i) : CAPAS_VECTOR;
        v_store_some(y + i, value_of(p, v_load_some(x + i, count)), count);
    }
}

static void forward(const void *problem, const void *arguments)
{
    const capas_rectify_problem *p = problem;
    const capas_rectify_arguments *a = arguments;
    capas_parallel_pieces(count_of(p, a->n), GRAIN, p->workers, forward_range, p, a);
}

static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_rectify_problem *p = problem;
    const capas_rectify_arguments *a = arguments;
    const int64_t last = capas_pieces_end(end, count_of(p, a->n));
    const float *x = a->input, *dy = a->output_gradient;
    float *dx = a->input_gradient;
    (void)shard;
    for (int64_t i = begin * CAPAS_PIECE; i < last; i += CAPAS_VECTOR) {
        const int count = last - i < CAPAS_VECTOR ? (int)(last - i) : CAPAS_VECTOR;
        const vfloat slope = derivative_of(p, v_load_some(x + i, count));
        v_store_some(dx + i, v_load_some(dy + i, count) * slope, count);
    }
}

static void backward(const void *problem, const void *arguments)
{
    const capas_rectify_problem *p = problem;
    const capas_rectify_arguments *a = arguments;
    capas_parallel_pieces(count_of(p, a->n), GRAIN, p->workers, backward_range, p, a);
}

static bool accepts(const void *problem)
{
    const capas_rectify_problem *p = problem;
    return p->slopes.rank == 0 && !p->exponential;
}

CAPAS_TUNED_KERNEL(rectify_forward, "vectors", accepts, NULL, forward);
CAPAS_TUNED_KERNEL(rectify_backward, "vectors", accepts, NULL, backward);
