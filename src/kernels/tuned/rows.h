/* CAPAS_VECTOR rows at once, each in a lane, so that work along a short row is work on vectors:
 *
 *   x [rows][classes]   becomes   [classes][lanes]
 *
 * Lanes without a row are zero. */
#ifndef CAPAS_KERNELS_TUNED_ROWS_H
#define CAPAS_KERNELS_TUNED_ROWS_H

#include "kernels/tuned/transpose.h"

/* Rows that are longer are not taken so: the copies would leave the cache. */
enum { CAPAS_MOST_CLASSES = 128 };

typedef struct capas_lanes {
    float value[CAPAS_MOST_CLASSES * CAPAS_VECTOR];
} capas_lanes;

CAPAS_INLINE void capas_load_rows(capas_lanes *lanes, const float *x, int classes, int rows)
{
    capas_transpose(x, classes, rows, classes, lanes->value, CAPAS_VECTOR, CAPAS_VECTOR);
}

CAPAS_INLINE void capas_store_rows(const capas_lanes *lanes, float *x, int classes, int rows)
{
    capas_transpose(lanes->value, CAPAS_VECTOR, classes, rows, x, classes, classes);
}

CAPAS_INLINE vfloat capas_class(const capas_lanes *lanes, int c)
{
    return v_load(lanes->value + c * CAPAS_VECTOR);
}
CAPAS_INLINE void capas_set_class(capas_lanes *lanes, int c, vfloat value)
{
    v_store(lanes->value + c * CAPAS_VECTOR, value);
}

/* The largest of each row; a NaN in a later class loses, one in the first stays. */
CAPAS_INLINE vfloat capas_largest_class(const capas_lanes *lanes, int classes)
{
    vfloat largest = capas_class(lanes, 0);
    for (int c = 1; c < classes; c++)
        largest = v_max(capas_class(lanes, c), largest);
    return largest;
}

#endif
