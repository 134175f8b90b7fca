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
enum { TILE = 2 };
#endif

/* Three pixels share a pointer, as addresses of the form a, a + step, a + 2 * step cost nothing. */
enum { POINTERS = (TILE + 2) / 3 };

/* Of pixel i, vector v: number i * VECTORS + v. */
enum { VECTORS = CONV_BLOCK_VECTORS, SUMS = TILE * VECTORS };

/* One row of the window: `taps` steps of the loop above. `ahead` goes on by `pace` floats a step.
 */
CAPAS_INLINE const float *add_window_row(const int sums, vfloat sum[SUMS], const float *x,
                                         int64_t step, int taps, const float *w, const float *ahead,
                                         int64_t pace)
{
    const float *first[POINTERS];
    CAPAS_UNROLL
    for (int i = 0; i < POINTERS; i++)
        first[i] = x + 3 * i * step;
    for (int t = 0; t < taps; t++, w += CONV_BLOCK, ahead += pace) {
        __builtin_prefetch(ahead, 0, 2);
        vfloat factor[VECTORS];
        CAPAS_UNROLL
        for (int v = 0; v < VECTORS; v++)
            factor[v] = v_load(w + v * CAPAS_VECTOR);
        CAPAS_UNROLL
        for (int i = 0; i < sums; i++) {
            const int pixel = i / VECTORS;
            vfloat value = v_set(first[pixel / 3][pixel % 3 * step + t]);
            sum[i] = v_fma(value, factor[i % VECTORS], sum[i]);
        }
    }
    return w;
}

CAPAS_INLINE void add_residual(const int sums, vfloat sum[SUMS], const conv_row *row, int begin)
{
    const float *residual = row->residual + begin * row->output_step;
    if (row->filters == CONV_BLOCK) {
        CAPAS_UNROLL
        for (int i = 0; i < sums; i++)
            sum[i] +=
                v_load(residual + i / VECTORS * row->output_step + i % VECTORS * CAPAS_VECTOR);
        return;
    }
    float all[SUMS * CAPAS_VECTOR] = {0};
    for (int i = 0; i < sums / VECTORS; i++)
        memcpy(all + i * CONV_BLOCK, residual + i * row->output_step,
               (size_t)row->filters * sizeof(float));
    CAPAS_UNROLL
    for (int i = 0; i < sums; i++)
        sum[i] += v_load(all + i * CAPAS_VECTOR);
}

CAPAS_INLINE void store_tile(const int sums, vfloat sum[SUMS], const conv_row *row, int begin)
{
    const conv_limits limits = row->limits;
    float *out = row->output + begin * row->output_step;
    if (row->residual) add_residual(sums, sum, row, begin);
    if (row->filters == CONV_BLOCK) {
        CAPAS_UNROLL
        for (int i = 0; i < sums; i++)
            v_store(out + i / VECTORS * row->output_step + i % VECTORS * CAPAS_VECTOR,
                    conv_limited(limits, sum[i]));
        return;
    }
    float all[SUMS * CAPAS_VECTOR];
    CAPAS_UNROLL
    for (int i = 0; i < sums; i++)
        v_store(all + i * CAPAS_VECTOR, conv_limited(limits, sum[i]));
    for (int i = 0; i < sums / VECTORS; i++)
        memcpy(out + i * row->output_step, all + i * CONV_BLOCK,
               (size_t)row->filters * sizeof(float));
}

CAPAS_INLINE void tile(const int pixels, const conv_row *row, int begin, const float *ahead,
                       int64_t pace)
{
    vfloat sum[SUMS];
    CAPAS_UNROLL
    for (int i = 0; i < pixels * VECTORS; i++)
        sum[i] = v_load(row->bias + i % VECTORS * CAPAS_VECTOR);
    const float *x = row->input + (int64_t)begin * row->step, *w = row->weights;
    if (row->residual)
        for (int i = 0; i < pixels; i++) { /* pixels apart: no hardware sees that coming */
            __builtin_prefetch(row->residual + (begin + i) * row->output_step);
            __builtin_prefetch(row->output + (begin + i) * row->output_step, 1);
        }
    for (int r = 0; r < row->rows; r++, x += row->pitch, ahead += row->window * pace)
        w = add_window_row(pixels * VECTORS, sum, x, row->step, row->window, w, ahead, pace);
    store_tile(pixels * VECTORS, sum, row, begin);
}

/* A function for each width of a tile: by itself the compiler keeps all its sums in registers. */
#define DEFINE_TILE(pixels)                                                                        \
    static __attribute__((noinline)) void tile_##pixels(const conv_row *row, int begin,            \
                                                        const float *ahead, int64_t pace)          \
    {                                                                                              \
        tile(pixels <= TILE ? pixels : TILE, row, begin, ahead, pace);                             \
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

/* The row is cut into tiles as even as can be. Meanwhile the weights behind those of this block,
 * the next one's, come into the second cache, spread over all tiles: left to the first tile that
 * needs them, they would come too slowly. */
void CAPAS_TUNED(capas_conv_direct_row)(const conv_row *row)
{
    static void (*const tile_of[])(const conv_row *, int, const float *,
                                   int64_t) = {tile_1, tile_2, tile_3, tile_4,  tile_5,  tile_6,
                                               tile_7, tile_8, tile_9, tile_10, tile_11, tile_12};
    const int tiles = (row->pixels + TILE - 1) / TILE;
    const int64_t taps = (int64_t)row->rows * row->window, pace = (CONV_BLOCK + tiles - 1) / tiles;
    const float *next = row->weights + taps * CONV_BLOCK;
    for (int i = 0; i < tiles; i++) {
        const int begin = row->pixels * i / tiles, end = row->pixels * (i + 1) / tiles;
        tile_of[end - begin - 1](row, begin, next + i * taps * pace, pace);
    }
}
