/* A history from its CSV: what capas_history_csv wrote comes back, numbers of epochs too; and every
 * line that is none is told with its number. */
#include "support/cmocka.h"
#include "support/program.h"

#include "base/option.h"
#include <capas/capas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void a_written_history_comes_back(void **state)
{
    (void)state;
    static const char csv[] = "epoch,accuracy,loss,val_loss\r\n"
                              "3,0.1,2.5,NA\r\n"
                              "4,0.30000000000000004,-1e-300,0.5\r\n";
    put_file("history.csv", csv);
    capas_history *history = capas_history_load("history.csv");
    assert_non_null(history);
    assert_int_equal(capas_history_epochs(history), 2);
    assert_int_equal(capas_history_epoch(history, 0), 3);
    assert_int_equal(capas_history_epoch(history, 1), 4);
    assert_int_equal(capas_history_epoch(history, 2), -1);
    assert_int_equal(capas_history_epoch(NULL, 0), -1);
    assert_true(isnan(capas_history_values(history, "val_loss")[0]));
    assert_true(capas_history_values(history, "accuracy")[1] == 0.30000000000000004);
    char *again = NULL;
    assert_int_equal(capas_history_csv(history, &again), CAPAS_OK);
    assert_string_equal(again, csv);
    capas_free(again);
    capas_history_free(history);
}

/* As Python on Unix writes it, a column without a number, and lines that are empty. */
static void other_writers_are_read(void **state)
{
    (void)state;
    put_file("history.csv", "epoch,loss,val_loss\n0,nan,NA\n\n1,inf,\n");
    capas_history *history = capas_history_load("history.csv");
    assert_non_null(history);
    assert_int_equal(capas_history_epochs(history), 2);
    assert_true(isinf(capas_history_values(history, "loss")[1]));
    assert_null(capas_history_values(history, "val_loss"));
    capas_history_free(history);
}

static void what_is_no_history_is_told(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"", "line 1: a history needs a head"},
        {"\n\n", "needs a head"},
        {"loss,epoch\n", "line 1: a history begins with the column epoch, found loss"},
        {"epoch,loss\n0,1\n1,one\n", "line 3: expected a number or NA, found one"},
        {"epoch,loss\n0,1,2\n", "line 2: more fields than the head"},
        {"epoch,loss\n0\n", "line 2: fewer fields than the head"},
        {"epoch,loss\n-1,1\n", "line 2: expected the number of an epoch, found -1"},
        {"epoch,loss\n0.5,1\n", "found 0.5"},
        {"epoch,loss\nNA,1\n", "line 2: expected a number"},
    };
    for (size_t i = 0; i < CAPAS_COUNT(wrong); i++) {
        put_file("wrong.csv", wrong[i][0]);
        assert_null(capas_history_load("wrong.csv"));
        assert_int_equal(capas_error_status(), CAPAS_BAD_FILE);
        if (!strstr(capas_error(), wrong[i][1]) || !strstr(capas_error(), "wrong.csv"))
            fail_msg("%s", capas_error());
    }
    assert_null(capas_history_load("none.csv"));
    assert_int_equal(capas_error_status(), CAPAS_NO_FILE);
    assert_null(capas_history_load(NULL));
    assert_int_equal(capas_error_status(), CAPAS_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_written_history_comes_back),
        cmocka_unit_test(other_writers_are_read),
        cmocka_unit_test(what_is_no_history_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
