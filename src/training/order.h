/* The order of an epoch: a permutation that depends on the seed and the epoch alone, so any epoch
 * can be begun, or gone on with, without the ones before. */
#ifndef CAPAS_TRAINING_ORDER_H
#define CAPAS_TRAINING_ORDER_H

#include "training/dataset.h"

/* All zero at first; `order` is released by its owner. */
typedef struct capas_order {
    int64_t *order; /* NULL until it is wanted */
    bool known;
    int epoch; /* what it was drawn for */
    uint64_t seed;
} capas_order;

/* Draws it for `count` samples, unless it is there already. */
capas_status capas_order_draw(capas_order *order, const capas_dataset_place *place, int64_t count);

/* That a place is within `count` samples. */
capas_status capas_check_place(const capas_dataset_place *place, int64_t count);

#endif
