/* Slices of a volume side by side as channels: the formula element by element, the way back as its
 * adjoint, and the same bits for any number of threads. */
#include "kernels/elementwise.h"
#include "kernels/plain/kernels.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <stdlib.h>

static const capas_stack_problem cases[] = {
    {1, 1, 1, 1, 1, 1, 0, 1, 1, 1}, {2, 5, 3, 3, 1, 1, 0, 6, 1, 2}, {2, 5, 5, 3, 1, 1, 1, 4, 2, 3},
    {2, 6, 3, 2, 2, 1, 0, 5, 1, 4}, {2, 7, 3, 1, 3, 1, 0, 2, 1, 5}, {2, 6, 6, 3, 1, 2, 2, 3, 3, 1},
    {2, 2, 2, 5, 1, 1, 2, 7, 1, 2}, {2, 4, 2, 3, 3, 1, 1, 3, 1, 2}, {2, 9, 5, 3, 2, 1, 1, 33, 2, 2},
};
enum { CASES = sizeof cases / sizeof cases[0], N = 3 };

static int64_t narrow_size(const capas_stack_problem *p)
{
    return p->depth * p->pixels * p->groups * p->channels;
}

static int64_t wide_size(const capas_stack_problem *p)
{
    return p->out_depth * p->pixels * p->groups * p->taps * p->channels;
}

static double formula(const capas_stack_problem *p, const double *x, int64_t at)
{
    const int c = (int)(at % p->channels), r = (int)(at / p->channels % p->taps);
    const int64_t pixel = at / p->channels / p->taps; /* with its group */
    const int64_t i = pixel % (p->pixels * p->groups), z = pixel / (p->pixels * p->groups);
    const int64_t d = z % p->out_depth * p->stride + (int64_t)r * p->dilation - p->before;
    if (d < 0 || d >= p->depth) return 0;
    return x[((z / p->out_depth * p->depth + d) * p->pixels * p->groups + i) * p->channels + c];
}

static void stack_is_the_formula_and_unstack_its_adjoint(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        const capas_stack_problem *p = &cases[i];
        const int64_t inputs = N * narrow_size(p), outputs = N * wide_size(p);
        double *x = random_doubles(inputs, 1), *y = unwritten(outputs, sizeof(double));
        double *dy = random_doubles(outputs, 2), *dx = unwritten(inputs, sizeof(double));
        const capas_stack_arguments forward = {N, x, y}, backward = {N, dy, dx};
        capas_run_kernel(&capas_stack_plain_f64, p, &forward, 0);
        capas_run_kernel(&capas_unstack_plain_f64, p, &backward, 0);
        for (int64_t at = 0; at < outputs; at++)
            assert_true(y[at] == formula(p, x, at));
        const double here = inner_product(y, dy, outputs), there = inner_product(x, dx, inputs);
        assert_true(doubles_close("adjoint", &here, &there, 1, 1e-12));
        free(x);
        free(y);
        free(dy);
        free(dx);
    }
}

typedef struct float_run {
    capas_stack_problem problem;
    float *input, *output_gradient, *results; /* output, then dX behind it */
} float_run;

static void run_in_float(void *context, int workers)
{
    float_run *f = context;
    f->problem.workers = workers;
    const capas_stack_arguments forward = {N, f->input, f->results};
    const capas_stack_arguments backward = {N, f->output_gradient,
                                            f->results + N * wide_size(&f->problem)};
    capas_run_kernel(&capas_stack_plain_f32, &f->problem, &forward, 0);
    capas_run_kernel(&capas_unstack_plain_f32, &f->problem, &backward, 0);
}

static void same_bits(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        const int64_t inputs = N * narrow_size(&cases[i]), outputs = N * wide_size(&cases[i]);
        float_run f = {cases[i], random_floats(inputs, 1), random_floats(outputs, 2),
                       unwritten(inputs + outputs, sizeof(float))};
        assert_true(same_bits_for_any_threads(run_in_float, &f, f.results,
                                              (size_t)(inputs + outputs) * sizeof(float)));
        free(f.input);
        free(f.output_gradient);
        free(f.results);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stack_is_the_formula_and_unstack_its_adjoint),
        cmocka_unit_test(same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
