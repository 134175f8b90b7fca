/* The plain convolution: Keras's worked values, the formula cell by cell, gradients by differences,
 * fewer samples than the batch, and the same bits for any number of threads. */
#include "kernels/plain/kernels.h"
#include "support/cmocka.h"
#include "support/conv_case.h"
#include "support/kernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sizes with everything in them that a convolution has (support/conv_case.h). */
static const struct {
    const char *line;
    capas_activation activation;
} cases[] = {
    {"conv 2x1x1x1 f1", CAPAS_LINEAR},
    {"conv 2x4x3x5 f3", CAPAS_SIGMOID},
    {"conv 3x6x5x1 k3 f4 nobias", CAPAS_RELU},
    {"conv 2x5x7x2 k3x4 f3 same", CAPAS_TANH},
    {"conv 2x7x8x3 k3x5 f2 s2x3 same", CAPAS_ELU},
    {"conv 2x9x8x2 k2x1 f2 s3x4 same", CAPAS_LINEAR},
    {"conv 1x9x8x2 k3x2 f3 d2x3", CAPAS_SELU},
    {"conv 1x4x5x2 k3 f2 d3x2 same", CAPAS_LINEAR},
    {"conv 2x5x5x6 k3 f9 g3 s2x1 same", CAPAS_RELU},
    {"conv 2x5x4x4 k3x2 f4 g4 same", CAPAS_LINEAR},
    {"conv 2x2x3x2 k5 f2 same", CAPAS_LINEAR},
    {"conv 2x8x9x2 k3 f3 pool2", CAPAS_RELU},
    {"conv 2x7x7x1 k2 f2 same pool3x2s1x2", CAPAS_LINEAR},
    {"conv 1x9x9x2 k3 f2 g2 same pool2x3s3x4 nobias", CAPAS_RELU},
};
enum { CASES = sizeof cases / sizeof cases[0] };

typedef struct conv_case {
    capas_conv_problem problem;
    int n;
    conv_data data;
    double *input, *weights, *bias, *output, *output_gradient; /* of data */
    double *input_gradient, *weight_gradient, *bias_gradient;
} conv_case;

/* In double; what is to be computed is NaN before. */
static conv_case case_of(const char *line, capas_activation activation)
{
    conv_case c = {0};
    assert_true(conv_case_parse(line, &c.problem));
    c.problem.activation = activation;
    c.n = c.problem.batch;
    conv_data narrow = conv_data_make(&c.problem, 1, CONV_SMOOTH, 1);
    c.data = conv_data_convert(&c.problem, &narrow, CAPAS_FLOAT64);
    conv_data_free(&narrow);
    c.input = c.data.input;
    c.weights = c.data.weights;
    c.bias = c.data.bias;
    c.output = memset(c.data.output, 0xff, (size_t)c.data.output_count * sizeof(double));
    c.output_gradient = c.data.output_gradient;
    c.input_gradient =
        memset(c.data.input_gradient, 0xff, (size_t)c.data.input_count * sizeof(double));
    c.weight_gradient = c.data.weight_gradient;
    c.bias_gradient = c.data.bias_gradient;
    return c;
}

static void forward(conv_case *c)
{
    conv_data_forward(&capas_conv_forward_plain_f64, &c->problem, c->n, &c->data);
}

static void backward(conv_case *c)
{
    conv_data_backward(&capas_conv_backward_plain_f64, &c->problem, c->n, &c->data);
}

/* Z[n,y,x,k] by the formula, the image being 0 outside. */
static double formula(const conv_case *c, int n, int y, int x, int k)
{
    const capas_conv_problem *p = &c->problem;
    const int channels = p->channels / p->groups, group = k / (p->filters / p->groups);
    double sum = p->has_bias ? c->bias[k] : 0;
    for (int r = 0; r < p->kernel_height; r++)
        for (int s = 0; s < p->kernel_width; s++)
            for (int i = 0; i < channels; i++) {
                int h = y * p->stride_height + r * p->dilation_height - p->pad_top;
                int w = x * p->stride_width + s * p->dilation_width - p->pad_left;
                bool inside = h >= 0 && h < p->height && w >= 0 && w < p->width;
                int at = ((n * p->height + h) * p->width + w) * p->channels + group * channels + i;
                int tap = ((r * p->kernel_width + s) * channels + i) * p->filters + k;
                sum += (inside ? c->input[at] : 0) * c->weights[tap];
            }
    return sum;
}

