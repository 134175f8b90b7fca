/* Lines that tell what two runs are made of, and where they differ. */
#include "support/cmocka.h"

#include "base/lines.h"
#include "base/memory.h"
#include <string.h>

static capas_value *tree(void)
{
    capas_value *tree = capas_value_map(), *fit = capas_value_map(), *list = capas_value_list();
    capas_value_set(fit, "batch_size", capas_value_integer(32));
    capas_value_set(fit, "split", capas_value_real(0.1));
    capas_value_append(list, capas_value_string("accuracy\nloss"));
    capas_value_append(list, capas_value_null());
    capas_value_set(tree, "fit", fit);
    capas_value_set(tree, "metrics", list);
    assert_int_equal(capas_value_set(tree, "nothing", capas_value_map()), CAPAS_OK);
    return tree;
}

static void a_line_for_each_leaf(void **state)
{
    (void)state;
    capas_builder lines = {0};
    char *text;
    capas_value *value = tree();
    capas_lines_add(&lines, "", value);
    capas_lines_add(&lines, "recipe", capas_value_get(value, "fit"));
    capas_lines_add_integer(&lines, "seed", -3);
    assert_int_equal(capas_builder_finish(&lines, &text), CAPAS_OK);
    assert_string_equal(text, "fit.batch_size: 32\nfit.split: 0.1\nmetrics.0: accuracy loss\n"
                              "metrics.1: null\nnothing: a map\nrecipe.batch_size: 32\n"
                              "recipe.split: 0.1\nseed: -3\n");
    capas_release(text);
    capas_value_free(value);
}

static void the_first_difference_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *there, *here, *text; /* NULL: none */
    } cases[] = {
        {"a: 1\nb: 2\n", "a: 1\nb: 2\n", NULL},
        {"a: 1\nb: 2\n", "b: 2\na: 1\n", NULL},
        {"", "", NULL},
        {"a: 1\nb: 2\n", "a: 1\nb: 3\n", "b is 2 there and 3 here"},
        {"a: 1\nb: 2\n", "a: 1\n", "b is 2 there and not said here"},
        {"a: 1\n", "a: 1\nb: 2\n", "b is 2 here and not said there"},
        {"ab: 1\n", "a: 1\n", "ab is 1 there and not said here"},
        {"a: 1", "a: 12", "a is 1 there and 12 here"},
        {"no colon", "a: 1\n", "no colon is  there and not said here"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64] = "";
        bool differ = capas_lines_differ(cases[i].there, cases[i].here, text, sizeof text);
        if (differ != (cases[i].text != NULL)) fail_msg("case %zu: %s", i, text);
        if (differ) assert_string_equal(text, cases[i].text);
    }
    char small[12];
    assert_true(capas_lines_differ("a_long_name: 1", "a_long_name: 2", small, sizeof small));
    assert_int_equal(strlen(small), sizeof small - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_for_each_leaf),
        cmocka_unit_test(the_first_difference_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
