/* dW from lists of what is live: for each filter the windows under its live cells, with their
 * gradients.
 *
 *   sum[k][r][t] += g_e * X[o_e + r * pitch + t]    for the live (o_e, g_e) of filter k: t in
 *                                                   vectors, whole tiles of (r, t) in registers
 *                                                   over the list
 *   sums [tile][filters][tile floats]
 *
 * A large image is taken in strips of rows of cells, so that what the lists point at stays in the
 * first cache; small ones are taken together, so that lists are long. */
#include "kernels/tuned/conv_backward.h"

/* Bytes of the padded images that a strip covers, about; cells of images that are taken together.
 */
enum { STRIP_BYTES = 24 << 10, ENOUGH_CELLS = 96 };

/* Small tiles take some entries of a list at once, each with sums of its own: sums that wait for
 * one another would leave the processor idle. */
CAPAS_INLINE int entries_at_once(int sums)
{
    return sums <= 3 ? 4 : sums <= 6 ? 2 : 1;
}

/* sum [rows][vectors] += over the list; x: where the tile is in the first window. */
CAPAS_INLINE void add_list(const int rows, const int vectors, const float *x, int64_t pitch,
                           const float *value, const int32_t *offset, int count, float *sum)
{
    const int sums = rows * vectors, entries = entries_at_once(sums);
    vfloat total[sums * entries];
    CAPAS_UNROLL
    for (int i = 0; i < sums * entries; i++)
        total[i] = i < sums ? v_load(sum + i * CAPAS_VECTOR) : v_zero();
    int e = 0;
    for (; e + entries <= count; e += entries) {
        CAPAS_UNROLL
        for (int i = 0; i < sums * entries; i++) {
            const int j = i % sums;
            const float *window = x + offset[e + i / sums] + j / vectors * pitch;
            total[i] = v_fma(v_set(value[e + i / sums]),
                             v_load(window + j % vectors * CAPAS_VECTOR), total[i]);
        }
    }
    for (; e < count; e++) {
        CAPAS_UNROLL
        for (int i = 0; i < sums; i++) {
            const float *window = x + offset[e] + i / vectors * pitch;
            total[i] =
                v_fma(v_set(value[e]), v_load(window + i % vectors * CAPAS_VECTOR), total[i]);
        }
    }
    CAPAS_UNROLL
    for (int i = sums; i < sums * entries; i++)
        total[i % sums] += total[i];
    CAPAS_UNROLL
    for (int i = 0; i < sums; i++)
        v_store(sum + i * CAPAS_VECTOR, total[i]);
}

typedef void add_list_function(const float *x, int64_t pitch, const float *value,
                               const int32_t *offset, int count, float *sum);

#define DEFINE_ADD_LIST(rows, vectors)                                                             \
    static __attribute__((noinline)) void add_list_##rows##_##vectors(                             \
        const float *x, int64_t pitch, const float *value, const int32_t *offset, int count,       \
        float *sum)                                                                                \
    {                                                                                              \
        add_list(rows, vectors, x, pitch, value, offset, count, sum);                              \
    }
CONV_TILE_SHAPES(DEFINE_ADD_LIST)

#define ADD_LIST_ENTRY(rows, vectors) [rows - 1][vectors - 1] = add_list_##rows##_##vectors,
static add_list_function *const add_list_of[CONV_TILE_ROWS][CONV_TILE_SUMS] = {
    CONV_TILE_SHAPES(ADD_LIST_ENTRY)};

static int images_together(const conv_backward *b)
{
    return conv_images_together(b, ENOUGH_CELLS, STRIP_BYTES);
}

/* Rows of cells of a strip: several images are one. */
static int strip_rows(const conv_backward *b)
{
    const int images = images_together(b);
    if (images > 1) return images * b->sizes.cells_high;
    const int64_t cell_row = b->row_step * (b->pooled ? b->problem->pool.stride_height : 1);
    const int64_t rows = STRIP_BYTES / (int64_t)sizeof(float) / cell_row;
    return conv_smaller(b->sizes.cells_high, rows > 1 ? (int)rows : 1);
}

