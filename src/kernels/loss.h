/* Losses: for each row (a sample, or a position of one) its value, and the gradient of the reduced
 * loss.
 *
 * Formulas in keras-semantics 3.1 (Keras losses/losses.py, backend/tensorflow/nn.py). The reduced
 * loss is sum over rows of factor * weight[row] * value[row]; the gradient is of that, with respect
 * to the prediction. Clipped probabilities (1e-7 .. 1 - 1e-7) pass no gradient through the clip. A
 * label outside 0 .. classes-1 that is not ignored gives NaN: the caller checks labels before. */
#ifndef CAPAS_KERNELS_LOSS_H
#define CAPAS_KERNELS_LOSS_H

#include "kernels/kernel.h"

typedef enum capas_loss_kind {
    CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY,        /* target [rows][classes] */
    CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY, /* target int32 [rows] */
    CAPAS_LOSS_KIND_MEAN_SQUARED_ERROR,              /* target [rows][classes], mean over the row */
} capas_loss_kind;

typedef struct capas_loss_problem {
    int workers;
    capas_loss_kind kind;
    int classes;            /* elements of a row */
    bool from_logits;       /* cross-entropies: the prediction is before the softmax */
    double label_smoothing; /* categorical */
    bool has_ignore_class;  /* sparse: such rows have value 0 and no gradient */
    int ignore_class;
} capas_loss_problem;

typedef struct capas_loss_arguments {
    int64_t rows;
    const void *prediction;
    const void *target;        /* elements as the prediction's, or int32 */
    const void *weight;        /* [rows], or NULL: 1 */
    double factor;             /* 1 / rows for Keras's default reduction */
    void *value;               /* [rows], unweighted */
    void *probability;         /* from_logits only: softmax(prediction), or NULL */
    void *prediction_gradient; /* NULL: only the values */
} capas_loss_arguments;

#endif
