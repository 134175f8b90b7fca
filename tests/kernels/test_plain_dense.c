/* The plain dense layer and its tiled weights: the tile's rule, the formula, gradients by
 * differences, zeros in the padding, fewer rows than planned, and the same bits for any number of
 * threads. */
#include "kernels/dense.h"
#include "kernels/plain/kernels.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct dense_case {
    capas_dense_problem problem;
    int64_t rows, inputs, outputs, weight_count;
    double *input, *weights, *bias, *output, *output_gradient;
    double *input_gradient, *weight_gradient, *bias_gradient;
} dense_case;

typedef struct dense_sizes {
    const char *name;
    int64_t rows, inputs, units;
    capas_activation activation;
    bool no_bias;
} dense_sizes;

static const dense_sizes all_sizes[] = {
    {"one by one", 1, 1, 1, CAPAS_LINEAR, false}, {"one row", 1, 5, 3, CAPAS_RELU, false},
    {"whole tile", 3, 112, 2, CAPAS_TANH, false}, {"two tiles", 4, 113, 3, CAPAS_SIGMOID, true},
    {"odd", 7, 135, 17, CAPAS_RELU, false},       {"wide", 3, 19, 150, CAPAS_ELU, false},
    {"selu", 5, 33, 4, CAPAS_SELU, true},
};
enum { SIZES = sizeof all_sizes / sizeof all_sizes[0] };

/* Weights in [-1, 1) in their tiles, 0 in the padding. */
static double *tiled_weights(const capas_dense_problem *p, int64_t count)
{
    double *tiled = calloc((size_t)count, sizeof *tiled);
    double *weights = random_doubles(p->inputs * p->units, 2);
    assert_non_null(tiled);
    for (int64_t k = 0; k < p->inputs; k++)
        for (int64_t j = 0; j < p->units; j++)
            tiled[capas_dense_tiled_index(k, j, p->units, p->tile)] = weights[k * p->units + j];
    free(weights);
    return tiled;
}

static dense_case dense_case_of(const dense_sizes *s)
{
    dense_case c = {
        .problem = {.rows = s->rows,
                    .workers = 2,
                    .inputs = s->inputs,
                    .units = s->units,
                    .tile = capas_dense_tile(s->inputs, s->units),
                    .activation = s->activation,
                    .has_bias = !s->no_bias,
                    .for_training = true,
                    .wants_input_gradient = true},
        .rows = s->rows,
        .inputs = s->rows * s->inputs,
        .outputs = s->rows * s->units,
        .weight_count = capas_dense_tiled_count(s->inputs, s->units),
    };
    c.input = random_doubles(c.inputs, 1);
    c.weights = tiled_weights(&c.problem, c.weight_count);
    c.bias = random_doubles(s->units, 3);
    c.output_gradient = random_doubles(c.outputs, 4);
    c.output = unwritten(c.outputs, sizeof(double));
    c.input_gradient = unwritten(c.inputs, sizeof(double));
    c.weight_gradient = unwritten(c.weight_count, sizeof(double));
    c.bias_gradient = unwritten(s->units, sizeof(double));
    return c;
}

static void dense_case_free(dense_case *c)
{
    void *all[] = {c->input,           c->weights,      c->bias,
                   c->output_gradient, c->output,       c->input_gradient,
                   c->weight_gradient, c->bias_gradient};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
}

static void forward(dense_case *c)
{
    const capas_dense_forward_arguments arguments = {
        .rows = c->rows,
        .input = c->input,
        .weights = c->weights,
        .bias = c->problem.has_bias ? c->bias : NULL,
        .output = c->output,
    };
    capas_run_kernel(&capas_dense_forward_plain_f64, &c->problem, &arguments, 0);
}

static void backward(dense_case *c)
{
    void *workspace = workspace_for(&capas_dense_backward_plain_f64, &c->problem);
    const capas_dense_backward_arguments arguments = {
        .rows = c->rows,
        .input = c->input,
        .weights = c->weights,
        .output = c->output,
        .output_gradient = c->output_gradient,
        .input_gradient = c->input_gradient,
        .weight_gradient = c->weight_gradient,
        .bias_gradient = c->problem.has_bias ? c->bias_gradient : NULL,
        .workspace = workspace,
    };
    capas_run_kernel(&capas_dense_backward_plain_f64, &c->problem, &arguments, 0);
    free(workspace);
}

static double objective(void *context)
{
    dense_case *c = context;
    forward(c);
    return inner_product(c->output, c->output_gradient, c->outputs);
}