/* The largest Z of the window of output (i, j), or Z itself without a pool. */
static double largest(const conv_case *c, int n, int i, int j, int k, int *position)
{
    const capas_conv_pool *pool = &c->problem.pool;
    if (pool->height == 0) return formula(c, n, i, j, k);
    double most = -INFINITY;
    for (int cell = 0; cell < pool->height * pool->width; cell++) {
        double z = formula(c, n, i * pool->stride_height + cell / pool->width,
                           j * pool->stride_width + cell % pool->width, k);
        if (z > most) *position = cell;
        if (z > most) most = z;
    }
    return most;
}

static double activated(capas_activation activation, double z)
{
    const double scale = 1.0507009873554805, alpha = 1.6732632423543773;
    switch (activation) {
    case CAPAS_RELU:
        return fmax(z, 0);
    case CAPAS_SIGMOID:
        return 1 / (1 + exp(-z));
    case CAPAS_TANH:
        return tanh(z);
    case CAPAS_ELU:
        return z > 0 ? z : exp(z) - 1;
    case CAPAS_SELU:
        return scale * (z > 0 ? z : alpha * (exp(z) - 1));
    default:
        return z;
    }
}

static void forward_is_the_formula(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        conv_case c = case_of(cases[i].line, cases[i].activation);
        const capas_conv_problem *p = &c.problem;
        const int rows = p->pool.height > 0 ? p->pool.out_height : p->out_height;
        const int columns = p->pool.height > 0 ? p->pool.out_width : p->out_width;
        forward(&c);
        for (int at = 0; at < c.data.output_count; at++) {
            int k = at % p->filters, x = at / p->filters % columns;
            int y = at / p->filters / columns % rows, n = at / p->filters / columns / rows;
            int position = 0;
            double want = activated(p->activation, largest(&c, n, y, x, k, &position));
            assert_true(doubles_close(cases[i].line, &c.output[at], &want, 1, 1e-12));
            if (p->pool.height > 0) assert_int_equal(c.data.position[at], position);
        }
        conv_data_free(&c.data);
    }
}

static double objective(void *context)
{
    conv_case *c = context;
    forward(c);
    return inner_product(c->output, c->output_gradient, c->data.output_count);
}

static void gradients_fit(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        conv_case c = case_of(cases[i].line, cases[i].activation);
        const char *name = cases[i].line;
        forward(&c);
        backward(&c);
        assert_true(
            gradient_fits(name, c.input, c.input_gradient, c.data.input_count, objective, &c));
        assert_true(
            gradient_fits(name, c.weights, c.weight_gradient, c.data.weight_count, objective, &c));
        if (c.problem.has_bias)
            assert_true(
                gradient_fits(name, c.bias, c.bias_gradient, c.problem.filters, objective, &c));
        conv_data_free(&c.data);
    }
}

/* x = 1..16 as 4x4, 3x3 ones, same, stride 2: [[54,45],[72,54]] (keras-semantics 1.2). */
static void same_stride_2_as_keras(void **state)
{
    (void)state;
    const double want[4] = {54, 45, 72, 54};
    conv_case c = case_of("conv 1x4x4x1 k3 f1 s2 same nobias", CAPAS_LINEAR);
    for (int i = 0; i < 16; i++)
        c.input[i] = i + 1;
    for (int i = 0; i < 9; i++)
        c.weights[i] = 1;
    forward(&c);
    assert_true(doubles_close("same, stride 2", c.output, want, 4, 0));
    conv_data_free(&c.data);
}

/* Equal maxima: the first in row-major order. NaN loses to any number; nothing but NaN stays NaN.
 */
