/* Plain kernels that bring numbers to a scale, resize and add noise: gradients by differences in
 * every mode, statistics that count as constants, the transposed sums of resizing, what noise is
 * made of, and the same bits for any number of threads. Keras's answers are the golden layers'. */
#include "kernels/noise.h"
#include "kernels/plain/kernels.h"
#include "kernels/resize.h"
#include "kernels/standardise.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Standardise -------------------------------------------------------------------------------------
 */

typedef struct standardise_case {
    capas_standardise_problem problem;
    int n;
    int64_t count, sets;
    double *x, *dy, *y, *dx, *gamma, *beta, *dgamma, *dbeta, *mean, *scale;
    void *workspace;
} standardise_case;

static standardise_case standardise_case_of(capas_standardise_problem problem, int n)
{
    standardise_case c = {.problem = problem, .n = n};
    c.problem.batch = n;
    c.problem.workers = 2;
    c.sets = n * problem.rows * problem.groups;
    c.count = c.sets * problem.outer * problem.inner;
    c.x = random_doubles(c.count, 1);
    c.dy = random_doubles(c.count, 2);
    c.gamma = random_doubles(problem.weights, 3);
    c.beta = random_doubles(problem.weights, 4);
    double **empty[] = {&c.y, &c.dx, &c.dgamma, &c.dbeta, &c.mean, &c.scale};
    const int64_t counts[] = {c.count, c.count, problem.weights, problem.weights, c.sets, c.sets};
    for (int i = 0; i < 6; i++)
        *empty[i] = unwritten(counts[i], sizeof(double));
    c.workspace = workspace_for(&capas_standardise_backward_plain_f64, &c.problem);
    return c;
}

static void standardise_case_free(standardise_case *c)
{
    void *all[] = {c->x,      c->dy,    c->y,    c->dx,    c->gamma,    c->beta,
                   c->dgamma, c->dbeta, c->mean, c->scale, c->workspace};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
}

static capas_standardise_arguments standardise_arguments(standardise_case *c)
{
    return (capas_standardise_arguments){
        .n = c->n,
        .input = c->x,
        .gamma = c->gamma,
        .beta = c->beta,
        .mean = c->mean,
        .scale = c->scale,
        .output = c->y,
        .output_gradient = c->dy,
        .input_gradient = c->dx,
        .gamma_gradient = c->dgamma,
        .beta_gradient = c->dbeta,
        .workspace = c->workspace,
    };
}

static double standardise_objective(void *context)
{
    standardise_case *c = context;
    const capas_standardise_arguments arguments = standardise_arguments(c);
    capas_run_kernel(&capas_standardise_forward_plain_f64, &c->problem, &arguments, 0);
    return inner_product(c->y, c->dy, c->count);
}

static void check_standardise(capas_standardise_problem problem)
{
    standardise_case c = standardise_case_of(problem, 3);
    standardise_objective(&c);
    const capas_standardise_arguments arguments = standardise_arguments(&c);
    capas_run_kernel(&capas_standardise_backward_plain_f64, &c.problem, &arguments, 0);
    assert_true(gradient_fits("x", c.x, c.dx, c.count, standardise_objective, &c));
    assert_true(
        gradient_fits("gamma", c.gamma, c.dgamma, problem.weights, standardise_objective, &c));
    assert_true(gradient_fits("beta", c.beta, c.dbeta, problem.weights, standardise_objective, &c));
    standardise_case_free(&c);
}

/* Layer and group normalisation, with and without taking the mean away, RMS and unit. */
static void standardised_gradients_fit(void **state)
{
    (void)state;
    const capas_standardise_problem rows = {
        .rows = 5, .outer = 1, .groups = 1, .inner = 7, .weights = 7, .weight_inner = 1};
    const capas_standardise_problem groups = {.rows = 1,
                                              .outer = 6,
                                              .groups = 3,
                                              .inner = 2,
                                              .weights = 6,
                                              .weight_group = 2,
                                              .weight_inner = 1};
    const capas_standardise_problem shapes[] = {rows, groups};
    for (int i = 0; i < 2; i++)
        for (int about = 0; about < 2; about++)
            for (int subtracts = 0; subtracts <= about; subtracts++) {
                capas_standardise_problem p = shapes[i];
                p.about_mean = about;
                p.subtracts_mean = subtracts;
                p.share = 1 / (double)(p.outer * p.inner);
                p.epsilon = 1e-3;
                check_standardise(p);
            }
    capas_standardise_problem unit = rows;
    unit.share = 1;
    unit.least = 1e-12;
    check_standardise(unit);
}

