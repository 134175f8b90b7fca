/* Plain activations and softmax: Keras's golden values, slopes at the corner points, infinities and
 * NaN, gradients by differences, in place, and the same bits for any number of threads. */
#include "kernels/elementwise.h"
#include "kernels/plain/kernels.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const capas_activation activations[] = {CAPAS_LINEAR, CAPAS_RELU, CAPAS_SIGMOID, CAPAS_TANH,
                                               CAPAS_ELU,    CAPAS_SELU, CAPAS_RELU6};
enum { ACTIVATIONS = sizeof activations / sizeof activations[0] };

static void activate(capas_activation activation, const double *x, double *y, int64_t count)
{
    const capas_activate_problem problem = {2, activation};
    const capas_activate_arguments arguments = {.count = count, .input = x, .output = y};
    capas_run_kernel(&capas_activate_forward_plain_f64, &problem, &arguments, 0);
}

static void activate_in_float(capas_activation activation, const float *x, float *y, int64_t count)
{
    const capas_activate_problem problem = {2, activation};
    const capas_activate_arguments arguments = {.count = count, .input = x, .output = y};
    capas_run_kernel(&capas_activate_forward_plain_f32, &problem, &arguments, 0);
}

static void activate_back(capas_activation activation, const double *y, const double *dy,
                          double *dx, int64_t count)
{
    const capas_activate_problem problem = {2, activation};
    const capas_activate_arguments arguments = {
        .count = count, .output = (void *)y, .output_gradient = dy, .input_gradient = dx};
    capas_run_kernel(&capas_activate_backward_plain_f64, &problem, &arguments, 0);
}

/* The golden list of keras-semantics 2.1, in both types. */
static void as_keras(void **state)
{
    (void)state;
    const double x[9] = {-4, -3, -1, -.5, 0, .5, 1, 3, 4};
    const double elu[9] = {-.9816844, -.950213, -.6321205, -.3934693, 0, .5, 1, 3, 4};
    const double selu[9] = {-1.725899, -1.670569, -1.111331, -.6917582, 0,
                            .5253505,  1.050701,  3.152103,  4.202804};
    const double relu[9] = {0, 0, 0, 0, 0, .5, 1, 3, 4};
    const double sigmoid[9] = {.01798621, .04742587, .26894142, .37754067, .5,
                               .62245933, .73105858, .95257413, .98201379};
    const struct {
        capas_activation activation;
        const double *want;
    } cases[] = {{CAPAS_LINEAR, x},
                 {CAPAS_RELU, relu},
                 {CAPAS_SIGMOID, sigmoid},
                 {CAPAS_ELU, elu},
                 {CAPAS_SELU, selu}};
    for (int i = 0; i < 5; i++) {
        double y[9], widened[9];
        float narrow[9], *from = floats_of(x, 9);
        activate(cases[i].activation, x, y, 9);
        activate_in_float(cases[i].activation, from, narrow, 9);
        for (int c = 0; c < 9; c++)
            widened[c] = narrow[c];
        assert_true(doubles_close("double", y, cases[i].want, 9, 1e-6));
        assert_true(doubles_close("float", widened, cases[i].want, 9, 1e-6));
        free(from);
    }
}

/* As TensorFlow has them: relu 0, elu 1, selu 1.0507 at 0. */
static void slopes_at_corner_points(void **state)
{
    (void)state;
    const double y = 0, dy = 1;
    const double want[ACTIVATIONS] = {1, 0, 0, 1, 1, 1.0507009873554805, 0};
    for (int i = 0; i < ACTIVATIONS; i++) {
        double dx;
        activate_back(activations[i], &y, &dy, &dx, 1);
        assert_true(dx == want[i]);
    }
}

/* A NaN goes through every activation; infinities have their limits. */
static void infinities_and_nan(void **state)
{
    (void)state;
    const float x[3] = {-INFINITY, INFINITY, NAN};
    const float want[ACTIVATIONS][2] = {
        {-INFINITY, INFINITY}, {0, INFINITY},           {0, 1}, {-1, 1},
        {-1, INFINITY},        {-1.7580993f, INFINITY}, {0, 6}};
    for (int i = 0; i < ACTIVATIONS; i++) {
        float y[3];
        activate_in_float(activations[i], x, y, 3);
        assert_true(y[0] == want[i][0] || fabsf(y[0] - want[i][0]) < 1e-6f);
        assert_true(y[1] == want[i][1]);
        assert_true(isnan(y[2]));
    }
}

typedef struct activation_case {
    capas_activation activation;
    int64_t count;
    double *x, *y, *dy, *dx;
} activation_case;

