/* A dense layer for a few rows: dot products along the tiles, the weights read once, in their
 * order.
 *
 *   sum[unit][row][lane] += w[tile][unit][k + lane] * x[row][tile * T + k + lane],   k = 0, V, 2V,
 * ...
 *
 * and at the end the lanes are added, with bias and activation. Work is cut by units. */
#ifndef CAPAS_KERNELS_TUNED_DENSE_DOTS_H
#define CAPAS_KERNELS_TUNED_DENSE_DOTS_H

#include "kernels/dense.h"
#include "kernels/tuned/math.h"
#include "kernels/tuned/scratch.h"

enum { CAPAS_DOTS_ROWS = 6, CAPAS_DOTS_GRAIN = 1 << 16 };

typedef struct capas_dots_call {
    const capas_dense_problem *problem;
    const capas_dense_forward_arguments *arguments;
    int64_t tiles;
    float *rows; /* [rows][tiles * tile], padded with zeros */
    float *sums; /* [units][rows][CAPAS_VECTOR] */
} capas_dots_call;

/* One tile's part for `units` units and all rows. */
CAPAS_INLINE void capas_dots_tile(int units, int rows, int tile, const float *w, const float *x,
                                  int64_t x_stride, float *sums, bool adds)
{
    vfloat sum[4][CAPAS_DOTS_ROWS];
    CAPAS_UNROLL
    for (int j = 0; j < units; j++)
        CAPAS_UNROLL
    for (int b = 0; b < rows; b++)
        sum[j][b] = adds ? v_load(sums + (j * rows + b) * CAPAS_VECTOR) : v_zero();
    for (int k = 0; k < tile; k += CAPAS_VECTOR) {
        vfloat weight[4];
        CAPAS_UNROLL
        for (int j = 0; j < units; j++)
            weight[j] = v_load(w + j * tile + k);
        CAPAS_UNROLL
        for (int b = 0; b < rows; b++) {
            vfloat row = v_load(x + b * x_stride + k);
            CAPAS_UNROLL
            for (int j = 0; j < units; j++)
                sum[j][b] = v_fma(weight[j], row, sum[j][b]);
        }
    }
    CAPAS_UNROLL
    for (int j = 0; j < units; j++)
        CAPAS_UNROLL
    for (int b = 0; b < rows; b++)
        v_store(sums + (j * rows + b) * CAPAS_VECTOR, sum[j][b]);
}

/* All tiles of units begin .. end-1: a few at once, so that there are sums enough in flight. */
CAPAS_INLINE void capas_dots_units(const capas_dots_call *call, int rows, int64_t begin,
                                   int64_t end)
{
    const capas_dense_problem *p = call->problem;
    const int together = rows <= 2 ? 4 : 2;
    const int64_t stride = call->tiles * p->tile;
    for (int64_t t = 0; t < call->tiles; t++) {
        const float *w = (const float *)call->arguments->weights + t * p->units * p->tile;
        const float *x = call->rows + t * p->tile;
        int64_t j = begin;
        for (; j + together <= end; j += together)
            capas_dots_tile(together, rows, p->tile, w + j * p->tile, x, stride,
                            call->sums + j * rows * CAPAS_VECTOR, t > 0);
        for (; j < end; j++)
            capas_dots_tile(1, rows, p->tile, w + j * p->tile, x, stride,
                            call->sums + j * rows * CAPAS_VECTOR, t > 0);
    }
}

/* Y[row][j..] for up to CAPAS_VECTOR units: their sums are transposed, and the lanes added in
 * pairs. */
CAPAS_INLINE void capas_dots_finish(const capas_dots_call *call, int64_t rows, int64_t row,
                                    int64_t j, int units)
{
    const capas_dense_problem *p = call->problem;
    vfloat sum[CAPAS_VECTOR];
    for (int i = 0; i < CAPAS_VECTOR; i++)
        sum[i] = i < units ? v_load(call->sums + ((j + i) * rows + row) * CAPAS_VECTOR) : v_zero();
    v_transpose(sum);
    CAPAS_UNROLL
    for (int half = CAPAS_VECTOR / 2; half > 0; half /= 2)
        CAPAS_UNROLL
    for (int i = 0; i < half; i++)
        sum[i] += sum[i + half];
    const float *bias = p->has_bias ? call->arguments->bias : NULL;
    if (bias) sum[0] += units == CAPAS_VECTOR ? v_load(bias + j) : v_load_part(bias + j, units);
    vfloat y = v_activate(p->activation, sum[0]);
    float *out = (float *)call->arguments->output + row * p->units + j;
    if (units == CAPAS_VECTOR)
        v_store(out, y);
    else
        v_store_part(out, y, units);
}

/* Pieces are units. */
static void capas_dots_range(const void *problem, const void *context, int64_t begin, int64_t end,
                             int shard)
{
    const capas_dots_call *call = context;
    const int rows = (int)call->arguments->rows;
    (void)problem;
    (void)shard;
    switch (rows) {
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
        for (int b = 0; b < rows; b++)
            capas_dots_finish(call, rows, b, j,
                              end - j < CAPAS_VECTOR ? (int)(end - j) : CAPAS_VECTOR);
}

/* The workspace: padded rows, then the sums. */
static inline size_t capas_dots_lay_out(const capas_dense_problem *p, size_t *sums)
{
    size_t end = 0;
    const int64_t rows = p->rows < CAPAS_DOTS_ROWS ? p->rows : CAPAS_DOTS_ROWS;
    capas_take(&end, rows * ((p->inputs + p->tile - 1) / p->tile) * p->tile, sizeof(float));
    *sums = capas_take(&end, rows * p->units * CAPAS_VECTOR, sizeof(float));
    return end;
}

static inline size_t capas_dots_workspace(const capas_dense_problem *p)
{
    size_t sums;
    return capas_dots_lay_out(p, &sums);
}

static inline void capas_dots(const capas_dense_problem *p, const capas_dense_forward_arguments *a)
{
    if (a->rows == 0) return;
    size_t sums;
    capas_dots_lay_out(p, &sums);
    capas_dots_call call = {.problem = p,
                            .arguments = a,
                            .tiles = (p->inputs + p->tile - 1) / p->tile,
                            .rows = a->workspace,
                            .sums = capas_piece(a->workspace, sums)};
    const int64_t stride = call.tiles * p->tile;
    for (int64_t b = 0; b < a->rows; b++) {
        memcpy(call.rows + b * stride, (const float *)a->input + b * p->inputs,
               (size_t)p->inputs * sizeof(float));
        memset(call.rows + b * stride + p->inputs, 0, (size_t)(stride - p->inputs) * sizeof(float));
    }
    capas_parallel_ranges(p->units, CAPAS_DOTS_GRAIN / stride + 1, p->workers, capas_dots_range, p,
                          &call);
}

#endif
