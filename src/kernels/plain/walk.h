/* A walk over a box of numbers in C order that keeps the offset into another array, whose stride
 * along an axis may be anything, and 0 where one element is repeated. */
#ifndef CAPAS_KERNELS_PLAIN_WALK_H
#define CAPAS_KERNELS_PLAIN_WALK_H

#include <capas/tensor.h>

typedef struct walk {
    int rank;
    int64_t dims[CAPAS_MAX_RANK], strides[CAPAS_MAX_RANK], coordinate[CAPAS_MAX_RANK];
    int64_t offset;
} walk;

/* Elements of a sample: of all dimensions but the first. */
static inline int64_t sample_size(const capas_shape *shape)
{
    int64_t size = 1;
    for (int d = 1; d < shape->rank; d++)
        size *= shape->dims[d];
    return size;
}

/* Strides of an array in C order; 0 where a dimension is 1, which repeats. */
static inline void repeating_strides(const capas_shape *shape, int64_t strides[CAPAS_MAX_RANK])
{
    int64_t stride = 1;
    for (int d = shape->rank - 1; d >= 0; d--) {
        strides[d] = shape->dims[d] == 1 ? 0 : stride;
        stride *= shape->dims[d];
    }
}

/* At element `index` of the box; its first dimension has no end. */
static inline walk walk_from(const capas_shape *box, const int64_t strides[CAPAS_MAX_RANK],
                             int64_t index)
{
    walk w = {.rank = box->rank};
    for (int d = box->rank - 1; d >= 0; d--) {
        w.dims[d] = box->dims[d];
        w.strides[d] = strides[d];
        w.coordinate[d] = d > 0 ? index % box->dims[d] : index;
        index /= box->dims[d];
        w.offset += w.coordinate[d] * strides[d];
    }
    return w;
}

/* To the next element. */
static inline void walk_on(walk *w)
{
    for (int d = w->rank - 1; d >= 0; d--) {
        w->offset += w->strides[d];
        if (++w->coordinate[d] < w->dims[d] || d == 0) return;
        w->offset -= w->strides[d] * w->dims[d];
        w->coordinate[d] = 0;
    }
}

#endif
