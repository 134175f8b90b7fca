/* dW by taps: vectors of filters, the sums of some taps in registers over all cells of some images.
 *
 *   sum[t][k] += g[cell][k] * X[window of the cell][t]            without a pool: one X for all k
 *   sum[t][k] += g[cell][k] * X[window of the maximum of k][t]    behind a 2x2 pool
 *
 * Behind a pool the pixel differs from filter to filter, one of four. So the image is first laid
 * out in quads, what tap t is for the four pixels of a cell side by side, and a permutation by the
 * position picks for each filter:
 *
 *   quads [row][e][4] = X[row][e], X[row][e + step], X[row + sh][e], X[row + sh][e + step]
 *
 *   sums [vectors][taps][CAPAS_VECTOR] */
#include "kernels/tuned/conv_backward.h"

/* Of one vector of filters: a worker's scratch. */
typedef struct scratch {
    float *gradient;   /* [images * cells][CAPAS_VECTOR] */
    int32_t *position; /* [images * cells][CAPAS_VECTOR], pooled only */
    float *quads;      /* [padded_height - sh][padded_width * channels][4], pooled only */
} scratch;

/* Quads are made for one image. A tile reads a cache line for each cell: 256 of them stay in the
 * first cache, and the images in the second. */
static int images(const conv_backward *b)
{
    enum { ENOUGH_CELLS = 256, MOST_BYTES = 512 << 10 };
    return b->pooled ? 1 : conv_images_together(b, ENOUGH_CELLS, MOST_BYTES);
}

static size_t lay_out(scratch *s, const conv_backward *b, void *memory_begin)
{
    conv_memory memory = {memory_begin, 0};
    const size_t gradients = (size_t)images(b) * (size_t)b->sizes.cells * CAPAS_VECTOR;
    const size_t image = (size_t)b->sizes.padded_height * (size_t)b->sizes.padded_width *
                         (size_t)b->problem->channels;
    s->gradient = conv_take(&memory, gradients, sizeof(float));
    s->position = conv_take(&memory, b->pooled ? gradients : 0, sizeof(int32_t));
    s->quads = conv_take(&memory, b->pooled ? 4 * image : 0, sizeof(float));
    return memory.used;
}

static size_t scratch_bytes(const conv_backward *b)
{
    scratch s;
    return lay_out(&s, b, NULL);
}

static size_t sum_floats(const conv_backward *b)
{
    return (size_t)b->vectors * (size_t)b->sizes.taps * CAPAS_VECTOR;
}

/* Some rows of some taps each, over all cells. */
CAPAS_INLINE void add_taps(const int rows, const int taps, const bool pooled, const conv_taps *tile)
{
    vfloat sum[rows * taps];
    CAPAS_UNROLL
    for (int i = 0; i < rows * taps; i++)
        sum[i] = v_load(tile->sums + i / taps * tile->sums_row + i % taps * CAPAS_VECTOR);
    const float *g = tile->gradient;
    const int32_t *position = tile->position;
    for (int image = 0; image < tile->images; image++)
        for (int y = 0; y < tile->cells_high; y++) {
            const float *x = tile->input + image * tile->image_step + y * tile->down;
            for (int j = 0; j < tile->cells_wide; j++, x += tile->across, g += CAPAS_VECTOR) {
                const vfloat factor = v_load(g);
                vint where = v_set_int(0);
                if (pooled) {
                    where = v_load_int(position);
                    position += CAPAS_VECTOR;
                }
                CAPAS_UNROLL
                for (int i = 0; i < rows * taps; i++) {
                    const float *tap = x + i / taps * tile->pitch;
                    vfloat value = pooled ? v_permute_quad(v_load_quad(tap + i % taps * 4), where)
                                          : v_set(tap[i % taps]);
                    sum[i] = v_fma(value, factor, sum[i]);
                }
            }
        }
    CAPAS_UNROLL
    for (int i = 0; i < rows * taps; i++)
        v_store(tile->sums + i / taps * tile->sums_row + i % taps * CAPAS_VECTOR, sum[i]);
}

typedef void add_taps_function(const conv_taps *tile);

#define DEFINE_ADD_TAPS(rows, taps)                                                                \
    static __attribute__((noinline)) void add_taps_##rows##_##taps(const conv_taps *tile)          \
    {                                                                                              \
        add_taps(rows, taps, false, tile);                                                         \
    }                                                                                              \
    static __attribute__((noinline)) void add_quads_##rows##_##taps(const conv_taps *tile)         \
    {                                                                                              \
        add_taps(rows, taps, true, tile);                                                          \
    }
CONV_TILE_SHAPES(DEFINE_ADD_TAPS)

#define ADD_TAPS_ENTRY(rows, taps)  [rows - 1][taps - 1] = add_taps_##rows##_##taps,
#define ADD_QUADS_ENTRY(rows, taps) [rows - 1][taps - 1] = add_quads_##rows##_##taps,
static add_taps_function *const add_taps_of[2][CONV_TILE_ROWS][CONV_TILE_SUMS] = {
    {CONV_TILE_SHAPES(ADD_TAPS_ENTRY)}, {CONV_TILE_SHAPES(ADD_QUADS_ENTRY)}};

