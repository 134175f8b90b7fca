/* Option tables: reading a map into an option struct, and every sentence that a wrong value gives.
 */
#include "base/sample_options.h"
#include <string.h>

static capas_value *pair_value(int64_t height, int64_t width)
{
    capas_value *list = capas_value_list();
    capas_value_append(list, capas_value_integer(height));
    capas_value_append(list, capas_value_integer(width));
    return list;
}

static void reads_a_map(void **state)
{
    (void)state;
    sample_options options = resolved();
    capas_value *map = capas_value_map(), *shape = pair_value(28, -1);
    capas_value_append(shape, capas_value_null());
    capas_value_set(map, "filters", capas_value_integer(32));
    capas_value_set(map, "groups", capas_value_real(2.0));
    capas_value_set(map, "rank", capas_value_null());
    capas_value_set(map, "rate", capas_value_integer(0));
    capas_value_set(map, "limit", capas_value_null());
    capas_value_set(map, "use_bias", capas_value_bool(false));
    capas_value_set(map, "flag", capas_value_null());
    capas_value_set(map, "kernel_size", pair_value(3, 2));
    capas_value_set(map, "strides", capas_value_integer(2));
    capas_value_set(map, "padding", capas_value_string("same"));
    capas_value_set(map, "mode", capas_value_null());
    capas_value_set(map, "shape", shape);
    assert_int_equal(capas_options_read(&table, &options, map, "layer sample"), CAPAS_OK);
    assert_int_equal(options.filters, 32);
    assert_int_equal(options.groups, 2);
    assert_int_equal(options.rank, CAPAS_NONE);
    assert_true(options.rate == 0);
    assert_true(options.limit == CAPAS_NONE);
    assert_int_equal(options.use_bias, 0);
    assert_int_equal(options.flag, CAPAS_NONE);
    assert_true(options.kernel_size.height == 3 && options.kernel_size.width == 2);
    assert_true(options.strides.height == 2 && options.strides.width == 2);
    assert_int_equal(options.padding, CAPAS_SAME);
    assert_int_equal(options.shape.rank, 3);
    assert_int_equal(options.shape.dims[1], CAPAS_ANY);
    assert_int_equal(options.shape.dims[2], CAPAS_ANY);
    assert_true(options.momentum == 0.99); /* not in the map */
    capas_value_free(map);
}

static void reads_nothing_from_nothing(void **state)
{
    (void)state;
    sample_options options = resolved(), before;
    memcpy(&before, &options, sizeof before);
    capas_value *null = capas_value_null(), *list = capas_value_list();
    list->line = 4;
    assert_int_equal(capas_options_read(&table, &options, NULL, "l"), CAPAS_OK);
    assert_int_equal(capas_options_read(&table, &options, null, "l"), CAPAS_OK);
    assert_memory_equal(&options, &before, sizeof options);
    assert_int_equal(capas_options_read(&table, &options, list, "l"), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(), "l: the options must be a map of names and values, found an "
                                       "empty list (line 4)");
    capas_value_free(null);
    capas_value_free(list);
}

/* The sentence for one key and value. */
static void misread(const char *key, capas_value *value, int line, const char *sentence)
{
    sample_options options = resolved();
    capas_value *map = capas_value_map();
    if (value) value->line = line;
    assert_int_equal(capas_value_set(map, key, value), CAPAS_OK);
    assert_int_not_equal(capas_options_read(&table, &options, map, "layer sample"), CAPAS_OK);
    assert_string_equal(capas_error(), sentence);
    capas_value_free(map);
}

