/* Plain batch normalisation: Keras's golden values, means far from 0, gradients by differences in
 * both modes, an inner axis, missing gamma and beta, no samples, and the same bits for any number
 * of threads. */
#include "kernels/normalise.h"
#include "kernels/plain/kernels.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct normalise_case {
    capas_normalise_problem problem;
    int n;
    int64_t count;
    double *input, *output_gradient, *gamma, *beta;
    double *start_mean, *start_variance; /* what the moving statistics are before each run */
    double *moving_mean, *moving_variance, *mean, *scale, *output;
    double *input_gradient, *gamma_gradient, *beta_gradient;
} normalise_case;

static normalise_case normalise_case_of(int n, int64_t outer, int channels, int64_t inner,
                                        bool batch_statistics)
{
    normalise_case c = {.n = n, .count = n * outer * channels * inner};
    c.problem = (capas_normalise_problem){
        .batch = n,
        .workers = 2,
        .outer = outer,
        .inner = inner,
        .channels = channels,
        .epsilon = 1e-3,
        .momentum = 0.9,
        .batch_statistics = batch_statistics,
    };
    double **filled[] = {&c.gamma, &c.beta, &c.start_mean, &c.start_variance};
    double **empty[] = {&c.moving_mean, &c.moving_variance, &c.mean,
                        &c.scale,       &c.gamma_gradient,  &c.beta_gradient};
    for (uint64_t i = 0; i < sizeof filled / sizeof filled[0]; i++)
        *filled[i] = random_doubles(channels, i + 1);
    for (int channel = 0; channel < channels; channel++)
        c.start_variance[channel] = fabs(c.start_variance[channel]) + 0.1;
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
        *empty[i] = unwritten(channels, sizeof(double));
    c.input = random_doubles(c.count, 5);
    c.output_gradient = random_doubles(c.count, 6);
    c.output = unwritten(c.count, sizeof(double));
    c.input_gradient = unwritten(c.count, sizeof(double));
    return c;
}

static void normalise_case_free(normalise_case *c)
{
    void *all[] = {c->input,          c->output_gradient, c->gamma,       c->beta,
                   c->start_mean,     c->start_variance,  c->moving_mean, c->moving_variance,
                   c->mean,           c->scale,           c->output,      c->input_gradient,
                   c->gamma_gradient, c->beta_gradient};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
}

static capas_normalise_arguments arguments_of(normalise_case *c)
{
    return (capas_normalise_arguments){
        .n = c->n,
        .input = c->input,
        .gamma = c->gamma,
        .beta = c->beta,
        .moving_mean = c->moving_mean,
        .moving_variance = c->moving_variance,
        .mean = c->mean,
        .scale = c->scale,
        .output = c->output,
        .output_gradient = c->output_gradient,
        .input_gradient = c->input_gradient,
        .gamma_gradient = c->gamma_gradient,
        .beta_gradient = c->beta_gradient,
    };
}

static void forward(normalise_case *c)
{
    const size_t size = (size_t)c->problem.channels * sizeof(double);
    const capas_normalise_arguments arguments = arguments_of(c);
    memcpy(c->moving_mean, c->start_mean, size);
    memcpy(c->moving_variance, c->start_variance, size);
    capas_run_kernel(&capas_normalise_forward_plain_f64, &c->problem, &arguments, 0);
}

static void backward(normalise_case *c)
{
    const capas_normalise_arguments arguments = arguments_of(c);
    capas_run_kernel(&capas_normalise_backward_plain_f64, &c->problem, &arguments, 0);
}

/* keras-semantics 1.4: momentum .9, epsilon 1e-3. */
static void as_keras(void **state)
{
    (void)state;
    const double input[6] = {1, 2, 3, 6, 5, 1};
    const double train[6] = {-1.224515, -.46286, 0, 1.388581, 1.224515, -.925721};
    const double predict[6] = {.6477965, 1.4536464, 2.4986434, 4.873991, 4.3494906, .5985603};
    const double means[2] = {.3, .3}, variances[2] = {1.1666667, 1.3666667};
    normalise_case c = normalise_case_of(3, 1, 2, 1, true);
    memcpy(c.input, input, sizeof input);
    for (int channel = 0; channel < 2; channel++) {
        c.gamma[channel] = c.start_variance[channel] = 1;
        c.beta[channel] = c.start_mean[channel] = 0;
    }
    forward(&c);
    assert_true(doubles_close("training", c.output, train, 6, 1e-6));
    assert_true(doubles_close("moving mean", c.moving_mean, means, 2, 1e-7));
    assert_true(doubles_close("moving variance", c.moving_variance, variances, 2, 1e-7));
    memcpy(c.start_mean, c.moving_mean, sizeof means);
    memcpy(c.start_variance, c.moving_variance, sizeof variances);
    c.problem.batch_statistics = false;
    forward(&c);
    assert_true(doubles_close("inference", c.output, predict, 6, 1e-6));
    assert_true(doubles_close("unmoved", c.moving_mean, c.start_mean, 2, 0));
    normalise_case_free(&c);
}

static double objective(void *context)
{
    normalise_case *c = context;
    forward(c);
    return inner_product(c->output, c->output_gradient, c->count);
}

