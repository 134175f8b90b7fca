/* Accuracy, resolved by shapes as Keras does (keras-semantics 3.2), counted exactly but for
 * weights. */
#ifndef CAPAS_TRAINING_METRICS_H
#define CAPAS_TRAINING_METRICS_H

#include "training/losses.h"

typedef enum capas_accuracy_kind {
    CAPAS_ACCURACY_BINARY,      /* element by element, prediction above 0.5 */
    CAPAS_ACCURACY_SPARSE,      /* the largest prediction is at the label */
    CAPAS_ACCURACY_CATEGORICAL, /* the largest prediction is where the largest target is */
} capas_accuracy_kind;

/* A streaming count; right / count is the result. */
typedef struct capas_accuracy {
    capas_accuracy_kind kind;
    double right, count;
} capas_accuracy;

/* `prediction` with the batch, `target` of the data without. */
capas_accuracy_kind capas_accuracy_resolve(const capas_shape *prediction,
                                           const capas_shape *target);

/* Adds n samples. `labels` is as capas_target_read made it, `weights` what each row counts for
 * (NULL: 1). */
void capas_accuracy_add(capas_accuracy *accuracy, const capas_target *target,
                        const float *prediction, const void *labels, const float *weights,
                        int64_t n);

/* 0 while there is nothing. */
double capas_accuracy_value(const capas_accuracy *accuracy);

#endif
