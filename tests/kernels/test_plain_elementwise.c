/* The other plain elementwise kernels: sums and products with broadcasting, joined rows, affine
 * maps, axes reordered, dropout, activity penalties. */
#include "kernels/elementwise.h"
#include "kernels/plain/kernels.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int64_t elements(const capas_shape *shape)
{
    int64_t count = 1;
    for (int d = 0; d < shape->rank; d++)
        count *= shape->dims[d];
    return count;
}

typedef struct combine_case {
    capas_combine_problem problem;
    int n;
    int64_t a_count, b_count, outputs;
    double *a, *b, *output, *output_gradient, *a_gradient, *b_gradient;
} combine_case;

static combine_case combine_case_of(capas_shape a, capas_shape b, capas_combination combination)
{
    combine_case c = {.problem = {2, a, b, a, combination}, .n = 1};
    for (int d = 0; d < a.rank; d++)
        if (a.dims[d] == 1) c.problem.output.dims[d] = b.dims[d];
    c.n = (int)c.problem.output.dims[0];
    c.a_count = elements(&a);
    c.b_count = elements(&b);
    c.outputs = elements(&c.problem.output);
    c.a = random_doubles(c.a_count, 1);
    c.b = random_doubles(c.b_count, 2);
    c.output_gradient = random_doubles(c.outputs, 3);
    c.output = unwritten(c.outputs, sizeof(double));
    c.a_gradient = unwritten(c.a_count, sizeof(double));
    c.b_gradient = unwritten(c.b_count, sizeof(double));
    return c;
}

static void combine_case_free(combine_case *c)
{
    free(c->a);
    free(c->b);
    free(c->output);
    free(c->output_gradient);
    free(c->a_gradient);
    free(c->b_gradient);
}

static capas_combine_arguments combine_arguments(combine_case *c)
{
    return (capas_combine_arguments){
        c->n, c->a, c->b, c->output, c->output_gradient, c->a_gradient, c->b_gradient,
    };
}

static double combine_objective(void *context)
{
    combine_case *c = context;
    const capas_combine_arguments arguments = combine_arguments(c);
    capas_run_kernel(&capas_combine_forward_plain_f64, &c->problem, &arguments, 0);
    return inner_product(c->output, c->output_gradient, c->outputs);
}

static void combine_gradients_fit(void **state)
{
    (void)state;
    const capas_shape shapes[][2] = {
        {{2, {3, 4}}, {2, {3, 4}}},
        {{2, {3, 4}}, {2, {3, 1}}},
        {{3, {2, 1, 5}}, {3, {2, 3, 1}}},
        {{4, {2, 3, 4, 5}}, {4, {1, 1, 4, 1}}},
        {{4, {1, 2, 1, 3}}, {4, {4, 1, 2, 3}}},
        {{1, {7}}, {1, {1}}},
        {{8, {2, 1, 2, 1, 2, 1, 2, 1}}, {8, {1, 2, 1, 2, 1, 2, 1, 2}}},
    };
    for (size_t i = 0; i < 4 * (sizeof shapes / sizeof shapes[0]); i++) {
        combine_case c =
            combine_case_of(shapes[i / 4][0], shapes[i / 4][1], (capas_combination)(i % 4));
        const capas_combine_arguments arguments = combine_arguments(&c);
        capas_run_kernel(&capas_combine_backward_plain_f64, &c.problem, &arguments, 0);
        assert_true(gradient_fits("a", c.a, c.a_gradient, c.a_count, combine_objective, &c));
        assert_true(gradient_fits("b", c.b, c.b_gradient, c.b_count, combine_objective, &c));
        combine_case_free(&c);
    }
}