/* Where squares sum to less than the least, the scale is a constant: dx = s dy. */
static void a_statistic_below_the_least_is_constant(void **state)
{
    (void)state;
    capas_standardise_problem p = {.batch = 1,
                                   .workers = 1,
                                   .rows = 1,
                                   .outer = 1,
                                   .groups = 1,
                                   .inner = 3,
                                   .share = 1,
                                   .least = 1e-12};
    const double x[3] = {1e-8, 0, -2e-8}, dy[3] = {1, 2, 3};
    double y[3], dx[3], mean, scale;
    const capas_standardise_arguments arguments = {.n = 1,
                                                   .input = x,
                                                   .mean = &mean,
                                                   .scale = &scale,
                                                   .output = y,
                                                   .output_gradient = dy,
                                                   .input_gradient = dx};
    capas_run_kernel(&capas_standardise_forward_plain_f64, &p, &arguments, 0);
    capas_run_kernel(&capas_standardise_backward_plain_f64, &p, &arguments, 0);
    for (int i = 0; i < 3; i++) {
        assert_true(fabs(y[i] - x[i] * 1e6) < 1e-9);
        assert_true(fabs(dx[i] - dy[i] * 1e6) < 1e-3);
    }
}

typedef struct float_run {
    standardise_case *c;
    float *x, *dy, *gamma, *results;
} float_run;

static void standardise_in_float(void *context, int workers)
{
    float_run *f = context;
    capas_standardise_problem p = f->c->problem;
    p.workers = workers;
    float *y = f->results, *dx = y + f->c->count, *dgamma = dx + f->c->count;
    float *dbeta = dgamma + p.weights, *mean = dbeta + p.weights, *scale = mean + f->c->sets;
    const capas_standardise_arguments arguments = {
        .n = f->c->n,
        .input = f->x,
        .gamma = f->gamma,
        .mean = mean,
        .scale = scale,
        .output = y,
        .output_gradient = f->dy,
        .input_gradient = dx,
        .gamma_gradient = dgamma,
        .beta_gradient = dbeta,
        .workspace = f->c->workspace,
    };
    capas_run_kernel(&capas_standardise_forward_plain_f32, &p, &arguments, 0);
    capas_run_kernel(&capas_standardise_backward_plain_f32, &p, &arguments, 0);
}

static void standardised_the_same_by_any_threads(void **state)
{
    (void)state;
    const capas_standardise_problem p = {.rows = 40,
                                         .outer = 1,
                                         .groups = 1,
                                         .inner = 100,
                                         .weights = 100,
                                         .weight_inner = 1,
                                         .about_mean = true,
                                         .subtracts_mean = true,
                                         .share = 0.01,
                                         .epsilon = 1e-3};
    standardise_case c = standardise_case_of(p, 12);
    const int64_t results = 2 * c.count + 2 * p.weights + 2 * c.sets;
    float_run f = {&c, floats_of(c.x, c.count), floats_of(c.dy, c.count),
                   floats_of(c.gamma, p.weights), unwritten(results, sizeof(float))};
    assert_true(same_bits_for_any_threads(standardise_in_float, &f, f.results,
                                          (size_t)results * sizeof(float)));
    free(f.x);
    free(f.dy);
    free(f.gamma);
    free(f.results);
    standardise_case_free(&c);
}

/* Resize ------------------------------------------------------------------------------------------
 */

static void check_resize(int size, int out_size, capas_interpolation interpolation, bool antialias)
{
    const capas_resize_problem p = {.workers = 2,
                                    .rows = 2,
                                    .inner = 3,
                                    .size = size,
                                    .out_size = out_size,
                                    .interpolation = interpolation,
                                    .antialias = antialias};
    const int n = 2;
    const int64_t in = n * p.rows * size * p.inner, out = n * p.rows * out_size * p.inner;
    double *x = random_doubles(in, 1), *dy = random_doubles(out, 2);
    double *y = unwritten(out, sizeof *y), *dx = unwritten(in, sizeof *dx);
    void *workspace = workspace_for(&capas_resize_forward_plain_f64, &p);
    const capas_resize_arguments arguments = {.n = n,
                                              .input = x,
                                              .output = y,
                                              .output_gradient = dy,
                                              .input_gradient = dx,
                                              .workspace = workspace};
    capas_run_kernel(&capas_resize_forward_plain_f64, &p, &arguments, 0);
    capas_run_kernel(&capas_resize_backward_plain_f64, &p, &arguments, 0);
    assert_true(fabs(inner_product(y, dy, out) - inner_product(x, dx, in)) < 1e-9);
    for (int64_t i = 0; i < in; i++)
        x[i] = 1;
    capas_run_kernel(&capas_resize_forward_plain_f64, &p, &arguments, 0);
    for (int64_t i = 0; i < out; i++)
        assert_true(fabs(y[i] - 1) < 1e-6);
    free(x);
    free(y);
    free(dx);
    free(dy);
    free(workspace);
}

