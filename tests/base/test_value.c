/* The tree of values: order, replacing, taking, copying, comparing, and memory that runs out at
 * every single allocation. */
#include "base/value.h"
#include "support/cmocka.h"
#include "support/scarce_memory.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Runs first: nothing has failed yet, so the sentence is about what is missing. */
static void says_what_is_missing(void **state)
{
    (void)state;
    assert_int_equal(capas_error_status(), CAPAS_OK);
    assert_null(capas_value_string(NULL));
    assert_string_equal(capas_error(), "the text of a string is missing");
    assert_int_equal(capas_error_status(), CAPAS_INVALID_ARGUMENT);
}

static void holds_what_it_is_given(void **state)
{
    (void)state;
    capas_value *value = capas_value_integer(-7);
    assert_int_equal(value->kind, CAPAS_VALUE_INTEGER);
    assert_int_equal(value->integer, -7);
    assert_true(value->real == -7.0);
    assert_int_equal(value->line, 0);
    capas_value_free(value);
    value = capas_value_real(0.5);
    assert_true(value->kind == CAPAS_VALUE_REAL && value->real == 0.5);
    capas_value_free(value);
    value = capas_value_bool(true);
    assert_true(value->kind == CAPAS_VALUE_BOOL && value->boolean);
    capas_value_free(value);
    value = capas_value_null();
    assert_int_equal(value->kind, CAPAS_VALUE_NULL);
    capas_value_free(value);
    value = capas_value_string("same");
    assert_string_equal(value->string, "same");
    capas_value_free(value);
    capas_value_free(NULL);
}

static void maps_keep_their_order(void **state)
{
    (void)state;
    capas_value *map = capas_value_map();
    char key[16];
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "k%d", (i * 37) % 100);
        assert_int_equal(capas_value_set(map, key, capas_value_integer(i)), CAPAS_OK);
    }
    assert_int_equal(capas_value_set(map, "k37", capas_value_string("new")), CAPAS_OK);
    assert_int_equal(map->count, 100);
    assert_string_equal(map->keys[1], "k37");
    assert_string_equal(map->items[1]->string, "new");
    assert_string_equal(capas_value_get(map, "k37")->string, "new");
    assert_int_equal(capas_value_get(map, "k74")->integer, 2);
    assert_null(capas_value_get(map, "none"));
    assert_null(capas_value_get(NULL, "k"));
    assert_null(capas_value_get(capas_value_get(map, "k74"), "k"));
    capas_value_free(map);
}

static void taking_gives_the_value_away(void **state)
{
    (void)state;
    capas_value *map = capas_value_map();
    capas_value_set(map, "a", capas_value_integer(1));
    capas_value_set(map, "b", capas_value_integer(2));
    capas_value_set(map, "c", capas_value_integer(3));
    capas_value *taken = capas_value_take(map, "b");
    assert_int_equal(taken->integer, 2);
    capas_value_free(taken);
    assert_null(capas_value_take(map, "b"));
    assert_null(capas_value_take(NULL, "b"));
    assert_int_equal(map->count, 2);
    assert_string_equal(map->keys[1], "c");
    assert_int_equal(map->items[1]->integer, 3);
    capas_value *last = capas_value_take(map, "c");
    assert_null(capas_value_take(last, "x"));
    capas_value_free(last);
    capas_value_free(map);
}

static void refuses_what_does_not_belong(void **state)
{
    (void)state;
    capas_value *list = capas_value_list(), *map = capas_value_map();
    assert_int_equal(capas_value_append(map, capas_value_null()), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(), "an item can only be appended to a list");
    assert_int_equal(capas_value_set(list, "k", capas_value_null()), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(), "the key \"k\" can only be set in a map");
    assert_int_not_equal(capas_value_append(list, NULL), CAPAS_OK);
    assert_int_not_equal(capas_value_append(NULL, capas_value_null()), CAPAS_OK);
    assert_int_not_equal(capas_value_set(map, "k", NULL), CAPAS_OK);
    assert_int_not_equal(capas_value_set(map, NULL, capas_value_null()), CAPAS_OK);
    assert_int_not_equal(capas_value_set(NULL, "k", capas_value_null()), CAPAS_OK);
    assert_null(capas_value_string(NULL));
    assert_null(capas_value_clone(NULL));
    assert_int_equal(list->count + map->count, 0);
    capas_value_free(list);
    capas_value_free(map);
}

