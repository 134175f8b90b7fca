/* Version, seed, kernel set, and how many threads there are to be: CAPAS_THREADS and
 * capas_set_threads. */
#include "base/cpu.h"
#include "base/pool.h"
#include "base/runtime.h"
#include "support/cmocka.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char heard[200];

static void hear(capas_log_level level, const char *message, void *context)
{
    (void)level, (void)context;
    snprintf(heard, sizeof heard, "%s", message);
}

static void tells_the_version(void **state)
{
    (void)state;
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", CAPAS_VERSION_MAJOR, CAPAS_VERSION_MINOR,
             CAPAS_VERSION_PATCH);
    assert_string_equal(capas_version(), version);
}

static void keeps_the_seed(void **state)
{
    (void)state;
    assert_int_equal(capas_random_seed(), 0);
    capas_set_random_seed(UINT64_MAX);
    assert_true(capas_random_seed() == UINT64_MAX);
    capas_set_random_seed(0);
}

static void names_the_kernel_set(void **state)
{
    (void)state;
    assert_string_equal(capas_kernel_set(), capas_cpu_level_name(capas_cpu()));
}

static void has_a_thread_for_each_processor(void **state)
{
    (void)state;
    int processors = capas_cpu_processors();
    unsetenv("CAPAS_THREADS");
    assert_int_equal(capas_set_threads(0), CAPAS_OK);
    assert_int_equal(capas_threads(), processors < 64 ? processors : 64);
}

static void heeds_the_environment(void **state)
{
    (void)state;
    setenv("CAPAS_THREADS", "5", 1);
    capas_set_threads(0);
    assert_int_equal(capas_threads(), 5);
    setenv("CAPAS_THREADS", "6", 1);
    assert_int_equal(capas_threads(), 5); /* until it is asked for again */
    capas_set_threads(3);
    assert_int_equal(capas_threads(), 3);
    capas_set_threads(0);
    assert_int_equal(capas_threads(), 6);
    setenv("CAPAS_THREADS", "64", 1);
    capas_set_threads(0);
    assert_int_equal(capas_threads(), 64);
    unsetenv("CAPAS_THREADS");
}

static void warns_of_a_wrong_environment(void **state)
{
    (void)state;
    static const char *const wrong[] = {"0", "65", "-2", "many", "3x", "99999999999999999999"};
    capas_set_log(hear, NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char expected[200];
        snprintf(expected, sizeof expected,
                 "CAPAS_THREADS must be a number from 1 to 64, found \"%s\"; it is ignored",
                 wrong[i]);
        strcpy(heard, "");
        setenv("CAPAS_THREADS", wrong[i], 1);
        capas_set_threads(0);
        assert_in_range(capas_threads(), 1, capas_cpu_processors());
        assert_string_equal(heard, expected);
    }
    strcpy(heard, "");
    setenv("CAPAS_THREADS", "", 1); /* as if it were not there */
    capas_set_threads(0);
    assert_in_range(capas_threads(), 1, capas_cpu_processors());
    assert_string_equal(heard, "");
    unsetenv("CAPAS_THREADS");
    capas_set_log(NULL, NULL);
}

static void refuses_a_wrong_number_of_threads(void **state)
{
    (void)state;
    capas_set_threads(2);
    assert_int_equal(capas_set_threads(65), CAPAS_INVALID_ARGUMENT);
    assert_string_equal(capas_error(),
                        "threads must be a number from 1 to 64, or 0 for the default, found 65");
    assert_int_equal(capas_set_threads(-1), CAPAS_INVALID_ARGUMENT);
    assert_int_equal(capas_threads(), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_version),
        cmocka_unit_test(keeps_the_seed),
        cmocka_unit_test(names_the_kernel_set),
        cmocka_unit_test(has_a_thread_for_each_processor),
        cmocka_unit_test(heeds_the_environment),
        cmocka_unit_test(warns_of_a_wrong_environment),
        cmocka_unit_test(refuses_a_wrong_number_of_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
