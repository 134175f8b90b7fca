/* Numbers of each sample brought to one scale: layer, group, RMS and unit normalisation. X is seen
 * as [n][rows][outer][groups][inner]; each row and group is a set of outer x inner numbers with a
 * statistic q of its own:
 *
 *   m = the set's mean, or 0 when not about_mean        b = m when it subtracts the mean, or 0
 *   q = share * sum (x - m)^2                           s = 1 / sqrt(max(q, least) + epsilon)
 *   y = gamma s (x - b) + beta
 *
 * `share` is 1 / (outer inner) for a mean of squares, 1 for their sum. Where q is below `least` it
 * counts as a constant. gamma and beta repeat over rows and samples: that of outer o, group g and
 * inner i is number o * weight_outer + g * weight_group + i * weight_inner of `weights`. */
#ifndef CAPAS_KERNELS_STANDARDISE_H
#define CAPAS_KERNELS_STANDARDISE_H

#include "kernels/kernel.h"

typedef struct capas_standardise_problem {
    int batch, workers;
    int64_t rows, outer, groups, inner;
    int64_t weights, weight_outer, weight_group, weight_inner;
    bool about_mean, subtracts_mean;
    double share, least, epsilon;
} capas_standardise_problem;

typedef struct capas_standardise_arguments {
    int n;
    const void *input;
    const void *gamma, *beta; /* [weights]; NULL: 1, 0 */
    void *mean, *scale;       /* [n][rows][groups], saved for backward: m and s */
    void *output;
    const void *output_gradient;
    void *input_gradient;                 /* NULL when not wanted */
    void *gamma_gradient, *beta_gradient; /* each may be NULL */
    void *workspace;
} capas_standardise_arguments;

#endif
