/* Dropout over vectors: y = keep ? x / (1 - rate) : 0. Element i is kept when the upper 24 bits of
 * word i of the sequence are at least rate * 2^24: the same decisions as the plain kernel's. Noise
 * that repeats along an axis is left to that one. */
#include "kernels/elementwise.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"
#include "kernels/tuned/vector_random.h"
#include <math.h>

enum { GRAIN = 4096 /* elements */, BATCH = 4 * CAPAS_VECTOR /* elements of a call of Philox */ };

/* Up to BATCH elements, of which the first has the first word of `block`. */
CAPAS_INLINE void drop(capas_random random, uint64_t block, const float *x, float *y, int count,
                       int32_t threshold, float scale)
{
    vuint word[4];
    v_philox(random, block, word);
    CAPAS_UNROLL
    for (int i = 0; i < 4; i++) {
        int left = count - i * CAPAS_VECTOR;
        if (left <= 0) break;
        if (left > CAPAS_VECTOR) left = CAPAS_VECTOR;
        vint keep = (vint)((vint)(word[i] >> 8) >= threshold);
        vfloat scaled = v_load_some(x + i * CAPAS_VECTOR, left) * scale;
        v_store_some(y + i * CAPAS_VECTOR, v_select(keep, scaled, v_zero()), left);
    }
}

static int64_t count_of(const capas_dropout_problem *p, int n)
{
    int64_t count = n;
    for (int d = 1; d < p->shape.rank; d++)
        count *= p->shape.dims[d];
    return count;
}

static void run_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const capas_dropout_problem *p = problem;
    const capas_dropout_arguments *a = arguments;
    const int64_t last = capas_pieces_end(end, count_of(p, a->n));
    const int32_t threshold = (int32_t)ceil(p->rate * 0x1p24);
    const float scale = (float)(1 / (1 - p->rate));
    const float *x = a->input;
    float *y = a->output;
    int64_t i = begin * CAPAS_PIECE;
    (void)shard;
    for (; i + BATCH <= last; i += BATCH)
        drop(a->random, (uint64_t)i / 4, x + i, y + i, BATCH, threshold, scale);
    if (i < last) drop(a->random, (uint64_t)i / 4, x + i, y + i, (int)(last - i), threshold, scale);
}

static void run(const void *problem, const void *arguments)
{
    const capas_dropout_problem *p = problem;
    const capas_dropout_arguments *a = arguments;
    capas_parallel_pieces(count_of(p, a->n), GRAIN, p->workers, run_range, p, a);
}

static bool accepts(const void *problem)
{
    const capas_dropout_problem *p = problem;
    bool equal = p->shape.rank > 0 && p->noise.rank == p->shape.rank;
    for (int d = 0; equal && d < p->shape.rank; d++)
        equal = p->noise.dims[d] == p->shape.dims[d];
    return equal;
}

CAPAS_TUNED_KERNEL(dropout, "vectors", accepts, NULL, run);
