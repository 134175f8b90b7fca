/* The error sentence: one a thread, cut when too long, made without memory; and the log hook.
 *
 * Labels: threads */
#include "base/status.h"
#include "support/cmocka.h"
#include "support/scarce_memory.h"
#include <capas/runtime.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Runs first: nothing has failed yet. */
static void starts_empty(void **state)
{
    (void)state;
    assert_string_equal(capas_error(), "");
    assert_int_equal(capas_error_status(), CAPAS_OK);
}

static void names_every_status(void **state)
{
    (void)state;
    assert_string_equal(capas_status_name(CAPAS_OK), "OK");
    assert_string_equal(capas_status_name(CAPAS_SHAPE_MISMATCH), "SHAPE_MISMATCH");
    assert_string_equal(capas_status_meaning(CAPAS_NO_MEMORY), "memory ran out");
    assert_string_equal(capas_status_name(CAPAS_INTERRUPTED), "INTERRUPTED");
    assert_string_equal(capas_status_name((capas_status)(CAPAS_INTERRUPTED + 1)), "?");
    assert_string_equal(capas_status_meaning((capas_status)99), "?");
    assert_string_equal(capas_status_name((capas_status)-1), "?");
}

static void keeps_the_last_failure(void **state)
{
    (void)state;
    assert_int_equal(capas_fail(CAPAS_BAD_DATA, "label %d of %s", 12, "train"), CAPAS_BAD_DATA);
    assert_string_equal(capas_error(), "label 12 of train");
    assert_int_equal(capas_error_status(), CAPAS_BAD_DATA);
    capas_fail(CAPAS_NO_FILE, "other");
    assert_string_equal(capas_error(), "other");
}

static void may_quote_its_own_sentence(void **state)
{
    (void)state;
    capas_fail(CAPAS_BAD_FILE, "line 3: \"%s\"", "x");
    capas_fail(CAPAS_BAD_FILE, "%s, %s", "a.json", capas_error());
    assert_string_equal(capas_error(), "a.json, line 3: \"x\"");
}

static void puts_places_in_front(void **state)
{
    (void)state;
    capas_fail(CAPAS_BAD_FILE, "no header");
    assert_int_equal(capas_fail_in("member %d", 2), CAPAS_BAD_FILE);
    assert_int_equal(capas_fail_in("a.keras"), CAPAS_BAD_FILE);
    assert_string_equal(capas_error(), "a.keras: member 2: no header");
}

static void cuts_long_sentences_between_characters(void **state)
{
    (void)state;
    char longer[3000];
    for (int start = 0; start < 4; start++) {
        memset(longer, 'x', (size_t)start);
        for (size_t i = (size_t)start; i + 3 < sizeof longer; i += 3)
            memcpy(longer + i, "\xE2\x82\xAC", 4); /* the euro sign */
        capas_fail(CAPAS_BAD_FILE, "%s", longer);
        size_t length = strlen(capas_error());
        assert_true(length > 1000 && length < 1024);
        assert_string_equal(capas_error() + length - 3, "...");
        assert_int_equal((length - 3 - (size_t)start) % 3, 0);
    }
    capas_fail_in("%s", longer);
    assert_true(strlen(capas_error()) < 1024);
}

static void needs_no_memory(void **state)
{
    (void)state;
    scarce_memory_begin(0);
    capas_fail(CAPAS_NO_MEMORY, "none for %s", "this");
    capas_fail_in("there");
    capas_warn("%d", 1);
    assert_int_equal(scarce_memory_asked(), 0);
    scarce_memory_end();
    assert_string_equal(capas_error(), "there: none for this");
}

static void *fail_in_thread(void *argument)
{
    (void)argument;
    bool empty = capas_error()[0] == '\0' && capas_error_status() == CAPAS_OK;
    capas_fail(CAPAS_NO_THREAD, "the thread's");
    return empty && strcmp(capas_error(), "the thread's") == 0 ? (void *)1 : NULL;
}

static void belongs_to_its_thread(void **state)
{
    (void)state;
    capas_fail(CAPAS_BAD_FILE, "mine");
    pthread_t thread;
    void *right;
    assert_int_equal(pthread_create(&thread, NULL, fail_in_thread, NULL), 0);
    pthread_join(thread, &right);
    assert_non_null(right);
    assert_string_equal(capas_error(), "mine");
}

static capas_status tried(capas_status status, int *after)
{
    CAPAS_TRY(status);
    ++*after;
    return CAPAS_OK;
}

static void try_hands_failures_on(void **state)
{
    (void)state;
    int after = 0;
    assert_int_equal(tried(CAPAS_BAD_DATA, &after), CAPAS_BAD_DATA);
    assert_int_equal(after, 0);
    assert_int_equal(tried(CAPAS_OK, &after), CAPAS_OK);
    assert_int_equal(after, 1);
}

typedef struct heard {
    int count;
    capas_log_level level;
    char text[2000];
} heard;

static void listen(capas_log_level level, const char *message, void *context)
{
    heard *heard = context;
    heard->count++;
    heard->level = level;
    snprintf(heard->text, sizeof heard->text, "%s", message);
}

static void log_goes_to_the_hook(void **state)
{
    (void)state;
    heard heard = {0};
    capas_warn("nobody listens");
    capas_set_log(listen, &heard);
    capas_warn("%s %d", "test", 1);
    assert_int_equal(heard.level, CAPAS_LOG_WARNING);
    assert_string_equal(heard.text, "test 1");
    capas_note("%0*d", 1500, 7);
    assert_int_equal(heard.level, CAPAS_LOG_NOTE);
    assert_string_equal(heard.text + strlen(heard.text) - 4, "0...");
    capas_set_log(NULL, NULL);
    capas_warn("nobody listens");
    assert_int_equal(heard.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty),
        cmocka_unit_test(names_every_status),
        cmocka_unit_test(keeps_the_last_failure),
        cmocka_unit_test(may_quote_its_own_sentence),
        cmocka_unit_test(puts_places_in_front),
        cmocka_unit_test(cuts_long_sentences_between_characters),
        cmocka_unit_test(needs_no_memory),
        cmocka_unit_test(belongs_to_its_thread),
        cmocka_unit_test(try_hands_failures_on),
        cmocka_unit_test(log_goes_to_the_hook),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
