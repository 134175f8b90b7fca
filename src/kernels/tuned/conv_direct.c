/* The heart of the direct convolution: some neighbours in a row by 16 filters, all sums in
 * registers.
 *
 *                     16 filters                 one step of the inner loop, tap t:
 *                 +----------------+               w = W[t][0..15]           (1 to 4 vectors)
 *    pixel x      | sum sum sum .. |               for each pixel i:
 *    pixel x + 1  | sum sum sum .. |                 sum[i] += X[i * step + t] * w
 *    ...          |                |
 *
 * The sums of a pixel begin with the bias and take the taps in the order of t, whatever the tile's
 * width: a pixel's value does not depend on where in the row it is. */
#include "kernels/tuned/conv_common.h"

/* Pixels of a full tile, so that sums, weights and one factor fit the registers: 32 of them in
 * AVX-512 and NEON, 16 otherwise. */
#if CAPAS_VECTOR == 16
enum { TILE = 12 };
#elif CAPAS_VECTOR == 8 || defined(__ARM_NEON)
enum { TILE = 6 };
#else
enum { TILE = 3 };
#endif

/* Three pixels share a pointer, as addresses of the form a, a + step, a + 2 * step cost nothing. */
enum { POINTERS = (TILE + 2) / 3 };

/* One row of the window: `taps` steps of the loop above. */
CAPAS_INLINE const float *add_window_row(const int pixels, vfloat sum[TILE][CONV_BLOCK_VECTORS],
                                         const float *x, int64_t step, int taps, const float *w)
{
    const float *first[POINTERS];
    CAPAS_UNROLL
    for (int i = 0; i < POINTERS; i++)
        first[i] = x + 3 * i * step;
    for (int t = 0; t < taps; t++, w += CONV_BLOCK) {
        vfloat factor[CONV_BLOCK_VECTORS];
        CAPAS_UNROLL
        for (int v = 0; v < CONV_BLOCK_VECTORS; v++)
            factor[v] = v_load(w + v * CAPAS_VECTOR);
        CAPAS_UNROLL
        for (int i = 0; i < pixels; i++) {
            vfloat value = v_set(first[i / 3][i % 3 * step + t]);
            CAPAS_UNROLL
            for (int v = 0; v < CONV_BLOCK_VECTORS; v++)
                sum[i][v] = v_fma(value, factor[v], sum[i][v]);
        }
    }
    return w;
}

CAPAS_INLINE void store_tile(const int pixels, vfloat sum[TILE][CONV_BLOCK_VECTORS],
                             const conv_row *row, int begin)
{
    const vfloat least = v_set(row->floor);
    float *out = row->output + begin * row->output_step;
    CAPAS_UNROLL
    for (int i = 0; i < pixels; i++, out += row->output_step) {
        float all[CONV_BLOCK], *to = row->filters == CONV_BLOCK ? out : all;
        CAPAS_UNROLL
        for (int v = 0; v < CONV_BLOCK_VECTORS; v++)
            v_store(to + v * CAPAS_VECTOR, v_max(least, sum[i][v]));
        if (to == all) conv_copy_filters(out, all, row->filters);
    }
}

CAPAS_INLINE void tile(const int pixels, const conv_row *row, int begin)
{
    vfloat sum[TILE][CONV_BLOCK_VECTORS];
    CAPAS_UNROLL
    for (int i = 0; i < pixels; i++) {
        CAPAS_UNROLL
        for (int v = 0; v < CONV_BLOCK_VECTORS; v++)
            sum[i][v] = v_load(row->bias + v * CAPAS_VECTOR);
    }
    const float *x = row->input + (int64_t)begin * row->step, *w = row->weights;
    for (int r = 0; r < row->rows; r++, x += row->pitch)
        w = add_window_row(pixels, sum, x, row->step, row->window, w);
    store_tile(pixels, sum, row, begin);
}

/* A function for each width of a tile: by itself the compiler keeps all its sums in registers. */
#define DEFINE_TILE(pixels)                                                                        \
    static __attribute__((noinline)) void tile_##pixels(const conv_row *row, int begin)            \
    {                                                                                              \
        tile(pixels <= TILE ? pixels : TILE, row, begin);                                          \
    }
DEFINE_TILE(1)
DEFINE_TILE(2)
DEFINE_TILE(3)
DEFINE_TILE(4)
DEFINE_TILE(5)
DEFINE_TILE(6)
DEFINE_TILE(7)
DEFINE_TILE(8)
DEFINE_TILE(9)
DEFINE_TILE(10)
DEFINE_TILE(11)
DEFINE_TILE(12)

/* The row is cut into tiles as even as can be. */
void CAPAS_TUNED(capas_conv_direct_row)(const conv_row *row)
{
    static void (*const tile_of[])(const conv_row *, int) = {tile_1, tile_2,  tile_3,  tile_4,
                                                             tile_5, tile_6,  tile_7,  tile_8,
                                                             tile_9, tile_10, tile_11, tile_12};
    const int tiles = (row->pixels + TILE - 1) / TILE;
    for (int i = 0; i < tiles; i++) {
        const int begin = row->pixels * i / tiles, end = row->pixels * (i + 1) / tiles;
        tile_of[end - begin - 1](row, begin);
    }
}
