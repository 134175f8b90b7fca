/* Plain pooling: Keras's worked values, ties and NaN, cells outside the image, gradients by
 * differences, and the same bits for any number of threads. */
#include "kernels/plain/kernels.h"
#include "kernels/pool2d.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct pool_case {
    capas_pool_problem problem;
    int n;
    int64_t inputs, outputs;
    double *input, *output, *output_gradient, *input_gradient;
} pool_case;

/* Output size and first padding along one axis (keras-semantics 1.2). */
static void pool_axis(int size, int pool, int stride, bool same, int *out, int *pad)
{
    *out = same ? (size - 1) / stride + 1 : (size - pool) / stride + 1;
    const int total = (*out - 1) * stride + pool - size;
    *pad = same && total > 0 ? total / 2 : 0;
}

static pool_case pool_case_of(int n, int height, int width, int channels, int pool_height,
                              int pool_width, int stride_height, int stride_width, bool same)
{
    pool_case c = {.n = n};
    c.problem = (capas_pool_problem){
        .batch = n,
        .workers = 2,
        .height = height,
        .width = width,
        .channels = channels,
        .pool_height = pool_height,
        .pool_width = pool_width,
        .stride_height = stride_height,
        .stride_width = stride_width,
    };
    capas_pool_problem *p = &c.problem;
    pool_axis(height, pool_height, stride_height, same, &p->out_height, &p->pad_top);
    pool_axis(width, pool_width, stride_width, same, &p->out_width, &p->pad_left);
    c.inputs = (int64_t)n * height * width * channels;
    c.outputs = (int64_t)n * p->out_height * p->out_width * channels;
    c.input = random_doubles(c.inputs, 1);
    c.output_gradient = random_doubles(c.outputs, 2);
    c.output = unwritten(c.outputs, sizeof(double));
    c.input_gradient = unwritten(c.inputs, sizeof(double));
    return c;
}

static void pool_case_free(pool_case *c)
{
    free(c->input);
    free(c->output);
    free(c->output_gradient);
    free(c->input_gradient);
}

static void forward(pool_case *c)
{
    const capas_pool_forward_arguments arguments = {c->n, c->input, c->output};
    capas_run_kernel(&capas_pool_forward_plain_f64, &c->problem, &arguments, 0);
}

static void backward(pool_case *c)
{
    const capas_pool_backward_arguments arguments = {c->n, c->input, c->output_gradient,
                                                     c->input_gradient};
    capas_run_kernel(&capas_pool_backward_plain_f64, &c->problem, &arguments, 0);
}

/* x = 1..9 as 3x3 (keras-semantics 1.3). */
static void as_keras(void **state)
{
    (void)state;
    const double average_2[4] = {3, 4.5, 7.5, 9}, maximum_2[4] = {5, 6, 8, 9};
    const double average_3[9] = {3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7};
    const struct {
        int pool, stride;
        bool average;
        const double *want;
    } cases[] = {{2, 2, true, average_2}, {3, 1, true, average_3}, {2, 2, false, maximum_2}};
    for (int i = 0; i < 3; i++) {
        pool_case c = pool_case_of(1, 3, 3, 1, cases[i].pool, cases[i].pool, cases[i].stride,
                                   cases[i].stride, true);
        c.problem.average = cases[i].average;
        for (int cell = 0; cell < 9; cell++)
            c.input[cell] = cell + 1;
        forward(&c);
        assert_true(doubles_close("worked values", c.output, cases[i].want, c.outputs, 1e-15));
        pool_case_free(&c);
    }
}

/* 27 valid with pool 2: 13 windows, the last cell in none. */
static void last_cell_in_no_window(void **state)
{
    (void)state;
    pool_case c = pool_case_of(1, 27, 27, 1, 2, 2, 2, 2, false);
    assert_int_equal(c.problem.out_height, 13);
    forward(&c);
    backward(&c);
    assert_true(c.input_gradient[26] == 0 && c.input_gradient[27 * 27 - 1] == 0);
    pool_case_free(&c);
}

/* Equal maxima: the first in row-major order has the whole gradient; a NaN loses to any number. */
static void ties_and_nan(void **state)
{
    (void)state;
    pool_case c = pool_case_of(1, 2, 8, 1, 2, 2, 2, 2, false);
    const double input[16] = {1, 2, 5,   5,   NAN,       -1, NAN, NAN,
                              2, 2, NAN, NAN, -INFINITY, -3, NAN, NAN};
    const double dy[4] = {1, 2, 3, 4};
    const double want[16] = {0, 1, 2, 0, 0, 3, 4};
    memcpy(c.input, input, sizeof input);
    memcpy(c.output_gradient, dy, sizeof dy);
    forward(&c);
    backward(&c);
    assert_true(c.output[0] == 2 && c.output[1] == 5 && c.output[2] == -1 && isnan(c.output[3]));
    assert_true(doubles_close("ties", c.input_gradient, want, 16, 0));
    pool_case_free(&c);
}

/* Or each of the equal ones has its share. */
static void ties_may_share(void **state)
{
    (void)state;
    pool_case c = pool_case_of(1, 2, 8, 1, 2, 2, 2, 2, false);
    const double input[16] = {1, 2, 5, 5, NAN, -1, NAN, NAN, 2, 2, 5, 1, -1, -1, NAN, NAN};
    const double dy[4] = {3, 6, 9, 4};
    const double want[16] = {0, 1, 2, 2, 0, 3, 4, 0, 1, 1, 2, 0, 3, 3, 0, 0};
    c.problem.shares_ties = true;
    memcpy(c.input, input, sizeof input);
    memcpy(c.output_gradient, dy, sizeof dy);
    forward(&c);
    backward(&c);
    assert_true(c.output[0] == 2 && c.output[1] == 5 && c.output[2] == -1 && isnan(c.output[3]));
    assert_true(doubles_close("shares", c.input_gradient, want, 16, 1e-15));
    pool_case_free(&c);
}

