/* Family rescale: y = (x - mean) / max(sqrt(variance), least), or the inverse of that, x max(sqrt(
 * variance), least) + mean, with statistics that are there already and that nobody trains. Backward
 * is the same call on the gradient, without the mean. */
#ifndef CAPAS_KERNELS_RESCALE_H
#define CAPAS_KERNELS_RESCALE_H

#include "kernels/kernel.h"

typedef struct capas_rescale_problem {
    int workers;
    bool inverse, without_mean;
    bool deviations; /* `variance` has deviations in place of variances, of any size and sign */
    double least;
    capas_shape shape;      /* of the input; dims[0] = the batch */
    capas_shape statistics; /* the input's rank, 1 where one number is for all, dims[0] = 1 */
    /* Fixed numbers in the shape of `statistics`, borrowed; NULL: the arguments have them. */
    const double *mean, *variance;
} capas_rescale_problem;

typedef struct capas_rescale_arguments {
    int n;
    const void *input;
    const void *mean, *variance; /* of the kernel's element */
    void *output;
} capas_rescale_arguments;

#endif
