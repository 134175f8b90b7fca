/* Going through an array by vectors, the last one in part. Shards are whole pieces of the array, so
 * that vectors lie as the array does. */
#ifndef CAPAS_KERNELS_TUNED_ELEMENTS_H
#define CAPAS_KERNELS_TUNED_ELEMENTS_H

#include "kernels/kernel.h"
#include "kernels/tuned/vector.h"

enum { CAPAS_PIECE = 256 /* elements */ };

/* Up to CAPAS_VECTOR elements; `count` is CAPAS_VECTOR, a constant, but in the tail. */
CAPAS_INLINE vfloat v_load_some(const float *p, int count)
{
    return count == CAPAS_VECTOR ? v_load(p) : v_load_part(p, count);
}
CAPAS_INLINE void v_store_some(float *p, vfloat a, int count)
{
    if (count == CAPAS_VECTOR)
        v_store(p, a);
    else
        v_store_part(p, a, count);
}

/* Runs `function` on ranges of pieces; at least `grain` elements each. */
static inline void capas_parallel_pieces(int64_t count, int64_t grain, int workers,
                                         capas_range_function *function, const void *problem,
                                         const void *arguments)
{
    capas_parallel_ranges((count + CAPAS_PIECE - 1) / CAPAS_PIECE, grain / CAPAS_PIECE, workers,
                          function, problem, arguments);
}

/* The element behind the last of pieces .. end-1. */
static inline int64_t capas_pieces_end(int64_t end, int64_t count)
{
    return end * CAPAS_PIECE < count ? end * CAPAS_PIECE : count;
}

#endif
