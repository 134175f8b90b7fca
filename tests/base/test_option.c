/* Option tables: defaults, the marks CAPAS_ZERO and CAPAS_NONE, the sentences that a wrong field
 * gives, and writing. Reading is in test_option_read.c. */
#include "base/sample_options.h"
#include "support/scarce_memory.h"

static void all_zero_means_the_defaults(void **state)
{
    (void)state;
    sample_options options = resolved();
    assert_int_equal(options.filters, 4);
    assert_int_equal(options.groups, 1);
    assert_int_equal(options.rank, CAPAS_NONE);
    assert_true(options.rate == 0.5);
    assert_true(options.momentum == 0.99);
    assert_true(options.limit == CAPAS_NONE);
    assert_int_equal(options.use_bias, 1);
    assert_int_equal(options.flag, 0);
    assert_int_equal(options.kernel_size.height, 3);
    assert_int_equal(options.kernel_size.width, 3);
    assert_int_equal(options.strides.height, CAPAS_NONE);
    assert_int_equal(options.padding, CAPAS_VALID);
    assert_int_equal(options.mode, CAPAS_NONE);
    assert_int_equal(options.shape.rank, 0);
}

static void the_marks_say_zero_and_none(void **state)
{
    (void)state;
    sample_options options = {.filters = 4,
                              .target = capas_shape_of(1, 10),
                              .rank = CAPAS_ZERO,
                              .rate = CAPAS_ZERO,
                              .limit = CAPAS_ZERO,
                              .use_bias = CAPAS_FALSE,
                              .flag = CAPAS_NONE,
                              .kernel_size = {5, 0},
                              .strides = {2, 1},
                              .padding = CAPAS_SAME,
                              .mode = 3};
    assert_int_equal(capas_options_resolve(&table, &options, "layer sample"), CAPAS_OK);
    assert_int_equal(options.rank, 0);
    assert_true(options.rate == 0);
    assert_true(options.limit == 0);
    assert_int_equal(options.use_bias, 0);
    assert_int_equal(options.flag, CAPAS_NONE);
    assert_int_equal(options.kernel_size.width, 5);
    assert_int_equal(options.strides.width, 1);
    assert_int_equal(options.padding, CAPAS_SAME);
    assert_int_equal(options.mode, 3);
}

#define REFUSES(sentence, ...)                                                                     \
    do {                                                                                           \
        sample_options options = {.filters = 4, .target = {1, {10}}, __VA_ARGS__};                 \
        assert_int_equal(capas_options_resolve(&table, &options, "layer sample"),                  \
                         CAPAS_INVALID_ARGUMENT);                                                  \
        assert_string_equal(capas_error(), "layer sample: " sentence);                             \
    } while (0)

static void refuses_wrong_fields(void **state)
{
    (void)state;
    sample_options none = {0};
    assert_int_equal(capas_options_resolve(&table, &none, "layer sample"), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(),
                        "layer sample: filters must be an integer of at least 1, found 0");
    REFUSES("groups must be an integer from 1 to 8, found 9", .groups = 9);
    REFUSES("groups must be an integer from 1 to 8, found 0", .groups = CAPAS_ZERO);
    REFUSES("groups must be an integer from 1 to 8, found None", .groups = CAPAS_NONE);
    REFUSES("rate must be a number from 0 to 1, found 1.5", .rate = 1.5);
    REFUSES("rate must be a number from 0 to 1, found -0.25", .rate = -0.25);
    REFUSES("rate must be a number from 0 to 1, found None", .rate = CAPAS_NONE);
    REFUSES("rate must be a number from 0 to 1, found nan", .rate = NAN);
    REFUSES("momentum must be a number above 0, found 0", .momentum = CAPAS_ZERO);
    REFUSES("momentum must be a number above 0, found inf", .momentum = INFINITY);
    REFUSES("limit must be a number of at least 0, or None, found -1", .limit = -1);
    REFUSES("use_bias must be true or false, found 2", .use_bias = 2);
    REFUSES("use_bias must be true or false, found None", .use_bias = CAPAS_NONE);
    REFUSES("flag must be true or false, or None, found -1", .flag = -1);
    REFUSES("kernel_size must be an integer of at least 1 or a list of two, found -3",
            .kernel_size = {3, -3});
    REFUSES("kernel_size must be an integer of at least 1 or a list of two, found None",
            .kernel_size = {CAPAS_NONE, 0});
    REFUSES("strides must be an integer of at least 1 or a list of two, or None, found 0",
            .strides = {CAPAS_ZERO, 1});
    REFUSES("padding must be \"valid\" or \"same\", found the number 3", .padding = 3);
    REFUSES("padding must be \"valid\" or \"same\", found None", .padding = CAPAS_NONE);
    REFUSES("mode must be \"min\", \"max\" or \"auto\", or None, found the number -2", .mode = -2);
    REFUSES("shape must be a list of 1 to 8 sizes, each an integer of at least 1 or None, or None, "
            "found (3, 0)",
            .shape = {2, {3, 0}});
    REFUSES("shape must be a list of 1 to 8 sizes, each an integer of at least 1 or None, or None, "
            "found the rank 9",
            .shape = {9, {0}});
    sample_options options = {.filters = 4};
    assert_int_equal(capas_options_resolve(&table, &options, "l"), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(),
                        "l: target must be a list of 1 to 8 sizes, each an integer of "
                        "at least 1 or None, found none");
}

