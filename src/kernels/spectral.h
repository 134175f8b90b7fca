/* Spectral normalisation of a weight as a matrix W [rows, columns], in place: power iteration
 * brings a vector u towards the direction in which W stretches most, and W is divided by how much
 * that is (Keras layers/normalization/spectral_normalization.py):
 *
 *   v = u W^T / |u W^T|,  u = v W / |v W|, so often as `iterations` says;  W = W / (v W u^T)
 *
 * where a length counts as 1e-7 at least. Where the divisor is 0 nothing changes. */
#ifndef CAPAS_KERNELS_SPECTRAL_H
#define CAPAS_KERNELS_SPECTRAL_H

#include "kernels/kernel.h"

typedef struct capas_spectral_problem {
    int workers;
    int64_t rows, columns;
    int tile; /* how dense weights lie (kernels/dense.h); 0: in C order */
    int iterations;
} capas_spectral_problem;

/* Doubles that the work takes beside. */
size_t capas_spectral_workspace(const capas_spectral_problem *problem);
/* `count` numbers are in the block, those between tiles among them. vector: u [columns]. */
void capas_normalise_spectrum(const capas_spectral_problem *problem, int64_t count, float *weights,
                              float *vector, double *workspace);

#endif