/* [1,-2,NaN,4] with [1,5,3,NaN]: a tie goes to the first, a NaN is kept. */
static void extrema_by_hand(void **state)
{
    (void)state;
    for (int kind = CAPAS_COMBINE_MAXIMUM; kind <= CAPAS_COMBINE_MINIMUM; kind++) {
        const bool largest = kind == CAPAS_COMBINE_MAXIMUM;
        combine_case c = combine_case_of((capas_shape){2, {1, 4}}, (capas_shape){2, {1, 4}},
                                         (capas_combination)kind);
        const double a[4] = {1, -2, NAN, 4}, b[4] = {1, 5, 3, NAN};
        memcpy(c.a, a, sizeof a);
        memcpy(c.b, b, sizeof b);
        combine_objective(&c);
        const capas_combine_arguments arguments = combine_arguments(&c);
        capas_run_kernel(&capas_combine_backward_plain_f64, &c.problem, &arguments, 0);
        assert_true(c.output[0] == 1 && c.output[1] == (largest ? 5 : -2));
        assert_true(isnan(c.output[2]) && isnan(c.output[3]));
        assert_true(c.a_gradient[0] == c.output_gradient[0] && c.b_gradient[0] == 0);
        assert_true(c.a_gradient[1] == (largest ? 0 : c.output_gradient[1]));
        combine_case_free(&c);
    }
}

/* [2][1 + 2] from [2][1] and [2][2], and back without the first part. */
static void join_by_hand(void **state)
{
    (void)state;
    double a[2] = {1, 4}, b[4] = {2, 3, 5, 6}, y[6];
    const capas_join_problem problem = {2, 1, 1, 2};
    capas_join_arguments arguments = {2, a, b, y};
    capas_run_kernel(&capas_join_plain_f64, &problem, &arguments, 0);
    for (int i = 0; i < 6; i++)
        assert_true(y[i] == i + 1);
    memset(b, 0, sizeof b);
    arguments.a = NULL;
    capas_run_kernel(&capas_split_plain_f64, &problem, &arguments, 0);
    assert_true(b[0] == 2 && b[1] == 3 && b[2] == 5 && b[3] == 6);
}

/* [2,1,2] + [1,3,2]; then one sample of two, without b's gradient. */
static void sum_by_hand(void **state)
{
    (void)state;
    combine_case c = combine_case_of((capas_shape){3, {2, 1, 2}}, (capas_shape){3, {1, 3, 2}},
                                     CAPAS_COMBINE_SUM);
    const double a[4] = {1, 2, 3, 4}, b[6] = {10, 20, 30, 40, 50, 60};
    const double want[12] = {11, 22, 31, 42, 51, 62, 13, 24, 33, 44, 53, 64};
    memcpy(c.a, a, sizeof a);
    memcpy(c.b, b, sizeof b);
    combine_objective(&c);
    assert_true(doubles_close("sum", c.output, want, 12, 0));
    c.n = 1;
    c.output[6] = NAN;
    capas_combine_arguments arguments = combine_arguments(&c);
    arguments.b_gradient = NULL;
    combine_objective(&c);
    capas_run_kernel(&capas_combine_backward_plain_f64, &c.problem, &arguments, 0);
    assert_true(isnan(c.output[6]) && isnan(c.a_gradient[2]) && isnan(c.b_gradient[0]));
    assert_false(isnan(c.a_gradient[1]));
    arguments.n = 0;
    arguments.b_gradient = c.b_gradient;
    capas_run_kernel(&capas_combine_backward_plain_f64, &c.problem, &arguments, 0);
    assert_true(c.b_gradient[0] == 0 && c.b_gradient[5] == 0);
    combine_case_free(&c);
}

static void affine_by_hand(void **state)
{
    (void)state;
    const float x[3] = {0, 51, 255};
    float y[3];
    const capas_affine_problem problem = {1, 1 / 127.5, -1};
    const capas_affine_arguments arguments = {3, x, y};
    capas_run_kernel(&capas_affine_plain_f32, &problem, &arguments, 0);
    assert_true(y[0] == -1 && fabsf(y[1] + .6f) < 1e-6f && fabsf(y[2] - 1) < 1e-6f);
}

