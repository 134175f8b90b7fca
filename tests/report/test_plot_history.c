/* Plots of histories: the curve's points, odd histories, the pictures that a run is left with. */
#include "support/cmocka.h"
#include "support/program.h"

#include "base/option.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char csv[] = "epoch,accuracy,loss\r\n"
                          "0,0.5,2.0\r\n"
                          "1,0.75,1.0\r\n"
                          "2,0.9,0.5\r\n";

/* Epoch 1 lies left of epoch 3, and 0.5 below 0.9. */
static void the_curve_has_the_points(void **state)
{
    (void)state;
    double x0, y0, x1, y1, x2, y2;
    put_file("curve.csv", csv);
    capas_history *history = capas_history_load("curve.csv");
    const capas_plot_run run = {.history = history};
    assert_int_equal(capas_plot_history("curve.svg", &run, 1, NULL, 0), CAPAS_OK);
    char *data = get_file("curve.svg", NULL);
    const char *curve = strstr(data, "stroke-dasharray");
    curve = strstr(curve + 1, "stroke-dasharray"); /* the first is the legend's */
    while (strncmp(curve, "M", 1) != 0)
        curve--;
    assert_int_equal(sscanf(curve, "M%lf,%lfL%lf,%lfL%lf,%lf", &x0, &y0, &x1, &y1, &x2, &y2), 6);
    assert_true(fabs((x1 - x0) - (x2 - x1)) < 0.02 && x1 > x0);
    assert_true(fabs((y0 - y1) / (y1 - y2) - 0.25 / 0.15) < 0.01);
    free(data);
    capas_history_free(history);
}

static void odd_histories_are_drawn(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "epoch,loss\n0,1\n",                    /* one epoch */
        "epoch,loss\n0,1\n1,1\n2,1\n",          /* all equal */
        "epoch,loss\n0,0\n1,0\n",               /* nothing */
        "epoch,loss\n0,1e300\n1,-1e300\n",      /* huge */
        "epoch,loss\n0,inf\n1,2\n2,nan\n3,4\n", /* gaps */
        "epoch,accuracy\n7,1.0\n8,1.0\n",       /* at the end of the axis */
        "epoch,learning_rate,loss\n0,0.001,\n1,0.0005,3\n",
    };
    for (size_t i = 0; i < CAPAS_COUNT(odd); i++) {
        put_file("odd.csv", odd[i]);
        capas_history *read = capas_history_load("odd.csv");
        assert_non_null(read);
        const capas_plot_run run = {.history = read};
        assert_int_equal(capas_plot_history("odd.svg", &run, 1, NULL, 0), CAPAS_OK);
        char *data = get_file("odd.svg", NULL);
        assert_null(strstr(data, "nan"));
        free(data);
        capas_history_free(read);
    }
}

static void a_run_is_left_with_pictures(void **state)
{
    (void)state;
    put_file("history.csv", csv);
    assert_int_equal(capas_plot_run_folder(".", "svg"), CAPAS_OK);
    assert_int_equal(access("accuracy.svg", F_OK), 0);
    assert_int_equal(access("loss.svg", F_OK), 0);
    assert_int_equal(access("val_loss.svg", F_OK), -1);
    put_file("history.csv", "epoch,lost,kept\r\n0,nan,1\r\n");
    assert_int_equal(capas_plot_run_folder(".", "svg"), CAPAS_BAD_DATA);
    assert_non_null(strstr(capas_error(), "a finite lost"));
    assert_int_equal(access("kept.svg", F_OK), 0);
    assert_int_equal(access("lost.svg", F_OK), -1);
    put_file("history.csv", "epoch,loss\r\n");
    assert_int_equal(capas_plot_run_folder(".", "svg"), CAPAS_BAD_DATA);
    assert_int_equal(capas_plot_run_folder("no-such-run", "svg"), CAPAS_NO_FILE);
    assert_int_equal(capas_plot_run_folder(".", "gif"), CAPAS_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_curve_has_the_points),
        cmocka_unit_test(odd_histories_are_drawn),
        cmocka_unit_test(a_run_is_left_with_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
