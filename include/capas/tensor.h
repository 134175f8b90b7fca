/* Tensors: a view of numbers in memory, in C order (the last index runs fastest), as NumPy and
 * Keras have them. Images are [images, height, width, channels]. */
#ifndef CAPAS_TENSOR_H
#define CAPAS_TENSOR_H

#include <capas/status.h>
#include <stdint.h>

CAPAS_BEGIN

enum { CAPAS_MAX_RANK = 8 };

typedef enum capas_element {
    CAPAS_FLOAT32,
    CAPAS_FLOAT64,
    CAPAS_INT32,
    CAPAS_UINT8,
} capas_element;

/* A dimension that is not known yet: the batch, Keras's None. */
#define CAPAS_ANY (-1)

typedef struct capas_shape {
    int rank;
    int64_t dims[CAPAS_MAX_RANK];
} capas_shape;

/* A view; who made the memory owns it. */
typedef struct capas_tensor {
    capas_element element;
    capas_shape shape;
    void *data;
} capas_tensor;

/* A shape from its dimensions: capas_shape_of(3, 28, 28, 1), the rank first, each an int.
 * A rank that is none gives the failure CAPAS_INVALID_ARGUMENT and rank 0. */
CAPAS_API capas_shape capas_shape_of(int rank, ...);

/* Bytes of one element. */
CAPAS_API int capas_element_size(capas_element element);

/* "float32", as Keras writes it. */
CAPAS_API const char *capas_element_name(capas_element element);

CAPAS_END

#endif