/* Channels first to channels last and back. */
static void move_there_and_back(void **state)
{
    (void)state;
    const capas_move_problem there = {2, {4, {2, 3, 4, 5}}, {0, 2, 3, 1}};
    const capas_move_problem back = {2, {4, {2, 4, 5, 3}}, {0, 3, 1, 2}};
    double *x = random_doubles(120, 1), *y = unwritten(120, sizeof *y);
    double *again = unwritten(120, sizeof *again);
    capas_move_arguments arguments = {2, x, y};
    capas_run_kernel(&capas_move_plain_f64, &there, &arguments, 0);
    for (int n = 0; n < 2; n++)
        for (int c = 0; c < 3; c++)
            for (int cell = 0; cell < 20; cell++)
                assert_true(y[(n * 20 + cell) * 3 + c] == x[(n * 3 + c) * 20 + cell]);
    arguments = (capas_move_arguments){1, y, again};
    capas_run_kernel(&capas_move_plain_f64, &back, &arguments, 0);
    assert_memory_equal(again, x, 60 * sizeof *x);
    assert_true(isnan(again[60]));
    free(x);
    free(y);
    free(again);
}

/* Axes of size 1, and an order that leaves everything in its place. */
static void move_of_small_axes(void **state)
{
    (void)state;
    const capas_move_problem problem = {1, {3, {1, 1, 3}}, {0, 2, 1}};
    const double x[3] = {1, 2, 3};
    double y[3];
    const capas_move_arguments arguments = {1, x, y};
    capas_run_kernel(&capas_move_plain_f64, &problem, &arguments, 0);
    assert_memory_equal(x, y, sizeof x);
}

static void drop(double rate, capas_shape shape, capas_shape noise, int n, uint32_t step,
                 const float *x, float *y)
{
    const capas_dropout_problem problem = {2, rate, shape, noise};
    const capas_dropout_arguments arguments = {n, {.seed = 5, .stream = 7, .step = step}, x, y};
    capas_run_kernel(&capas_dropout_plain_f32, &problem, &arguments, 0);
}

/* Kept when the element's own word says so, and then scaled; whatever the number of samples. */
static void dropout_follows_its_words(void **state)
{
    (void)state;
    const capas_shape shape = {2, {3, 67}};
    float *x = random_floats(201, 1), *y = unwritten(201, sizeof *y);
    const capas_random random = {.seed = 5, .stream = 7, .step = 9};
    drop(.25, shape, shape, 3, 9, x, y);
    for (int i = 0; i < 201; i++) {
        uint32_t word[4];
        capas_philox(random, (uint64_t)i / 4, word);
        float want = capas_uniform(word[i % 4]) >= .25f ? x[i] * (float)(1 / .75) : 0;
        assert_true(y[i] == want);
    }
    float *fewer = unwritten(201, sizeof *fewer);
    drop(.25, shape, shape, 2, 9, x, fewer);
    assert_memory_equal(fewer, y, 134 * sizeof *y);
    assert_true(isnan(fewer[134]));
    free(x);
    free(y);
    free(fewer);
}

static void dropout_rates(void **state)
{
    (void)state;
    const capas_shape shape = {2, {100, 200}};
    float *x = unwritten(20000, sizeof *x), *y = unwritten(20000, sizeof *y);
    for (int i = 0; i < 20000; i++)
        x[i] = 1;
    drop(0, shape, shape, 100, 1, x, y);
    assert_memory_equal(x, y, 20000 * sizeof *x);
    drop(.4, shape, shape, 100, 1, x, y);
    int kept = 0;
    for (int i = 0; i < 20000; i++)
        kept += y[i] != 0;
    assert_true(abs(kept - 12000) < 300); /* deviation 69 */
    x[3] = INFINITY;
    drop(1, shape, shape, 100, 1, x, y);
    for (int i = 0; i < 20000; i++)
        assert_true(y[i] == 0);
    free(x);
    free(y);
}

/* One draw for a whole channel of a sample (SpatialDropout2D), and one for all samples. */
static void dropout_noise_repeats(void **state)
{
    (void)state;
    const capas_shape shape = {4, {2, 3, 3, 8}}, channels = {4, {2, 1, 1, 8}};
    const capas_shape all_samples = {4, {1, 3, 3, 8}};
    float x[144], y[144];
    for (int i = 0; i < 144; i++)
        x[i] = 1;
    drop(.5, shape, channels, 2, 1, x, y);
    for (int n = 0; n < 2; n++)
        for (int cell = 0; cell < 9; cell++)
            assert_memory_equal(y + n * 72 + cell * 8, y + n * 72, 8 * sizeof *y);
    assert_memory_not_equal(y, y + 72, 8 * sizeof *y);
    drop(.5, shape, all_samples, 2, 1, x, y);
    assert_memory_equal(y, y + 72, 72 * sizeof *y);
}

