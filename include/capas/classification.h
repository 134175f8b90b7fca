/* What a classifier answers for each sample of a set: from this come confusion matrices and lists
 * of mistakes. The answers' mean is capas_evaluate's (capas/training.h). */
#ifndef CAPAS_CLASSIFICATION_H
#define CAPAS_CLASSIFICATION_H

#include <capas/data.h>
#include <capas/training.h>

CAPAS_BEGIN

/* In the set's own order. */
typedef struct capas_classification {
    int64_t count;
    int classes;
    int *labels, *predicted; /* classes from 0 */
    float *probability;      /* that the model gives to what it predicts */
} capas_classification;

/* The model has one output: probabilities of the classes, or with a single number the probability
 * of class 1. The set has one target: the class, or one number for each class (one-hot).
 * CAPAS_SHAPE_MISMATCH where they do not fit; CAPAS_BAD_DATA for a label that is no class of the
 * model's. Free it with capas_classification_free, also after a failure. */
CAPAS_API capas_status capas_classify(capas_model *model, capas_dataset *dataset,
                                      capas_classification *answers);
CAPAS_API void capas_classification_free(capas_classification *answers);

/* counts[true * classes + predicted], classes * classes of them. */
CAPAS_API void capas_confusion(const capas_classification *answers, int64_t *counts);

/* The samples that were taken for another class, the surest first, at most `limit`; gives back how
 * many it put into `samples`. */
CAPAS_API int capas_mistakes(const capas_classification *answers, int64_t *samples, int limit);

/* One sample as a picture of bytes, to be freed with capas_free, and its label (-1: the set has
 * none; `label` may be NULL). The epoch, from 0, matters to augmented sets alone. Numbers that are
 * no bytes are spread from the least, 0, to the largest, 255. CAPAS_SHAPE_MISMATCH when a sample is
 * no picture with 1 or 3 channels. */
CAPAS_API capas_status capas_dataset_picture(capas_dataset *dataset, int epoch, int64_t sample,
                                             capas_picture *picture, int *label);

CAPAS_END

#endif
