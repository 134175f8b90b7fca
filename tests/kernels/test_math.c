/* Our exp, expm1, log, tanh and sigmoid in float, against the C library's in double: errors over
 * the whole range, and what they give at 0, beyond the range, at infinity and for NaN. */
#include "kernels/math.h"
#include "support/cmocka.h"
#include <float.h>
#include <math.h>
#include <stdio.h>

/* Size of the last bit of a float near `value`. */
static double last_bit(double value)
{
    int exponent;
    frexp(value, &exponent);
    return ldexp(1, exponent - 24 < -149 ? -149 : exponent - 24);
}

/* The largest error in last bits over 200,000 numbers from `low` to `high`; `geometric`: equal
 * ratios. */
static double worst_error(float (*ours)(float), double (*exact)(double), double low, double high,
                          int geometric)
{
    const int count = 200000;
    double worst = 0;
    for (int i = 0; i <= count; i++) {
        const double part = (double)i / count;
        const float x =
            (float)(geometric ? low * pow(high / low, part) : low + (high - low) * part);
        const double want = exact((double)x);
        const double error = fabs(ours(x) - want) / last_bit(want);
        if (error > worst) worst = error;
    }
    return worst;
}

static double exact_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* The static inline functions, as functions that have an address. */
static float our_exp(float x)
{
    return capas_exp_f32(x);
}
static float our_expm1(float x)
{
    return capas_expm1_f32(x);
}
static float our_log(float x)
{
    return capas_log_f32(x);
}
static float our_tanh(float x)
{
    return capas_tanh_f32(x);
}
static float our_sigmoid(float x)
{
    return capas_sigmoid_f32(x);
}

static void errors_are_small(void **state)
{
    (void)state;
    const struct {
        const char *name;
        float (*ours)(float);
        double (*exact)(double);
        double low, high;
        int geometric;
        double most; /* last bits */
    } cases[] = {
        {"exp", our_exp, exp, -87.33, 88.72, 0, 1.2},
        {"exp near 0", our_exp, exp, -1, 1, 0, 1.2},
        {"expm1", our_expm1, expm1, -20, 1, 0, 3.5},
        {"expm1 near 0", our_expm1, expm1, 1e-30, .5, 1, 3.5},
        {"expm1 below 0", our_expm1, expm1, -1e-30, -.5, 1, 3.5},
        {"log", our_log, log, 1.2e-38, 3.4e38, 1, 1.2},
        {"log near 1", our_log, log, .5, 2, 0, 1.2},
        {"tanh", our_tanh, tanh, -10, 10, 0, 1.5},
        {"tanh near 0", our_tanh, tanh, 1e-30, 1, 1, 1.5},
        {"sigmoid", our_sigmoid, exact_sigmoid, -87, 20, 0, 2.5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double worst = worst_error(cases[i].ours, cases[i].exact, cases[i].low, cases[i].high,
                                   cases[i].geometric);
        if (worst > cases[i].most) printf("%s: error of %.2f last bits\n", cases[i].name, worst);
        assert_true(worst <= cases[i].most);
    }
}

static void special_values(void **state)
{
    (void)state;
    const float infinity = INFINITY;
    assert_true(capas_exp_f32(0) == 1 && capas_exp_f32(-0.0f) == 1);
    assert_true(capas_exp_f32(infinity) == infinity && capas_exp_f32(-infinity) == 0);
    assert_true(capas_exp_f32(88.7228317f) < infinity && capas_exp_f32(88.7228394f) == infinity);
    assert_true(capas_exp_f32(1e30f) == infinity && capas_exp_f32(-1e30f) == 0);
    assert_true(capas_exp_f32(-87.33f) > 0 && capas_exp_f32(-87.34f) == 0);
    assert_true(capas_log_f32(1) == 0 && capas_log_f32(0) == -infinity);
    assert_true(capas_log_f32(-0.0f) == -infinity && capas_log_f32(infinity) == infinity);
    assert_true(isnan(capas_log_f32(-1)) && isnan(capas_log_f32(-infinity)));
    assert_true(fabsf(capas_log_f32(FLT_MAX) - 88.72284f) < 1e-5f);
    assert_true(capas_tanh_f32(0) == 0 && signbit(capas_tanh_f32(-0.0f)));
    assert_true(capas_tanh_f32(infinity) == 1 && capas_tanh_f32(-infinity) == -1);
    assert_true(capas_tanh_f32(50) == 1 && capas_tanh_f32(-50) == -1);
    assert_true(capas_sigmoid_f32(0) == .5f && capas_sigmoid_f32(200) == 1);
    assert_true(capas_sigmoid_f32(-200) == 0 && capas_sigmoid_f32(-infinity) == 0);
    assert_true(capas_expm1_f32(0) == 0 && capas_expm1_f32(-infinity) == -1);
}

static void nan_stays(void **state)
{
    (void)state;
    assert_true(isnan(capas_exp_f32(NAN)) && isnan(capas_exp_f32(-NAN)));
    assert_true(isnan(capas_expm1_f32(NAN)));
    assert_true(isnan(capas_log_f32(NAN)) && isnan(capas_log_f32(-NAN)));
    assert_true(isnan(capas_tanh_f32(NAN)));
    assert_true(isnan(capas_sigmoid_f32(NAN)));
}

/* Larger numbers never give smaller results where that would show: probabilities and the clip. */
static void exp_and_sigmoid_grow(void **state)
{
    (void)state;
    for (float x = -20; x < 20; x += 1e-3f) {
        assert_true(capas_exp_f32(x + 1e-3f) > capas_exp_f32(x));
        assert_true(capas_sigmoid_f32(x + 1e-3f) >= capas_sigmoid_f32(x));
        assert_true(capas_tanh_f32(x + 1e-3f) >= capas_tanh_f32(x));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_small),
        cmocka_unit_test(special_values),
        cmocka_unit_test(nan_stays),
        cmocka_unit_test(exp_and_sigmoid_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
