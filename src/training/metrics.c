/* Accuracy; see metrics.h. */
#include "training/metrics.h"

capas_accuracy_kind capas_accuracy_resolve(const capas_shape *prediction, const capas_shape *target)
{
    int64_t last = prediction->dims[prediction->rank - 1];
    if (last == 1) return CAPAS_ACCURACY_BINARY;
    bool lower_rank = target->rank + 1 < prediction->rank;
    bool column = target->rank > 0 && target->dims[target->rank - 1] == 1;
    return lower_rank || column ? CAPAS_ACCURACY_SPARSE : CAPAS_ACCURACY_CATEGORICAL;
}

/* The first of the largest. */
static int largest(const float *row, int classes)
{
    int best = 0;
    for (int c = 1; c < classes; c++)
        if (row[c] > row[best]) best = c;
    return best;
}

static bool is_right(const capas_accuracy *accuracy, const capas_target *target,
                     const float *prediction, const void *labels, int64_t row)
{
    const float *scores = prediction + row * target->classes;
    if (accuracy->kind == CAPAS_ACCURACY_BINARY) { /* one class: a row is an element */
        float label = capas_target_is_sparse(target) ? (float)((const int32_t *)labels)[row]
                                                     : ((const float *)labels)[row];
        return (scores[0] > 0.5f) == label;
    }
    int best = largest(scores, target->classes);
    if (accuracy->kind == CAPAS_ACCURACY_SPARSE) return best == ((const int32_t *)labels)[row];
    return best == largest((const float *)labels + row * target->classes, target->classes);
}

void capas_accuracy_add(capas_accuracy *accuracy, const capas_target *target,
                        const float *prediction, const void *labels, const float *weights,
                        int64_t n)
{
    int64_t rows = n * target->rows;
    for (int64_t row = 0; row < rows; row++) {
        double weight = weights ? (double)weights[row] : 1;
        if (is_right(accuracy, target, prediction, labels, row)) accuracy->right += weight;
        accuracy->count += weight;
    }
}

double capas_accuracy_value(const capas_accuracy *accuracy)
{
    return accuracy->count > 0 ? accuracy->right / accuracy->count : 0;
}
