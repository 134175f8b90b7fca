/* The tuned scan against the plain one, over odd sizes: every cell, directions, masks, given
 * states, recurrent dropout, windows over images, samples fewer than the problem's. What backward
 * reads of `saved` is what the plain forward kept. That the plain one is right is the golden
 * layers' to say. */
#include "kernels/dense.h"
#include "kernels/plain/kernels.h"
#include "kernels/scan.h"
#include "support/cmocka.h"
#include "support/twins.h"
#include <stdio.h>
#include <stdlib.h>

typedef capas_scan_arguments arguments_of;
#define AT(field) offsetof(arguments_of, field)

typedef struct scan_case {
    capas_scan_problem problem;
    capas_scan_arguments plain; /* in double */
    int64_t inputs, outputs, states, weights, bias;
    char name[128];
} scan_case;

/* Of the cells: 3 a GRU whose reset comes after, 4 an LSTM with a window. */
enum { AFTER = 3, WINDOW, CELLS };

static capas_scan_problem problem_of(int cell, int64_t units, int64_t steps, int batch, int number)
{
    static const capas_activation activations[] = {CAPAS_TANH, CAPAS_TANH, CAPAS_RELU, CAPAS_LINEAR,
                                                   CAPAS_SELU};
    capas_scan_problem p = {
        .batch = batch,
        .workers = TWIN_WORKERS,
        .cell = cell == AFTER    ? CAPAS_CELL_GRU
                : cell == WINDOW ? CAPAS_CELL_LSTM
                                 : (capas_cell)cell,
        .reset_after = cell == AFTER,
        .steps = steps,
        .units = units,
        .activation = activations[number % 5],
        .recurrent_activation = number % 3 == 1 ? CAPAS_HARD_SIGMOID : CAPAS_SIGMOID,
        .bias_rows = number % 7 == 6 ? 0
                     : cell == AFTER ? 2
                                     : 1,
        .has_initial = number % 4 == 1,
        .backwards = number % 3 == 2,
        .sequences = number % 2 == 0,
        .flips = number % 4 == 2,
        .states = number % 5 == 3,
        .zero_masked = number % 3 == 0,
        .recurrent_dropout = number % 6 == 4 ? 0.3 : 0,
        .for_training = true,
        .wants_input_gradient = true,
    };
    if (cell == WINDOW)
        p.window = (capas_scan_window){1 + number % 2, 2, 3, 1 + number % 3, 3, 1 + number % 4};
    p.batch *= (int)capas_scan_pixels(&p);
    p.tile = capas_dense_tile(capas_scan_taps(&p) * units, units * capas_scan_gates(&p));
    return p;
}

/* U, small enough that states stay in range, and zeros in the padding. */
static double *small_weights(const capas_scan_problem *p, int64_t count)
{
    double *tiled = twin_numbers(count, 1, 4);
    const int64_t columns = capas_scan_gates(p) * p->units;
    const int64_t inputs = capas_scan_taps(p) * p->units;
    const int64_t tiles = (inputs + p->tile - 1) / p->tile;
    for (int64_t i = 0; i < count; i++)
        tiled[i] *= 2.0 / (double)(inputs + 2);
    for (int64_t j = 0; j < columns; j++)
        for (int64_t k = inputs; k < tiles * p->tile; k++)
            tiled[capas_dense_tiled_index(k, j, columns, p->tile)] = 0;
    return tiled;
}

static double *mask_of(int64_t count, int number)
{
    double *mask = twin_numbers(count, 0.7, 6);
    for (int64_t i = 0; i < count; i++)
        mask[i] = mask[i] != 0 && number > 0;
    return mask;
}

/* A sample is an image where there is a window. */
static scan_case make_case(int cell, int64_t units, int64_t steps, int batch, int images,
                           int number)
{
    scan_case c = {.problem = problem_of(cell, units, steps, batch, number)};
    const capas_scan_problem *p = &c.problem;
    const int gates = capas_scan_gates(p), n = images * (int)capas_scan_pixels(p);
    c.inputs = n * steps * gates * units;
    c.outputs = n * capas_scan_rows(p) * units;
    c.states = n * capas_scan_states(p) * units;
    c.weights = capas_dense_tiled_count(capas_scan_taps(p) * units, gates * units);
    c.bias = p->bias_rows * gates * units;
    c.plain = (capas_scan_arguments){
        .n = n,
        .random = {.seed = 7, .stream = 3, .step = 2},
        .input = twin_numbers(c.inputs, 1, 1),
        .mask = number % 2 ? mask_of(images * steps, number) : NULL,
        .initial = p->has_initial ? twin_numbers(c.states, 1, 2) : NULL,
        .weights = small_weights(p, c.weights),
        .bias = c.bias > 0 ? twin_numbers(c.bias, 1, 3) : NULL,
        .output = calloc((size_t)c.outputs, sizeof(double)),
        .saved = calloc(1, capas_scan_saved(p, CAPAS_FLOAT64)),
        .workspace = calloc(1, capas_kernel_workspace(&capas_scan_forward_plain_f64, p)),
    };
    capas_scan_forward_plain_f64.run(p, &c.plain);
    snprintf(c.name, sizeof c.name, "scan cell %d %lldx%lld, %d of %d, number %d", cell,
             (long long)steps, (long long)units, n, batch, number);
    return c;
}

