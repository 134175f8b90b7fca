/* The heart of a dense layer's forward product: a few units times a panel of 16 rows, in registers.
 *
 *   out[unit][16] (+)= sum over k of x[k][16] * w[unit][k]
 *
 *   panel        k0 k1 k2 ...                weights, one tile     unit 0: k0 k1 ... k(T-1)
 *   (16 rows)    |  |  |   16 floats each    of T inputs           unit 1: k0 k1 ... k(T-1) ...
 *
 * Each weight is broadcast and multiplied with the 16 rows. Meanwhile the weights of a later call
 * come into the first cache, little by little: all at once they would stop the multiplications. */
#ifndef CAPAS_KERNELS_TUNED_DENSE_PRODUCT_H
#define CAPAS_KERNELS_TUNED_DENSE_PRODUCT_H

#include "kernels/tuned/vector.h"

enum { CAPAS_PANEL = 16, CAPAS_PANEL_VECTORS = CAPAS_PANEL / CAPAS_VECTOR };

/* Units at once: about as many sums as there are registers. */
#if CAPAS_VECTOR == 16
enum { CAPAS_UNIT_BLOCK = 12 };
#elif defined(__SSE2__) && CAPAS_VECTOR == 4
enum { CAPAS_UNIT_BLOCK = 3 };
#else
enum { CAPAS_UNIT_BLOCK = 6 };
#endif

/* The part of the product that one call makes: `tiles` tiles from `weights` on. */
typedef struct capas_product {
    int tile, tiles;
    int64_t tile_stride; /* from one tile's weights to the next */
    const float *next;   /* what is asked for meanwhile: of each tile so many floats for an input */
    int pace;
    bool adds; /* to what is in out; otherwise overwrites it */
} capas_product;

/* sum += weight * rows, where 16 lanes let the instruction do the broadcast. */
CAPAS_INLINE void capas_add_product(vfloat *sum, vfloat weight, vfloat rows)
{
#if CAPAS_VECTOR == 16
    *sum = v_fma(weight, rows, *sum);
#else
    v_accumulate(sum, weight, rows);
#endif
}

CAPAS_INLINE void capas_multiply_block(int units, const capas_product *product,
                                       const float *weights, const float *x, float *out)
{
    vfloat sum[CAPAS_UNIT_BLOCK][CAPAS_PANEL_VECTORS];
    const int64_t tile = product->tile;
    CAPAS_UNROLL
    for (int j = 0; j < units; j++)
        CAPAS_UNROLL
    for (int i = 0; i < CAPAS_PANEL_VECTORS; i++)
        sum[j][i] = v_zero();
    for (int t = 0; t < product->tiles; t++) {
        const float *w[4]; /* of each three units */
        CAPAS_UNROLL
        for (int j = 0; j < (units + 2) / 3; j++)
            w[j] = weights + t * product->tile_stride + 3 * j * tile;
        const float *next = product->next + t * product->tile_stride;
        _Pragma("GCC unroll 2") for (int64_t k = 0; k < tile; k++)
        {
            vfloat rows[CAPAS_PANEL_VECTORS];
            __builtin_prefetch(next);
            next += product->pace;
            CAPAS_UNROLL
            for (int i = 0; i < CAPAS_PANEL_VECTORS; i++)
                rows[i] = v_load(x + i * CAPAS_VECTOR);
            CAPAS_UNROLL
            for (int j = 0; j < units; j++) {
                const vfloat weight = v_set(w[j / 3][j % 3 * tile]);
                CAPAS_UNROLL
                for (int i = 0; i < CAPAS_PANEL_VECTORS; i++)
                    capas_add_product(&sum[j][i], weight, rows[i]);
            }
            x += CAPAS_PANEL;
            CAPAS_UNROLL
            for (int j = 0; j < (units + 2) / 3; j++)
                w[j]++;
        }
    }
    CAPAS_UNROLL
    for (int j = 0; j < units; j++)
        CAPAS_UNROLL
    for (int i = 0; i < CAPAS_PANEL_VECTORS; i++) {
        float *to = out + j * CAPAS_PANEL + i * CAPAS_VECTOR;
        if (product->adds) sum[j][i] += v_load(to);
        v_store(to, sum[j][i]);
    }
}

#define CAPAS_MULTIPLY(units)                                                                      \
    static __attribute__((noinline)) void capas_multiply_##units(                                  \
        const capas_product *product, const float *weights, const float *x, float *out)            \
    {                                                                                              \
        capas_multiply_block(units, product, weights, x, out);                                     \
    }
CAPAS_MULTIPLY(1)
CAPAS_MULTIPLY(2)
CAPAS_MULTIPLY(3)
#if !(defined(__SSE2__) && CAPAS_VECTOR == 4)
CAPAS_MULTIPLY(4)
CAPAS_MULTIPLY(5)
CAPAS_MULTIPLY(6)
#endif
#if CAPAS_VECTOR == 16
CAPAS_MULTIPLY(7)
CAPAS_MULTIPLY(8)
CAPAS_MULTIPLY(9)
CAPAS_MULTIPLY(10)
CAPAS_MULTIPLY(11)
CAPAS_MULTIPLY(12)
#endif
#undef CAPAS_MULTIPLY

typedef void capas_multiply_function(const capas_product *product, const float *weights,
                                     const float *x, float *out);

/* By the number of units, less one. */
static capas_multiply_function *const capas_multiply_functions[CAPAS_UNIT_BLOCK] = {
    capas_multiply_1,  capas_multiply_2,  capas_multiply_3,
#if !(defined(__SSE2__) && CAPAS_VECTOR == 4)
    capas_multiply_4,  capas_multiply_5,  capas_multiply_6,
#endif
#if CAPAS_VECTOR == 16
    capas_multiply_7,  capas_multiply_8,  capas_multiply_9,
    capas_multiply_10, capas_multiply_11, capas_multiply_12,
#endif
};

#endif