/* {"name": "conv", "sizes": [1, 2.5, null, true], "below": {"x": [[]]}}; NULL when memory runs out.
 */
static capas_value *make_tree(void)
{
    capas_value *tree = capas_value_map(), *sizes = capas_value_list(), *below = capas_value_map(),
                *outer = capas_value_list();
    capas_status status = capas_value_append(sizes, capas_value_integer(1));
    if (status == CAPAS_OK) status = capas_value_append(sizes, capas_value_real(2.5));
    if (status == CAPAS_OK) status = capas_value_append(sizes, capas_value_null());
    if (status == CAPAS_OK) status = capas_value_append(sizes, capas_value_bool(true));
    if (status == CAPAS_OK) status = capas_value_append(outer, capas_value_list());
    if (status != CAPAS_OK || capas_value_set(below, "x", outer) != CAPAS_OK) {
        if (status != CAPAS_OK) capas_value_free(outer);
        capas_value_free(tree);
        capas_value_free(sizes);
        capas_value_free(below);
        return NULL;
    }
    status = capas_value_set(tree, "name", capas_value_string("conv"));
    capas_status set_sizes = capas_value_set(tree, "sizes", sizes);
    capas_status set_below = capas_value_set(tree, "below", below);
    if (status == CAPAS_OK && set_sizes == CAPAS_OK && set_below == CAPAS_OK) return tree;
    capas_value_free(tree);
    return NULL;
}

static void copies_are_equal_and_apart(void **state)
{
    (void)state;
    capas_value *tree = make_tree();
    tree->items[1]->line = 12;
    tree->items[1]->column = 3;
    capas_value *copy = capas_value_clone(tree);
    assert_true(capas_value_equal(tree, copy));
    assert_int_equal(copy->items[1]->line, 12);
    assert_int_equal(copy->items[1]->column, 3);
    assert_ptr_not_equal(copy->items[0]->string, tree->items[0]->string);
    capas_value_append(capas_value_get(copy, "sizes"), capas_value_null());
    assert_false(capas_value_equal(tree, copy));
    capas_value_free(tree);
    assert_string_equal(capas_value_get(copy, "name")->string, "conv");
    capas_value_free(copy);
}

