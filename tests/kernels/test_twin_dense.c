/* The tuned dense layers against the plain ones, over odd sizes: rows fewer than the problem's and
 * none, gradients with many zeros and none, inputs with many zeros and none, all activations; the
 * padding of the weights' gradient stays zero (the plain kernel's is); as in training, and as in
 * prediction with prepared weights. */
#include "kernels/dense.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include "support/twins.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const capas_activation activations[] = {CAPAS_LINEAR, CAPAS_RELU, CAPAS_SIGMOID, CAPAS_TANH,
                                               CAPAS_ELU,    CAPAS_SELU, CAPAS_RELU6};

typedef struct dense_case {
    capas_dense_problem problem;
    int64_t rows, weight_count;
    double *input, *weights, *bias, *output, *output_gradient;
    char name[96];
} dense_case;

/* Weights in [-1, 1), 0 in the padding. */
static double *tiled_weights(const capas_dense_problem *p, int64_t count)
{
    double *tiled = twin_numbers(count, 1, 2);
    const int64_t tiles = (p->inputs + p->tile - 1) / p->tile;
    for (int64_t j = 0; j < p->units; j++)
        for (int64_t k = p->inputs; k < tiles * p->tile; k++)
            tiled[capas_dense_tiled_index(k, j, p->units, p->tile)] = 0;
    return tiled;
}

/* A case by its number: activation, bias, and shares of zeros go round. */
static dense_case make_case(int64_t planned, int64_t rows, int64_t inputs, int64_t units,
                            int number)
{
    static const double live_inputs[] = {1, 0.2, 0.7, 0.05},
                        live_gradients[] = {0.5, 1, 0.1, 0, 0.9};
    dense_case c = {.rows = rows};
    c.problem = (capas_dense_problem){.rows = planned,
                                      .workers = TWIN_WORKERS,
                                      .inputs = inputs,
                                      .units = units,
                                      .tile = capas_dense_tile(inputs, units),
                                      .activation = activations[number % COUNT(activations)],
                                      .has_bias = number % 4 != 3,
                                      .for_training = true,
                                      .wants_input_gradient = true};
    const double live_input = live_inputs[number % COUNT(live_inputs)];
    const double live = live_gradients[number % COUNT(live_gradients)];
    c.weight_count = capas_dense_tiled_count(inputs, units);
    c.input = twin_numbers(rows * inputs, live_input, 1);
    c.weights = tiled_weights(&c.problem, c.weight_count);
    c.bias = twin_numbers(units, 1, 3);
    c.output = twin_numbers(rows * units, 0.8, 4);
    c.output_gradient = twin_numbers(rows * units, live, 5);
    snprintf(c.name, sizeof c.name, "dense %lldx%lld->%lld activation %d live %g %g",
             (long long)rows, (long long)inputs, (long long)units, (int)c.problem.activation,
             live_input, live);
    return c;
}

static void free_case(dense_case *c)
{
    double *all[] = {c->input, c->weights, c->bias, c->output, c->output_gradient};
    for (size_t i = 0; i < COUNT(all); i++)
        free(all[i]);
}

/* In prediction weights are prepared. */
static void check_forward(const dense_case *c, bool for_training)
{
    typedef capas_dense_forward_arguments arguments;
    capas_dense_problem problem = c->problem;
    const capas_dense_problem *p = &problem;
    const arguments a = {.rows = c->rows};
    problem.for_training = for_training;
    twin_case t = twin_case_of(c->name, CAPAS_FAMILY_dense_forward, p, &a, sizeof a);
    t.workspace = offsetof(arguments, workspace);
    t.prepared = for_training ? 0 : offsetof(arguments, prepared);
    twin_input(&t, offsetof(arguments, input), c->input, c->rows * p->inputs);
    twin_input(&t, offsetof(arguments, weights), c->weights, c->weight_count);
    if (p->has_bias) twin_input(&t, offsetof(arguments, bias), c->bias, p->units);
    twin_output(&t, offsetof(arguments, output), c->rows * p->units);
    twin_check(&t);
}

/* Which gradients are wanted is a set of bits: input, weights, bias. */
static void check_backward(const dense_case *c, int wanted)
{
    typedef capas_dense_backward_arguments arguments;
    capas_dense_problem p = c->problem;
    const arguments a = {.rows = c->rows};
    p.wants_input_gradient = wanted & 1;
    twin_case t = twin_case_of(c->name, CAPAS_FAMILY_dense_backward, &p, &a, sizeof a);
    t.workspace = offsetof(arguments, workspace);
    twin_input(&t, offsetof(arguments, input), c->input, c->rows * p.inputs);
    twin_input(&t, offsetof(arguments, weights), c->weights, c->weight_count);
    twin_input(&t, offsetof(arguments, output), c->output, c->rows * p.units);
    twin_input(&t, offsetof(arguments, output_gradient), c->output_gradient, c->rows * p.units);
    if (wanted & 1) twin_output(&t, offsetof(arguments, input_gradient), c->rows * p.inputs);
    if (wanted & 2) twin_output(&t, offsetof(arguments, weight_gradient), c->weight_count);
    if (wanted & 4) twin_output(&t, offsetof(arguments, bias_gradient), p.units);
    twin_check(&t);
}

