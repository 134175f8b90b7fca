/* From Winograd's points to outputs (conv_winograd.h), with bias, a residual, ReLU and max-pool on
 * the way. */
#include "kernels/tuned/conv_winograd.h"
#include "kernels/tuned/elements.h"

/* Where a tile goes: values and, behind a pool in training, positions. */
typedef struct tile_output {
    float *output;         /* of the tile's first cell and the block's first filter */
    const float *residual; /* likewise; NULL: none */
    uint8_t *position;
    int64_t row;    /* floats from row to row */
    int filters;    /* of all */
    int high, wide; /* cells of the tile that are there */
    int block;      /* filters of this block */
    float floor;
} tile_output;

static void store_some_bytes(uint8_t *to, vint value, int count)
{
    uint8_t bytes[CAPAS_VECTOR];
    v_store_bytes(bytes, value);
    memcpy(to, bytes, (size_t)count);
}

/* The four pixels of a cell, in rows of WINOGRAD_OUTPUTS. */
CAPAS_INLINE void store_pooled(const tile_output *o, const vfloat *y, int64_t at, int count)
{
    vint where;
    vfloat best =
        conv_best_of_four(y[0], y[1], y[WINOGRAD_OUTPUTS], y[WINOGRAD_OUTPUTS + 1], &where);
    v_store_some(o->output + at, v_max(v_set(o->floor), best), count);
    if (!o->position) return;
    if (count == CAPAS_VECTOR)
        v_store_bytes(o->position + at, where);
    else
        store_some_bytes(o->position + at, where, count);
}

CAPAS_INLINE void store_cell(const tile_output *o, vfloat y, int64_t at, int count)
{
    if (o->residual) y += v_load_some(o->residual + at, count);
    v_store_some(o->output + at, v_max(v_set(o->floor), y), count);
}

/* A vector of filters of a tile, from the points to the output. */
CAPAS_INLINE void finish(const int line, const bool pooled, const float *product,
                         const tile_output *o, vfloat bias, int v, int count)
{
    enum { OUTPUTS = WINOGRAD_OUTPUTS };
    vfloat half[OUTPUTS][WINOGRAD_LINE], y[OUTPUTS * OUTPUTS];
    CAPAS_UNROLL
    for (int j = 0; j < line; j++) {
        vfloat point[WINOGRAD_LINE], value[OUTPUTS];
        CAPAS_UNROLL
        for (int i = 0; i < line; i++)
            point[i] = v_load(product + (i * line + j) * CONV_BLOCK);
        winograd_outputs(line, point, value);
        CAPAS_UNROLL
        for (int i = 0; i < OUTPUTS; i++)
            half[i][j] = value[i];
    }
    CAPAS_UNROLL
    for (int i = 0; i < OUTPUTS; i++) {
        winograd_outputs(line, half[i], y + i * OUTPUTS);
        CAPAS_UNROLL
        for (int j = 0; j < OUTPUTS; j++)
            y[i * OUTPUTS + j] += bias;
    }
    const int side = pooled ? 2 : 1;
    CAPAS_UNROLL
    for (int i = 0; i < OUTPUTS / side; i++) {
        CAPAS_UNROLL
        for (int j = 0; j < OUTPUTS / side; j++) {
            const int64_t at = i * o->row + (int64_t)j * o->filters + v;
            const vfloat *corner = y + side * (i * OUTPUTS + j);
            if (i >= o->high || j >= o->wide) continue;
            if (pooled)
                store_pooled(o, corner, at, count);
            else
                store_cell(o, *corner, at, count);
        }
    }
}

CAPAS_INLINE void finish_tile(const int line, const bool pooled, const float *product,
                              const tile_output *o, const float *bias)
{
    CAPAS_UNROLL
    for (int v = 0; v < CONV_BLOCK; v += CAPAS_VECTOR) {
        const int left = o->block - v;
        if (left >= CAPAS_VECTOR)
            finish(line, pooled, product + v, o, v_load(bias + v), v, CAPAS_VECTOR);
        else if (left > 0)
            finish(line, pooled, product + v, o, v_load(bias + v), v, left);
    }
}

#define DEFINE_FINISH(name, line, pooled)                                                          \
    static __attribute__((noinline)) void name(const float *product, const tile_output *o,         \
                                               const float *bias)                                  \
    {                                                                                              \
        finish_tile(line, pooled, product, o, bias);                                               \
    }
DEFINE_FINISH(finish_6, 6, false)
DEFINE_FINISH(finish_6_pooled, 6, true)
DEFINE_FINISH(finish_8, 8, false)
DEFINE_FINISH(finish_8_pooled, 8, true)

void CAPAS_TUNED(capas_winograd_output)(const capas_conv_problem *p, const winograd_tiles *tiles,
                                        const capas_conv_forward_arguments *a, int64_t first,
                                        int count, int block, const float *bias,
                                        const float *products)
{
    const bool pooled = p->pool.height > 0, six = tiles->line == 6;
    const int side = pooled ? 2 : 1, cells = WINOGRAD_OUTPUTS / side;
    const int high = pooled ? p->pool.out_height : p->out_height;
    const int wide = pooled ? p->pool.out_width : p->out_width;
    tile_output o = {
        .row = (int64_t)wide * p->filters,
        .filters = p->filters,
        .block = conv_smaller(CONV_BLOCK, p->filters - block * CONV_BLOCK),
        .floor = conv_limits_of(p->activation).floor,
    };
    for (int i = 0; i < count; i++, products += tiles->points * CONV_BLOCK) {
        const winograd_place place = winograd_place_of(tiles, first + i);
        const int row = place.row / side, column = place.column / side;
        const int64_t at =
            (place.image * high + row) * o.row + (int64_t)column * p->filters + block * CONV_BLOCK;
        o.output = (float *)a->output + at;
        o.residual = p->has_residual ? (const float *)a->residual + at : NULL;
        o.position = a->position ? a->position + at : NULL;
        o.high = conv_smaller(cells, high - row);
        o.wide = conv_smaller(cells, wide - column);
        (six      ? pooled ? finish_6_pooled : finish_6
         : pooled ? finish_8_pooled
                  : finish_8)(products, &o, bias);
    }
}
