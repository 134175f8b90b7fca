/* What the rows of a batch count for in the loss and in weighted metrics: Keras's sample_weight,
 * which the data bring, or its class_weight, which the call of fit brings; not both
 * (keras-semantics 5.1).
 */
#ifndef CAPAS_TRAINING_ROW_WEIGHTS_H
#define CAPAS_TRAINING_ROW_WEIGHTS_H

#include "training/dataset.h"
#include "training/losses.h"

/* By class number; those from count on count 1. */
typedef struct capas_class_weights {
    const double *values; /* borrowed; NULL: none */
    int count;
} capas_class_weights;

capas_status capas_class_weights_take(capas_class_weights *weights, const double *values, int count,
                                      const char *where);

/* Whether the shapes serve: a weight for each sample or for each row of its target; and class
 * weights with one target of one row. */
capas_status capas_row_weights_check(const capas_dataset_spec *spec, const capas_target *targets,
                                     const capas_class_weights *classes, const char *where);

/* The weights of n samples of target `index` into `to`, one a row. `labels` is as capas_target_read
 * made it, `data` and `given` (NULL: none) of the batch. Returns the sum over the rows that are not
 * ignored. */
double capas_row_weights_fill(const capas_dataset_spec *spec, const capas_target *targets,
                              int index, const capas_class_weights *classes,
                              const capas_batch *batch, const void *labels, float *to);

#endif
