/* See scarce_memory.h. */
#include "support/scarce_memory.h"
#include <capas/runtime.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic long asked, live, allowed_allocations;

static void *allocate(size_t size, size_t alignment, void *context)
{
    (void)context;
    long number = atomic_fetch_add(&asked, 1);
    void *memory = NULL;
    if (allowed_allocations >= 0 && number >= allowed_allocations) return NULL;
    if (posix_memalign(&memory, alignment, size) != 0) return NULL;
    atomic_fetch_add(&live, 1);
    return memory;
}

static void release(void *memory, void *context)
{
    (void)context;
    atomic_fetch_sub(&live, 1);
    free(memory);
}

void scarce_memory_begin(long allowed)
{
    asked = live = 0;
    allowed_allocations = allowed;
    capas_set_allocator(&(capas_allocator){allocate, release, NULL});
}

void scarce_memory_end(void)
{
    capas_set_allocator(NULL);
}

long scarce_memory_asked(void)
{
    return asked;
}

long scarce_memory_live(void)
{
    return live;
}
