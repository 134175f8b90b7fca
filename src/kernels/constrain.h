/* Constraints on weights (keras-semantics 2.4), in place. A weight has one norm for each place of
 * the axes that are not summed over; `desired` of it is
 *
 *   rate * clip(norm, minimum, maximum) + (1 - rate) * norm
 *
 * and all numbers under it are multiplied by desired / (norm + 1e-7). */
#ifndef CAPAS_KERNELS_CONSTRAIN_H
#define CAPAS_KERNELS_CONSTRAIN_H

#include "kernels/kernel.h"

typedef struct capas_norm_problem {
    int workers;
    capas_shape shape; /* of the weight; a matrix of all axes but the last by the last when tiled */
    int tile;          /* how dense weights lie (kernels/dense.h); 0: in C order */
    bool summed[CAPAS_MAX_RANK]; /* axes of a norm */
    double minimum, maximum, rate;
} capas_norm_problem;

void capas_limit_norms(const capas_norm_problem *problem, float *weights);

/* What is below 0 becomes 0. */
void capas_limit_to_positive(float *weights, int64_t count, int workers);

/* OrthogonalRegularizer of a matrix (keras-semantics 2.3): with its rows (or columns) scaled to
 * length 1, factor times the mean of |a . b| over all pairs. Number k of vector i is weights[i *
 * between + k * apart], or lies where dense weights do. */
typedef struct capas_orthogonal_problem {
    int workers;
    int64_t rows, columns; /* of the matrix */
    int tile;              /* as above */
    bool by_columns;
    double factor;
} capas_orthogonal_problem;

double capas_orthogonal_penalty(const capas_orthogonal_problem *problem, const float *weights);
/* gradient += that of the penalty */
void capas_add_orthogonal_gradient(const capas_orthogonal_problem *problem, const float *weights,
                                   float *gradient);

#endif
