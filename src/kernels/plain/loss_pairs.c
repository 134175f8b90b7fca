/* The circle loss of all pairs of rows, plain (Keras losses/losses.py: circle). For the rows i, j
 * with the distance d = max(1 - x[i] . x[j], 0), g for gamma and m for the margin:
 *
 *   of the same class    w = g (d^2 - m^2)                           dw/dd = 2 g d
 *   of another class     w = g max(1 + m - d, 0) (1 - m - d)         dw/dd = 2 g (d - 1), or 0
 *   value[i] = softplus(log sum e^w of the same + log sum e^w of the others)
 *
 * A row without one of the two has value 0; rows of value 0 are masked in Keras, so that a mean is
 * over the others only: values and gradients are multiplied with what makes it so. */
#include "kernels/plain/loss_row.h"
#include <math.h>

/* Of a row, after the first look at all its pairs. */
typedef struct pair_row {
    double same, other; /* log sum e^w */
    double slope;       /* of the reduced loss, with respect to each of the two */
} pair_row;

typedef struct pair_batch {
    const capas_loss_arguments *arguments;
    pair_row *rows;
} pair_batch;

typedef struct pair {
    double w, slope; /* dw / d(x[i] . x[j]) */
    bool same, counts;
} pair;

static pair pair_of(const capas_loss_problem *p, const capas_loss_arguments *a, int64_t i,
                    int64_t j)
{
    const int32_t *label = a->target;
    const capas_real *x = (const capas_real *)a->prediction + i * p->classes;
    const capas_real *other = (const capas_real *)a->prediction + j * p->classes;
    pair of = {.same = label[i] == label[j], .counts = i != j || !p->remove_diagonal};
    double inner = 0;
    for (int c = 0; c < p->classes; c++)
        inner += (double)x[c] * other[c];
    const double distance = inner > 1 ? 0 : 1 - inner, margin = p->margin;
    const double room = 1 + margin - distance;
    if (of.same) {
        of.w = p->gamma * (distance * distance - margin * margin);
        of.slope = 2 * p->gamma * distance;
    } else {
        of.w = room < 0 ? 0 : p->gamma * room * (1 - margin - distance);
        of.slope = room < 0 ? 0 : 2 * p->gamma * (distance - 1);
    }
    of.slope = inner > 1 ? 0 : -of.slope;
    return of;
}

/* Adds a term to log sum e^w. */
static double with_term(double log_sum, double w)
{
    if (log_sum == -HUGE_VAL) return w;
    return log_sum > w ? log_sum + log1p(exp(w - log_sum)) : w + log1p(exp(log_sum - w));
}

static void find_values(const void *problem, const void *batch_of, int64_t begin, int64_t end,
                        int shard)
{
    const pair_batch *batch = batch_of;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        pair_row row = {.same = -HUGE_VAL, .other = -HUGE_VAL};
        for (int64_t j = 0; j < batch->arguments->rows; j++) {
            const pair of = pair_of(problem, batch->arguments, i, j);
            if (!of.counts) continue;
            if (of.same) row.same = with_term(row.same, of.w);
            if (!of.same) row.other = with_term(row.other, of.w);
        }
        const double z = row.same + row.other, e = exp(-fabs(z));
        row.slope = (z > 0 ? 1 : e) / (1 + e);
        batch->rows[i] = row;
        ((capas_real *)batch->arguments->value)[i] = (capas_real)((z > 0 ? z : 0) + log1p(e));
    }
}

/* What the values are multiplied with, so that the mean over all rows is the one over those above
 * 0. */
static double share_of(const capas_loss_problem *p, const capas_loss_arguments *a)
{
    const capas_real *value = a->value, *weight = a->weight;
    double all = 0, counted = 0;
    if (p->share == CAPAS_LOSS_SHARE_NONE) return 1;
    for (int64_t i = 0; i < a->rows; i++) {
        double counts = weight && p->share == CAPAS_LOSS_SHARE_WEIGHTS ? weight[i] : 1;
        all += counts;
        if (!(value[i] <= 0)) counted += counts;
    }
    return counted != 0 ? all / counted : 0;
}

/* dx[i] = sum over j of (slope of w[i][j] + slope of w[j][i]) x[j] */
static void find_gradients(const void *problem, const void *batch_of, int64_t begin, int64_t end,
                           int shard)
{
    const capas_loss_problem *p = problem;
    const pair_batch *batch = batch_of;
    const capas_loss_arguments *a = batch->arguments;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        capas_real *gradient = (capas_real *)a->prediction_gradient + i * p->classes;
        const pair_row *row = &batch->rows[i];
        for (int c = 0; c < p->classes; c++)
            gradient[c] = 0;
        for (int64_t j = 0; j < a->rows; j++) {
            const pair of = pair_of(p, a, i, j);
            const pair_row *back = &batch->rows[j];
            const capas_real *x = (const capas_real *)a->prediction + j * p->classes;
            if (!of.counts) continue;
            double slope = 0;
            if (row->slope != 0)
                slope += row->slope * exp(of.w - (of.same ? row->same : row->other));
            if (back->slope != 0)
                slope += back->slope * exp(of.w - (of.same ? back->same : back->other));
            for (int c = 0; c < p->classes; c++)
                gradient[c] += (capas_real)(slope * of.slope * x[c]);
        }
    }
}

void CAPAS_PLAIN(capas_loss_of_pairs)(const capas_loss_problem *problem,
                                      const capas_loss_arguments *arguments)
{
    const pair_batch batch = {arguments, arguments->workspace};
    const int64_t rows = arguments->rows;
    const int64_t grain = CAPAS_PLAIN_GRAIN / (rows * problem->classes + 1) + 1;
    const capas_real *weight = arguments->weight;
    capas_real *value = arguments->value;
    capas_parallel_ranges(rows, grain, problem->workers, find_values, problem, &batch);
    const double share = share_of(problem, arguments);
    for (int64_t i = 0; i < rows; i++) {
        value[i] = (capas_real)(value[i] * share);
        batch.rows[i].slope *= share * arguments->factor * (weight ? weight[i] : 1);
    }
    if (arguments->prediction_gradient)
        capas_parallel_ranges(rows, grain, problem->workers, find_gradients, problem, &batch);
}

size_t CAPAS_PLAIN(capas_loss_of_pairs_workspace)(const capas_loss_problem *problem)
{
    return (size_t)problem->batch * sizeof(pair_row);
}
