/* The heart of a dense layer's forward product: a few units times panels of 16 rows, in registers.
 *
 *   out[panel][unit][16] (+)= sum over k of x[panel][k][16] * w[unit][k]
 *
 *   panel        k0 k1 k2 ...                weights, one tile     unit 0: k0 k1 ... k(T-1)
 *   (16 rows)    |  |  |   16 floats each    of T inputs           unit 1: k0 k1 ... k(T-1) ...
 *
 * Each weight is broadcast and multiplied with the 16 rows. */
#ifndef CAPAS_KERNELS_TUNED_DENSE_PRODUCT_H
#define CAPAS_KERNELS_TUNED_DENSE_PRODUCT_H

#include "kernels/tuned/vector.h"

enum { CAPAS_PANEL = 16, CAPAS_PANEL_VECTORS = CAPAS_PANEL / CAPAS_VECTOR };

/* Units and panels at once: about as many sums as there are registers. */
#if CAPAS_VECTOR == 16
enum { CAPAS_UNIT_BLOCK = 6, CAPAS_PANEL_BLOCK = 2 };
#elif defined(__SSE2__) && CAPAS_VECTOR == 4
enum { CAPAS_UNIT_BLOCK = 3, CAPAS_PANEL_BLOCK = 1 };
#else
enum { CAPAS_UNIT_BLOCK = 6, CAPAS_PANEL_BLOCK = 1 };
#endif

/* The part of the product that one call makes: `tiles` tiles from `weights` and `panels` on. */
typedef struct capas_product {
    int tile, tiles;
    int64_t tile_stride;  /* from one tile's weights to the next */
    int64_t panel_stride; /* between panels of x */
    int64_t out_stride;   /* between panels of out */
    bool adds;            /* to what is in out; otherwise overwrites it */
} capas_product;

CAPAS_INLINE void capas_multiply_block(int units, int panels, const capas_product *product,
                                       const float *weights, const float *x, float *out)
{
    enum { MOST = CAPAS_PANEL_BLOCK * CAPAS_PANEL_VECTORS };
    vfloat sum[CAPAS_UNIT_BLOCK][MOST];
    const int64_t tile = product->tile, panel_stride = product->panel_stride;
    const int vectors = panels * CAPAS_PANEL_VECTORS;
    CAPAS_UNROLL
    for (int j = 0; j < units; j++)
        CAPAS_UNROLL
    for (int i = 0; i < vectors; i++)
        sum[j][i] = v_zero();
    for (int t = 0; t < product->tiles; t++) {
        const float *w = weights + t * product->tile_stride, *w_high = w + 3 * tile;
        _Pragma("GCC unroll 2") for (int64_t k = 0; k < tile; k++)
        {
            vfloat row[MOST];
            CAPAS_UNROLL
            for (int i = 0; i < vectors; i++)
                row[i] = v_load(x + i / CAPAS_PANEL_VECTORS * panel_stride +
                                i % CAPAS_PANEL_VECTORS * CAPAS_VECTOR);
            CAPAS_UNROLL
            for (int j = 0; j < units; j++) {
                vfloat weight = v_set(j < 3 ? w[j * tile] : w_high[(j - 3) * tile]);
                CAPAS_UNROLL
                for (int i = 0; i < vectors; i++)
                    v_accumulate(&sum[j][i], weight, row[i]);
            }
            x += CAPAS_PANEL;
            w++;
            w_high++;
        }
    }
    CAPAS_UNROLL
    for (int j = 0; j < units; j++)
        CAPAS_UNROLL
    for (int i = 0; i < vectors; i++) {
        float *to = out + i / CAPAS_PANEL_VECTORS * product->out_stride + j * CAPAS_PANEL +
                    i % CAPAS_PANEL_VECTORS * CAPAS_VECTOR;
        if (product->adds) sum[j][i] += v_load(to);
        v_store(to, sum[j][i]);
    }
}

#define CAPAS_MULTIPLY(units, panels)                                                              \
    static __attribute__((noinline)) void capas_multiply_##units##_##panels(                       \
        const capas_product *product, const float *weights, const float *x, float *out)            \
    {                                                                                              \
        capas_multiply_block(units, panels, product, weights, x, out);                             \
    }
CAPAS_MULTIPLY(1, 1)
CAPAS_MULTIPLY(2, 1)
CAPAS_MULTIPLY(3, 1)
#if !(defined(__SSE2__) && CAPAS_VECTOR == 4)
CAPAS_MULTIPLY(4, 1)
CAPAS_MULTIPLY(5, 1)
CAPAS_MULTIPLY(6, 1)
#endif
#if CAPAS_VECTOR == 16
CAPAS_MULTIPLY(1, 2)
CAPAS_MULTIPLY(2, 2)
CAPAS_MULTIPLY(3, 2)
CAPAS_MULTIPLY(4, 2)
CAPAS_MULTIPLY(5, 2)
CAPAS_MULTIPLY(6, 2)
#endif
#undef CAPAS_MULTIPLY

typedef void capas_multiply_function(const capas_product *product, const float *weights,
                                     const float *x, float *out);

/* 1 .. CAPAS_UNIT_BLOCK units, 1 .. CAPAS_PANEL_BLOCK panels. */
static inline capas_multiply_function *capas_multiply_for(int units, int panels)
{
    static capas_multiply_function *const functions[CAPAS_PANEL_BLOCK][CAPAS_UNIT_BLOCK] = {
#if defined(__SSE2__) && CAPAS_VECTOR == 4
        {capas_multiply_1_1, capas_multiply_2_1, capas_multiply_3_1},
#else
        {capas_multiply_1_1, capas_multiply_2_1, capas_multiply_3_1, capas_multiply_4_1,
         capas_multiply_5_1, capas_multiply_6_1},
#endif
#if CAPAS_VECTOR == 16
        {capas_multiply_1_2, capas_multiply_2_2, capas_multiply_3_2, capas_multiply_4_2,
         capas_multiply_5_2, capas_multiply_6_2},
#endif
    };
    return functions[panels - 1][units - 1];
}

#endif