/* Sizes that do not divide: windows overlap; and more of them than there are cells. */
static void adaptive_windows(void **state)
{
    (void)state;
    static const double fewer[] = {1.5, 3, 4.5}, more[] = {1, 1.5, 2, 2.5, 3};
    static const struct {
        int width, out_width;
        const double *want;
    } cases[] = {{5, 3, fewer}, {3, 5, more}};
    for (int i = 0; i < 2; i++) {
        pool_case c = pool_case_of(1, 1, 5, 1, 1, 1, 1, 1, false);
        c.problem.average = c.problem.adaptive = true;
        c.problem.width = cases[i].width;
        c.problem.out_width = cases[i].out_width;
        for (int cell = 0; cell < 5; cell++)
            c.input[cell] = cell + 1;
        forward(&c);
        assert_true(doubles_close("adaptive", c.output, cases[i].want, cases[i].out_width, 1e-15));
        pool_case_free(&c);
    }
}

/* Negative numbers at the border: cells outside are not 0 but nothing. */
static void outside_never_wins(void **state)
{
    (void)state;
    pool_case c = pool_case_of(1, 2, 2, 1, 3, 3, 1, 1, true);
    const double want[4] = {-1, -1, -1, -1};
    for (int cell = 0; cell < 4; cell++)
        c.input[cell] = -1 - cell;
    forward(&c);
    assert_true(doubles_close("outside", c.output, want, 4, 0));
    pool_case_free(&c);
}

static double objective(void *context)
{
    pool_case *c = context;
    forward(c);
    return inner_product(c->output, c->output_gradient, c->outputs);
}

static void gradients_fit(void **state)
{
    (void)state;
    const struct {
        int n, height, width, channels, pool_height, pool_width, stride_height, stride_width;
        bool same;
    } cases[] = {
        {2, 1, 1, 1, 1, 1, 1, 1, false}, {2, 6, 4, 3, 2, 2, 2, 2, false},
        {1, 7, 5, 2, 3, 2, 2, 1, true},  {3, 5, 9, 1, 2, 3, 3, 4, true},
        {2, 2, 2, 2, 4, 4, 4, 4, true},  {1, 9, 8, 2, 3, 3, 1, 2, false},
    };
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        const int at = (int)i / 2;
        pool_case c = pool_case_of(cases[at].n, cases[at].height, cases[at].width,
                                   cases[at].channels, cases[at].pool_height, cases[at].pool_width,
                                   cases[at].stride_height, cases[at].stride_width, cases[at].same);
        c.problem.average = i % 2;
        forward(&c);
        backward(&c);
        assert_true(gradient_fits("pool", c.input, c.input_gradient, c.inputs, objective, &c));
        pool_case_free(&c);
    }
}

static void fewer_samples(void **state)
{
    (void)state;
    pool_case c = pool_case_of(3, 4, 4, 2, 2, 2, 2, 2, false);
    c.n = 0;
    forward(&c);
    backward(&c);
    assert_true(isnan(c.output[0]) && isnan(c.input_gradient[0]));
    c.n = 2;
    forward(&c);
    backward(&c);
    assert_true(!isnan(c.output[2 * 8 - 1]) && isnan(c.output[2 * 8]));
    assert_true(!isnan(c.input_gradient[2 * 32 - 1]) && isnan(c.input_gradient[2 * 32]));
    pool_case_free(&c);
}

/* In float: output, then dX behind it. */
typedef struct float_run {
    pool_case *sizes;
    float *input, *output_gradient, *results;
} float_run;

static void run_in_float(void *context, int workers)
{
    float_run *f = context;
    capas_pool_problem problem = f->sizes->problem;
    problem.workers = workers;
    const capas_pool_forward_arguments forward = {f->sizes->n, f->input, f->results};
    const capas_pool_backward_arguments backward = {f->sizes->n, f->input, f->output_gradient,
                                                    f->results + f->sizes->outputs};
    capas_run_kernel(&capas_pool_forward_plain_f32, &problem, &forward, 0);
    capas_run_kernel(&capas_pool_backward_plain_f32, &problem, &backward, 0);
}

static void same_bits(void **state)
{
    (void)state;
    for (int average = 0; average < 2; average++) {
        pool_case c = pool_case_of(9, 11, 10, 3, 3, 2, 2, 1, true);
        c.problem.average = average;
        float_run f = {
            .sizes = &c,
            .input = floats_of(c.input, c.inputs),
            .output_gradient = floats_of(c.output_gradient, c.outputs),
            .results = unwritten(c.outputs + c.inputs, sizeof(float)),
        };
        assert_true(same_bits_for_any_threads(run_in_float, &f, f.results,
                                              (size_t)(c.outputs + c.inputs) * sizeof(float)));
        free(f.input);
        free(f.output_gradient);
        free(f.results);
        pool_case_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adaptive_windows),
        cmocka_unit_test(as_keras),
        cmocka_unit_test(last_cell_in_no_window),
        cmocka_unit_test(ties_and_nan),
        cmocka_unit_test(outside_never_wins),
        cmocka_unit_test(ties_may_share),
        cmocka_unit_test(gradients_fit),
        cmocka_unit_test(fewer_samples),
        cmocka_unit_test(same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