static void penalty_by_hand(void **state)
{
    (void)state;
    const double x[4] = {1, -2, 0, 3}, dy[4] = {1, 1, 1, 1};
    const double want[4] = {1 + (.5 + .2) / 2, 1 + (-.5 - .4) / 2, 1, 1 + (.5 + .6) / 2};
    double dx[4], penalty = NAN;
    const capas_penalty_problem problem = {.5, .1};
    capas_penalty_arguments arguments = {2, 4, x, &penalty, dy, dx};
    capas_run_kernel(&capas_penalty_plain_f64, &problem, &arguments, 0);
    assert_true(fabs(penalty - (.5 * 6 + .1 * 14) / 2) < 1e-15);
    assert_true(doubles_close("penalty", dx, want, 4, 1e-15));
    arguments = (capas_penalty_arguments){.n = 0, .penalty = &penalty};
    capas_run_kernel(&capas_penalty_plain_f64, &problem, &arguments, 0);
    assert_true(penalty == 0);
}

typedef struct float_run {
    float *x, *results; /* dropout, affine, move, sum, its two gradients */
} float_run;

enum { SAMPLES = 11, SIDE = 40, ALL = SAMPLES * SIDE * SIDE };

static void run_in_float(void *context, int workers)
{
    float_run *f = context;
    const capas_shape shape = {3, {SAMPLES, SIDE, SIDE}}, row = {3, {1, 1, SIDE}};
    const capas_dropout_problem dropout = {workers, .3, shape, shape};
    const capas_dropout_arguments dropped = {SAMPLES, {.seed = 1}, f->x, f->results};
    capas_run_kernel(&capas_dropout_plain_f32, &dropout, &dropped, 0);
    const capas_affine_problem affine = {workers, 3, 1};
    const capas_affine_arguments scaled = {ALL, f->x, f->results + ALL};
    capas_run_kernel(&capas_affine_plain_f32, &affine, &scaled, 0);
    const capas_move_problem move = {workers, shape, {0, 2, 1}};
    const capas_move_arguments moved = {SAMPLES, f->x, f->results + 2 * ALL};
    capas_run_kernel(&capas_move_plain_f32, &move, &moved, 0);
    const capas_combine_problem add = {workers, shape, row, shape, CAPAS_COMBINE_SUM};
    const capas_combine_arguments added = {SAMPLES,
                                           f->x,
                                           f->x,
                                           f->results + 3 * ALL,
                                           f->x,
                                           f->results + 4 * ALL,
                                           f->results + 5 * ALL};
    capas_run_kernel(&capas_combine_forward_plain_f32, &add, &added, 0);
    capas_run_kernel(&capas_combine_backward_plain_f32, &add, &added, 0);
}

static void same_bits(void **state)
{
    (void)state;
    const int64_t count = 5 * ALL + SIDE;
    float_run f = {random_floats(ALL, 1), unwritten(count, sizeof(float))};
    assert_true(
        same_bits_for_any_threads(run_in_float, &f, f.results, (size_t)count * sizeof(float)));
    free(f.x);
    free(f.results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(combine_gradients_fit), cmocka_unit_test(sum_by_hand),
        cmocka_unit_test(extrema_by_hand),       cmocka_unit_test(join_by_hand),
        cmocka_unit_test(affine_by_hand),        cmocka_unit_test(move_there_and_back),
        cmocka_unit_test(move_of_small_axes),    cmocka_unit_test(dropout_follows_its_words),
        cmocka_unit_test(dropout_rates),         cmocka_unit_test(dropout_noise_repeats),
        cmocka_unit_test(penalty_by_hand),       cmocka_unit_test(same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