static void check_gradients(normalise_case *c)
{
    const int channels = c->problem.channels;
    forward(c);
    backward(c);
    assert_true(gradient_fits("x", c->input, c->input_gradient, c->count, objective, c));
    assert_true(gradient_fits("gamma", c->gamma, c->gamma_gradient, channels, objective, c));
    assert_true(gradient_fits("beta", c->beta, c->beta_gradient, channels, objective, c));
}

static void gradients_fit(void **state)
{
    (void)state;
    const int64_t sizes[][4] = {
        {1, 1, 1, 1}, {5, 1, 3, 1}, {2, 6, 5, 1}, {3, 1, 2, 7}, {2, 3, 4, 2}, {4, 1, 1, 1},
    };
    for (int i = 0; i < 12; i++) {
        const int64_t *size = sizes[i / 2];
        normalise_case c =
            normalise_case_of((int)size[0], size[1], (int)size[2], size[3], i % 2 == 0);
        check_gradients(&c);
        normalise_case_free(&c);
    }
}

/* Without gamma and beta they are 1 and 0. */
static void gamma_and_beta_may_miss(void **state)
{
    (void)state;
    normalise_case c = normalise_case_of(4, 3, 5, 1, true);
    normalise_case bare = normalise_case_of(4, 3, 5, 1, true);
    for (int channel = 0; channel < 5; channel++) {
        c.gamma[channel] = 1;
        c.beta[channel] = 0;
    }
    forward(&c);
    backward(&c);
    void *kept[] = {bare.gamma, bare.beta, bare.gamma_gradient, bare.beta_gradient};
    bare.gamma = bare.beta = bare.gamma_gradient = bare.beta_gradient = NULL;
    forward(&bare);
    backward(&bare);
    assert_memory_equal(c.output, bare.output, (size_t)c.count * sizeof(double));
    assert_memory_equal(c.input_gradient, bare.input_gradient, (size_t)c.count * sizeof(double));
    for (int i = 0; i < 4; i++)
        free(kept[i]);
    normalise_case_free(&c);
    normalise_case_free(&bare);
}

/* No samples: the moving statistics stay as they are, gradients are 0. */
static void no_samples(void **state)
{
    (void)state;
    normalise_case c = normalise_case_of(2, 3, 4, 1, true);
    c.n = 2;
    forward(&c);
    c.n = 0;
    forward(&c);
    backward(&c);
    assert_memory_equal(c.moving_mean, c.start_mean, 4 * sizeof(double));
    assert_memory_equal(c.moving_variance, c.start_variance, 4 * sizeof(double));
    for (int channel = 0; channel < 4; channel++)
        assert_true(c.gamma_gradient[channel] == 0 && c.beta_gradient[channel] == 0);
    normalise_case_free(&c);
}

/* In float: output, dX, and the statistics, in one block. */
typedef struct float_run {
    capas_normalise_problem problem;
    int n;
    int64_t count;
    float *input, *output_gradient, *results;
} float_run;

static void run_in_float(void *context, int workers)
{
    float_run *f = context;
    const int channels = f->problem.channels;
    f->problem.workers = workers;
    float *statistics = f->results + 2 * f->count;
    for (int channel = 0; channel < 2 * channels; channel++)
        statistics[channel] = channel < channels ? 0 : 1;
    const capas_normalise_arguments arguments = {
        .n = f->n,
        .input = f->input,
        .moving_mean = statistics,
        .moving_variance = statistics + channels,
        .mean = statistics + 2 * channels,
        .scale = statistics + 3 * channels,
        .output = f->results,
        .output_gradient = f->output_gradient,
        .input_gradient = f->results + f->count,
        .gamma_gradient = statistics + 4 * channels,
        .beta_gradient = statistics + 5 * channels,
    };
    capas_run_kernel(&capas_normalise_forward_plain_f32, &f->problem, &arguments, 0);
    capas_run_kernel(&capas_normalise_backward_plain_f32, &f->problem, &arguments, 0);
}

/* Also where the mean is a thousand deviations from 0, the output has mean 0 and deviation 1. */
static void same_bits_and_far_means(void **state)
{
    (void)state;
    const int channels = 7;
    float_run f = {.problem = {.batch = 20,
                               .workers = 1,
                               .outer = 30,
                               .inner = 1,
                               .channels = channels,
                               .epsilon = 1e-6,
                               .momentum = 0.99,
                               .batch_statistics = true},
                   .n = 20,
                   .count = 20 * 30 * channels};
    const int64_t results = 2 * f.count + 6 * channels;
    f.input = random_floats(f.count, 7);
    f.output_gradient = random_floats(f.count, 8);
    f.results = unwritten(results, sizeof(float));
    for (int64_t i = 0; i < f.count; i++)
        f.input[i] += 600;
    assert_true(
        same_bits_for_any_threads(run_in_float, &f, f.results, (size_t)results * sizeof(float)));
    for (int channel = 0; channel < channels; channel++) {
        double sum = 0, squares = 0;
        for (int64_t row = 0; row < 600; row++) {
            double y = f.results[row * channels + channel];
            sum += y;
            squares += y * y;
        }
        assert_true(fabs(sum / 600) < 1e-5 && fabs(squares / 600 - 1) < 1e-4);
    }
    free(f.input);
    free(f.output_gradient);
    free(f.results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_keras),
        cmocka_unit_test(gradients_fit),
        cmocka_unit_test(gamma_and_beta_may_miss),
        cmocka_unit_test(no_samples),
        cmocka_unit_test(same_bits_and_far_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
