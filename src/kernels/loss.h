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
#include <capas/custom.h>

typedef enum capas_loss_kind {
    CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY,        /* target [rows][classes] */
    CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY, /* target int32 [rows] */
    /* target [rows][classes] from here on; a mean over the row's elements: */
    CAPAS_LOSS_KIND_MEAN_SQUARED_ERROR,
    CAPAS_LOSS_KIND_MEAN_ABSOLUTE_ERROR,
    CAPAS_LOSS_KIND_MEAN_ABSOLUTE_PERCENTAGE_ERROR,
    CAPAS_LOSS_KIND_MEAN_SQUARED_LOGARITHMIC_ERROR,
    CAPAS_LOSS_KIND_HUBER,
    CAPAS_LOSS_KIND_LOG_COSH,
    CAPAS_LOSS_KIND_POISSON,
    CAPAS_LOSS_KIND_HINGE, /* targets that are all 0 or 1 mean -1 and 1 */
    CAPAS_LOSS_KIND_SQUARED_HINGE,
    CAPAS_LOSS_KIND_BINARY_CROSSENTROPY,
    CAPAS_LOSS_KIND_BINARY_FOCAL_CROSSENTROPY,
    /* of the row as a vector: */
    CAPAS_LOSS_KIND_CATEGORICAL_FOCAL_CROSSENTROPY,
    CAPAS_LOSS_KIND_CATEGORICAL_HINGE,
    CAPAS_LOSS_KIND_KL_DIVERGENCE,
    CAPAS_LOSS_KIND_COSINE_SIMILARITY,
    /* of all rows together; each row has the whole as its value: */
    CAPAS_LOSS_KIND_DICE,
    CAPAS_LOSS_KIND_TVERSKY,
    /* of what class numbers name: target int32 [rows] */
    CAPAS_LOSS_KIND_GENERALIZED_CROSS_ENTROPY,
    CAPAS_LOSS_KIND_CIRCLE, /* of all pairs of rows; any number may name a class */
    /* of a sequence: a row is a sample, [steps][classes]; target int32 [rows][labels], 0 fills up
     */
    CAPAS_LOSS_KIND_CTC,
    /* a function of the user's; float32 only, plans in double refuse it */
    CAPAS_LOSS_KIND_CUSTOM,
} capas_loss_kind;

/* What does not count in the mean of a loss that leaves rows out by their values. */
typedef enum capas_loss_share {
    CAPAS_LOSS_SHARE_NONE,    /* there is no mean: a sum */
    CAPAS_LOSS_SHARE_ROWS,    /* the mean is over the rows that count */
    CAPAS_LOSS_SHARE_WEIGHTS, /* ... over their weights */
} capas_loss_share;

typedef struct capas_loss_problem {
    int workers;
    capas_loss_kind kind;
    int classes;            /* elements of a row */
    bool from_logits;       /* cross-entropies: the prediction is before the softmax or sigmoid */
    double label_smoothing; /* cross-entropies of vectors or elements */
    bool has_ignore_class;  /* sparse: such rows have value 0 and no gradient */
    int ignore_class;
    double delta;              /* Huber */
    double alpha, beta, gamma; /* focal (alpha, gamma), Tversky (alpha, beta), Circle (gamma) */
    bool balanced;             /* binary focal: alpha weighs the two classes */
    double q;                  /* generalized cross-entropy */
    double margin;             /* Circle */
    bool remove_diagonal;      /* Circle: a row is no pair with itself */
    capas_loss_share share;    /* Circle: values come multiplied with it */
    int batch;                 /* Circle: rows at most */
    int steps, labels;         /* CTC */
    const capas_custom_loss *custom; /* lasts as long as the process */
    double options[CAPAS_CUSTOM_OPTIONS];
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
    void *workspace;           /* Circle and CTC */
} capas_loss_arguments;

/* Whether targets are class numbers, int32. */
static inline bool capas_loss_kind_takes_numbers(capas_loss_kind kind)
{
    return kind == CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY ||
           kind == CAPAS_LOSS_KIND_GENERALIZED_CROSS_ENTROPY || kind == CAPAS_LOSS_KIND_CIRCLE ||
           kind == CAPAS_LOSS_KIND_CTC;
}

#endif
