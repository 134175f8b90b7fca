/* One array of a Keras file, verified: it is there, has the right shape, and is finite; what is
 * wrong is told by whose it is. */
#ifndef CAPAS_FILES_KERAS_ARRAY_H
#define CAPAS_FILES_KERAS_ARRAY_H

#include "files/hdf5.h"

/* What is read, for messages: "layer dense: weight kernel", "optimizer adam: its variable for
 * weight kernel of layer dense". */
typedef struct capas_keras_array {
    const char *owner, *owner_name; /* "layer", "dense" */
    const char *layer, *weight;     /* of an optimizer's variable: whose; layer NULL otherwise */
    const char *path;
} capas_keras_array;

/* The numbers in Keras's order, which belong to the file; NULL with the sentence. */
const float *capas_keras_read_array(const capas_hdf5_contents *file, const capas_keras_array *array,
                                    const capas_shape *shape);

#endif
