/* YAML: what scalars mean, where values stand, and every way of not being a recipe's YAML. */
#include "base/memory.h"
#include "files/json.h"
#include "recipe/yaml.h"
#include "support/cmocka.h"
#include <locale.h>
#include <string.h>

static capas_value *read(const char *text)
{
    capas_value *value = capas_yaml_read(text, strlen(text), "t.yaml");
    if (!value) fail_msg("%s", capas_error());
    return value;
}

static void assert_means(const char *text, const char *json)
{
    capas_value *value = read(text);
    char *written = capas_json_write(value);
    assert_non_null(written);
    assert_string_equal(written, json);
    capas_release(written);
    capas_value_free(value);
}

static void scalars_follow_the_core_schema(void **state)
{
    (void)state;
    assert_means("[1, -2, +3, 0x1F, 0o17, 007]", "[1, -2, 3, 31, 15, 7]");
    assert_means("[1.5, .5, 1., 1e-3, -2.5E+3, 1e3]", "[1.5, 0.5, 1.0, 0.001, -2500.0, 1000.0]");
    assert_means("[true, True, FALSE, yes, on]", "[true, true, false, \"yes\", \"on\"]");
    assert_means("[~, null, NULL]", "[null, null, null]");
    assert_means("[1/255, 1.2.3, -x, 1e, '12', \"true\", a b]",
                 "[\"1/255\", \"1.2.3\", \"-x\", \"1e\", \"12\", \"true\", \"a b\"]");
    assert_means("[99999999999999999999, 0xFFFFFFFFFFFFFFFFFF]",
                 "[1e+20, \"0xFFFFFFFFFFFFFFFFFF\"]");
    assert_means("a:\n  - b\n  - {c: d}\n", "{\"a\": [\"b\", {\"c\": \"d\"}]}");
    assert_means("", "null");
    assert_means("# nothing\n", "null");
    assert_means("a: >\n  one\n  two\n", "{\"a\": \"one two\\n\"}");
}

static void values_know_their_place(void **state)
{
    (void)state;
    capas_value *value = read("a: 1\nb:\n  - x\n  - {c: 2}\n");
    assert_int_equal(capas_value_get(value, "a")->line, 1);
    assert_int_equal(capas_value_get(value, "a")->column, 4);
    const capas_value *list = capas_value_get(value, "b");
    assert_int_equal(list->items[0]->line, 3);
    assert_int_equal(list->items[0]->column, 5);
    assert_int_equal(capas_value_get(list->items[1], "c")->line, 4);
    capas_value_free(value);
}

static void does_not_mind_the_locale(void **state)
{
    (void)state;
    static const char *const commas[] = {"de_DE.UTF-8", "es_ES.UTF-8", "fr_FR.UTF-8"};
    bool found = false;
    for (size_t i = 0; i < 3 && !found; i++)
        found = setlocale(LC_NUMERIC, commas[i]) != NULL;
    assert_means("[0.25]", "[0.25]");
    setlocale(LC_NUMERIC, "C");
}

static void assert_refused(const char *text, const char *sentence)
{
    assert_null(capas_yaml_read(text, strlen(text), "t.yaml"));
    assert_int_equal(capas_error_status(), CAPAS_BAD_FILE);
    if (!strstr(capas_error(), sentence)) fail_msg("\"%s\" lacks \"%s\"", capas_error(), sentence);
}

static void errors_say_line_and_column(void **state)
{
    (void)state;
    assert_refused("a: [1, 2\nb: 3\n", "t.yaml, line 3, column 1: this is not YAML: ");
    assert_refused("a: 1\n b: 2\n", "t.yaml, line 1, column 4: this is not YAML: ");
    assert_refused("a: \"x\n", "t.yaml, line 1, column 5");
    assert_refused("a:\n\t- 1\n", "t.yaml, line 2, column 1: this is not YAML: tab");
    assert_refused("a: b: c\n", "t.yaml, line 1");
    assert_refused("a: 1\na: 2\n", "t.yaml, line 2, column 1: the key \"a\" is said twice");
}

static void what_recipes_do_not_need_is_refused(void **state)
{
    (void)state;
    assert_refused("a: &x 1\nb: *x\n", "line 2, column 5: aliases are not read here");
    assert_refused("a: !!str 1\n", "tags are not read here");
    assert_refused("? [1, 2]\n: 3\n", "a key must be a name");
    assert_refused("a: 1\n---\nb: 2\n", "line 3, column 1: a second document begins");
    assert_refused("\"a\\0b\": 1\n", "a character of number 0");
}

static void limits_hold(void **state)
{
    (void)state;
    char deep[201];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    deep[200] = '\0';
    assert_refused(deep, "nested too deep");
    size_t size = 2 * (size_t)CAPAS_YAML_NODES + 64;
    char *many = capas_allocate(size + 1, 1);
    assert_non_null(many);
    for (size_t i = 0; i < size; i += 2)
        memcpy(many + i, i == 0 ? "[1" : ",1", 2);
    many[size] = '\0';
    assert_refused(many, "too many values");
    capas_release(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_follow_the_core_schema),
        cmocka_unit_test(values_know_their_place),
        cmocka_unit_test(does_not_mind_the_locale),
        cmocka_unit_test(errors_say_line_and_column),
        cmocka_unit_test(what_recipes_do_not_need_is_refused),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
