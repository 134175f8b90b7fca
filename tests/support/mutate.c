/* Damage by chance (xorshift, so that every machine makes the same); see mutate.h. */
#include "support/mutate.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include <capas/runtime.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 64 };

static uint64_t state_of_chance;

void mutate_seed(size_t size)
{
    state_of_chance = 0x9e3779b97f4a7c15ULL + size;
}

size_t mutate_chance(size_t below)
{
    state_of_chance ^= state_of_chance << 13;
    state_of_chance ^= state_of_chance >> 7;
    state_of_chance ^= state_of_chance << 17;
    return below == 0 ? 0 : (size_t)(state_of_chance >> 11) % below;
}

/* Changes `size` bytes, which have ROOM behind them; returns how many there are then. */
static size_t mutate(char *data, size_t size)
{
    size_t at = mutate_chance(size), length = 1 + mutate_chance(16);
    if (at + length > size) length = size - at;
    switch (mutate_chance(8)) {
    case 0:
        return mutate_chance(size);
    case 1:
        memset(data + at, 0, length);
        return size;
    case 2:
        memset(data + at, 0xff, length);
        return size;
    case 3:
        for (size_t i = 0; i < length; i++)
            data[at + i] = (char)mutate_chance(256);
        return size;
    case 4:
        memmove(data + at + length, data + at, size - at);
        return size + length;
    case 5:
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    default:
        for (size_t i = 0, count = 1 + mutate_chance(3); i < count; i++)
            data[mutate_chance(size)] ^= (char)(1 << mutate_chance(8));
        return size;
    }
}

char *mutate_copy(const char *data, size_t *size)
{
    char *copy = capas_allocate(*size + ROOM, 1);
    assert_non_null(copy);
    memcpy(copy, data, *size);
    if (*size > 0) *size = mutate(copy, *size);
    return copy;
}

int mutate_count(int usual)
{
    const char *text = getenv("CAPAS_MUTATIONS");
    return text ? atoi(text) : usual;
}

enum { LARGEST = 64 << 20 };

static void *allocate(size_t size, size_t alignment, void *context)
{
    void *memory = NULL;
    (void)context;
    return size <= LARGEST && posix_memalign(&memory, alignment, size) == 0 ? memory : NULL;
}

static void release(void *memory, void *context)
{
    (void)context;
    free(memory);
}

void mutate_limit_memory(void)
{
    capas_set_allocator(&(capas_allocator){allocate, release, NULL});
}