static double activation_objective(void *context)
{
    activation_case *c = context;
    activate(c->activation, c->x, c->y, c->count);
    return inner_product(c->y, c->dy, c->count);
}

static void gradients_fit(void **state)
{
    (void)state;
    for (int i = 0; i < ACTIVATIONS; i++) {
        activation_case c = {.activation = activations[i], .count = 77};
        c.x = random_doubles(c.count, 1);
        c.dy = random_doubles(c.count, 2);
        c.y = unwritten(c.count, sizeof(double));
        c.dx = unwritten(c.count, sizeof(double));
        for (int64_t e = 0; e < c.count; e++)
            c.x[e] *= 3;
        activate(c.activation, c.x, c.y, c.count);
        activate_back(c.activation, c.y, c.dy, c.dx, c.count);
        assert_true(gradient_fits("activation", c.x, c.dx, c.count, activation_objective, &c));
        free(c.x);
        free(c.y);
        free(c.dy);
        free(c.dx);
    }
}

static void in_place(void **state)
{
    (void)state;
    for (int i = 0; i < ACTIVATIONS; i++) {
        double *x = random_doubles(50, 1), *y = unwritten(50, sizeof *y);
        double *dy = random_doubles(50, 2), *dx = unwritten(50, sizeof *dx);
        activate(activations[i], x, y, 50);
        activate(activations[i], x, x, 50);
        assert_memory_equal(x, y, 50 * sizeof *y);
        activate_back(activations[i], y, dy, dx, 50);
        activate_back(activations[i], y, dy, dy, 50);
        assert_memory_equal(dx, dy, 50 * sizeof *dy);
        free(x);
        free(y);
        free(dx);
        free(dy);
    }
}

typedef struct softmax_case {
    capas_softmax_problem problem;
    int64_t rows, count;
    double *x, *y, *dy, *dx;
} softmax_case;

static softmax_case softmax_case_of(int64_t rows, int classes)
{
    softmax_case c = {{2, classes}, rows, rows * classes, NULL, NULL, NULL, NULL};
    c.x = random_doubles(c.count, 1);
    c.dy = random_doubles(c.count, 2);
    c.y = unwritten(c.count, sizeof(double));
    c.dx = unwritten(c.count, sizeof(double));
    return c;
}

static void softmax_case_free(softmax_case *c)
{
    free(c->x);
    free(c->y);
    free(c->dy);
    free(c->dx);
}

static void softmax_forward(softmax_case *c)
{
    const capas_softmax_arguments arguments = {.rows = c->rows, .input = c->x, .output = c->y};
    capas_run_kernel(&capas_softmax_forward_plain_f64, &c->problem, &arguments, 0);
}

static void softmax_backward(softmax_case *c)
{
    const capas_softmax_arguments arguments = {
        .rows = c->rows, .output = c->y, .output_gradient = c->dy, .input_gradient = c->dx};
    capas_run_kernel(&capas_softmax_backward_plain_f64, &c->problem, &arguments, 0);
}

static double softmax_objective(void *context)
{
    softmax_case *c = context;
    softmax_forward(c);
    return inner_product(c->y, c->dy, c->count);
}

static double sparsemax_objective(void *context)
{
    softmax_case *c = context;
    const capas_softmax_arguments arguments = {.rows = c->rows, .input = c->x, .output = c->y};
    capas_run_kernel(&capas_sparsemax_forward_plain_f64, &c->problem, &arguments, 0);
    return inner_product(c->y, c->dy, c->count);
}

/* Keras's values are golden; here slopes, and rows that are not numbers. */
static void sparsemax_gradients_fit(void **state)
{
    (void)state;
    const int sizes[][2] = {{1, 1}, {1, 2}, {7, 10}, {3, 33}};
    for (int i = 0; i < 4; i++) {
        softmax_case c = softmax_case_of(sizes[i][0], sizes[i][1]);
        const capas_softmax_arguments arguments = {
            .rows = c.rows, .input = c.x, .output_gradient = c.dy, .input_gradient = c.dx};
        capas_run_kernel(&capas_sparsemax_backward_plain_f64, &c.problem, &arguments, 0);
        assert_true(gradient_fits("sparsemax", c.x, c.dx, c.count, sparsemax_objective, &c));
        softmax_case_free(&c);
    }
    const double x[6] = {NAN, 1, 2, 1, HUGE_VAL, 1e300};
    double y[6];
    const capas_softmax_problem problem = {.workers = 1, .classes = 3};
    const capas_softmax_arguments arguments = {.rows = 2, .input = x, .output = y};
    capas_run_kernel(&capas_sparsemax_forward_plain_f64, &problem, &arguments, 0);
    assert_true(isnan(y[0]) && isnan(y[4]));
}

