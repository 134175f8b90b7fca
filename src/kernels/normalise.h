/* Batch normalisation: X seen as [n][outer][channels][inner], statistics for each channel.
 *
 * Training: mean and biased variance over n, outer and inner; y = gamma (x - mean) / sqrt(var +
 * epsilon) + beta; moving = moving * momentum + batch * (1 - momentum), both with the biased
 * variance (Keras 3; keras-semantics 1.4). Inference: the moving statistics in place of the
 * batch's. Without a sample the moving statistics stay. */
#ifndef CAPAS_KERNELS_NORMALISE_H
#define CAPAS_KERNELS_NORMALISE_H

#include "kernels/kernel.h"

typedef struct capas_normalise_problem {
    int batch, workers;
    int64_t outer, inner;
    int channels;
    double epsilon, momentum;
    bool batch_statistics; /* training, and not frozen */
} capas_normalise_problem;

typedef struct capas_normalise_arguments {
    int n;
    const void *input;
    const void *gamma, *beta;            /* [channels]; NULL: 1, 0 */
    void *moving_mean, *moving_variance; /* written with batch_statistics */
    /* [channels], saved for backward: the mean used, and 1 / sqrt(variance + epsilon). NULL: not.
     */
    void *mean, *scale;
    void *output;
    const void *output_gradient;
    void *input_gradient;                 /* NULL when not wanted */
    void *gamma_gradient, *beta_gradient; /* each may be NULL */
    void *workspace;
} capas_normalise_arguments;

#endif
