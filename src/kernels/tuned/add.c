/* Sums of equal shapes and affine maps, over vectors: y = a + b, and back dy to both; y = x * scale
 * + offset. Sums with broadcasting are the plain kernel's. */
#include "kernels/elementwise.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"

enum { GRAIN = 16384 /* elements */ };

/* A sum's arrays; backward, the copies of dy. */
typedef struct add_call {
    int64_t count;
    const float *a, *b;
    float *output;
} add_call;

static void add_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const add_call *call = arguments;
    const int64_t last = capas_pieces_end(end, call->count);
    (void)problem;
    (void)shard;
    for (int64_t i = begin * CAPAS_PIECE; i < last; i += CAPAS_VECTOR) {
        const int count = last - i < CAPAS_VECTOR ? (int)(last - i) : CAPAS_VECTOR;
        vfloat sum = v_load_some(call->a + i, count) + v_load_some(call->b + i, count);
        v_store_some(call->output + i, sum, count);
    }
}

static void copy_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                       int shard)
{
    const add_call *call = arguments;
    const int64_t first = begin * CAPAS_PIECE, last = capas_pieces_end(end, call->count);
    (void)problem;
    (void)shard;
    if (first < last)
        memmove(call->output + first, call->a + first, (size_t)(last - first) * sizeof(float));
}

static int64_t count_of(const capas_add_problem *p, int n)
{
    int64_t count = n;
    for (int d = 1; d < p->output.rank; d++)
        count *= p->output.dims[d];
    return count;
}

static void add_forward(const void *problem, const void *arguments)
{
    const capas_add_problem *p = problem;
    const capas_add_arguments *a = arguments;
    const add_call call = {count_of(p, a->n), a->a, a->b, a->output};
    capas_parallel_pieces(call.count, GRAIN, p->workers, add_range, p, &call);
}

static void add_backward(const void *problem, const void *arguments)
{
    const capas_add_problem *p = problem;
    const capas_add_arguments *a = arguments;
    void *const gradients[] = {a->a_gradient, a->b_gradient};
    for (int i = 0; i < 2; i++) {
        const add_call call = {count_of(p, a->n), a->output_gradient, NULL, gradients[i]};
        if (call.output && call.output != call.a)
            capas_parallel_pieces(call.count, GRAIN, p->workers, copy_range, p, &call);
    }
}

/* Equal shapes; a batch of 1 in all three is one, too. */
static bool add_accepts(const void *problem)
{
    const capas_add_problem *p = problem;
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

CAPAS_TUNED_KERNEL(add_forward, "vectors", add_accepts, NULL, add_forward);
CAPAS_TUNED_KERNEL(add_backward, "copies", add_accepts, NULL, add_backward);
CAPAS_TUNED_KERNEL(affine, "vectors", NULL, NULL, affine);
