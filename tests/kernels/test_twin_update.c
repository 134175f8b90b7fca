/* The tuned optimizer steps against the plain ones: every rule and variant, odd counts, clipping,
 * decay; and weights that are no longer finite are seen wherever they are. */
#include "kernels/update.h"
#include "support/cmocka.h"
#include "support/twins.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef capas_update_arguments arguments;

typedef struct variant {
    const char *name;
    capas_update_problem problem;
    int slots;
} variant;

#define VARIANT(text, slot_count, ...)                                                             \
    {                                                                                              \
        text,                                                                                      \
            {.workers = TWIN_WORKERS,                                                              \
             .rho = 0.9,                                                                           \
             .beta_1 = 0.9,                                                                        \
             .beta_2 = 0.999,                                                                      \
             .epsilon = 1e-7,                                                                      \
             __VA_ARGS__},                                                                         \
            slot_count                                                                             \
    }

static const variant variants[] = {
    VARIANT("sgd", 0, .rule = CAPAS_UPDATE_SGD),
    VARIANT("sgd momentum", 1, .rule = CAPAS_UPDATE_SGD, .momentum = 0.9),
    VARIANT("sgd nesterov", 1, .rule = CAPAS_UPDATE_SGD, .momentum = 0.9, .nesterov = true),
    VARIANT("rmsprop", 1, .rule = CAPAS_UPDATE_RMSPROP),
    VARIANT("rmsprop momentum", 2, .rule = CAPAS_UPDATE_RMSPROP, .momentum = 0.5),
    VARIANT("rmsprop centered", 2, .rule = CAPAS_UPDATE_RMSPROP, .centered = true),
    VARIANT("rmsprop both", 3, .rule = CAPAS_UPDATE_RMSPROP, .momentum = 0.5, .centered = true),
    VARIANT("adam", 2, .rule = CAPAS_UPDATE_ADAM),
    VARIANT("adam amsgrad", 3, .rule = CAPAS_UPDATE_ADAM, .amsgrad = true),
    VARIANT("adadelta", 2, .rule = CAPAS_UPDATE_ADADELTA),
    VARIANT("adagrad", 1, .rule = CAPAS_UPDATE_ADAGRAD),
    VARIANT("adamax", 2, .rule = CAPAS_UPDATE_ADAMAX),
    VARIANT("nadam", 2, .rule = CAPAS_UPDATE_NADAM),
    VARIANT("lion", 1, .rule = CAPAS_UPDATE_LION),
    VARIANT("ftrl", 2, .rule = CAPAS_UPDATE_FTRL, .power = -0.5, .l1 = 0.02, .l2 = 0.03,
            .shrinkage = 0.01, .beta = 0.05),
    VARIANT("ftrl power", 2, .rule = CAPAS_UPDATE_FTRL, .power = -0.7),
    VARIANT("lamb", 2, .rule = CAPAS_UPDATE_LAMB),
};

static const int64_t counts[] = {0, 1, 3, 7, 8, 15, 16, 17, 33, 100, 1023, 1025, 70001};

/* Velocities are sums of squares (both slots of adadelta too), so not negative, and (rmsprop
 * centered) above the average's square. */
static double *slot_numbers(const variant *v, int slot, int64_t count)
{
    double *value = twin_numbers(count, 0.9, (uint64_t)(20 + slot));
    const capas_update_rule rule = v->problem.rule;
    const bool adam = rule == CAPAS_UPDATE_ADAM || rule == CAPAS_UPDATE_ADAMAX ||
                      rule == CAPAS_UPDATE_NADAM || rule == CAPAS_UPDATE_LAMB;
    const bool velocity = rule != CAPAS_UPDATE_SGD && slot == (adam ? 1 : 0);
    for (int64_t i = 0; i < count; i++) {
        if (velocity || (adam && slot == 2) || rule == CAPAS_UPDATE_ADADELTA)
            value[i] = value[i] * value[i] + 1e-4;
        if (v->problem.centered && velocity) value[i] += 2;
    }
    return value;
}

static void check_variant(const variant *v, int64_t count, double clip, double decay)
{
    const arguments a = {.count = count,
                         .learning_rate = 0.01,
                         .decay = decay,
                         .gradient_scale = clip > 0 ? 0.7 : 1,
                         .clip_value = clip,
                         .momentum_scale = 3,
                         .gradient_share = 0.5,
                         .velocity_scale = 20};
    double *weights = twin_numbers(count, 1, 1), *gradient = twin_numbers(count, 0.6, 2);
    double *slots[CAPAS_MAX_SLOTS];
    char name[64];
    snprintf(name, sizeof name, "%s of %lld, clip %g, decay %g", v->name, (long long)count, clip,
             decay);
    twin_case c = twin_case_of(name, CAPAS_FAMILY_update, &v->problem, &a, sizeof a);
    c.tolerance = 1e-6;
    twin_changed(&c, offsetof(arguments, weights), weights, count);
    twin_input(&c, offsetof(arguments, gradient), gradient, count);
    for (int i = 0; i < v->slots; i++) {
        slots[i] = slot_numbers(v, i, count);
        twin_changed(&c, offsetof(arguments, slots) + (size_t)i * sizeof(void *), slots[i], count);
    }
    double *direction = twin_numbers(count, 1, 3);
    if (v->problem.rule == CAPAS_UPDATE_LAMB)
        twin_changed(&c, offsetof(arguments, direction), direction, count);
    twin_check(&c);
    free(direction);
    free(weights);
    free(gradient);
    for (int i = 0; i < v->slots; i++)
        free(slots[i]);
}

static void test_variants(void **state)
{
    (void)state;
    for (size_t v = 0; v < COUNT(variants); v++)
        for (size_t n = 0; n < COUNT(counts); n++)
            check_variant(&variants[v], counts[n], n % 2 ? 0.3 : 0, n % 3 ? 0 : 0.001);
}

/* Whether the kernel calls the weights finite when the gradient's element `at` is `value`. */
static bool calls_finite(const capas_kernel *kernel, const capas_update_problem *p, int64_t count,
                         int64_t at, float value)
{
    bool finite = true;
    float *weights = calloc((size_t)count, sizeof *weights);
    float *gradient = calloc((size_t)count, sizeof *gradient);
    assert_non_null(weights);
    assert_non_null(gradient);
    gradient[at] = value;
    const arguments a = {.count = count,
                         .weights = weights,
                         .gradient = gradient,
                         .learning_rate = 1,
                         .gradient_scale = 1,
                         .finite = &finite};
    kernel->run(p, &a);
    free(weights);
    free(gradient);
    return finite;
}

static void test_finite(void **state)
{
    const capas_update_problem p = {.workers = TWIN_WORKERS, .rule = CAPAS_UPDATE_SGD};
    size_t count;
    const capas_kernel *const *kernels = capas_kernels_of(CAPAS_FAMILY_update, &count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (kernels[i]->element != CAPAS_FLOAT32 || !capas_cpu_has(kernels[i]->level)) continue;
        for (int64_t at = 0; at < 37; at++) {
            assert_true(calls_finite(kernels[i], &p, 37, at, 3e38f));
            assert_false(calls_finite(kernels[i], &p, 37, at, INFINITY));
            assert_false(calls_finite(kernels[i], &p, 37, at, NAN));
        }
    }
}

static void test_every_kernel_ran(void **state)
{
    (void)state;
    twin_report(CAPAS_FAMILY_update);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variants),
        cmocka_unit_test(test_finite),
        cmocka_unit_test(test_every_kernel_ran),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
