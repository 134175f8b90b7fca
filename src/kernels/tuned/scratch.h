/* Cutting a kernel's workspace into pieces: sizes are added up once for workspace() and again in
 * run(), by the same function, so that the two cannot disagree. Pieces start on cache lines. */
#ifndef CAPAS_KERNELS_TUNED_SCRATCH_H
#define CAPAS_KERNELS_TUNED_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

/* Offset of a piece of `count` elements of `size` bytes; *end moves behind it. */
static inline size_t capas_take(size_t *end, int64_t count, size_t size)
{
    size_t begin = *end;
    *end = begin + ((size_t)count * size + 63) / 64 * 64;
    return begin;
}

static inline void *capas_piece(void *workspace, size_t offset)
{
    return (char *)workspace + offset;
}

#endif
