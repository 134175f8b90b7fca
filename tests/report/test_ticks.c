/* Ticks over odd ranges: always round numbers inside the range, few enough, and told apart by what
 * is written. */
#include "support/cmocka.h"

#include "base/option.h"
#include "report/ticks.h"
#include <float.h>
#include <math.h>
#include <string.h>

static bool is_round(double step)
{
    double digits = step / pow(10, floor(log10(step) + 1e-9));
    return fabs(digits - 1) < 1e-6 || fabs(digits - 2) < 1e-6 || fabs(digits - 5) < 1e-6;
}

static void check(double low, double high, int most, bool whole)
{
    char before[40] = "", text[40];
    capas_tick_list ticks = capas_ticks(low, high, most, whole);
    assert_in_range(ticks.count, 1, most);
    for (int i = 0; i < ticks.count; i++) {
        double slack = fmax(ticks.step, fabs(low)) * 1e-6;
        assert_true(ticks.values[i] >= low - slack && ticks.values[i] <= high + slack);
        if (whole && ticks.step > 0) assert_true(ticks.values[i] == round(ticks.values[i]));
        capas_tick_text(ticks.values[i], ticks.step, text, sizeof text);
        if (strcmp(text, before) == 0) fail_msg("%g to %g: \"%s\" twice", low, high, text);
        memcpy(before, text, sizeof text);
    }
    if (ticks.step > 0 && !is_round(ticks.step)) fail_msg("%g is no round step", ticks.step);
}

static void all_ranges_have_ticks(void **state)
{
    (void)state;
    static const double lows[] = {0, 1, -1, 0.5, 0.98765, 1e-9, -3e7, 1e15, 123456.7, -1e-300};
    static const double sizes[] = {0,    1e-320, 1e-12, 0.001, 0.37, 1,
                                   9.99, 10,     60,    1e5,   1e12, 1e300};
    for (size_t i = 0; i < CAPAS_COUNT(lows); i++)
        for (size_t k = 0; k < CAPAS_COUNT(sizes); k++)
            for (int most = 2; most <= CAPAS_MOST_TICKS; most++)
                for (int whole = 0; whole < 2; whole++)
                    check(lows[i], lows[i] + sizes[k], most, whole);
}

static void the_largest_range_and_none(void **state)
{
    (void)state;
    check(-DBL_MAX, DBL_MAX, 8, false);
    assert_int_equal(capas_ticks(5, 5, 8, false).count, 1);
    assert_true(capas_ticks(5, 5, 8, false).values[0] == 5);
    assert_int_equal(capas_ticks(NAN, 1, 8, false).count, 1);
    assert_int_equal(capas_ticks(0, INFINITY, 8, false).count, 1);
}

static void assert_texts(double low, double high, int most, bool whole, const char *expected)
{
    char all[400] = "", text[40];
    capas_tick_list ticks = capas_ticks(low, high, most, whole);
    for (int i = 0; i < ticks.count; i++) {
        if (i > 0) strcat(all, " ");
        strcat(all, capas_tick_text(ticks.values[i], ticks.step, text, sizeof text));
    }
    assert_string_equal(all, expected);
}

static void ticks_read_well(void **state)
{
    (void)state;
    assert_texts(0.94, 1, 8, false, "0.94 0.95 0.96 0.97 0.98 0.99 1.00");
    assert_texts(-0.3, 0.3, 4, false, "-0.2 0.0 0.2");
    assert_texts(1, 12, 12, true, "1 2 3 4 5 6 7 8 9 10 11 12");
    assert_texts(1, 60, 12, true, "5 10 15 20 25 30 35 40 45 50 55 60");
    assert_texts(0.5, 1.5, 12, true, "1");
    assert_texts(1, 2.1, 12, true, "1 2");
    assert_texts(0, 3e6, 4, false, "0 1e6 2e6 3e6");
    assert_texts(0, 4e-6, 5, false, "0 1e-6 2e-6 3e-6 4e-6");
    assert_texts(1e6, 1.5e6, 6, false, "1.0e6 1.1e6 1.2e6 1.3e6 1.4e6 1.5e6");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ranges_have_ticks),
        cmocka_unit_test(the_largest_range_and_none),
        cmocka_unit_test(ticks_read_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
