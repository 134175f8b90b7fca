/* The bag of named values that callbacks put what they remember into. */
#include "support/cmocka.h"
#include "support/scarce_memory.h"

#include "training/state.h"
#include <math.h>
#include <string.h>

static void values_come_back(void **unused)
{
    (void)unused;
    capas_state_store store = {0};
    capas_state state = capas_state_of(&store);
    double number;
    const char *text;
    char bytes[4];
    size_t size;
    assert_int_equal(capas_state_set_number(&state, "wait", 3), CAPAS_OK);
    assert_int_equal(capas_state_set_number(&state, "best", -INFINITY), CAPAS_OK);
    assert_int_equal(capas_state_set_text(&state, "text", ""), CAPAS_OK);
    assert_int_equal(capas_state_set_data(&state, "best/weights", "abcd", 4), CAPAS_OK);
    assert_int_equal(capas_state_set_number(&state, "wait", 4), CAPAS_OK); /* in its place */
    assert_int_equal(store.count, 4);
    assert_int_equal(capas_state_get_number(&state, "wait", &number), CAPAS_OK);
    assert_true(number == 4);
    assert_int_equal(capas_state_get_number(&state, "best", &number), CAPAS_OK);
    assert_true(number == -INFINITY);
    assert_int_equal(capas_state_get_text(&state, "text", &text), CAPAS_OK);
    assert_string_equal(text, "");
    assert_int_equal(capas_state_get_size(&state, "best/weights", &size), CAPAS_OK);
    assert_int_equal(size, 4);
    assert_int_equal(capas_state_get_data(&state, "best/weights", bytes, 4), CAPAS_OK);
    assert_memory_equal(bytes, "abcd", 4);
    assert_true(capas_state_has(&state, "wait") && !capas_state_has(&state, "best/"));
    capas_state_clear(&store);
}

static void what_does_not_fit_is_a_sentence(void **unused)
{
    (void)unused;
    capas_state_store store = {0};
    capas_state state = capas_state_of(&store);
    double number;
    char bytes[4], long_name[200];
    capas_state_set_data(&state, "weights", "abcd", 4);
    assert_int_equal(capas_state_get_number(&state, "wait", &number), CAPAS_BAD_FILE);
    assert_string_equal(capas_error(), "the saved state has no \"wait\"");
    assert_int_equal(capas_state_get_number(&state, "weights", &number), CAPAS_BAD_FILE);
    assert_string_equal(capas_error(),
                        "the saved state's \"weights\" is a block of bytes, expected a number");
    assert_int_equal(capas_state_get_data(&state, "weights", bytes, 3), CAPAS_BAD_FILE);
    assert_string_equal(capas_error(), "the saved state's \"weights\" has 4 bytes, expected 3");
    memset(long_name, 'x', sizeof long_name);
    long_name[128] = '\0';
    assert_int_equal(capas_state_set_number(&state, long_name, 0), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_state_set_number(&state, "", 0), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_state_set_text(&state, "text", NULL), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_state_set_data(&state, "data", NULL, 1), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(store.count, 1);
    capas_state_clear(&store);
}

static void parts_do_not_see_each_other(void **unused)
{
    (void)unused;
    capas_state_store store = {0};
    capas_state whole = capas_state_of(&store), one = capas_state_part(&whole, "one"),
                two = capas_state_part(&whole, "two");
    double number;
    capas_state_set_number(&one, "wait", 1);
    capas_state_set_number(&two, "wait", 2);
    assert_int_equal(capas_state_get_number(&one, "wait", &number), CAPAS_OK);
    assert_true(number == 1);
    assert_int_equal(capas_state_get_number(&whole, "two/wait", &number), CAPAS_OK);
    assert_true(number == 2);
    assert_false(capas_state_has(&one, "two/wait"));
    capas_state_clear(&store);
}

static void scarce_memory_leaves_nothing(void **unused)
{
    (void)unused;
    for (long allowed = 0; allowed < 6; allowed++) {
        capas_state_store store = {0};
        capas_state state = capas_state_of(&store);
        scarce_memory_begin(allowed);
        capas_status status = CAPAS_OK;
        for (int i = 0; i < 5 && status == CAPAS_OK; i++) {
            char name[2] = {(char)('a' + i), '\0'};
            status = capas_state_set_text(&state, name, "a text");
        }
        assert_int_equal(status, CAPAS_NO_MEMORY);
        capas_state_clear(&store);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back),
        cmocka_unit_test(what_does_not_fit_is_a_sentence),
        cmocka_unit_test(parts_do_not_see_each_other),
        cmocka_unit_test(scarce_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
