/* Convolution forward, directly: sums of products over the image itself (no matrix of windows), 16
 * filters at a time, with bias, a residual, ReLU or ReLU6 and max-pool on the way.
 *
 *   Z[y,x,k] = bias[k] + sum over r,s,c of X[y*sh + r - pad_top, x*sw + s - pad_left, c]
 *                                        * W[r,s,c,k]
 *   Y = limited(Z), or pooled limited(max over the window of Z)
 *
 * conv_limits has what activations leave.
 *
 * With a pool, the rows of Z that a window needs wait in a ring, one block of filters wide, so that
 * the map before pooling is never stored:
 *
 *   ring [pool.height][out_width][16]: row z of the map in place z % pool.height
 *
 * The work is cut by image, and with fewer than 16 images also by bands of rows of the output; or
 * by groups of blocks of filters, where the weights do not fit the second cache and every band
 * would read them all from afar. */
#include "kernels/tuned/conv_common.h"
#include "kernels/tuned/kernels.h"

typedef struct call {
    const capas_conv_problem *problem;
    const capas_conv_forward_arguments *arguments;
    conv_sizes sizes;
    conv_limits limits;
    int bands, groups; /* of an image's output; one of them is 1 */
    conv_packed packed;
    float *copies; /* [workers][copy_floats] */
    float *rings;  /* [workers][ring_floats] */
    size_t copy_floats, ring_floats;
} call;

/* Places for everything in the workspace; without one, only its size. */
static size_t lay_out(call *c, const capas_conv_problem *p, void *workspace)
{
    conv_memory memory = {workspace, 0};
    c->problem = p;
    c->sizes = conv_sizes_of(p);
    const conv_sizes *z = &c->sizes;
    const size_t workers = (size_t)conv_workers(p);
    c->limits = conv_limits_of(p->activation);
    c->copy_floats = z->rim ? conv_copy_floats(p, z, z->padded_height) : 0;
    c->ring_floats = (size_t)p->pool.height * (size_t)p->out_width * CONV_BLOCK;
    c->packed = conv_take_packed(&memory, z);
    c->copies = conv_take(&memory, workers * c->copy_floats, sizeof(float));
    c->rings = conv_take(&memory, workers * c->ring_floats, sizeof(float));
    return memory.used;
}

static size_t workspace(const void *problem)
{
    call c;
    return lay_out(&c, problem, NULL);
}

static bool accepts(const void *problem)
{
    return conv_is_usual_forward(problem);
}

/* Weights and bias of blocks begin .. end-1. */
static void pack_blocks(const void *problem, const void *context, int64_t begin, int64_t end,
                        int shard)
{
    const capas_conv_problem *p = problem;
    const call *c = context;
    const float *bias = p->has_bias ? c->arguments->bias : NULL;
    (void)shard;
    for (int block = (int)begin; block < end; block++)
        CAPAS_TUNED(capas_conv_pack)
    (&c->sizes, p->filters, c->arguments->weights, bias, block, c->packed);
}

static size_t prepared(const void *problem)
{
    return conv_packed_bytes(problem);
}

static void prepare(const void *problem, const void *arguments, void *memory)
{
    const capas_conv_problem *p = problem;
    call c = {.problem = p, .arguments = arguments, .sizes = conv_sizes_of(p)};
    c.packed = conv_packed_at(p, memory);
    capas_parallel_ranges(c.sizes.blocks, 1, p->workers, pack_blocks, p, &c);
}

/* Only what of the window of map row y is inside the image: what is above and below is zero. */
static void clip_window(const capas_conv_problem *p, int y, conv_row *row)
{
    const int top = y * p->stride_height - p->pad_top;
    const int first = top < 0 ? conv_smaller(-top, p->kernel_height) : 0;
    const int end = conv_smaller(p->kernel_height, p->height - top);
    row->input += first * row->pitch;
    row->weights += (int64_t)first * row->window * CONV_BLOCK;
    row->rows = end > first ? end - first : 0;
}

