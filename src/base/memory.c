/* Memory: the user's allocator or the C library's, aligned, with sizes checked and a sentence when
 * there is none. Large blocks ask for huge pages. Nothing is cached or counted here. */
#include "base/memory.h"
#include <capas/runtime.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

/* Weights and activations are read from one end to the other: with pages of 2 MB they come in with
 * 512 times fewer faults, and the processor finds their addresses without a table. Only whole huge
 * pages are asked for, so no more memory is used. */
static void *library_allocate(size_t size, size_t alignment, void *context)
{
    (void)context;
    void *memory = NULL;
    const bool large = size >= HUGE_PAGE;
    if (posix_memalign(&memory, large ? HUGE_PAGE : alignment, size) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    if (large) madvise(memory, size / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE); /* a wish */
#endif
    return memory;
}

static void library_release(void *memory, void *context)
{
    (void)context;
    free(memory);
}

static const capas_allocator library_allocator = {library_allocate, library_release, NULL};
static capas_allocator allocator = {library_allocate, library_release, NULL};

void capas_set_allocator(const capas_allocator *given)
{
    bool usable = given && given->allocate && given->release;
    allocator = usable ? *given : library_allocator;
}

void *capas_allocate(size_t count, size_t size)
{
    size_t bytes;
    /* Beyond PTRDIFF_MAX pointers could not be subtracted; no allocator has so much. */
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX) {
        capas_fail(CAPAS_NO_MEMORY, "%zu items of %zu bytes do not fit in the address space", count,
                   size);
        return NULL;
    }
    if (bytes == 0) bytes = 1;
    void *memory = allocator.allocate(bytes, CAPAS_ALIGNMENT, allocator.context);
    if (!memory)
        capas_fail(CAPAS_NO_MEMORY,
                   "memory ran out: %zu bytes were asked for and there are none left", bytes);
    return memory;
}

void *capas_allocate_zeroed(size_t count, size_t size)
{
    void *memory = capas_allocate(count, size);
    if (memory) memset(memory, 0, count * size);
    return memory;
}

void *capas_copy_memory(const void *memory, size_t size)
{
    void *copy = capas_allocate(size, 1);
    if (copy && size > 0) memcpy(copy, memory, size);
    return copy;
}

char *capas_copy_string(const char *text)
{
    return text ? capas_copy_memory(text, strlen(text) + 1) : NULL;
}

capas_status capas_grow(void **array, size_t used, size_t *capacity, size_t size)
{
    if (used < *capacity) return CAPAS_OK;
    size_t larger = *capacity < 4 ? 8 : *capacity * 2;
    if (larger <= used) larger = used + 1; /* also when doubling wrapped */
    void *copy = capas_allocate(larger, size);
    if (!copy) return CAPAS_NO_MEMORY;
    if (*array) memcpy(copy, *array, used * size);
    capas_release(*array);
    *array = copy;
    *capacity = larger;
    return CAPAS_OK;
}

void capas_release(void *memory)
{
    if (memory) allocator.release(memory, allocator.context);
}
