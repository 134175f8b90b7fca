/* Tuned normalisation of rows against the plain kernel, over odd lengths, few rows and many, with
 * and without gamma and beta, means far from 0; layer, RMS and unit. */
#include "kernels/standardise.h"
#include "support/cmocka.h"
#include "support/twins.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum way { LAYER, SCALED, RMS, UNIT } way;

static const int lengths[] = {1, 2, 3, 7, 8, 9, 16, 17, 33, 64, 150, 1500};

typedef struct rows_case {
    capas_standardise_problem problem;
    int64_t rows, count;
    double *x, *dy, *gamma, *beta, *mean, *scale;
    char name[64];
} rows_case;

/* What the forward way saves. */
static void find_statistics(rows_case *c)
{
    const capas_standardise_problem *p = &c->problem;
    for (int64_t row = 0; row < c->rows; row++) {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < p->inner; i++)
            sum += c->x[row * p->inner + i];
        c->mean[row] = p->about_mean ? sum / (double)p->inner : 0;
        for (int64_t i = 0; i < p->inner; i++)
            squares += pow(c->x[row * p->inner + i] - c->mean[row], 2);
        c->scale[row] = 1 / sqrt(fmax(p->share * squares, p->least) + p->epsilon);
    }
}

static rows_case case_of(way way, int64_t rows, int length)
{
    rows_case c = {.rows = rows, .count = rows * length};
    c.problem = (capas_standardise_problem){
        .batch = (int)rows,
        .workers = TWIN_WORKERS,
        .rows = 1,
        .outer = 1,
        .groups = 1,
        .inner = length,
        .weights = length,
        .weight_inner = 1,
        .about_mean = way == LAYER || way == SCALED,
        .subtracts_mean = way == LAYER,
        .share = way == UNIT ? 1 : 1 / (double)length,
        .least = way == UNIT ? 1e-12 : 0,
        .epsilon = way == UNIT ? 0 : 1e-2,
    };
    c.x = twin_numbers(c.count, 1, 1);
    c.dy = twin_numbers(c.count, 0.8, 2);
    c.gamma = twin_numbers(length, 1, 3);
    c.beta = twin_numbers(length, 1, 4);
    c.mean = calloc((size_t)rows + 1, sizeof *c.mean);
    c.scale = calloc((size_t)rows + 1, sizeof *c.scale);
    for (int64_t i = 0; i < c.count; i++)
        c.x[i] += way == LAYER ? 3 : 0.1;
    find_statistics(&c);
    snprintf(c.name, sizeof c.name, "way %d, %lldx%d", way, (long long)rows, length);
    return c;
}

static void case_free(rows_case *c)
{
    void *all[] = {c->x, c->dy, c->gamma, c->beta, c->mean, c->scale};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
}

static void check(way way, int64_t rows, int length, bool weights)
{
    typedef capas_standardise_arguments arguments;
    rows_case c = case_of(way, rows, length);
    const arguments a = {.n = (int)rows};
    const int64_t count = c.count;
    twin_case forward =
        twin_case_of(c.name, CAPAS_FAMILY_standardise_forward, &c.problem, &a, sizeof a);
    twin_input(&forward, offsetof(arguments, input), c.x, count);
    if (weights) twin_input(&forward, offsetof(arguments, gamma), c.gamma, length);
    if (weights) twin_input(&forward, offsetof(arguments, beta), c.beta, length);
    twin_output(&forward, offsetof(arguments, mean), rows);
    twin_output(&forward, offsetof(arguments, scale), rows);
    twin_output(&forward, offsetof(arguments, output), count);
    forward.tolerance = 3e-5;
    twin_check(&forward);
    twin_case backward =
        twin_case_of(c.name, CAPAS_FAMILY_standardise_backward, &c.problem, &a, sizeof a);
    backward.workspace = offsetof(arguments, workspace);
    twin_input(&backward, offsetof(arguments, input), c.x, count);
    twin_input(&backward, offsetof(arguments, mean), c.mean, rows);
    twin_input(&backward, offsetof(arguments, scale), c.scale, rows);
    twin_input(&backward, offsetof(arguments, output_gradient), c.dy, count);
    if (weights) {
        twin_input(&backward, offsetof(arguments, gamma), c.gamma, length);
        twin_output(&backward, offsetof(arguments, gamma_gradient), length);
        twin_output(&backward, offsetof(arguments, beta_gradient), length);
    }
    twin_output(&backward, offsetof(arguments, input_gradient), count);
    backward.tolerance = 5e-5;
    twin_check(&backward);
    case_free(&c);
}

static void rows_of_all_lengths(void **state)
{
    (void)state;
    for (int way = LAYER; way <= UNIT; way++)
        for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
            /* One number is always 1 long: what is left of its gradient is rounding. */
            if (way == UNIT && lengths[l] == 1) continue;
            check((enum way)way, (int64_t)(l % 4), lengths[l], l % 2);
            check((enum way)way, 5, lengths[l], true);
        }
    twin_report(CAPAS_FAMILY_standardise_forward);
    twin_report(CAPAS_FAMILY_standardise_backward);
}

static void many_rows(void **state)
{
    (void)state;
    for (int way = LAYER; way <= UNIT; way++)
        check((enum way)way, 3000, 33, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_all_lengths),
        cmocka_unit_test(many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
