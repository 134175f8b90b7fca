/* A dense layer for a few rows: dot products along the tiles, the weights read once, in their
 * order.
 *
 *   sum[unit][row][lane] += w[tile][unit][k + lane] * x[row][tile * T + k + lane]
 *
 * for k = 0, V, 2V, ...,
 *
 * and at the end the lanes are added, with bias and activation. Work is cut by units. */
#ifndef CAPAS_KERNELS_TUNED_DENSE_DOTS_H
#define CAPAS_KERNELS_TUNED_DENSE_DOTS_H

#include "kernels/dense.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/math.h"
#include "kernels/tuned/scratch.h"

/* Rows at once, and rows for which this is faster than panels: two times round. */
enum { CAPAS_DOTS_TOGETHER = 6, CAPAS_DOTS_ROWS = 12 };

enum { CAPAS_DOTS_GRAIN = 1 << 16 /* multiplications */, CAPAS_DOTS_INPUTS = 384 };

typedef struct capas_dots_call {
    const capas_dense_problem *problem;
    const float *input, *weights, *bias;
    float *output;
    int rows;
    int64_t tiles;
    float *padded; /* [rows][tiles * tile], padded with zeros */
    float *sums;   /* [units][rows][CAPAS_VECTOR] */
} capas_dots_call;

/* Some tiles' part for `units` units and all rows. */
CAPAS_INLINE void capas_dots_tiles(const capas_dots_call *call, int units, int rows, int64_t j,
                                   int64_t first, int64_t end)
{
    const int tile = call->problem->tile;
    const int64_t tile_stride = call->problem->units * tile, x_stride = call->tiles * tile;
    float *sums = call->sums + j * rows * CAPAS_VECTOR;
    vfloat sum[4][CAPAS_DOTS_TOGETHER];
    CAPAS_UNROLL
    for (int i = 0; i < units; i++)
        CAPAS_UNROLL
    for (int b = 0; b < rows; b++)
        sum[i][b] = first > 0 ? v_load(sums + (i * rows + b) * CAPAS_VECTOR) : v_zero();
    for (int64_t t = first; t < end; t++) {
        const float *w = call->weights + t * tile_stride + j * tile, *x = call->padded + t * tile;
        for (int k = 0; k < tile; k += CAPAS_VECTOR) {
            vfloat weight[4];
            CAPAS_UNROLL
            for (int i = 0; i < units; i++)
                weight[i] = v_load(w + i * tile + k);
            CAPAS_UNROLL
            for (int b = 0; b < rows; b++) {
                const vfloat row = v_load(x + b * x_stride + k);
                CAPAS_UNROLL
                for (int i = 0; i < units; i++)
                    v_accumulate(&sum[i][b], weight[i], row);
            }
        }
    }
    CAPAS_UNROLL
    for (int i = 0; i < units; i++)
        CAPAS_UNROLL
    for (int b = 0; b < rows; b++)
        v_store(sums + (i * rows + b) * CAPAS_VECTOR, sum[i][b]);
}

/* All tiles of units begin .. end-1: a few units at once, so that there are sums enough in flight,
 * and a few tiles, so that they are put aside seldom. */
CAPAS_INLINE void capas_dots_units(const capas_dots_call *call, int rows, int64_t begin,
                                   int64_t end)
{
    const int together = rows <= 2 ? 4 : 2;
    const int64_t block = CAPAS_DOTS_INPUTS / call->problem->tile;
    for (int64_t t = 0; t < call->tiles; t += block) {
        const int64_t last = t + block < call->tiles ? t + block : call->tiles;
        int64_t j = begin;
        for (; j + together <= end; j += together)
            capas_dots_tiles(call, together, rows, j, t, last);
        for (; j < end; j++)
            capas_dots_tiles(call, 1, rows, j, t, last);
    }
}

/* Y[row][j..] for up to CAPAS_VECTOR units: their sums are transposed, and the lanes added in
 * pairs. */
