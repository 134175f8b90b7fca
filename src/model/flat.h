/* The form of a flat model (docs/decisions/flat-models.md), numbers as the machine has them:
 *
 *   the head (below)
 *   the description: a packed value (base/value_pack.h), a map of "config" (Keras's configuration)
 *                    and "capas" (model/extra.c)
 *   zeros up to a multiple of 64
 *   the model's block of weights, as it lies in memory
 *
 * What weights are where follows from the configuration; `layout` is a checksum over that, so that
 * a capas that would lay them otherwise refuses the file. */
#ifndef CAPAS_MODEL_FLAT_H
#define CAPAS_MODEL_FLAT_H

#include "model/model.h"
#include <capas/flat.h>

enum { CAPAS_FLAT_MAGIC = 8, CAPAS_FLAT_MOST_DESCRIPTION = 16 << 20 };

typedef struct capas_flat_head {
    char magic[CAPAS_FLAT_MAGIC]; /* "CAPASF1" and the order of bytes, 'L' or 'B' */
    uint64_t size;                /* of everything */
    uint64_t description_size;
    uint64_t values_offset, value_count;
    uint64_t layout;
    uint64_t values_checksum;
    uint64_t checksum; /* of the head before this, and of the description */
} capas_flat_head;

void capas_flat_magic(char magic[CAPAS_FLAT_MAGIC]);
/* Whether bytes begin as those of a flat model, of whatever machine. */
bool capas_flat_begins(const void *data, size_t size);
uint64_t capas_flat_layout(const capas_model *model);
uint64_t capas_flat_checksum(const capas_flat_head *head, const void *description);

#endif
