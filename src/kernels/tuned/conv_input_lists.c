/* dX from lists of what is live: for each pixel of the map the filters that are live there, with
 * their gradients.
 *
 *   dX[o + r * pitch + t] += g_e * W[k_e][r][t]     for the live (k_e, g_e) of the pixel with its
 *                                                   window at o: t in vectors, whole tiles of
 *                                                   (r, t) in registers over the list
 *   weights [tile][filters][tile floats]            a tile of all filters stays in the first cache
 *
 * Pixels without a live filter are left out. Lists are made for a strip of rows of cells at a time.
 */
#include "kernels/kernel.h"
#include "kernels/tuned/conv_backward.h"

/* Most elements of the lists of a strip, about. */
enum { STRIP_ENTRIES = 16 << 10 };

/* The lists of a strip. */
typedef struct lists {
    int count;
    int32_t *begin;  /* [count + 1]: where each begins in value and weight */
    int32_t *window; /* [count]: floats from the first window to that of the list's pixel */
    float *value;
    int32_t *weight; /* floats to the filter's share of a tile */
} lists;

/* x: where the tile is in the first window of dX. */
CAPAS_INLINE void add_lists(const int rows, const int vectors, const lists *l, const float *weights,
                            float *x, int64_t pitch)
{
    for (int i = 0; i < l->count; i++) {
        float *window = x + l->window[i];
        vfloat sum[rows * vectors];
        CAPAS_UNROLL
        for (int j = 0; j < rows * vectors; j++)
            sum[j] = v_load(window + j / vectors * pitch + j % vectors * CAPAS_VECTOR);
        for (int e = l->begin[i]; e < l->begin[i + 1]; e++) {
            const vfloat factor = v_set(l->value[e]);
            const float *w = weights + l->weight[e];
            CAPAS_UNROLL
            for (int j = 0; j < rows * vectors; j++)
                sum[j] = v_fma(factor, v_load(w + j * CAPAS_VECTOR), sum[j]);
        }
        CAPAS_UNROLL
        for (int j = 0; j < rows * vectors; j++)
            v_store(window + j / vectors * pitch + j % vectors * CAPAS_VECTOR, sum[j]);
    }
}

typedef void add_lists_function(const lists *l, const float *weights, float *x, int64_t pitch);

#define DEFINE_ADD_LISTS(rows, vectors)                                                            \
    static __attribute__((noinline)) void add_lists_##rows##_##vectors(                            \
        const lists *l, const float *weights, float *x, int64_t pitch)                             \
    {                                                                                              \
        add_lists(rows, vectors, l, weights, x, pitch);                                            \
    }
CONV_TILE_SHAPES(DEFINE_ADD_LISTS)

#define ADD_LISTS_ENTRY(rows, vectors) [rows - 1][vectors - 1] = add_lists_##rows##_##vectors,
static add_lists_function *const add_lists_of[CONV_TILE_ROWS][CONV_TILE_SUMS] = {
    CONV_TILE_SHAPES(ADD_LISTS_ENTRY)};

typedef struct call {
    conv_backward b;
    conv_list_tiling tiling;
    int strip_rows;
    size_t copy_floats, lists_bytes;
    float *weights; /* [tiles][filters][floats] */
    float *copies;  /* [workers][copy_floats]: dX with its rim */
    char *lists;    /* [workers][lists_bytes] */
} call;

/* Strips of the whole map would need room for each filter of each cell. */
static size_t lay_out_lists(lists *l, const call *c, void *memory_begin)
{
    conv_memory memory = {memory_begin, 0};
    const size_t cells = (size_t)c->strip_rows * (size_t)c->b.sizes.cells_wide;
    const size_t entries = cells * (size_t)c->b.problem->filters + CAPAS_VECTOR;
    const size_t pixels = cells * (size_t)c->b.positions;
    *l = (lists){0};
    l->begin = conv_take(&memory, pixels + 1, sizeof(int32_t));
    l->window = conv_take(&memory, pixels, sizeof(int32_t));
    l->value = conv_take(&memory, entries, sizeof(float));
    l->weight = conv_take(&memory, entries, sizeof(int32_t));
    return memory.used;
}

static size_t lay_out(call *c, const capas_conv_problem *p, const capas_conv_backward_arguments *a)
{
    conv_memory memory = {a ? a->workspace : NULL, 0};
    lists l;
    *c = (call){.b = conv_backward_of(p, a, true)};
    c->tiling = conv_list_tiling_of(&c->b);
    const conv_sizes *z = &c->b.sizes;
    const size_t workers = (size_t)conv_workers(p);
    const int rows = STRIP_ENTRIES / (z->cells_wide * p->filters);
    c->strip_rows = conv_smaller(z->cells_high, rows > 1 ? rows : 1);
    c->copy_floats = c->b.copied ? conv_copy_floats(p, z, z->padded_height) : 0;
    c->lists_bytes = lay_out_lists(&l, c, NULL);
    c->weights = conv_take(&memory, (size_t)c->tiling.tiles * (size_t)p->filters,
                           (size_t)c->tiling.floats * sizeof(float));
    c->copies = conv_take(&memory, workers * c->copy_floats, sizeof(float));
    c->lists = conv_take(&memory, workers * c->lists_bytes, 1);
    return memory.used;
}

size_t CAPAS_TUNED(capas_conv_input_lists_workspace)(const capas_conv_problem *p)
{
    call c;
    return lay_out(&c, p, NULL);
}

