/* Spectral normalisation; see spectral.h. One pass over W gives both products of an iteration: the
 * part of v that a row gives is there before the row is added to v W. Sums are made in double, by
 * shards of rows that are added in their order. */
#include "kernels/spectral.h"
#include "kernels/dense.h"
#include <math.h>
#include <string.h>

enum { GRAIN = 16384 /* elements */ };

static const double least_length = 1e-7;

/* A call's arrays. `sums`: for each shard v W [columns] and |u W^T|^2, before v has length 1. */
typedef struct spectral_call {
    float *weights;
    double *vector, *sums;
    double divisor;
} spectral_call;

static int64_t grain_of(const capas_spectral_problem *p)
{
    return GRAIN / p->columns + 1;
}

size_t capas_spectral_workspace(const capas_spectral_problem *p)
{
    const int shards = capas_shard_count(p->rows, grain_of(p));
    return (size_t)shards * ((size_t)p->columns + 1) + (size_t)p->columns;
}

/* sums[columns] += t^2 and sums[c] += t W[r][c] over the rows, with t = sum over c of W[r][c] u[c]
 */
static void add_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                     int shard)
{
    const capas_spectral_problem *p = problem;
    const spectral_call *call = arguments;
    double *sums = call->sums + shard * (p->columns + 1);
    memset(sums, 0, ((size_t)p->columns + 1) * sizeof *sums);
    const int64_t step = p->tile ? p->tile : 1;
    for (int64_t r = begin; r < end; r++) {
        const float *row =
            call->weights +
            (p->tile ? capas_dense_tiled_index(r, 0, p->columns, p->tile) : r * p->columns);
        double t = 0;
        for (int64_t c = 0; c < p->columns; c++)
            t += row[c * step] * call->vector[c];
        for (int64_t c = 0; c < p->columns; c++)
            sums[c] += t * row[c * step];
        sums[p->columns] += t * t;
    }
}

static double inverse_of(double length)
{
    return 1 / (length > least_length ? length : least_length);
}

/* One iteration: u becomes the next; returns v W u^T. */
static double iterate(const capas_spectral_problem *p, const spectral_call *call)
{
    const int shards = capas_shard_count(p->rows, grain_of(p));
    capas_parallel_ranges(p->rows, grain_of(p), p->workers, add_rows, p, call);
    for (int shard = 1; shard < shards; shard++)
        for (int64_t c = 0; c <= p->columns; c++)
            call->sums[c] += call->sums[shard * (p->columns + 1) + c];
    const double scale = inverse_of(sqrt(call->sums[p->columns]));
    double squares = 0;
    for (int64_t c = 0; c < p->columns; c++) {
        call->vector[c] = call->sums[c] * scale;
        squares += call->vector[c] * call->vector[c];
    }
    const double shrink = inverse_of(sqrt(squares));
    for (int64_t c = 0; c < p->columns; c++)
        call->vector[c] *= shrink;
    return squares * shrink;
}

static void divide(const void *problem, const void *arguments, int64_t begin, int64_t end,
                   int shard)
{
    const spectral_call *call = arguments;
    (void)problem;
    (void)shard;
    for (int64_t i = begin; i < end; i++)
        call->weights[i] = (float)(call->weights[i] / call->divisor);
}

void capas_normalise_spectrum(const capas_spectral_problem *p, int64_t count, float *weights,
                              float *vector, double *workspace)
{
    spectral_call call = {weights, workspace, workspace + p->columns, 0};
    for (int64_t c = 0; c < p->columns; c++)
        call.vector[c] = vector[c];
    for (int i = 0; i < p->iterations; i++)
        call.divisor = iterate(p, &call);
    if (call.divisor == 0) return;
    for (int64_t c = 0; c < p->columns; c++)
        vector[c] = (float)call.vector[c];
    capas_parallel_ranges(count, GRAIN, p->workers, divide, p, &call);
}
