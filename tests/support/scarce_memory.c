/* See scarce_memory.h. */
#include "support/scarce_memory.h"
#include "support/cmocka.h"
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

void scarce_memory_everywhere(capas_status (*once)(void), long most)
{
    capas_status status = once();
    assert_int_equal(status, CAPAS_OK);
    for (long allowed = 0; allowed == 0 || status != CAPAS_OK; allowed++) {
        assert_true(allowed < most);
        scarce_memory_begin(allowed);
        status = once();
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
        if (status != CAPAS_OK) assert_int_equal(status, CAPAS_NO_MEMORY);
    }
}