static inline void capas_dots_finish(const capas_dots_call *call, int64_t row, int64_t j, int units)
{
    const capas_dense_problem *p = call->problem;
    vfloat sum[CAPAS_VECTOR];
    for (int i = 0; i < CAPAS_VECTOR; i++)
        sum[i] =
            i < units ? v_load(call->sums + ((j + i) * call->rows + row) * CAPAS_VECTOR) : v_zero();
    v_transpose(sum);
    CAPAS_UNROLL
    for (int half = CAPAS_VECTOR / 2; half > 0; half /= 2)
        CAPAS_UNROLL
    for (int i = 0; i < half; i++)
        sum[i] += sum[i + half];
    if (call->bias) sum[0] += v_load_some(call->bias + j, units);
    v_store_some(call->output + row * p->units + j, v_activate(p->activation, sum[0]), units);
}

/* Pieces are units. */
static void capas_dots_range(const void *problem, const void *context, int64_t begin, int64_t end,
                             int shard)
{
    const capas_dots_call *call = context;
    (void)problem;
    (void)shard;
    switch (call->rows) {
    case 1:
        capas_dots_units(call, 1, begin, end);
        break;
    case 2:
        capas_dots_units(call, 2, begin, end);
        break;
    case 3:
        capas_dots_units(call, 3, begin, end);
        break;
    case 4:
        capas_dots_units(call, 4, begin, end);
        break;
    case 5:
        capas_dots_units(call, 5, begin, end);
        break;
    default:
        capas_dots_units(call, 6, begin, end);
        break;
    }
    for (int64_t j = begin; j < end; j += CAPAS_VECTOR)
        for (int b = 0; b < call->rows; b++)
            capas_dots_finish(call, b, j, end - j < CAPAS_VECTOR ? (int)(end - j) : CAPAS_VECTOR);
}

/* The workspace: padded rows, then the sums. */
static inline size_t capas_dots_lay_out(const capas_dense_problem *p, size_t *sums)
{
    size_t end = 0;
    const int64_t rows = p->rows < CAPAS_DOTS_TOGETHER ? p->rows : CAPAS_DOTS_TOGETHER;
    capas_take(&end, rows * capas_dense_tiles(p) * p->tile, sizeof(float));
    *sums = capas_take(&end, rows * p->units * CAPAS_VECTOR, sizeof(float));
    return end;
}

static inline size_t capas_dots_workspace(const capas_dense_problem *p)
{
    size_t sums;
    return capas_dots_lay_out(p, &sums);
}

static inline void capas_dots_rows(const capas_dots_call *call)
{
    const capas_dense_problem *p = call->problem;
    const int64_t stride = call->tiles * p->tile;
    for (int b = 0; b < call->rows; b++) {
        float *to = call->padded + b * stride;
        memcpy(to, call->input + b * p->inputs, (size_t)p->inputs * sizeof(float));
        memset(to + p->inputs, 0, (size_t)(stride - p->inputs) * sizeof(float));
    }
    capas_parallel_ranges(p->units, CAPAS_DOTS_GRAIN / stride + 1, p->workers, capas_dots_range, p,
                          call);
}

static inline void capas_dots(const capas_dense_problem *p, const capas_dense_forward_arguments *a)
{
    const int rounds = ((int)a->rows + CAPAS_DOTS_TOGETHER - 1) / CAPAS_DOTS_TOGETHER;
    size_t sums;
    capas_dots_lay_out(p, &sums);
    for (int round = 0; round < rounds; round++) {
        const int64_t begin = capas_shard_begin(a->rows, rounds, round);
        const capas_dots_call call = {
            .problem = p,
            .input = (const float *)a->input + begin * p->inputs,
            .weights = a->weights,
            .bias = p->has_bias ? a->bias : NULL,
            .output = (float *)a->output + begin * p->units,
            .rows = (int)(capas_shard_begin(a->rows, rounds, round + 1) - begin),
            .tiles = capas_dense_tiles(p),
            .padded = a->workspace,
            .sums = capas_piece(a->workspace, sums),
        };
        capas_dots_rows(&call);
    }
}

#endif