/* The way back is the transposed way; and what is flat stays so. */
static void resizing_is_linear(void **state)
{
    (void)state;
    const int sizes[][2] = {{1, 1}, {1, 5}, {5, 1}, {4, 9}, {9, 4}, {30, 7}, {7, 30}, {6, 6}};
    for (int i = 0; i < 8; i++)
        for (int way = CAPAS_INTERPOLATE_NEAREST; way <= CAPAS_INTERPOLATE_LANCZOS5; way++)
            for (int antialias = 0; antialias < 2; antialias++)
                check_resize(sizes[i][0], sizes[i][1], (capas_interpolation)way, antialias);
}

/* Noise -------------------------------------------------------------------------------------------
 */

enum { ROWS = 200, WIDTH = 500, COUNT = ROWS * WIDTH };

static const capas_random somewhere = {.seed = 9, .stream = 4, .step = 2};

static capas_noise_problem noise_of(capas_noise_kind kind, double amount)
{
    return (capas_noise_problem){.workers = 2,
                                 .kind = kind,
                                 .amount = amount,
                                 .shape = {2, {ROWS, WIDTH}},
                                 .draws = {2, {ROWS, WIDTH}}};
}

static void add_noise(const capas_noise_problem *p, const double *x, double *y)
{
    const capas_noise_arguments arguments = {
        .n = ROWS, .random = somewhere, .input = x, .output = y};
    capas_run_kernel(&capas_noise_plain_f64, p, &arguments, 0);
}

static void assert_moments(const double *y, double mean, double deviation)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < COUNT; i++) {
        sum += y[i];
        squares += y[i] * y[i];
    }
    sum /= COUNT;
    assert_true(fabs(sum - mean) < 0.02);
    assert_true(fabs(sqrt(fmax(0, squares / COUNT - sum * sum)) - deviation) < 0.02);
}

/* Of constants: what is added or multiplied by; the way back has the factors alone. */
static void noise_is_normal(void **state)
{
    (void)state;
    double *x = unwritten(COUNT, sizeof *x), *y = unwritten(COUNT, sizeof *y);
    for (int i = 0; i < COUNT; i++)
        x[i] = 2;
    capas_noise_problem added = noise_of(CAPAS_NOISE_ADDED, 0.5);
    add_noise(&added, x, y);
    assert_moments(y, 2, 0.5);
    added.without_offset = true;
    add_noise(&added, x, y);
    assert_moments(y, 2, 0);
    capas_noise_problem multiplied = noise_of(CAPAS_NOISE_MULTIPLIED, 0.25);
    add_noise(&multiplied, x, y);
    assert_moments(y, 2, 0.5);
    free(x);
    free(y);
}

/* Numbers of mean 0 and deviation 1 keep both; so many as the rate says are one value. */
static void alpha_dropout_keeps_mean_and_deviation(void **state)
{
    (void)state;
    double *x = unwritten(COUNT, sizeof *x), *y = unwritten(COUNT, sizeof *y);
    for (int i = 0; i < COUNT; i++)
        x[i] = 0;
    capas_noise_problem normal = noise_of(CAPAS_NOISE_ADDED, 1);
    add_noise(&normal, x, y);
    memcpy(x, y, COUNT * sizeof *x);
    capas_noise_problem alpha = noise_of(CAPAS_NOISE_ALPHA, 0.3);
    add_noise(&alpha, x, y);
    assert_moments(y, 0, 1);
    int dropped = 0;
    alpha.without_offset = true;
    add_noise(&alpha, x, y);
    for (int i = 0; i < COUNT; i++)
        dropped += y[i] == 0;
    assert_true(abs(dropped - (int)(0.3 * COUNT)) < COUNT / 100);
    free(x);
    free(y);
}

/* One draw for a row. */
static void draws_are_shared(void **state)
{
    (void)state;
    double *x = unwritten(COUNT, sizeof *x), *y = unwritten(COUNT, sizeof *y);
    for (int i = 0; i < COUNT; i++)
        x[i] = 1;
    capas_noise_problem p = noise_of(CAPAS_NOISE_MULTIPLIED, 0.5);
    p.draws.dims[1] = 1;
    add_noise(&p, x, y);
    for (int row = 0; row < ROWS; row++)
        for (int i = 1; i < WIDTH; i++)
            assert_true(y[row * WIDTH + i] == y[row * WIDTH]);
    assert_true(y[0] != y[WIDTH]);
    free(x);
    free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standardised_gradients_fit),
        cmocka_unit_test(a_statistic_below_the_least_is_constant),
        cmocka_unit_test(standardised_the_same_by_any_threads),
        cmocka_unit_test(resizing_is_linear),
        cmocka_unit_test(noise_is_normal),
        cmocka_unit_test(alpha_dropout_keeps_mean_and_deviation),
        cmocka_unit_test(draws_are_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
