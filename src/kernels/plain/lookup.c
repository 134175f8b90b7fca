/* Rows of a table by number, plain (kernels/sequence.h). Backward, each shard owns columns of the
 * table's gradient, so that rows looked up several times are added in one order. */
#include "kernels/plain/real.h"
#include "kernels/sequence.h"
#include <math.h>
#include <string.h>

enum { COLUMNS = 16 /* of a shard, at least */ };

/* The row that a number names; -1: none. */
static int64_t row_of(const capas_lookup_problem *p, capas_real number)
{
    if (!(number > -1 && number < (capas_real)p->rows)) return -1;
    return (int64_t)number;
}

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_lookup_problem *p = problem;
    const capas_lookup_arguments *a = arguments;
    const capas_real *x = a->input, *table = a->table;
    capas_real *y = a->output;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        const int64_t row = row_of(p, x[i]);
        if (row >= 0)
            memcpy(y + i * p->width, table + row * p->width, (size_t)p->width * sizeof *y);
        for (int64_t k = 0; row < 0 && k < p->width; k++)
            y[i * p->width + k] = (capas_real)NAN;
    }
}

static void forward(const void *problem, const void *arguments)
{
    const capas_lookup_problem *p = problem;
    const capas_lookup_arguments *a = arguments;
    const capas_real *x = a->input;
    capas_parallel_ranges(a->count, CAPAS_PLAIN_GRAIN / p->width + 1, p->workers, forward_range, p,
                          a);
    int64_t i = 0;
    while (i < a->count && row_of(p, x[i]) >= 0)
        i++;
    *a->wrong = i < a->count ? i : -1;
}

/* Pieces are columns. */
static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_lookup_problem *p = problem;
    const capas_lookup_arguments *a = arguments;
    const capas_real *x = a->input, *dy = a->output_gradient;
    capas_real *table = a->table_gradient;
    (void)shard;
    for (int64_t row = 0; row < p->rows; row++)
        memset(table + row * p->width + begin, 0, (size_t)(end - begin) * sizeof *table);
    for (int64_t i = 0; i < a->count; i++) {
        const int64_t row = row_of(p, x[i]);
        for (int64_t k = begin; row >= 0 && k < end; k++)
            table[row * p->width + k] += dy[i * p->width + k];
    }
}

static void backward(const void *problem, const void *arguments)
{
    const capas_lookup_problem *p = problem;
    capas_parallel_ranges(p->width, COLUMNS, p->workers, backward_range, p, arguments);
}

CAPAS_PLAIN_KERNEL(lookup, NULL, forward);
CAPAS_PLAIN_KERNEL(lookup_backward, NULL, backward);