/* A worker's scratch: the cells' windows, and the lists of one vector of filters. Lists have whole
 * vectors to spare at their end. */
typedef struct scratch {
    int32_t *window;  /* [images * cells], then some */
    float *values;    /* [CAPAS_VECTOR][capacity] */
    int32_t *offsets; /* [CAPAS_VECTOR][capacity] */
    int64_t capacity;
    int count[CAPAS_VECTOR];
} scratch;

static size_t lay_out(scratch *s, const conv_backward *b, void *memory_begin)
{
    conv_memory memory = {memory_begin, 0};
    s->capacity = (int64_t)strip_rows(b) * b->sizes.cells_wide + 2 * CAPAS_VECTOR;
    const int64_t cells = images_together(b) * b->sizes.cells;
    s->window = conv_take(&memory, (size_t)(cells + CAPAS_VECTOR), sizeof(int32_t));
    s->values = conv_take(&memory, (size_t)s->capacity * CAPAS_VECTOR, sizeof(float));
    s->offsets = conv_take(&memory, (size_t)s->capacity * CAPAS_VECTOR, sizeof(int32_t));
    return memory.used;
}

static size_t scratch_bytes(const conv_backward *b)
{
    scratch s;
    return lay_out(&s, b, NULL);
}

static size_t sum_floats(const conv_backward *b)
{
    const conv_list_tiling t = conv_list_tiling_of(b);
    return (size_t)(t.tiles * t.floats) * (size_t)b->problem->filters;
}

static void find_windows(const conv_backward *b, const conv_images *images, int32_t *window)
{
    for (int n = 0; n < images->count; n++)
        for (int i = 0; i < b->sizes.cells_high; i++)
            for (int j = 0; j < b->sizes.cells_wide; j++)
                *window++ = (int32_t)(n * images->image_step + conv_cell_offset(b, i, j));
    memset(window, 0, CAPAS_VECTOR * sizeof(int32_t));
}

/* A square of dZ, cells by filters, is turned over so that each filter's live cells can be
 * appended. */
CAPAS_INLINE void append_cells(const bool pooled, const conv_backward *b, const conv_gradient *g,
                               int64_t cell, int cells, int first, scratch *s, vfloat *bias)
{
    const int filters = b->problem->filters, count = conv_smaller(CAPAS_VECTOR, filters - first);
    const vint window = v_load_int(s->window + cell);
    vfloat value[CAPAS_VECTOR], offset[CAPAS_VECTOR];
    CAPAS_UNROLL
    for (int i = 0; i < CAPAS_VECTOR; i++) {
        const int64_t place = (cell + i) * filters + first;
        value[i] = i < cells ? conv_live(g, place, count) : v_zero();
        *bias += value[i];
        if (!pooled) continue;
        vint position = i < cells ? conv_positions(g, place, count) : v_set_int(0);
        offset[i] = (vfloat)conv_position_offset(b, position);
    }
    v_transpose(value);
    if (pooled) v_transpose(offset);
    CAPAS_UNROLL
    for (int k = 0; k < CAPAS_VECTOR; k++) {
        const int64_t end = k * s->capacity + s->count[k];
        vint where = window;
        if (pooled) where += (vint)offset[k];
        s->count[k] += v_append_live(s->values + end, s->offsets + end, value[k], where);
    }
}

/* The lists of CAPAS_VECTOR filters for cells begin .. end-1. */
CAPAS_INLINE void make_lists(const bool pooled, const conv_backward *b, const conv_gradient *g,
                             int64_t begin, int64_t end, int first, scratch *s, float *bias_sums)
{
    vfloat bias = v_load(bias_sums + first);
    memset(s->count, 0, sizeof s->count);
    for (; begin + CAPAS_VECTOR <= end; begin += CAPAS_VECTOR)
        append_cells(pooled, b, g, begin, CAPAS_VECTOR, first, s, &bias);
    if (begin < end) append_cells(pooled, b, g, begin, (int)(end - begin), first, s, &bias);
    v_store(bias_sums + first, bias);
}

