/* Memory: alignment, sizes that overflow, the user's allocator, and a sentence when there is none.
 */
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/scarce_memory.h"
#include <capas/runtime.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void aligns_every_block(void **state)
{
    (void)state;
    for (size_t size = 0; size < 300; size += 7) {
        char *memory = capas_allocate(size, 1);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % CAPAS_ALIGNMENT, 0);
        memset(memory, 1, size);
        capas_release(memory);
    }
    capas_release(NULL);
}

static void zeroes_what_is_asked_zeroed(void **state)
{
    (void)state;
    unsigned char *memory = capas_allocate_zeroed(100, 3);
    for (int i = 0; i < 300; i++)
        assert_int_equal(memory[i], 0);
    capas_release(memory);
}

static void nothing_is_still_a_pointer(void **state)
{
    (void)state;
    void *none = capas_allocate(0, 8), *empty = capas_allocate_zeroed(8, 0),
         *copy = capas_copy_memory(NULL, 0);
    assert_true(none && empty && copy);
    capas_release(none);
    capas_release(empty);
    capas_release(copy);
}

static void refuses_sizes_that_overflow(void **state)
{
    (void)state;
    assert_null(capas_allocate(SIZE_MAX / 2, 3));
    assert_int_equal(capas_error_status(), CAPAS_NO_MEMORY);
    assert_non_null(strstr(capas_error(), "address space"));
    assert_null(capas_allocate_zeroed(SIZE_MAX, SIZE_MAX));
    assert_null(capas_allocate(SIZE_MAX, 1));
    assert_null(capas_allocate((size_t)PTRDIFF_MAX + 1, 1));
}

static void says_when_there_is_none(void **state)
{
    (void)state;
    scarce_memory_begin(0);
    assert_null(capas_allocate(100, 10));
    assert_int_equal(capas_error_status(), CAPAS_NO_MEMORY);
    assert_string_equal(capas_error(),
                        "memory ran out: 1000 bytes were asked for and there are none left");
    assert_null(capas_allocate_zeroed(1, 1));
    assert_null(capas_copy_string("text"));
    assert_null(capas_copy_memory("text", 4));
    scarce_memory_end();
}

static void copies(void **state)
{
    (void)state;
    assert_null(capas_copy_string(NULL));
    char *text = capas_copy_string("eight"), *memory = capas_copy_memory("a\0b", 4);
    assert_string_equal(text, "eight");
    assert_memory_equal(memory, "a\0b", 4);
    capas_release(text);
    capas_release(memory);
}

static void grows_and_keeps_the_items(void **state)
{
    (void)state;
    int *array = NULL;
    size_t capacity = 0;
    scarce_memory_begin(-1);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(capas_grow((void **)&array, i, &capacity, sizeof *array), CAPAS_OK);
        assert_true(capacity > i);
        array[i] = (int)i;
    }
    assert_true(scarce_memory_asked() < 12);
    assert_int_equal(scarce_memory_live(), 1);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(array[i], i);
    scarce_memory_end();
    capas_release(array);
}

static void growing_in_vain_changes_nothing(void **state)
{
    (void)state;
    int *array = NULL;
    size_t capacity = 0;
    assert_int_equal(capas_grow((void **)&array, 0, &capacity, sizeof *array), CAPAS_OK);
    int *old = array;
    size_t old_capacity = capacity;
    array[0] = 5;
    scarce_memory_begin(0);
    assert_int_equal(capas_grow((void **)&array, capacity, &capacity, sizeof *array),
                     CAPAS_NO_MEMORY);
    scarce_memory_end();
    assert_ptr_equal(array, old);
    assert_int_equal(capacity, old_capacity);
    assert_int_equal(array[0], 5);
    capas_release(array);
}

typedef struct seen {
    size_t size, alignment;
    int allocated, released;
} seen;

static void *seen_allocate(size_t size, size_t alignment, void *context)
{
    seen *seen = context;
    seen->size = size;
    seen->alignment = alignment;
    seen->allocated++;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void seen_release(void *memory, void *context)
{
    ((seen *)context)->released++;
    free(memory);
}

static void asks_the_users_allocator(void **state)
{
    (void)state;
    seen seen = {0};
    capas_set_allocator(&(capas_allocator){seen_allocate, seen_release, &seen});
    void *memory = capas_allocate(3, 5);
    assert_non_null(memory);
    capas_release(memory);
    capas_release(NULL);
    assert_int_equal(seen.size, 15);
    assert_int_equal(seen.alignment, 64);
    assert_int_equal(seen.allocated, 1);
    assert_int_equal(seen.released, 1);
    capas_set_allocator(
        &(capas_allocator){seen_allocate, NULL, &seen}); /* half a one: the default */
    capas_release(capas_allocate(1, 1));
    capas_set_allocator(NULL);
    capas_release(capas_allocate(1, 1));
    assert_int_equal(seen.allocated, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aligns_every_block),
        cmocka_unit_test(zeroes_what_is_asked_zeroed),
        cmocka_unit_test(nothing_is_still_a_pointer),
        cmocka_unit_test(refuses_sizes_that_overflow),
        cmocka_unit_test(says_when_there_is_none),
        cmocka_unit_test(copies),
        cmocka_unit_test(grows_and_keeps_the_items),
        cmocka_unit_test(growing_in_vain_changes_nothing),
        cmocka_unit_test(asks_the_users_allocator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
