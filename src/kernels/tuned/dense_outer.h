/* The weights' and bias gradient of a dense layer whose dZ has hardly a zero and many rows:
 *
 *   dW[k][j] = sum over b of X[b][k] dZ[b][j],  db[j] = sum over b of dZ[b][j]
 *
 * as the product of dense_product.h: 16 columns of dZ are its panel, laid out [b][16], and X's
 * columns, transposed to [k][b], its weights. Rows go by chunks, so that a chunk of X stays in the
 * second level of the cache while the panels of a shard pass; the sums [panel][k][16] are turned
 * into the tiles at the end. (dense_backward.c is for dZ with zeros, which it leaves out.) */
#ifndef CAPAS_KERNELS_TUNED_DENSE_OUTER_H
#define CAPAS_KERNELS_TUNED_DENSE_OUTER_H

#include "kernels/dense.h"
#include "kernels/tuned/dense_product.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/scratch.h"
#include "kernels/tuned/transpose.h"
#include <string.h>

enum { CAPAS_OUTER_ROWS = 256 };

typedef struct capas_outer_call {
    const capas_dense_problem *problem;
    const capas_dense_backward_arguments *arguments;
    float *columns; /* X by chunks of rows, each [inputs][its rows] */
    float *sums;    /* [panel][inputs][16] */
    float *panels;  /* of each shard: [CAPAS_OUTER_ROWS][16] */
} capas_outer_call;

static inline int64_t capas_outer_panels(const capas_dense_problem *p)
{
    return (p->units + CAPAS_PANEL - 1) / CAPAS_PANEL;
}

static inline size_t capas_outer_lay_out(capas_outer_call *call, void *memory)
{
    const capas_dense_problem *p = call->problem;
    const int64_t panels = capas_outer_panels(p);
    size_t end = 0;
    const size_t columns = capas_take(&end, p->rows * p->inputs, sizeof(float));
    const size_t sums = capas_take(&end, panels * p->inputs * CAPAS_PANEL, sizeof(float));
    const size_t space = capas_take(
        &end, capas_shard_count(panels, 1) * CAPAS_OUTER_ROWS * CAPAS_PANEL, sizeof(float));
    if (memory) {
        call->columns = capas_piece(memory, columns);
        call->sums = capas_piece(memory, sums);
        call->panels = capas_piece(memory, space);
    }
    return end;
}

static inline size_t capas_outer_workspace(const void *problem)
{
    capas_outer_call call = {.problem = problem};
    return capas_outer_lay_out(&call, NULL);
}

static inline int64_t capas_outer_rows(const capas_outer_call *call, int64_t first)
{
    const int64_t left = call->arguments->rows - first;
    return left < CAPAS_OUTER_ROWS ? left : CAPAS_OUTER_ROWS;
}

/* Pieces are chunks of rows. */
static void capas_outer_transpose(const void *problem, const void *context, int64_t begin,
                                  int64_t end, int shard)
{
    const capas_dense_problem *p = problem;
    const capas_outer_call *call = context;
    (void)shard;
    for (int64_t first = begin * CAPAS_OUTER_ROWS; first < end * CAPAS_OUTER_ROWS;
         first += CAPAS_OUTER_ROWS) {
        const int64_t rows = capas_outer_rows(call, first);
        if (rows > 0)
            capas_transpose((const float *)call->arguments->input + first * p->inputs, p->inputs,
                            rows, p->inputs, call->columns + first * p->inputs, rows, rows);
    }
}

/* A panel's columns of some rows of dZ; returns what they add to db. */
static inline void capas_outer_pack(const capas_outer_call *call, int64_t panel, int64_t first,
                                    int64_t rows, float *to)
{
    const int64_t units = call->problem->units, j = panel * CAPAS_PANEL;
    const int64_t count = units - j < CAPAS_PANEL ? units - j : CAPAS_PANEL;
    const float *from = (const float *)call->arguments->output_gradient + first * units + j;
    float *bias = call->arguments->bias_gradient;
    if (count < CAPAS_PANEL) memset(to, 0, (size_t)(rows * CAPAS_PANEL) * sizeof *to);
    for (int64_t i = 0; i < count; i += CAPAS_VECTOR) {
        const int width = (int)(count - i < CAPAS_VECTOR ? count - i : CAPAS_VECTOR);
        vfloat sum = v_zero();
        for (int64_t b = 0; b < rows; b++) {
            const vfloat gradient = v_load_some(from + b * units + i, width);
            v_store(to + b * CAPAS_PANEL + i, gradient);
            sum += gradient;
        }
        if (!bias) continue;
        if (first > 0) sum += v_load_some(bias + j + i, width);
        v_store_some(bias + j + i, sum, width);
    }
}

/* The sums of a panel into the tiles [units][T], zeros in their padding. */
static inline void capas_outer_finish(const capas_outer_call *call, int64_t panel)
{
    const capas_dense_problem *p = call->problem;
    const int64_t j = panel * CAPAS_PANEL;
    const int64_t count = p->units - j < CAPAS_PANEL ? p->units - j : CAPAS_PANEL;
    const float *sums = call->sums + panel * p->inputs * CAPAS_PANEL;
    for (int64_t k = 0; k < p->inputs; k += p->tile) {
        const int64_t used = p->inputs - k < p->tile ? p->inputs - k : p->tile;
        float *to = (float *)call->arguments->weight_gradient + (k * p->units + j * p->tile);
        capas_transpose(sums + k * CAPAS_PANEL, CAPAS_PANEL, used, count, to, p->tile, p->tile);
    }
}

/* Pieces are panels. */
static void capas_outer_range(const void *problem, const void *context, int64_t begin, int64_t end,
                              int shard)
{
    const capas_dense_problem *p = problem;
    const capas_outer_call *call = context;
    float *space = call->panels + (int64_t)shard * CAPAS_OUTER_ROWS * CAPAS_PANEL;
    for (int64_t first = 0; first < call->arguments->rows; first += CAPAS_OUTER_ROWS) {
        const int64_t rows = capas_outer_rows(call, first);
        const float *columns = call->columns + first * p->inputs;
        capas_product product = {.tile = (int)rows, .tiles = 1, .adds = first > 0};
        for (int64_t panel = begin; panel < end; panel++) {
            float *sums = call->sums + panel * p->inputs * CAPAS_PANEL;
            capas_outer_pack(call, panel, first, rows, space);
            for (int64_t k = 0; k < p->inputs; k += CAPAS_UNIT_BLOCK) {
                const int64_t left = p->inputs - k;
                const int64_t block = left < CAPAS_UNIT_BLOCK ? left : CAPAS_UNIT_BLOCK;
                product.next = columns + (k + block) * rows;
                product.pace = (int)block;
                capas_multiply_functions[block - 1](&product, columns + k * rows, space,
                                                    sums + k * CAPAS_PANEL);
            }
        }
    }
    for (int64_t panel = begin; panel < end; panel++)
        capas_outer_finish(call, panel);
}

/* Linear layers, weights' and perhaps bias gradient; at least one row. */
static void capas_outer(const void *problem, const void *arguments)
{
    const capas_dense_problem *p = problem;
    capas_outer_call call = {.problem = p, .arguments = arguments};
    capas_outer_lay_out(&call, call.arguments->workspace);
    const int64_t chunks = (call.arguments->rows + CAPAS_OUTER_ROWS - 1) / CAPAS_OUTER_ROWS;
    capas_parallel_ranges(chunks, 1, p->workers, capas_outer_transpose, p, &call);
    capas_parallel_ranges(capas_outer_panels(p), 1, p->workers, capas_outer_range, p, &call);
}

#endif