/* What the lists give to their filters' sums. */
static void add_lists(const conv_backward *b, const conv_list_tiling *t, conv_view view, int first,
                      const scratch *s, float *sums)
{
    const int filters = b->problem->filters, count = conv_smaller(CAPAS_VECTOR, filters - first);
    for (int i = 0; i < t->tiles; i++) {
        const conv_tile tile = conv_tile_at(&t->tiling, i);
        const float *x = view.first + tile.row * view.pitch + tile.column * CAPAS_VECTOR;
        add_list_function *add = add_list_of[tile.rows - 1][tile.columns - 1];
        float *sum = sums + ((int64_t)i * filters + first) * t->floats;
        for (int k = 0; k < count; k++, sum += t->floats)
            add(x, view.pitch, s->values + k * s->capacity, s->offsets + k * s->capacity,
                s->count[k], sum);
    }
}

static void add_images(const conv_backward *b, const conv_images *images, int begin, int end,
                       float *sums, float *bias_sums, void *memory)
{
    const conv_list_tiling t = conv_list_tiling_of(b);
    const conv_gradient *g = &images->gradient;
    const int rows = strip_rows(b), wide = b->sizes.cells_wide;
    const int all_rows = images->count * b->sizes.cells_high;
    scratch s;
    lay_out(&s, b, memory);
    find_windows(b, images, s.window);
    for (int row = 0; row < all_rows; row += rows) {
        const int64_t last = conv_smaller(row + rows, all_rows);
        for (int v = begin; v < end; v++) {
            const int64_t from = (int64_t)row * wide, to = last * wide;
            if (b->pooled)
                make_lists(true, b, g, from, to, v * CAPAS_VECTOR, &s, bias_sums);
            else
                make_lists(false, b, g, from, to, v * CAPAS_VECTOR, &s, bias_sums);
            if (sums) add_lists(b, &t, images->view, v * CAPAS_VECTOR, &s, sums);
        }
    }
}

/* dW[r,t,k] of filters begin .. end-1 (in vectors) and one tile. */
static void write_tile(const conv_backward *b, const conv_list_tiling *t, int i, int first,
                       int last, const float *sums, float *weight_gradient)
{
    const int filters = b->problem->filters, window = b->sizes.window;
    const conv_tile tile = conv_tile_at(&t->tiling, i);
    for (int r = 0; r < tile.rows; r++) {
        const int begin = tile.column * CAPAS_VECTOR;
        const int end = conv_smaller(begin + tile.columns * CAPAS_VECTOR, window);
        for (int tap = begin; tap < end; tap++) {
            float *to = weight_gradient + ((int64_t)(tile.row + r) * window + tap) * filters;
            const float *from = sums + (int64_t)i * filters * t->floats +
                                r * tile.columns * CAPAS_VECTOR + tap - begin;
            for (int k = first; k < last; k++)
                to[k] = from[k * t->floats];
        }
    }
}

static void write_weights(const conv_backward *b, const float *sums, int begin, int end,
                          float *weight_gradient)
{
    const conv_list_tiling t = conv_list_tiling_of(b);
    for (int i = 0; i < t.tiles; i++)
        write_tile(b, &t, i, begin * CAPAS_VECTOR,
                   conv_smaller(end * CAPAS_VECTOR, b->problem->filters), sums, weight_gradient);
}

const conv_weights_way CAPAS_TUNED(capas_conv_weights_by_lists) = {
    .whole_vectors = true,
    .images = images_together,
    .sum_floats = sum_floats,
    .scratch_bytes = scratch_bytes,
    .add_images = add_images,
    .write = write_weights,
};