static void free_case(scan_case *c)
{
    const void *all[] = {c->plain.input, c->plain.mask,   c->plain.initial, c->plain.weights,
                         c->plain.bias,  c->plain.output, c->plain.saved,   c->plain.workspace};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free((void *)all[i]);
}

static void give(const scan_case *c, twin_case *t)
{
    const capas_scan_problem *p = &c->problem;
    t->workspace = AT(workspace);
    t->tolerance = 4e-5; /* steps add up */
    if (c->plain.mask)
        twin_input(t, AT(mask), c->plain.mask, c->plain.n / capas_scan_pixels(p) * p->steps);
    if (c->plain.initial) twin_input(t, AT(initial), c->plain.initial, c->states);
    twin_input(t, AT(weights), c->plain.weights, c->weights);
}

static int64_t saved_count(const scan_case *c)
{
    return (int64_t)(capas_scan_saved(&c->problem, CAPAS_FLOAT64) / sizeof(double));
}

static void check_forward(const scan_case *c, bool for_training)
{
    capas_scan_problem p = c->problem;
    const arguments_of a = {.n = c->plain.n, .random = c->plain.random};
    p.for_training = for_training;
    twin_case t = twin_case_of(c->name, CAPAS_FAMILY_scan_forward, &p, &a, sizeof a);
    give(c, &t);
    twin_input(&t, AT(input), c->plain.input, c->inputs);
    if (c->plain.bias) twin_input(&t, AT(bias), c->plain.bias, c->bias);
    if (for_training) twin_changed(&t, AT(saved), c->plain.saved, saved_count(c));
    twin_output(&t, AT(output), c->outputs);
    twin_check(&t);
}

static void check_backward(const scan_case *c, int number)
{
    capas_scan_problem p = c->problem;
    const arguments_of a = {.n = c->plain.n, .random = c->plain.random};
    double *gradient = twin_numbers(c->outputs, 1, 9);
    p.wants_input_gradient = number % 8 != 5;
    twin_case t = twin_case_of(c->name, CAPAS_FAMILY_scan_backward, &p, &a, sizeof a);
    give(c, &t);
    twin_input(&t, AT(saved), c->plain.saved, saved_count(c));
    twin_input(&t, AT(output_gradient), gradient, c->outputs);
    if (p.wants_input_gradient) twin_output(&t, AT(input_gradient), c->inputs);
    if (number % 9 != 7) twin_output(&t, AT(weight_gradient), c->weights);
    if (number % 9 != 7 && c->bias > 0) twin_output(&t, AT(bias_gradient), c->bias);
    if (p.has_initial) twin_output(&t, AT(initial_gradient), c->states);
    twin_check(&t);
    free(gradient);
}

static void check_case(int cell, int64_t units, int64_t steps, int batch, int n, int number)
{
    scan_case c = make_case(cell, units, steps, batch, n, number);
    check_forward(&c, true);
    check_forward(&c, false);
    check_backward(&c, number);
    free_case(&c);
}

static void test_odd_sizes(void **state)
{
    static const int units[] = {1, 3, 8, 16, 17, 37};
    static const int batches[] = {1, 2, 5, 17, 33};
    int number = 0;
    (void)state;
    for (int cell = 0; cell < CELLS; cell++)
        for (size_t u = 0; u < sizeof units / sizeof *units; u++)
            for (size_t b = 0; b < (cell == WINDOW ? 3 : sizeof batches / sizeof *batches);
                 b++, number++)
                check_case(cell, units[u], 1 + number % 4, batches[b] + number % 3, batches[b],
                           number);
}

static void test_large_sizes(void **state)
{
    (void)state;
    check_case(WINDOW, 24, 3, 9, 8, 4);
    for (int cell = 0; cell < WINDOW; cell++) {
        check_case(cell, 130, 3, 33, 33, 0); /* several tiles */
        check_case(cell, 70, 2, 300, 290, 1);
        check_case(cell, 24, 9, 40, 36, 4);
    }
}

static void test_every_kernel_ran(void **state)
{
    (void)state;
    twin_report(CAPAS_FAMILY_scan_forward);
    twin_report(CAPAS_FAMILY_scan_backward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_odd_sizes),
        cmocka_unit_test(test_large_sizes),
        cmocka_unit_test(test_every_kernel_ran),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
