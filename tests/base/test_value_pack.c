/* Values as bytes: what goes in comes out, and damaged bytes are refused with their place. */
#include "base/memory.h"
#include "base/value_pack.h"
#include "support/cmocka.h"

#include <capas/status.h>
#include <math.h>
#include <string.h>

static capas_value *sample(void)
{
    capas_value *list = capas_value_list(), *map = capas_value_map();
    assert_int_equal(capas_value_append(list, capas_value_null()), CAPAS_OK);
    assert_int_equal(capas_value_append(list, capas_value_bool(true)), CAPAS_OK);
    assert_int_equal(capas_value_append(list, capas_value_integer(INT64_MIN)), CAPAS_OK);
    assert_int_equal(capas_value_append(list, capas_value_real(NAN)), CAPAS_OK);
    assert_int_equal(capas_value_append(list, capas_value_string("")), CAPAS_OK);
    assert_int_equal(capas_value_set(map, "list", list), CAPAS_OK);
    assert_int_equal(capas_value_set(map, "", capas_value_map()), CAPAS_OK);
    assert_int_equal(capas_value_set(map, "name", capas_value_string("Größe")), CAPAS_OK);
    return map;
}

static char *pack(const capas_value *value, size_t *size)
{
    capas_builder builder = {0};
    char *bytes;
    capas_value_pack(value, &builder);
    *size = builder.length;
    assert_int_equal(capas_builder_finish(&builder, &bytes), CAPAS_OK);
    return bytes;
}

static void comes_back(void **state)
{
    (void)state;
    size_t size;
    capas_value *value = sample();
    char *bytes = pack(value, &size);
    capas_value *again = capas_value_unpack(bytes, size);
    assert_non_null(again);
    assert_true(capas_value_equal(value, again));
    capas_value_free(again);
    capas_value_free(value);
    capas_release(bytes);
}

static void assert_refused(const void *bytes, size_t size, const char *sentence)
{
    assert_null(capas_value_unpack(bytes, size));
    assert_int_equal(capas_error_status(), CAPAS_BAD_FILE);
    if (!strstr(capas_error(), sentence)) fail_msg("%s", capas_error());
}

/* In memory of its own size, so that the sanitizers see what is read behind it. */
static void is_refused_when_cut(void **state)
{
    (void)state;
    size_t size;
    capas_value *value = sample();
    char *bytes = pack(value, &size);
    for (size_t left = 0; left < size; left++) {
        char *cut = capas_copy_memory(bytes, left);
        assert_refused(cut, left, "of its description");
        capas_release(cut);
    }
    char *more = capas_allocate(size + 1, 1);
    memcpy(more, bytes, size);
    more[size] = 0;
    assert_refused(more, size + 1, "more behind its end");
    capas_release(more);
    capas_value_free(value);
    capas_release(bytes);
}

static void damage_is_told(void **state)
{
    (void)state;
    enum { LIST = CAPAS_VALUE_LIST, MAP = CAPAS_VALUE_MAP, DEPTH = 101, ENTRY = 5 };
    char deep[DEPTH * ENTRY + 1];
    for (int i = 0; i < DEPTH; i++)
        memcpy(deep + (size_t)i * ENTRY, (char[]){LIST, 1, 0, 0, 0}, ENTRY);
    deep[DEPTH * ENTRY] = CAPAS_VALUE_NULL;
    assert_refused(deep, sizeof deep, "100 levels");
    assert_refused((char[]){9}, 1, "no such kind");
    assert_refused((char[]){LIST, -1, -1, -1, -1}, 5, "more than is left");
    assert_refused((char[]){CAPAS_VALUE_STRING, 2, 0, 0, 0, 'a', 0}, 7, "a 0 in it");
    assert_refused((char[]){MAP, 2, 0, 0, 0, 1, 0, 0, 0, 'a', 0, 1, 0, 0, 0, 'a', 0}, 17, "twice");
    static char wide[8000] = {MAP, 0x01, 0x10};
    assert_refused(wide, sizeof wide, "4096 keys");
}

static void nothing_is_a_failure(void **state)
{
    (void)state;
    capas_builder builder = {0};
    char *bytes;
    capas_fail(CAPAS_NO_MEMORY, "none");
    capas_value_pack(NULL, &builder);
    assert_int_equal(capas_builder_finish(&builder, &bytes), CAPAS_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(is_refused_when_cut),
        cmocka_unit_test(damage_is_told),
        cmocka_unit_test(nothing_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
