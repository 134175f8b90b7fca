/* Two arrays of equal shapes, element by element over vectors: y = a + b, a * b, the larger or the
 * smaller, and the way back; affine maps y = x * scale + offset. Broadcasting is the plain
 * kernel's. */
#include "kernels/elementwise.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"

enum { GRAIN = 16384 /* elements */ };

typedef struct combine_call {
    int64_t count;
    const float *a, *b, *output_gradient;
    float *output, *a_gradient, *b_gradient;
} combine_call;

static combine_call call_of(const capas_combine_problem *p, const capas_combine_arguments *a)
{
    int64_t count = a->n;
    for (int d = 1; d < p->output.rank; d++)
        count *= p->output.dims[d];
    return (combine_call){count,     a->a,          a->b,         a->output_gradient,
                          a->output, a->a_gradient, a->b_gradient};
}

/* Whether an extremum takes a; a NaN is taken wherever it is. */
CAPAS_INLINE vint takes_a(capas_combination combination, vfloat a, vfloat b)
{
    return (combination == CAPAS_COMBINE_MAXIMUM ? a >= b : a <= b) | (a != a);
}

CAPAS_INLINE vfloat combined(capas_combination combination, vfloat a, vfloat b)
{
    if (combination == CAPAS_COMBINE_SUM) return a + b;
    if (combination == CAPAS_COMBINE_PRODUCT) return a * b;
    return v_select(takes_a(combination, a, b), a, b);
}

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_combine_problem *p = problem;
    const combine_call *call = arguments;
    const int64_t last = capas_pieces_end(end, call->count);
    (void)shard;
    for (int64_t i = begin * CAPAS_PIECE; i < last; i += CAPAS_VECTOR) {
        const int count = last - i < CAPAS_VECTOR ? (int)(last - i) : CAPAS_VECTOR;
        const vfloat a = v_load_some(call->a + i, count), b = v_load_some(call->b + i, count);
        v_store_some(call->output + i, combined(p->combination, a, b), count);
    }
}

static void combine_forward(const void *problem, const void *arguments)
{
    const combine_call call = call_of(problem, arguments);
    const capas_combine_problem *p = problem;
    capas_parallel_pieces(call.count, GRAIN, p->workers, forward_range, p, &call);
}

/* Of products and extrema. The gradients may lie where dy does. */
static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_combine_problem *p = problem;
    const combine_call *call = arguments;
    const int64_t last = capas_pieces_end(end, call->count);
    const bool product = p->combination == CAPAS_COMBINE_PRODUCT;
    (void)shard;
    for (int64_t i = begin * CAPAS_PIECE; i < last; i += CAPAS_VECTOR) {
        const int count = last - i < CAPAS_VECTOR ? (int)(last - i) : CAPAS_VECTOR;
        const vfloat a = v_load_some(call->a + i, count), b = v_load_some(call->b + i, count);
        const vfloat dy = v_load_some(call->output_gradient + i, count);
        vfloat da = dy * b, db = dy * a;
        if (!product) {
            const vint to_a = takes_a(p->combination, a, b);
            da = v_select(to_a, dy, v_zero());
            db = v_select(to_a, v_zero(), dy);
        }
        if (call->a_gradient) v_store_some(call->a_gradient + i, da, count);
        if (call->b_gradient) v_store_some(call->b_gradient + i, db, count);
    }
}

static void copy_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                       int shard)
{
    const combine_call *call = arguments;
    const int64_t first = begin * CAPAS_PIECE, last = capas_pieces_end(end, call->count);
    const size_t size = first < last ? (size_t)(last - first) * sizeof(float) : 0;
    float *const gradients[] = {call->a_gradient, call->b_gradient};
    (void)problem;
    (void)shard;
    for (int i = 0; i < 2 && size > 0; i++)
        if (gradients[i] && gradients[i] != call->output_gradient)
            memmove(gradients[i] + first, call->output_gradient + first, size);
}

static void combine_backward(const void *problem, const void *arguments)
{
    const combine_call call = call_of(problem, arguments);
    const capas_combine_problem *p = problem;
    const bool sum = p->combination == CAPAS_COMBINE_SUM;
    capas_parallel_pieces(call.count, GRAIN, p->workers, sum ? copy_range : backward_range, p,
                          &call);
}

/* Equal shapes; a batch of 1 in all three is one, too. */
static bool accepts(const void *problem)
{
    const capas_combine_problem *p = problem;
    bool equal = p->output.rank > 0 && p->a.rank == p->output.rank && p->b.rank == p->output.rank;
    for (int d = 0; equal && d < p->output.rank; d++)
        equal = p->a.dims[d] == p->output.dims[d] && p->b.dims[d] == p->output.dims[d];
    return equal;
}

static void affine_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                         int shard)
{
    const capas_affine_problem *p = problem;
    const capas_affine_arguments *a = arguments;
    const int64_t last = capas_pieces_end(end, a->count);
    const float scale = (float)p->scale, offset = (float)p->offset;
    const float *x = a->input;
    float *y = a->output;
    (void)shard;
    for (int64_t i = begin * CAPAS_PIECE; i < last; i += CAPAS_VECTOR) {
        const int count = last - i < CAPAS_VECTOR ? (int)(last - i) : CAPAS_VECTOR;
        v_store_some(y + i, v_load_some(x + i, count) * scale + offset, count);
    }
}

static void affine(const void *problem, const void *arguments)
{
    const capas_affine_problem *p = problem;
    const capas_affine_arguments *a = arguments;
    capas_parallel_pieces(a->count, GRAIN, p->workers, affine_range, p, a);
}

CAPAS_TUNED_KERNEL(combine_forward, "vectors", accepts, NULL, combine_forward);
CAPAS_TUNED_KERNEL(combine_backward, "vectors", accepts, NULL, combine_backward);
CAPAS_TUNED_KERNEL(affine, "vectors", NULL, NULL, affine);
