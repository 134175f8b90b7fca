/* One part of an IDX set in memory: pictures and their labels. The public face is
 * capas_load_idx (capas/data.h); recipes take the arrays. */
#ifndef CAPAS_DATA_IDX_H
#define CAPAS_DATA_IDX_H

#include "base/status.h"
#include <capas/data.h>
#include <stdint.h>

typedef enum capas_idx_part { CAPAS_IDX_TRAIN, CAPAS_IDX_TEST } capas_idx_part;

/* The bytes are `memory`'s, and not to be written to: they may be mapped from the cache
 * (data/cache.h). */
typedef struct capas_idx {
    int64_t count, height, width;
    const uint8_t *images, *labels; /* count pictures, count labels */
    const int64_t *levels;          /* of all pictures (data/statistics.h); NULL: not counted */
    struct capas_idx_memory *memory;
} capas_idx;

/* Where a set is: a folder, with what is known of the set that it holds. */
typedef struct capas_idx_place {
    char folder[4096];
    const char *const *class_names; /* CAPAS_IDX_CLASSES of them, or NULL */
    const char *const *sums;        /* of pictures and labels of both parts, or NULL */
} capas_idx_place;

enum { CAPAS_IDX_CLASSES = 10 };

/* NULL or "mnist", "fashion-mnist", or a folder (see capas_load_idx). */
capas_status capas_idx_find(const char *name, capas_idx_place *place);

/* Only the headers: count, height and width. */
capas_status capas_idx_describe(const capas_idx_place *place, capas_idx_part part, capas_idx *idx);

capas_status capas_idx_load(const capas_idx_place *place, capas_idx_part part, capas_idx *idx);
void capas_idx_free(capas_idx *idx);

/* A data set over the pictures and `targets`, which may be NULL for the labels; it takes the memory
 * of `idx` over, also when it fails. */
capas_dataset *capas_idx_dataset(const capas_idx_place *place, capas_idx *idx,
                                 const capas_tensor *targets);

#endif