static void ties_and_nan_in_the_pool(void **state)
{
    (void)state;
    const double input[16] = {1, 2, 5,   5,   NAN,       -1, NAN, NAN,
                              2, 2, NAN, NAN, -INFINITY, -3, NAN, NAN};
    const uint8_t position[4] = {1, 0, 1, 0};
    conv_case c = case_of("conv 1x2x8x1 f1 pool2 nobias", CAPAS_LINEAR);
    memcpy(c.input, input, sizeof input);
    c.weights[0] = 1;
    forward(&c);
    assert_memory_equal(c.data.position, position, sizeof position);
    assert_true(c.output[0] == 2 && c.output[1] == 5 && c.output[2] == -1);
    assert_true(isnan(c.output[3]));
    conv_data_free(&c.data);
}

/* A call with fewer samples than the plan's batch writes those only; with none the gradients are 0.
 */
static void fewer_samples_than_the_batch(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        conv_case c = case_of(cases[i].line, cases[i].activation);
        const int batch = c.problem.batch;
        c.n = 0;
        forward(&c);
        backward(&c);
        for (int64_t w = 0; w < c.data.weight_count; w++)
            assert_true(c.weight_gradient[w] == 0);
        for (int k = 0; k < c.problem.filters && c.problem.has_bias; k++)
            assert_true(c.bias_gradient[k] == 0);
        assert_true(isnan(c.output[0]) && isnan(c.input_gradient[0]));
        c.n = 1;
        forward(&c);
        backward(&c);
        assert_false(isnan(c.output[0]));
        if (batch > 1) {
            assert_true(isnan(c.output[c.data.output_count / batch]));
            assert_true(isnan(c.input_gradient[c.data.input_count / batch]));
        }
        conv_data_free(&c.data);
    }
}

/* A run in float, and everything it computes in one block. */
typedef struct float_run {
    capas_conv_problem problem;
    conv_data data;
    float *results; /* output, dX, dW, db */
} float_run;

static void run_in_float(void *context, int workers)
{
    float_run *f = context;
    conv_data *d = &f->data;
    float *to = f->results;
    f->problem.workers = workers;
    conv_data_forward(&capas_conv_forward_plain_f32, &f->problem, f->problem.batch, d);
    conv_data_backward(&capas_conv_backward_plain_f32, &f->problem, f->problem.batch, d);
    const void *from[] = {d->output, d->input_gradient, d->weight_gradient, d->bias_gradient};
    const int64_t counts[] = {d->output_count, d->input_count, d->weight_count,
                              f->problem.has_bias ? f->problem.filters : 0};
    for (int i = 0; i < 4; to += counts[i], i++)
        memcpy(to, from[i], (size_t)counts[i] * sizeof(float));
}

/* And the floats are near the doubles. */
static void same_bits_in_float(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        conv_case c = case_of(cases[i].line, cases[i].activation);
        float_run f = {.problem = c.problem};
        f.data = conv_data_convert(&c.problem, &c.data, CAPAS_FLOAT32);
        const int64_t all = c.data.output_count + c.data.input_count + c.data.weight_count +
                            (c.problem.has_bias ? c.problem.filters : 0);
        f.results = unwritten(all, sizeof(float));
        assert_true(
            same_bits_for_any_threads(run_in_float, &f, f.results, (size_t)all * sizeof(float)));
        forward(&c);
        backward(&c);
        const float *output = f.data.output, *weight_gradient = f.data.weight_gradient;
        for (int64_t o = 0; o < c.data.output_count; o++)
            assert_true(fabs(output[o] - c.output[o]) < 1e-5);
        for (int64_t w = 0; w < c.data.weight_count; w++)
            assert_true(fabs(weight_gradient[w] - c.weight_gradient[w]) < 1e-4);
        free(f.results);
        conv_data_free(&f.data);
        conv_data_free(&c.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_is_the_formula),       cmocka_unit_test(gradients_fit),
        cmocka_unit_test(same_stride_2_as_keras),       cmocka_unit_test(ties_and_nan_in_the_pool),
        cmocka_unit_test(fewer_samples_than_the_batch), cmocka_unit_test(same_bits_in_float),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