static void tile_rule(void **state)
{
    (void)state;
    const struct {
        int64_t inputs;
        int tile;
    } want[] = {{1, 16},    {16, 16},   {17, 32},   {100, 112}, {112, 112}, {113, 64},
                {208, 112}, {784, 112}, {800, 80},  {1024, 64}, {2048, 64}, {3136, 112},
                {5408, 80}, {9216, 96}, {1040, 80}, {576, 96}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        assert_int_equal(capas_dense_tile(want[i].inputs, 10), want[i].tile);
    assert_int_equal(capas_dense_tiled_count(784, 100), 78400);
    assert_int_equal(capas_dense_tiled_count(113, 3), 128 * 3);
}

/* Every (k, j) has a place of its own inside the count. */
static void index_is_one_to_one(void **state)
{
    (void)state;
    const int64_t inputs = 135, units = 7, count = capas_dense_tiled_count(inputs, units);
    const int tile = capas_dense_tile(inputs, units);
    bool *taken = calloc((size_t)count, sizeof *taken);
    assert_non_null(taken);
    for (int64_t k = 0; k < inputs; k++)
        for (int64_t j = 0; j < units; j++) {
            int64_t at = capas_dense_tiled_index(k, j, units, tile);
            assert_true(at >= 0 && at < count && !taken[at]);
            taken[at] = true;
        }
    free(taken);
}

static void forward_is_the_formula(void **state)
{
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        dense_case c = dense_case_of(&all_sizes[i]);
        const capas_dense_problem *p = &c.problem;
        c.problem.activation = CAPAS_LINEAR;
        forward(&c);
        for (int64_t b = 0; b < c.rows; b++)
            for (int64_t j = 0; j < p->units; j++) {
                double want = p->has_bias ? c.bias[j] : 0;
                for (int64_t k = 0; k < p->inputs; k++)
                    want += c.input[b * p->inputs + k] *
                            c.weights[capas_dense_tiled_index(k, j, p->units, p->tile)];
                assert_true(
                    doubles_close(all_sizes[i].name, &c.output[b * p->units + j], &want, 1, 1e-12));
            }
        dense_case_free(&c);
    }
}

static void gradients_fit(void **state)
{
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        dense_case c = dense_case_of(&all_sizes[i]);
        const char *name = all_sizes[i].name;
        forward(&c);
        backward(&c);
        assert_true(gradient_fits(name, c.input, c.input_gradient, c.inputs, objective, &c));
        if (c.problem.has_bias)
            assert_true(
                gradient_fits(name, c.bias, c.bias_gradient, c.problem.units, objective, &c));
        for (int64_t k = 0; k < c.problem.inputs; k += 7) {
            int64_t at =
                capas_dense_tiled_index(k, c.problem.units / 2, c.problem.units, c.problem.tile);
            assert_true(
                gradient_fits(name, &c.weights[at], &c.weight_gradient[at], 1, objective, &c));
        }
        dense_case_free(&c);
    }
}

/* The padding of the weights gets the gradient 0, so that no optimizer moves it. */
static void padding_gets_zero(void **state)
{
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        dense_case c = dense_case_of(&all_sizes[i]);
        const int64_t all = c.weight_count / c.problem.units;
        forward(&c);
        backward(&c);
        for (int64_t k = c.problem.inputs; k < all; k++)
            for (int64_t j = 0; j < c.problem.units; j++)
                assert_true(c.weight_gradient[capas_dense_tiled_index(k, j, c.problem.units,
                                                                      c.problem.tile)] == 0);
        dense_case_free(&c);
    }
}

static void fewer_rows(void **state)
{
    (void)state;
    dense_case c = dense_case_of(&all_sizes[4]);
    c.rows = 0;
    forward(&c);
    backward(&c);
    assert_true(isnan(c.output[0]) && isnan(c.input_gradient[0]));
    for (int64_t i = 0; i < c.weight_count; i++)
        assert_true(c.weight_gradient[i] == 0);
    for (int64_t j = 0; j < c.problem.units; j++)
        assert_true(c.bias_gradient[j] == 0);
    c.rows = 2;
    forward(&c);
    backward(&c);
    assert_false(isnan(c.output[2 * c.problem.units - 1]));
    assert_true(isnan(c.output[2 * c.problem.units]));
    assert_true(isnan(c.input_gradient[2 * c.problem.inputs]));
    dense_case_free(&c);
}

static void run_with_workers(void *context, int workers)
{
    dense_case *c = context;
    c->problem.workers = workers;
    forward(c);
    backward(c);
    memcpy(c->bias_gradient + c->problem.units, c->weight_gradient,
           (size_t)c->weight_count * sizeof(double));
    memcpy(c->bias_gradient + c->problem.units + c->weight_count, c->input_gradient,
           (size_t)c->inputs * sizeof(double));
}

static void same_bits(void **state)
{
    (void)state;
    const dense_sizes sizes = {"threads", 40, 300, 70, CAPAS_RELU, false};
    dense_case c = dense_case_of(&sizes);
    const int64_t results = c.problem.units + c.weight_count + c.inputs;
    free(c.bias_gradient);
    c.bias_gradient = unwritten(results, sizeof(double));
    assert_true(same_bits_for_any_threads(run_with_workers, &c, c.bias_gradient,
                                          (size_t)results * sizeof(double)));
    assert_true(same_bits_for_any_threads(run_with_workers, &c, c.output,
                                          (size_t)c.outputs * sizeof(double)));
    dense_case_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tile_rule),
        cmocka_unit_test(index_is_one_to_one),
        cmocka_unit_test(forward_is_the_formula),
        cmocka_unit_test(gradients_fit),
        cmocka_unit_test(padding_gets_zero),
        cmocka_unit_test(fewer_rows),
        cmocka_unit_test(same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