static void survives_running_out_of_memory(void **state)
{
    (void)state;
    long allowed = 0;
    for (bool whole = false; !whole; allowed++) {
        scarce_memory_begin(allowed);
        capas_value *tree = make_tree();
        capas_value *copy = tree ? capas_value_clone(tree) : NULL;
        whole = copy != NULL;
        if (!whole) assert_int_equal(capas_error_status(), CAPAS_NO_MEMORY);
        if (whole) assert_true(capas_value_equal(tree, copy));
        capas_value_free(tree);
        capas_value_free(copy);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
    assert_true(allowed > 20);
}

/* Growing a map in vain, then with success: keys and items may have grown apart in between. */
static void a_map_that_could_not_grow_goes_on(void **state)
{
    (void)state;
    for (long allowed = 0; allowed < 4; allowed++) {
        capas_value *map = capas_value_map();
        char key[12];
        for (int i = 0; i < 8; i++) {
            snprintf(key, sizeof key, "%d", i);
            capas_value_set(map, key, capas_value_integer(i));
        }
        scarce_memory_begin(allowed);
        assert_int_equal(capas_value_set(map, "8", capas_value_integer(8)), CAPAS_NO_MEMORY);
        scarce_memory_end();
        assert_int_equal(map->count, 8);
        assert_int_equal(capas_value_set(map, "8", capas_value_integer(8)), CAPAS_OK);
        for (int i = 0; i < 9; i++)
            assert_int_equal(map->items[i]->integer, i);
        capas_value_free(map);
    }
}

static bool equal(capas_value *a, capas_value *b)
{
    bool equal = capas_value_equal(a, b);
    assert_int_equal(equal, capas_value_equal(b, a));
    capas_value_free(a);
    capas_value_free(b);
    return equal;
}

static void compares_kinds_and_contents(void **state)
{
    (void)state;
    assert_true(equal(capas_value_null(), capas_value_null()));
    assert_false(equal(capas_value_null(), NULL));
    assert_false(equal(capas_value_integer(1), capas_value_real(1)));
    assert_false(equal(capas_value_bool(true), capas_value_bool(false)));
    assert_false(equal(capas_value_integer(1), capas_value_integer(2)));
    assert_true(equal(capas_value_real(0.1), capas_value_real(0.1)));
    assert_true(equal(capas_value_real(NAN), capas_value_real(NAN)));
    assert_false(equal(capas_value_real(NAN), capas_value_real(1)));
    assert_false(equal(capas_value_real(INFINITY), capas_value_real(-INFINITY)));
    assert_false(equal(capas_value_string("a"), capas_value_string("b")));
    assert_true(equal(capas_value_list(), capas_value_list()));
    assert_false(equal(capas_value_list(), capas_value_map()));
}

static void maps_are_equal_in_any_order(void **state)
{
    (void)state;
    capas_value *a = capas_value_map(), *b = capas_value_map();
    capas_value_set(a, "x", capas_value_integer(1));
    capas_value_set(a, "y", capas_value_integer(2));
    capas_value_set(b, "y", capas_value_integer(2));
    capas_value_set(b, "x", capas_value_integer(1));
    assert_true(capas_value_equal(a, b));
    capas_value_set(b, "x", capas_value_integer(3));
    assert_false(capas_value_equal(a, b));
    capas_value_free(capas_value_take(b, "x"));
    capas_value_set(b, "z", capas_value_integer(1));
    assert_false(equal(a, b));
}

static void describes(capas_value *value, const char *expected)
{
    char text[128];
    assert_ptr_equal(capas_value_describe(value, text, sizeof text), text);
    assert_string_equal(text, expected);
    capas_value_free(value);
}

static capas_value *numbers(int count)
{
    capas_value *list = capas_value_list();
    for (int i = 0; i < count; i++)
        capas_value_append(list, capas_value_integer(i + 1));
    return list;
}

static void describes_in_a_few_words(void **state)
{
    (void)state;
    describes(NULL, "nothing");
    describes(capas_value_null(), "null");
    describes(capas_value_bool(false), "false");
    describes(capas_value_integer(INT64_MIN), "-9223372036854775808");
    describes(capas_value_real(0.1), "0.1");
    describes(capas_value_real(1.0 / 3), "0.3333333333333333");
    describes(capas_value_real(NAN), "nan");
    describes(capas_value_real(-INFINITY), "-inf");
    describes(capas_value_string("same"), "\"same\"");
    describes(capas_value_string("two\nlines\x7f"), "\"two?lines?\"");
    describes(capas_value_list(), "an empty list");
    describes(numbers(3), "[1, 2, 3]");
    describes(numbers(40), "a list of 40 items");
    capas_value *nested = capas_value_list();
    capas_value_append(nested, numbers(2));
    describes(nested, "a list of 1 item");
    describes(capas_value_map(), "a map");
    char longer[500];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    capas_value *string = capas_value_string(longer);
    char text[200], small[10];
    capas_value_describe(string, text, sizeof text);
    assert_int_equal(strlen(text), 61);
    assert_string_equal(text + 56, "x...\"");
    assert_string_equal(capas_value_describe(string, small, sizeof small), "\"xxxxx...");
    capas_value_free(string);
}

static void deep_trees_are_copied_and_freed(void **state)
{
    (void)state;
    capas_value *tree = capas_value_list();
    for (int i = 0; i < 200; i++) {
        capas_value *above = capas_value_list();
        capas_value_append(above, tree);
        tree = above;
    }
    capas_value *copy = capas_value_clone(tree);
    assert_true(equal(tree, copy));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_missing),
        cmocka_unit_test(holds_what_it_is_given),
        cmocka_unit_test(maps_keep_their_order),
        cmocka_unit_test(taking_gives_the_value_away),
        cmocka_unit_test(refuses_what_does_not_belong),
        cmocka_unit_test(copies_are_equal_and_apart),
        cmocka_unit_test(survives_running_out_of_memory),
        cmocka_unit_test(a_map_that_could_not_grow_goes_on),
        cmocka_unit_test(compares_kinds_and_contents),
        cmocka_unit_test(maps_are_equal_in_any_order),
        cmocka_unit_test(describes_in_a_few_words),
        cmocka_unit_test(deep_trees_are_copied_and_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