/* Tiles begin .. end-1 of the weights, with zeros beyond the rows of a window. */
static void pack_tiles(const void *problem, const void *context, int64_t begin, int64_t end,
                       int shard)
{
    const capas_conv_problem *p = problem;
    const call *c = context;
    const conv_list_tiling *t = &c->tiling;
    const int window = c->b.sizes.window;
    (void)shard;
    for (int i = (int)begin; i < end; i++) {
        const conv_tile tile = conv_tile_at(&t->tiling, i);
        float *to = c->weights + (int64_t)i * p->filters * t->floats;
        for (int j = 0; j < tile.rows * tile.columns * CAPAS_VECTOR; j++) {
            const int row = tile.row + j / CAPAS_VECTOR / tile.columns;
            const int tap = tile.column * CAPAS_VECTOR + j % (tile.columns * CAPAS_VECTOR);
            const float *from =
                (const float *)c->b.arguments->weights + ((int64_t)row * window + tap) * p->filters;
            for (int k = 0; k < p->filters; k++)
                to[k * t->floats + j] = tap < window ? from[k] : 0.0f;
        }
    }
}

/* The live filters of a cell, position after position. */
static void list_cell(const call *c, const conv_gradient *g, int i, int j, lists *l)
{
    const int filters = c->b.problem->filters, row = c->b.position_row;
    const int64_t place = ((int64_t)i * c->b.sizes.cells_wide + j) * filters;
    const int64_t window = conv_cell_offset(&c->b, i, j);
    for (int cell = 0; cell < c->b.positions; cell++) {
        int end = l->begin[l->count];
        for (int k = 0; k < filters; k += CAPAS_VECTOR) {
            const int count = conv_smaller(CAPAS_VECTOR, filters - k);
            vfloat value = conv_live(g, place + k, count);
            if (g->position) {
                vint here = conv_positions(g, place + k, count) == cell;
                value = (vfloat)((vint)value & here);
            }
            vint weight = (v_lanes() + k) * (int32_t)c->tiling.floats;
            end += v_append_live(l->value + end, l->weight + end, value, weight);
        }
        if (end == l->begin[l->count]) continue;
        l->window[l->count++] =
            (int32_t)(window + cell / row * c->b.row_step + cell % row * c->b.sizes.step);
        l->begin[l->count] = end;
    }
}

/* dX of one image through its view, which is zero at the beginning. */
static void add_image(const call *c, const conv_gradient *g, float *x, lists *l)
{
    const conv_list_tiling *t = &c->tiling;
    const conv_sizes *z = &c->b.sizes;
    for (int first = 0; first < z->cells_high; first += c->strip_rows) {
        const int last = conv_smaller(first + c->strip_rows, z->cells_high);
        l->count = l->begin[0] = 0;
        for (int i = first; i < last; i++)
            for (int j = 0; j < z->cells_wide; j++)
                list_cell(c, g, i, j, l);
        for (int i = 0; i < t->tiles; i++) {
            const conv_tile tile = conv_tile_at(&t->tiling, i);
            add_lists_of[tile.rows - 1][tile.columns - 1](
                l, c->weights + (int64_t)i * c->b.problem->filters * t->floats,
                x + tile.row * c->b.pitch + tile.column * CAPAS_VECTOR, c->b.pitch);
        }
    }
}

/* The image within its rim; what no window reached has no gradient. */
static void copy_inside(const conv_backward *b, const float *copy, float *dx)
{
    const capas_conv_problem *p = b->problem;
    const int columns = conv_smaller(p->width, b->sizes.padded_width - p->pad_left);
    const size_t pixel = (size_t)p->channels * sizeof(float);
    for (int h = 0; h < p->height; h++, dx += (int64_t)p->width * p->channels) {
        const int row = h + p->pad_top,
                  there = row < b->sizes.padded_height && columns > 0 ? columns : 0;
        memcpy(dx, copy + row * b->pitch + p->pad_left * p->channels, (size_t)there * pixel);
        memset(dx + there * p->channels, 0, (size_t)(p->width - there) * pixel);
    }
}

static void add_images(void *context, int shard, int worker)
{
    const call *c = context;
    const conv_backward *b = &c->b;
    const int shards = capas_shard_count(b->arguments->n, 1);
    const int64_t end = capas_shard_begin(b->arguments->n, shards, shard + 1);
    float *copy = b->copied ? c->copies + (size_t)worker * c->copy_floats : NULL;
    lists l;
    lay_out_lists(&l, c, c->lists + (size_t)worker * c->lists_bytes);
    for (int64_t n = capas_shard_begin(b->arguments->n, shards, shard); n < end; n++) {
        float *dx = (float *)b->arguments->input_gradient + n * b->sizes.image;
        const conv_gradient gradient = conv_gradient_of(b, n);
        memset(copy ? copy : dx, 0,
               (copy ? c->copy_floats : (size_t)b->sizes.image) * sizeof(float));
        add_image(c, &gradient, copy ? copy : dx, &l);
        if (copy) copy_inside(b, copy, dx);
    }
}

void CAPAS_TUNED(capas_conv_input_by_lists)(const capas_conv_problem *p,
                                            const capas_conv_backward_arguments *a)
{
    call c;
    lay_out(&c, p, a);
    capas_parallel_ranges(c.tiling.tiles, 1, p->workers, pack_tiles, p, &c);
    capas_parallel(capas_shard_count(a->n, 1), p->workers, add_images, &c);
}
