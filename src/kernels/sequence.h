/* What sequences need besides the scan: rows of a table looked up by number, and masks, which say
 * which steps count. A mask is an array of 0 and 1 in the element of the numbers it goes with, so
 * that it multiplies as it is. */
#ifndef CAPAS_KERNELS_SEQUENCE_H
#define CAPAS_KERNELS_SEQUENCE_H

#include "kernels/kernel.h"

/* Families lookup and lookup_backward: y[i] = table[x[i]], a row of `width`; x are whole numbers in
 * floats, cut towards zero as Keras casts them. One outside 0 .. rows - 1 gives NaN, and `wrong`
 * the first such place, otherwise -1. Backward, dtable[r] = sum over i with x[i] = r of dy[i]. */
typedef struct capas_lookup_problem {
    int workers;
    int64_t rows, width;
} capas_lookup_problem;

typedef struct capas_lookup_arguments {
    int64_t count;
    const void *input, *table;
    void *output;
    int64_t *wrong;
    const void *output_gradient;
    void *table_gradient; /* overwritten */
} capas_lookup_arguments;

/* Family mask: y[i] = whether a number of row i, of `width`, is other than `value`. */
typedef struct capas_mask_problem {
    int workers;
    int64_t width;
    double value;
} capas_mask_problem;

typedef struct capas_mask_arguments {
    int64_t rows;
    const void *input;
    void *output;
} capas_mask_arguments;

/* Family share: a mean over the rows that count is one over all rows of numbers that were
 * multiplied by y[i] = m[i] count / sum of m, or 0 when none counts; over all rows together or over
 * each `group` of them. */
typedef struct capas_share_problem {
    int64_t group; /* 0: all */
} capas_share_problem;

typedef struct capas_share_arguments {
    int64_t count;
    const void *input;
    void *output;
} capas_share_arguments;

#endif
