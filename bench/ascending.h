/* Putting measured numbers in order, for medians. */
#ifndef CAPAS_BENCH_ASCENDING_H
#define CAPAS_BENCH_ASCENDING_H

#include <stdlib.h>

static inline int compare_measured(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of `count` values, which are put in order. */
static inline double median_of(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare_measured);
    return values[count / 2];
}

#endif
