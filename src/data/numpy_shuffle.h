/* The order in which numpy.random.RandomState(seed).shuffle leaves a list, which decides what
 * Keras's functions for folders take for validation. */
#ifndef CAPAS_DATA_NUMPY_SHUFFLE_H
#define CAPAS_DATA_NUMPY_SHUFFLE_H

#include <stdint.h>

/* order[i]: the place before of what is at i afterwards; at most 2^32 - 1 of them. */
void capas_numpy_shuffle(int64_t *order, int64_t count, uint32_t seed);

#endif