static void check_case(int64_t planned, int64_t rows, int64_t inputs, int64_t units, int number)
{
    dense_case c = make_case(planned, rows, inputs, units, number);
    check_forward(&c, true);
    check_forward(&c, false);
    check_backward(&c, number % 5 == 0 ? 1 + number / 5 % 7 : 7);
    free_case(&c);
}

static void test_odd_sizes(void **state)
{
    static const int rows[] = {1, 2, 5, 6, 16, 17, 33, 100};
    static const int inputs[] = {1, 3, 15, 16, 17, 100, 113};
    static const int units[] = {1, 2, 5, 6, 7, 10, 100, 128};
    int number = 0;
    (void)state;
    for (size_t r = 0; r < COUNT(rows); r++)
        for (size_t i = 0; i < COUNT(inputs); i++, number++)
            check_case(rows[r], rows[r], inputs[i], units[(r * 3 + i) % COUNT(units)], number);
    for (size_t i = 0; i < COUNT(inputs); i++)
        for (size_t u = 0; u < COUNT(units); u++, number++)
            check_case(33, number % 34, inputs[i], units[u], number);
}

static void test_large_sizes(void **state)
{
    (void)state;
    check_case(33, 33, 784, 100, 1);
    check_case(17, 17, 1000, 128, 5);
    check_case(100, 65, 784, 33, 6);
    check_case(6, 4, 1000, 37, 7);
    check_case(40, 0, 20, 30, 1);
    check_case(600, 523, 23, 9, 0); /* several groups of rows */
    check_case(600, 517, 40, 70, 2);
    check_case(32, 32, 200, 160, 3); /* several blocks of units */
    /* Sparse inputs, dense gradients: blocks of inputs, chunks of units, groups of rows. */
    check_case(300, 299, 130, 40, 19);
    check_case(33, 33, 784, 120, 31);
    check_case(100, 65, 96, 230, 11);
    check_case(16, 16, 64, 32, 1);
    check_case(128, 128, 65, 113, 19);
    check_case(100, 70, 500, 230, 3); /* prepared: parts of rows, some chunks of units */
    check_case(64, 31, 784, 100, 1);
}

/* Plans are made for different numbers of threads, and cut work by them. */
static void test_workers_do_not_matter(void **state)
{
    enum { ROWS = 100, INPUTS = 300, UNITS = 120 };
    (void)state;
    dense_case c = make_case(ROWS, ROWS, INPUTS, UNITS, 1);
    float *input = floats_of(c.input, ROWS * INPUTS),
          *weights = floats_of(c.weights, c.weight_count);
    size_t count;
    const capas_kernel *const *kernels = capas_kernels_of(CAPAS_FAMILY_dense_forward, &count);
    for (size_t i = 0; i < count; i++) {
        float output[2][ROWS * UNITS];
        if (kernels[i]->level == CAPAS_CPU_PLAIN || !capas_cpu_has(kernels[i]->level)) continue;
        for (int run = 0; run < 2; run++) {
            capas_dense_problem p = c.problem;
            p.for_training = p.has_bias = false;
            p.workers = run == 0 ? 1 : 5;
            capas_dense_forward_arguments a = {
                .rows = ROWS, .input = input, .weights = weights, .output = output[run]};
            void *prepared = prepared_for(kernels[i], &p, &a);
            assert_non_null(prepared);
            a.prepared = prepared;
            a.workspace = workspace_for(kernels[i], &p);
            capas_run_kernel(kernels[i], &p, &a, 0);
            free(a.workspace);
            free(prepared);
        }
        assert_memory_equal(output[0], output[1], sizeof output[0]);
    }
    free(input);
    free(weights);
    free_case(&c);
}

static void test_every_kernel_ran(void **state)
{
    (void)state;
    twin_report(CAPAS_FAMILY_dense_forward);
    twin_report(CAPAS_FAMILY_dense_backward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_odd_sizes),
        cmocka_unit_test(test_large_sizes),
        cmocka_unit_test(test_workers_do_not_matter),
        cmocka_unit_test(test_every_kernel_ran),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