/* Without a pool: rows begin .. end-1 of the map, straight to the output; `place` of the first. */
static void write_rows(const call *c, conv_view view, int block, int begin, int end, int64_t place)
{
    const capas_conv_problem *p = c->problem;
    conv_row whole = conv_row_of(p, &c->sizes, c->packed, view, block);
    whole.limits = c->limits;
    place += block * CONV_BLOCK;
    whole.output = (float *)c->arguments->output + place;
    if (p->has_residual) whole.residual = (const float *)c->arguments->residual + place;
    whole.output_step = p->filters;
    for (int y = begin; y < end; y++) {
        conv_row row = whole;
        clip_window(p, y, &row);
        CAPAS_TUNED(capas_conv_direct_row)(&row);
        whole.input += p->stride_height * view.pitch;
        whole.output += (int64_t)p->out_width * p->filters;
        if (whole.residual) whole.residual += (int64_t)p->out_width * p->filters;
    }
}

/* The maximum over one window of a vector of filters, and where it is, row by row: the first of
 * equals, and a NaN loses to any number. `corner` is the window's column in the ring; its rows
 * begin with row `start`. */
CAPAS_INLINE vfloat maximum(int height, int width, const float *corner, int64_t ring_row, int start,
                            vint *where)
{
    vfloat best = v_load(corner + start * ring_row);
    *where = v_set_int(0);
    for (int i = 0, cell = 0; i < height; i++) {
        const int place = start + i < height ? start + i : start + i - height;
        for (int j = 0; j < width; j++, cell++) {
            vfloat value = v_load(corner + place * ring_row + j * CONV_BLOCK);
            conv_take_better(&best, where, value, v_set_int(cell));
        }
    }
    return best;
}

/* One cell of the output: 16 filters or fewer. */
CAPAS_INLINE void pool_cell(int height, int width, const float *corner, int64_t ring_row, int start,
                            float floor, int filters, float *out, uint8_t *position)
{
    float value[CONV_BLOCK];
    uint8_t cell[CONV_BLOCK];
    CAPAS_UNROLL
    for (int v = 0; v < CONV_BLOCK; v += CAPAS_VECTOR) {
        vint where;
        vfloat best = maximum(height, width, corner + v, ring_row, start, &where);
        v_store(value + v, v_max(v_set(floor), best));
        v_store_bytes(cell + v, where);
    }
    conv_copy_filters(out, value, filters);
    if (position) memcpy(position, cell, (size_t)filters);
}

/* One row of the output from the ring, of which row `start` comes first. out, position: of the row
 * and block.
 */
static void pool_row(const call *c, const float *ring, int start, int filters, float *out,
                     uint8_t *position)
{
    const capas_conv_problem *p = c->problem;
    const capas_conv_pool *pool = &p->pool;
    const int64_t ring_row = (int64_t)p->out_width * CONV_BLOCK;
    for (int j = 0; j < pool->out_width; j++) {
        const float *corner = ring + (int64_t)j * pool->stride_width * CONV_BLOCK;
        const int64_t to = (int64_t)j * p->filters;
        uint8_t *cell = position ? position + to : NULL;
        if (pool->height == 2 && pool->width == 2)
            pool_cell(2, 2, corner, ring_row, start, c->limits.floor, filters, out + to, cell);
        else
            pool_cell(pool->height, pool->width, corner, ring_row, start, c->limits.floor, filters,
                      out + to, cell);
    }
}

/* With a pool: rows i .. end-1 of the output. Row z of the map is made when a window first needs
 * it; rows between windows are left out. */
static void write_pooled_rows(const call *c, conv_view view, int block, int i, int end, float *ring,
                              float *output, uint8_t *position)
{
    const capas_conv_problem *p = c->problem;
    const capas_conv_pool *pool = &p->pool;
    const int first = i * pool->stride_height;
    conv_row row = conv_row_of(p, &c->sizes, c->packed, view, block);
    const int filters = row.filters;
    row.filters = CONV_BLOCK;
    row.output_step = CONV_BLOCK;
    for (int made = first; i < end; i++) {
        const int z = i * pool->stride_height;
        for (made = made > z ? made : z; made < z + pool->height; made++) {
            row.input = view.first + (int64_t)(made - first) * p->stride_height * view.pitch;
            row.output = ring + (int64_t)(made % pool->height) * p->out_width * CONV_BLOCK;
            CAPAS_TUNED(capas_conv_direct_row)(&row);
        }
        const int64_t place = (int64_t)i * pool->out_width * p->filters + block * CONV_BLOCK;
        pool_row(c, ring, z % pool->height, filters, output + place,
                 position ? position + place : NULL);
    }
}

