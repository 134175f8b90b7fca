/* The whole test of a picture format that is not in this build: a file of it is refused, with the
 * option that brings it. */
#ifndef CAPAS_TESTS_SUPPORT_MISSING_FORMAT_H
#define CAPAS_TESTS_SUPPORT_MISSING_FORMAT_H

#include "base/file.h"
#include "support/cmocka.h"
#include <capas/pictures.h>
#include <capas/runtime.h>
#include <string.h>

/* `bytes`: how such a file begins, a literal. */
#define MISSING_FORMAT_TEST(path, bytes, option)                                                   \
    static void says_what_is_missing(void **state)                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        capas_picture picture;                                                                     \
        assert_int_equal(capas_write_file(path, bytes, sizeof bytes - 1), CAPAS_OK);               \
        assert_int_equal(capas_load_picture(path, 1, &picture), CAPAS_UNSUPPORTED);                \
        assert_non_null(strstr(capas_error(), option));                                            \
    }                                                                                              \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest tests[] = {cmocka_unit_test(says_what_is_missing)};                \
        return cmocka_run_group_tests(tests, NULL, NULL);                                          \
    }

#endif
