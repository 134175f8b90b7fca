/* Activity penalties, plain: (l1 sum|x| + l2 sum x^2) / n, summed in double in order, and its
 * gradient (l1 sign(x) + 2 l2 x) / n on top of the output's. */
#include "kernels/elementwise.h"
#include "kernels/plain/real.h"

static double penalty_of(const capas_penalty_problem *p, const capas_penalty_arguments *a)
{
    const capas_real *x = a->input;
    double absolute = 0, squares = 0;
    for (int64_t i = 0; i < a->count; i++) {
        absolute += fabs((double)x[i]);
        squares += (double)x[i] * x[i];
    }
    return a->n > 0 ? (p->l1 * absolute + p->l2 * squares) / a->n : 0;
}

static void add_gradient(const capas_penalty_problem *p, const capas_penalty_arguments *a)
{
    const capas_real *x = a->input, *dy = a->output_gradient;
    const capas_real l1 = (capas_real)(p->l1 / a->n), l2 = (capas_real)(2 * p->l2 / a->n);
    capas_real *dx = a->input_gradient;
    for (int64_t i = 0; i < a->count; i++) {
        capas_real sign = (capas_real)((x[i] > 0) - (x[i] < 0));
        dx[i] = dy[i] + (l1 * sign + l2 * x[i]);
    }
}

static void run(const void *problem, const void *arguments)
{
    const capas_penalty_problem *p = problem;
    const capas_penalty_arguments *a = arguments;
    if (a->penalty) *a->penalty = penalty_of(p, a);
    if (a->input_gradient) add_gradient(p, a);
}

CAPAS_PLAIN_KERNEL(penalty, NULL, run);