static void an_enum_needs_a_word(void **state)
{
    (void)state;
    const capas_option required = {.name = "mode", .kind = &capas_option_enum, .words = modes};
    const capas_option_table one = {"One", &required, 1, sizeof(int)};
    int mode = 0;
    assert_int_equal(capas_options_resolve(&one, &mode, "one"), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(),
                        "one: mode must be \"min\", \"max\" or \"auto\", found nothing");
}

static void ranges_may_be_open_on_either_side(void **state)
{
    (void)state;
    capas_option option = {
        .name = "x", .kind = &capas_option_real, .open_minimum = true, .maximum = 1};
    const capas_option_table one = {"One", &option, 1, sizeof(double)};
    double number = 1.5;
    assert_int_not_equal(capas_options_resolve(&one, &number, "one"), CAPAS_OK);
    assert_string_equal(capas_error(), "one: x must be a number above 0 and at most 1, found 1.5");
    option = (capas_option){
        .name = "x", .kind = &capas_option_real, .minimum = -HUGE_VAL, .maximum = 1000000};
    number = -1e300;
    assert_int_equal(capas_options_resolve(&one, &number, "one"), CAPAS_OK);
    number = 1000001;
    assert_int_not_equal(capas_options_resolve(&one, &number, "one"), CAPAS_OK);
    assert_string_equal(capas_error(), "one: x must be a number of at most 1000000, found 1000001");
    option.maximum = 0;
    number = 0.5;
    assert_int_not_equal(capas_options_resolve(&one, &number, "one"), CAPAS_OK);
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    sample_options options = resolved(), again = {0};
    options.kernel_size = (capas_pair){3, 2};
    options.shape = capas_shape_of(3, 28, CAPAS_ANY, 1);
    options.limit = 0.25;
    options.mode = 2;
    capas_value *map = capas_value_map();
    assert_int_equal(capas_options_write(&table, &options, map), CAPAS_OK);
    assert_int_equal(map->count, table.count);
    for (size_t i = 0; i < table.count; i++)
        assert_string_equal(map->keys[i], sample_list[i].name);
    assert_int_equal(capas_value_get(map, "rank")->kind, CAPAS_VALUE_NULL);
    assert_int_equal(capas_value_get(map, "use_bias")->kind, CAPAS_VALUE_BOOL);
    assert_int_equal(capas_value_get(map, "strides")->kind, CAPAS_VALUE_NULL);
    assert_string_equal(capas_value_get(map, "padding")->string, "valid");
    assert_string_equal(capas_value_get(map, "mode")->string, "max");
    assert_int_equal(capas_value_get(map, "kernel_size")->items[1]->integer, 2);
    assert_int_equal(capas_value_get(map, "shape")->items[1]->kind, CAPAS_VALUE_NULL);
    assert_int_equal(capas_options_read(&table, &again, map, "layer sample"), CAPAS_OK);
    capas_value *rewritten = capas_value_map();
    assert_int_equal(capas_options_write(&table, &again, rewritten), CAPAS_OK);
    assert_true(capas_value_equal(map, rewritten));
    capas_value_free(rewritten);
    capas_value_free(map);
}

static void an_option_may_be_left_out_when_none(void **state)
{
    (void)state;
    const capas_option option = {
        .name = "limit", .kind = &capas_option_real, .nullable = true, .omit_none = true};
    const capas_option_table one = {"One", &option, 1, sizeof(double)};
    capas_value *map = capas_value_map();
    double limit = CAPAS_NONE;
    assert_int_equal(capas_options_write(&one, &limit, map), CAPAS_OK);
    assert_int_equal(map->count, 0);
    limit = 0.5;
    assert_int_equal(capas_options_write(&one, &limit, map), CAPAS_OK);
    assert_true(capas_value_get(map, "limit")->real == 0.5);
    capas_value_free(map);
}

static void writing_may_run_out_of_memory(void **state)
{
    (void)state;
    sample_options options = resolved();
    options.shape = capas_shape_of(2, 28, 28);
    long allowed = 0;
    for (bool whole = false; !whole; allowed++) {
        scarce_memory_begin(allowed);
        capas_value *map = capas_value_map();
        capas_status status = map ? capas_options_write(&table, &options, map) : CAPAS_NO_MEMORY;
        whole = status == CAPAS_OK;
        if (!whole) assert_int_equal(status, CAPAS_NO_MEMORY);
        capas_value_free(map);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
    assert_true(allowed > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_zero_means_the_defaults),
        cmocka_unit_test(the_marks_say_zero_and_none),
        cmocka_unit_test(refuses_wrong_fields),
        cmocka_unit_test(an_enum_needs_a_word),
        cmocka_unit_test(ranges_may_be_open_on_either_side),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(an_option_may_be_left_out_when_none),
        cmocka_unit_test(writing_may_run_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