void CAPAS_TUNED(capas_conv_add_taps)(const conv_taps *tile, int taps)
{
    add_taps_of[0][0][taps - 1](tile);
}

/* dZ of one vector of filters in all cells of the images, and their sum. */
static void gather(const conv_backward *b, const conv_images *images, int first, scratch *s,
                   float *bias_sums)
{
    const conv_gradient *g = &images->gradient;
    const int filters = b->problem->filters, count = conv_smaller(CAPAS_VECTOR, filters - first);
    vfloat bias = v_load(bias_sums + first);
    for (int64_t cell = 0; cell < images->count * b->sizes.cells; cell++) {
        vfloat value = conv_live(g, cell * filters + first, count);
        bias += value;
        v_store(s->gradient + cell * CAPAS_VECTOR, value);
        if (b->pooled)
            v_store_int(s->position + cell * CAPAS_VECTOR,
                        conv_positions(g, cell * filters + first, count));
    }
    v_store(bias_sums + first, bias);
}

static void make_quads(const conv_backward *b, conv_view view, float *quads)
{
    const int64_t step = b->sizes.step,
                  wide = (int64_t)b->sizes.padded_width * b->problem->channels;
    for (int h = 0; h < b->sizes.padded_height - b->problem->stride_height; h++) {
        const float *x = view.first + h * view.pitch, *below = x + b->row_step;
        float *quad = quads + h * wide * 4;
        for (int64_t e = 0; e < wide - step; e++) {
            quad[4 * e] = x[e];
            quad[4 * e + 1] = x[e + step];
            quad[4 * e + 2] = below[e];
            quad[4 * e + 3] = below[e + step];
        }
    }
}

/* Tiles of one vector of filters. `input`: of the first image; `width`: its numbers for one tap, 1
 * or a quad. */
static void add_vector(const conv_backward *b, const conv_images *images, const float *input,
                       int64_t pitch, int width, const scratch *s, float *sums)
{
    const capas_conv_pool *pool = &b->problem->pool;
    const conv_tiling t = conv_tiling_of(b->problem->kernel_height, b->sizes.window);
    conv_taps tile = {
        .pitch = pitch,
        .image_step = images->image_step,
        .down = (b->pooled ? pool->stride_height : 1) * b->problem->stride_height * pitch,
        .across = (int64_t)(b->pooled ? pool->stride_width : 1) * b->sizes.step * width,
        .images = images->count,
        .cells_high = b->sizes.cells_high,
        .cells_wide = b->sizes.cells_wide,
        .gradient = s->gradient,
        .position = s->position,
        .sums_row = (int64_t)b->sizes.window * CAPAS_VECTOR,
    };
    for (int i = 0; i < t.down * t.across; i++) {
        const conv_tile at = conv_tile_at(&t, i);
        tile.input = input + at.row * pitch + at.column * width;
        tile.sums = sums + at.row * tile.sums_row + at.column * CAPAS_VECTOR;
        add_taps_of[b->pooled][at.rows - 1][at.columns - 1](&tile);
    }
}

static void add_images(const conv_backward *b, const conv_images *images, int begin, int end,
                       float *sums, float *bias_sums, void *memory)
{
    const conv_view view = images->view;
    scratch s;
    lay_out(&s, b, memory);
    if (sums && b->pooled) make_quads(b, view, s.quads);
    for (int v = begin; v < end; v++) {
        gather(b, images, v * CAPAS_VECTOR, &s, bias_sums);
        if (!sums) continue;
        float *to = sums + (int64_t)v * b->sizes.taps * CAPAS_VECTOR;
        if (b->pooled)
            add_vector(b, images, s.quads, 4LL * b->sizes.padded_width * b->problem->channels, 4,
                       &s, to);
        else
            add_vector(b, images, view.first, view.pitch, 1, &s, to);
    }
}

static void write_weights(const conv_backward *b, const float *sums, int begin, int end,
                          float *weight_gradient)
{
    const int filters = b->problem->filters;
    for (int v = begin; v < end; v++) {
        const int first = v * CAPAS_VECTOR, count = conv_smaller(CAPAS_VECTOR, filters - first);
        const float *from = sums + (int64_t)v * b->sizes.taps * CAPAS_VECTOR;
        for (int t = 0; t < b->sizes.taps; t++)
            memcpy(weight_gradient + (int64_t)t * filters + first, from + t * CAPAS_VECTOR,
                   (size_t)count * sizeof(float));
    }
}

const conv_weights_way CAPAS_TUNED(capas_conv_weights_by_taps) = {
    .whole_vectors = false,
    .images = images,
    .sum_floats = sum_floats,
    .scratch_bytes = scratch_bytes,
    .add_images = add_images,
    .write = write_weights,
};