static void softmax_gradients_fit(void **state)
{
    (void)state;
    const int sizes[][2] = {{1, 1}, {1, 2}, {7, 10}, {3, 33}};
    for (int i = 0; i < 4; i++) {
        softmax_case c = softmax_case_of(sizes[i][0], sizes[i][1]);
        softmax_forward(&c);
        softmax_backward(&c);
        for (int64_t row = 0; row < c.rows; row++) {
            double sum = 0;
            for (int k = 0; k < c.problem.classes; k++)
                sum += c.y[row * c.problem.classes + k];
            assert_true(fabs(sum - 1) < 1e-12);
        }
        assert_true(gradient_fits("softmax", c.x, c.dx, c.count, softmax_objective, &c));
        softmax_case_free(&c);
    }
}

/* Large numbers do not overflow; a NaN spoils its row and no other. */
static void softmax_of_extremes(void **state)
{
    (void)state;
    softmax_case c = softmax_case_of(3, 3);
    const double x[9] = {1000, 1000, -1000, NAN, 1, 2, -INFINITY, 0, 0};
    const double want[3] = {0, .5, .5};
    memcpy(c.x, x, sizeof x);
    softmax_forward(&c);
    assert_true(c.y[0] == .5 && c.y[1] == .5 && c.y[2] == 0);
    assert_true(isnan(c.y[3]) && isnan(c.y[4]) && isnan(c.y[5]));
    assert_true(doubles_close("infinite", c.y + 6, want, 3, 0));
    softmax_case_free(&c);
}

typedef struct float_run {
    int64_t rows;
    float *x, *dy;
    float *results; /* y, dx of softmax; y, dx of tanh */
} float_run;

static void run_in_float(void *context, int workers)
{
    float_run *f = context;
    const int classes = 10;
    const int64_t count = f->rows * classes;
    const capas_softmax_problem softmax = {workers, classes};
    const capas_softmax_arguments rows = {f->rows, f->x, f->results, f->dy, f->results + count};
    capas_run_kernel(&capas_softmax_forward_plain_f32, &softmax, &rows, 0);
    capas_run_kernel(&capas_softmax_backward_plain_f32, &softmax, &rows, 0);
    const capas_activate_problem tanh = {workers, CAPAS_TANH};
    const capas_activate_arguments all = {count, f->x, f->results + 2 * count, f->dy,
                                          f->results + 3 * count};
    capas_run_kernel(&capas_activate_forward_plain_f32, &tanh, &all, 0);
    capas_run_kernel(&capas_activate_backward_plain_f32, &tanh, &all, 0);
}

/* Those whose slope is seen from the input: by differences, away from corner points. */
static void slopes_of_input_fit(void **state)
{
    (void)state;
    const double places[] = {-4.3, -2.1, -0.7, -0.2, 0.1, 0.6, 1.3, 2.2, 7.1}, step = 1e-5;
    for (int a = CAPAS_LEAKY_RELU; a <= CAPAS_SPARSE_SIGMOID; a++)
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            const double x[2] = {places[i] - step, places[i] + step}, dy = 1.5;
            double y[2], dx;
            activate((capas_activation)a, x, y, 2);
            const capas_activate_problem problem = {1, (capas_activation)a};
            const capas_activate_arguments arguments = {
                .count = 1, .input = &places[i], .output_gradient = &dy, .input_gradient = &dx};
            capas_run_kernel(&capas_activate_backward_plain_f64, &problem, &arguments, 0);
            assert_true(fabs(dx - dy * (y[1] - y[0]) / (2 * step)) < 1e-6 * (1 + fabs(dx)));
        }
}

static void same_bits(void **state)
{
    (void)state;
    const int64_t count = 1999 * 10;
    float_run f = {1999, random_floats(count, 1), random_floats(count, 2),
                   unwritten(4 * count, sizeof(float))};
    assert_true(
        same_bits_for_any_threads(run_in_float, &f, f.results, 4 * (size_t)count * sizeof(float)));
    free(f.x);
    free(f.dy);
    free(f.results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_keras),
        cmocka_unit_test(slopes_at_corner_points),
        cmocka_unit_test(infinities_and_nan),
        cmocka_unit_test(gradients_fit),
        cmocka_unit_test(in_place),
        cmocka_unit_test(softmax_gradients_fit),
        cmocka_unit_test(sparsemax_gradients_fit),
        cmocka_unit_test(softmax_of_extremes),
        cmocka_unit_test(slopes_of_input_fit),
        cmocka_unit_test(same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
