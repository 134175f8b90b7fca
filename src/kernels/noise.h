/* Family noise: y = x * factor + offset, drawn for each element:
 *
 *   added       factor 1, offset deviation * g
 *   multiplied  factor 1 + deviation * g, offset 0
 *   alpha       keeps x with probability 1 - rate, puts -scale * alpha of selu in its place
 *               otherwise, and then maps the whole so that mean and variance stay what they were
 *
 * g is normal: number i (C order of the draws, the sample first) of the sequence `random`, two
 * words each, by Box and Muller; the coin of alpha is uniform word i of it. `draws` has the input's
 * rank; a 1 in it repeats one draw. Backward is the same call on the gradient, without offsets. */
#ifndef CAPAS_KERNELS_NOISE_H
#define CAPAS_KERNELS_NOISE_H

#include "kernels/kernel.h"

typedef enum capas_noise_kind {
    CAPAS_NOISE_ADDED,
    CAPAS_NOISE_MULTIPLIED,
    CAPAS_NOISE_ALPHA,
} capas_noise_kind;

typedef struct capas_noise_problem {
    int workers;
    capas_noise_kind kind;
    double amount; /* the deviation, or the rate */
    bool without_offset;
    capas_shape shape, draws; /* dims[0] = the batch; draws.dims[0] 1: one for all samples */
} capas_noise_problem;

typedef struct capas_noise_arguments {
    int n;
    capas_random random;
    const void *input;
    void *output;
} capas_noise_arguments;

#endif
