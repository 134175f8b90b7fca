/* A capas_state from its owner's side: a store of entries, and windows on it. A window sees the
 * entries below its prefix, so that each callback has names of its own. */
#ifndef CAPAS_TRAINING_STATE_H
#define CAPAS_TRAINING_STATE_H

#include "base/status.h"
#include <capas/state.h>
#include <stdint.h>

enum { CAPAS_STATE_NAME = 256 }; /* with the prefix and the ending 0 */

typedef enum capas_state_kind {
    CAPAS_STATE_NUMBER = 1, /* 8 bytes: a double */
    CAPAS_STATE_TEXT,       /* with its ending 0 */
    CAPAS_STATE_DATA,
} capas_state_kind;

typedef struct capas_state_entry {
    char name[CAPAS_STATE_NAME];
    capas_state_kind kind;
    const void *data;
    size_t size;
    void *own; /* what to release: `data`, or NULL when it is lent */
} capas_state_entry;

typedef struct capas_state_store {
    capas_state_entry *entries; /* in the order in which they came */
    size_t count, capacity;
    void *block; /* that lent entries lie in, released with the store; or NULL */
} capas_state_store;

/* A window; the store must outlive it. */
struct capas_state {
    capas_state_store *store;
    char prefix[CAPAS_STATE_NAME / 2]; /* "" or "callback/2/" */
};

/* Everything in the store. */
capas_state capas_state_of(capas_state_store *store);
/* What lies below `name` in a window. */
capas_state capas_state_part(const capas_state *state, const char *name);

/* As capas_state_set_data, but the bytes are the caller's and stay where they are until the store
 * is cleared: for blocks that are large. */
capas_status capas_state_lend(capas_state *state, const char *name, const void *data, size_t size);

/* Releases everything; the store may be used again. */
void capas_state_clear(capas_state_store *store);

#endif
