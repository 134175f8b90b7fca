/* Axes that a layer works over: the options that say them, counted from the front or, below 0, from
 * the back, and the way there: a layer brings them to the end, works over the last ones, and brings
 * them back. */
#ifndef CAPAS_LAYERS_AXES_H
#define CAPAS_LAYERS_AXES_H

#include "layers/layer.h"

/* capas_shape, its sizes the axes; left out: {1, {standard}}. Read from 1 or [1, 2]; written as a
 * list, or by the second kind as a number when it is one axis. None, where it is allowed, is {1,
 * {CAPAS_NONE}} and an empty list. */
extern const capas_option_kind capas_option_axes;
extern const capas_option_kind capas_option_axis_or_axes;

/* Axes of an input, in order from the front; `order` has all axes of the input, those that were
 * asked for last. */
typedef struct capas_axes {
    int count, rank;
    int axis[CAPAS_MAX_RANK];
    int order[CAPAS_MAX_RANK];
} capas_axes;

/* Fails with the layer's sentence when one is not there, is said twice or is the batch's. */
capas_status capas_axes_of(const capas_layer *layer, const capas_shape *wanted,
                           const capas_shape *input, capas_axes *axes);

/* The buffer with these axes last, and back; the same buffer where they are. */
int capas_axes_to_end(const capas_layer *layer, capas_program *program, int buffer,
                      const capas_axes *axes);
int capas_axes_from_end(const capas_layer *layer, capas_program *program, int buffer,
                        const capas_axes *axes);

/* Lowers to STANDARDISE over these axes, brought to the end and back. The problem without its
 * sizes; a share of 0 is the mean's. */
int capas_axes_standardise(const capas_layer *layer, capas_program *program, int input,
                           const capas_axes *axes, capas_standardise_problem problem, int gamma,
                           int beta);

#endif