/* Rows begin .. end-1 of the output of image n, blocks first .. last-1. */
static void convolve_band(const call *c, int64_t n, int begin, int end, int first, int last,
                          int worker)
{
    const capas_conv_problem *p = c->problem;
    const conv_sizes *z = &c->sizes;
    const bool pooled = p->pool.height > 0;
    const int map_begin = pooled ? begin * p->pool.stride_height : begin;
    const int map_end = pooled ? (end - 1) * p->pool.stride_height + p->pool.height : end;
    const int padded_rows = (map_end - map_begin - 1) * p->stride_height + p->kernel_height;
    float *copy = z->rim ? c->copies + (size_t)worker * c->copy_floats : NULL;
    conv_view view =
        CAPAS_TUNED(capas_conv_view)(p, z, (const float *)c->arguments->input + n * z->image,
                                     map_begin * p->stride_height, padded_rows, copy);
    float *output = (float *)c->arguments->output + n * z->map;
    uint8_t *position = c->arguments->position ? c->arguments->position + n * z->map : NULL;
    for (int block = first; block < last; block++)
        if (pooled)
            write_pooled_rows(c, view, block, begin, end,
                              c->rings + (size_t)worker * c->ring_floats, output, position);
        else
            write_rows(c, view, block, begin, end,
                       n * z->map + (int64_t)begin * p->out_width * p->filters);
}

/* Piece i is band or group i % parts of image i / parts, parts = bands * groups. */
static void convolve_shard(void *context, int shard, int worker)
{
    const call *c = context;
    const int parts = c->bands * c->groups;
    const int64_t pieces = (int64_t)c->arguments->n * parts;
    const int shards = capas_shard_count(pieces, 1);
    const int64_t end = capas_shard_begin(pieces, shards, shard + 1);
    for (int64_t i = capas_shard_begin(pieces, shards, shard); i < end; i++) {
        const int rows = c->sizes.cells_high, blocks = c->sizes.blocks;
        const int part = (int)(i % parts), band = part / c->groups, group = part % c->groups;
        convolve_band(c, i / parts, (int)capas_shard_begin(rows, c->bands, band),
                      (int)capas_shard_begin(rows, c->bands, band + 1),
                      (int)capas_shard_begin(blocks, c->groups, group),
                      (int)capas_shard_begin(blocks, c->groups, group + 1), worker);
    }
}

/* As many parts of an image as give work to all shards. A group copies the rim of all of the image,
 * so there are fewer of them. */
static void choose_parts(call *c)
{
    enum { FAR_BYTES = 1 << 20, WANTED_GROUPS = 8 };
    const conv_sizes *z = &c->sizes;
    const int n = c->arguments->n;
    const int64_t weights = (int64_t)z->blocks * z->taps * CONV_BLOCK * (int64_t)sizeof(float);
    c->bands = c->groups = 1;
    if (weights > FAR_BYTES && n < WANTED_GROUPS)
        c->groups = conv_smaller(z->blocks, (WANTED_GROUPS + n - 1) / n);
    else if (n < CAPAS_MAX_SHARDS)
        c->bands = conv_smaller(z->cells_high, (CAPAS_MAX_SHARDS + n - 1) / n);
}

static void run(const void *problem, const void *arguments)
{
    call c = {.arguments = arguments};
    if (c.arguments->n == 0) return;
    lay_out(&c, problem, c.arguments->workspace);
    choose_parts(&c);
    if (c.arguments->prepared)
        c.packed = conv_packed_at(c.problem, (void *)c.arguments->prepared);
    else
        capas_parallel_ranges(c.sizes.blocks, 1, c.problem->workers, pack_blocks, problem, &c);
    capas_parallel(capas_shard_count((int64_t)c.arguments->n * c.bands * c.groups, 1),
                   c.problem->workers, convolve_shard, &c);
}

static unsigned long runs;
const capas_kernel CAPAS_TUNED(capas_conv_forward_direct) = {
    .name = "conv_forward direct " CAPAS_LEVEL_STRING,
    .family = CAPAS_FAMILY_conv_forward,
    .level = CAPAS_LEVEL,
    .element = CAPAS_FLOAT32,
    .accepts = accepts,
    .workspace = workspace,
    .run = run,
    .prepared = prepared,
    .prepare = prepare,
    .runs = &runs,
};
