/* All memory of capas comes through here: aligned to 64 bytes, through the user's allocator, with a
 * sentence when there is none. Sizes are checked for overflow. */
#ifndef CAPAS_BASE_MEMORY_H
#define CAPAS_BASE_MEMORY_H

#include "base/status.h"
#include <stddef.h>

enum { CAPAS_ALIGNMENT = 64 };

/* A size in whole multiples of it. */
static inline size_t capas_aligned_size(size_t size)
{
    return (size + CAPAS_ALIGNMENT - 1) / CAPAS_ALIGNMENT * CAPAS_ALIGNMENT;
}

/* NULL and CAPAS_NO_MEMORY's sentence on failure. A count or size of 0 still gives a pointer. */
void *capas_allocate(size_t count, size_t size);        /* contents undefined */
void *capas_allocate_zeroed(size_t count, size_t size); /* all bits zero */
char *capas_copy_string(const char *text);              /* NULL stays NULL */
void *capas_copy_memory(const void *memory, size_t size);

/* Grows an array that holds `used` items so that one more fits; *capacity doubles. The array may be
 * NULL. On failure the old array stays valid. */
capas_status capas_grow(void **array, size_t used, size_t *capacity, size_t size);

/* NULL does nothing. */
void capas_release(void *memory);

#endif