static void says_what_cannot_be_read(void **state)
{
    (void)state;
    misread("filters", capas_value_string("many"), 0,
            "layer sample: filters must be an integer of at least 1, found \"many\"");
    misread("filters", capas_value_integer(0), 7,
            "layer sample: filters must be an integer of at least 1, found 0 (line 7)");
    misread("filters", capas_value_real(2.5), 0,
            "layer sample: filters must be an integer of at least 1, found 2.5");
    misread("filters", capas_value_integer(INT64_C(1) << 40), 0,
            "layer sample: filters must be an integer of at least 1, found 1099511627776");
    misread("filters", capas_value_null(), 0,
            "layer sample: filters must be an integer of at least 1, found null");
    misread("rank", capas_value_integer(CAPAS_NONE), 0,
            "layer sample: rank must be an integer, or None, found -2147483647");
    misread("rank", capas_value_real(NAN), 0,
            "layer sample: rank must be an integer, or None, found nan");
    misread("rate", capas_value_string("0.5"), 0,
            "layer sample: rate must be a number from 0 to 1, found \"0.5\"");
    misread("rate", capas_value_real(1.01), 0,
            "layer sample: rate must be a number from 0 to 1, found 1.01");
    misread("rate", capas_value_real(NAN), 0,
            "layer sample: rate must be a number from 0 to 1, found nan");
    misread("use_bias", capas_value_integer(1), 0,
            "layer sample: use_bias must be true or false, found 1");
    misread("flag", capas_value_string("yes"), 0,
            "layer sample: flag must be true or false, or None, found \"yes\"");
    misread("kernel_size", pair_value(3, 0), 0,
            "layer sample: kernel_size must be an integer of at least 1 or a list of two, found 0");
    misread("kernel_size", capas_value_list(), 0,
            "layer sample: kernel_size must be an integer of at least 1 or a list of two, found an "
            "empty list");
    misread(
        "kernel_size", capas_value_null(), 0,
        "layer sample: kernel_size must be an integer of at least 1 or a list of two, found null");
    misread("padding", capas_value_string("smae"), 2,
            "layer sample: padding must be \"valid\" or \"same\", found \"smae\"; did you mean "
            "\"same\"? (line 2)");
    misread("padding", capas_value_integer(1), 0,
            "layer sample: padding must be \"valid\" or \"same\", found 1");
    misread("padding", capas_value_null(), 0,
            "layer sample: padding must be \"valid\" or \"same\", found null");
    misread("shape", capas_value_integer(3), 0,
            "layer sample: shape must be a list of 1 to 8 sizes, each an integer of at least 1 or "
            "None, or None, found 3");
    misread("shape", pair_value(3, 0), 0,
            "layer sample: shape must be a list of 1 to 8 sizes, each an integer of at least 1 or "
            "None, or None, found [3, 0]");
}

static void names_the_nearest_option(void **state)
{
    (void)state;
    misread("filtres", capas_value_integer(1), 0,
            "layer sample: no option \"filtres\"; did you mean \"filters\"?");
    assert_int_equal(capas_error_status(), CAPAS_UNKNOWN_NAME);
    misread("KernelSize", capas_value_integer(1), 9,
            "layer sample: no option \"KernelSize\" (line 9); did you mean \"kernel_size\"?");
    misread("colour", capas_value_integer(1), 0, "layer sample: no option \"colour\"");
}

static capas_status out_of_memory(const capas_option *option, const capas_value *value, void *field)
{
    (void)option, (void)value, (void)field;
    return capas_fail(CAPAS_NO_MEMORY, "memory ran out");
}

static void does_not_blame_an_option_for_memory(void **state)
{
    (void)state;
    const capas_option_kind kind = {.name = "a thing", .read = out_of_memory};
    const capas_option option = {.name = "thing", .kind = &kind};
    const capas_option_table one = {"One", &option, 1, 1};
    char field = 0;
    capas_value *map = capas_value_map();
    capas_value_set(map, "thing", capas_value_null());
    assert_int_equal(capas_options_resolve(&one, &field, "one"), CAPAS_OK);
    assert_int_equal(capas_options_read(&one, &field, map, "one"), CAPAS_NO_MEMORY);
    assert_string_equal(capas_error(), "one: thing: memory ran out");
    capas_value_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_map),
        cmocka_unit_test(reads_nothing_from_nothing),
        cmocka_unit_test(says_what_cannot_be_read),
        cmocka_unit_test(names_the_nearest_option),
        cmocka_unit_test(does_not_blame_an_option_for_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
