/* Text that grows, and tables drawn with it: widths, wrapping at words, long words cut. */
#include "base/memory.h"
#include "base/table.h"
#include "support/cmocka.h"
#include "support/scarce_memory.h"
#include <string.h>

static void texts_grow(void **state)
{
    (void)state;
    capas_builder out = {0};
    char *text = NULL;
    capas_builder_add(&out, "a");
    capas_builder_repeat(&out, "bc", 300);
    capas_builder_print(&out, "%d %s", 7, "d");
    capas_builder_add_bytes(&out, "efg", 2);
    assert_int_equal(capas_builder_finish(&out, &text), CAPAS_OK);
    assert_int_equal(strlen(text), 606);
    assert_string_equal(text + 599, "bc7 def");
    capas_release(text);
    assert_int_equal(capas_builder_finish(&out, &text), CAPAS_OK);
    assert_string_equal(text, ""); /* nothing written is an empty text */
    capas_release(text);
}

static void a_text_that_found_no_memory_is_none(void **state)
{
    (void)state;
    for (long allowed = 0; allowed < 2; allowed++) {
        capas_builder out = {0};
        char *text = "";
        scarce_memory_begin(allowed);
        capas_builder_repeat(&out, "0123456789", 100);
        capas_builder_add(&out, "and more");
        assert_int_equal(capas_builder_finish(&out, &text), CAPAS_NO_MEMORY);
        assert_null(text);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
}

/* Drawn by rich. */
static const char drawn[] = "┏━━━━━━━━━━┳━━━━━━━┳━━━━━━━━━━━┓\n"
                            "┃ Name     ┃ Count ┃  Middle   ┃\n"
                            "┡━━━━━━━━━━╇━━━━━━━╇━━━━━━━━━━━┩\n"
                            "│ two      │     1 │     ä     │\n"
                            "│ words in │       │           │\n"
                            "├──────────┼───────┼───────────┤\n"
                            "│ toolong… │ 1234… │           │\n"
                            "└──────────┴───────┴───────────┘\n";

static void tables_wrap_and_cut(void **state)
{
    (void)state;
    capas_table table = {
        .column_count = 3,
        .titles = {"Name", "Count", "Middle"},
        .justify = {CAPAS_JUSTIFY_LEFT, CAPAS_JUSTIFY_RIGHT, CAPAS_JUSTIFY_CENTER},
        .positions = {0.35, 0.65, 1},
        .line_length = 32,
    };
    const char *first[] = {"two words in", "1", "ä"}, *second[] = {"toolongaword", "1234567", ""};
    capas_builder out = {0};
    char *text = NULL;
    assert_int_equal(capas_table_begin(&table, &out), CAPAS_OK);
    capas_table_row(&table, first, 1, &out);
    capas_table_row(&table, second, 0, &out);
    capas_table_end(&table, &out);
    assert_int_equal(capas_builder_finish(&out, &text), CAPAS_OK);
    if (strcmp(text, drawn) != 0) fail_msg("got\n%s", text);
    capas_release(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_grow),
        cmocka_unit_test(a_text_that_found_no_memory_is_none),
        cmocka_unit_test(tables_wrap_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
