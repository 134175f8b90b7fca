/* Sparsemax over rows, plain, with the numbers of Keras 3.15 (backend/tensorflow/nn.py): of a row's
 * k largest numbers z[1] >= z[2] >= ... that sparsemax keeps (Martins and Astudillo, 2016)
 *
 *   t = (sum over j up to k of (z[1] + ... + z[j]) - 1) / k,   y = max(x - t, 0)
 *
 * where sparsemax itself has z[1] + ... + z[k] for the sum: Keras's rows have the sum 1 only when k
 * is 1. Those that are kept are found without sorting (Michelot): as those above the mean of the
 * kept less 1 / their number, until no more fall out. */
#include "kernels/elementwise.h"
#include "kernels/plain/real.h"
#include <math.h>

typedef struct sparse_row {
    const capas_real *x;
    int classes, kept;
    double largest;
    double above; /* what lies so far above it below the largest is kept: x - largest > above */
    double threshold;
} sparse_row;

static bool is_kept(const sparse_row *row, int c)
{
    return (double)row->x[c] - row->largest > row->above;
}

/* How many of the kept are before this one: larger, or equal and to the left. */
static int rank_of(const sparse_row *row, int c)
{
    int before = 0;
    for (int other = 0; other < row->classes; other++)
        before += is_kept(row, other) &&
                  (row->x[other] > row->x[c] || (row->x[other] == row->x[c] && other < c));
    return before;
}

/* Numbers that are NaN or infinite keep none. */
static void find_kept(sparse_row *row)
{
    for (;;) {
        double sum = 0;
        int count = 0;
        for (int c = 0; c < row->classes; c++) {
            if (!is_kept(row, c)) continue;
            sum += (double)row->x[c] - row->largest;
            count++;
        }
        const bool ends = count == 0 || (row->kept > 0 && count >= row->kept);
        row->kept = count;
        if (ends) return;
        row->above = (sum - 1) / count;
    }
}

static sparse_row row_of(const void *input, int64_t number, int classes)
{
    const capas_real *x = (const capas_real *)input + number * classes;
    sparse_row row = {.x = x, .classes = classes, .largest = x[0], .above = -HUGE_VAL};
    for (int c = 1; c < classes; c++)
        row.largest = x[c] > row.largest ? x[c] : row.largest;
    find_kept(&row);
    double sums = 0;
    for (int c = 0; c < classes; c++)
        if (is_kept(&row, c)) sums += (double)(row.kept - rank_of(&row, c)) * x[c];
    row.threshold = row.kept > 0 ? (sums - 1) / row.kept : NAN;
    return row;
}

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_softmax_problem *p = problem;
    const capas_softmax_arguments *a = arguments;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        capas_real *y = (capas_real *)a->output + i * p->classes;
        const sparse_row row = row_of(a->input, i, p->classes);
        for (int c = 0; c < p->classes; c++) {
            const double over = row.x[c] - row.threshold;
            y[c] = over <= 0 ? 0 : (capas_real)over;
        }
    }
}

/* dx = dy where x is at the threshold or above it, less the sum of these for each kept number by
 * its share (k - rank) / k of the threshold. */
static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_softmax_problem *p = problem;
    const capas_softmax_arguments *a = arguments;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        const capas_real *dy = (const capas_real *)a->output_gradient + i * p->classes;
        capas_real *dx = (capas_real *)a->input_gradient + i * p->classes;
        const sparse_row row = row_of(a->input, i, p->classes);
        double sum = 0;
        for (int c = 0; c < p->classes; c++)
            sum += row.x[c] - row.threshold < 0 ? 0 : dy[c];
        for (int c = 0; c < p->classes; c++) {
            double slope = row.x[c] - row.threshold < 0 ? 0 : dy[c];
            if (is_kept(&row, c)) slope -= sum * (row.kept - rank_of(&row, c)) / row.kept;
            dx[c] = (capas_real)slope;
        }
    }
}

static void run(const void *problem, const void *arguments, capas_range_function *function)
{
    const capas_softmax_problem *p = problem;
    const capas_softmax_arguments *a = arguments;
    capas_parallel_ranges(a->rows, CAPAS_PLAIN_GRAIN / 4 / p->classes + 1, p->workers, function, p,
                          a);
}

static void forward(const void *problem, const void *arguments)
{
    run(problem, arguments, forward_range);
}

static void backward(const void *problem, const void *arguments)
{
    run(problem, arguments, backward_range);
}

CAPAS_PLAIN_KERNEL(sparsemax_forward, NULL, forward);
CAPAS_PLAIN_KERNEL(sparsemax_backward, NULL, backward);
