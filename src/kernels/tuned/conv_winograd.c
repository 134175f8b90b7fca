/* The convolution by Winograd's way (conv_winograd.h), with bias, ReLU and a 2x2 max-pool at its
 * end.
 *
 * Tiles of all images are taken in pieces whose points fit half of the second cache, or that serve
 * a weight often enough. For each block of 16 filters follow line^2 products, with the micro-kernel
 * of the direct convolution (a tile's channels are its window), and the way back, pooled in
 * registers:
 *
 *   weights  [blocks][line^2][channels][16]
 *   points   [line^2][piece][columns]       of a piece of tiles
 *   products [piece][line^2][16]            of a piece and a block of filters
 *
 * The work is cut by piece; where there are few pieces, points are made first, and then the work is
 * cut by block of filters and piece. */
#include "kernels/tuned/conv_winograd.h"
#include "kernels/tuned/kernels.h"

enum { PIECE_BYTES = 384 << 10, MOST_TILES = 36, FEWEST_TILES = 16 };

typedef struct call {
    const capas_conv_problem *problem;
    const winograd_arguments *arguments;
    winograd_tiles tiles;
    winograd_images images;
    int blocks, piece;
    int64_t all_tiles, pieces;
    float *weights, *bias, *no_bias, *zeros, *points, *products;
    size_t point_floats, product_floats; /* of a piece */
} call;

/* Tiles at once, at most. */
static int piece_of(const winograd_tiles *t)
{
    const int64_t fit = PIECE_BYTES / ((int64_t)t->points * t->columns * (int64_t)sizeof(float));
    return fit > MOST_TILES ? MOST_TILES : fit < FEWEST_TILES ? FEWEST_TILES : (int)fit;
}

/* Pieces with points of their own: of each worker, or of all of them where they are few. */
static int64_t panels_of(const capas_conv_problem *p, int64_t pieces)
{
    const int64_t few = pieces < CAPAS_MAX_SHARDS ? pieces : CAPAS_MAX_SHARDS - 1;
    return few > conv_workers(p) ? few : conv_workers(p);
}

/* Filters at their points and their bias, in memory of their own or in the workspace. */
static void take_weights(call *c, const capas_conv_problem *p, conv_memory *memory)
{
    const size_t filters = (size_t)conv_sizes_of(p).blocks * CONV_BLOCK;
    c->weights = conv_take(memory, CAPAS_TUNED(capas_winograd_weight_floats)(p), sizeof(float));
    c->bias = conv_take(memory, filters, sizeof(float));
}

static size_t lay_out(call *c, const capas_conv_problem *p, void *workspace)
{
    conv_memory memory = {workspace, 0};
    const bool pooled = p->pool.height > 0;
    c->problem = p;
    c->tiles = winograd_tiles_of(p, pooled ? p->pool.out_height * 2 : p->out_height,
                                 pooled ? p->pool.out_width * 2 : p->out_width);
    c->blocks = (p->filters + CONV_BLOCK - 1) / CONV_BLOCK;
    c->piece = piece_of(&c->tiles);
    const size_t points = (size_t)c->piece * (size_t)c->tiles.points;
    c->point_floats = points * (size_t)c->tiles.columns;
    c->product_floats = points * CONV_BLOCK;
    const size_t channels = (size_t)p->channels;
    const int64_t most = (p->batch * c->tiles.image + c->piece - 1) / c->piece;
    take_weights(c, p, &memory);
    c->no_bias = conv_take(&memory, CONV_BLOCK, sizeof(float));
    c->zeros = conv_take(&memory, channels, sizeof(float));
    c->points = conv_take(&memory, (size_t)panels_of(p, most) * c->point_floats, sizeof(float));
    c->products = conv_take(&memory, (size_t)conv_workers(p) * c->product_floats, sizeof(float));
    return memory.used;
}

size_t CAPAS_TUNED(capas_winograd_workspace)(const capas_conv_problem *p)
{
    call c;
    return lay_out(&c, p, NULL);
}

static void make_weights(const call *c, const float *weights, const float *bias, bool turned)
{
    const capas_conv_problem *p = c->problem;
    memset(c->bias, 0, (size_t)conv_sizes_of(p).blocks * CONV_BLOCK * sizeof(float));
    if (p->has_bias && bias) memcpy(c->bias, bias, (size_t)p->filters * sizeof(float));
    CAPAS_TUNED(capas_winograd_weights)(p, weights, turned, c->weights);
}

static size_t prepared(const void *problem)
{
    call c;
    conv_memory memory = {NULL, 0};
    take_weights(&c, problem, &memory);
    return memory.used;
}

static void prepare(const void *problem, const void *arguments, void *to)
{
    const capas_conv_forward_arguments *a = arguments;
    call c = {.problem = problem};
    conv_memory memory = {to, 0};
    take_weights(&c, problem, &memory);
    make_weights(&c, a->weights, a->bias, false);
}

/* The first tile of a piece; all pieces are about the same size. */
static int64_t piece_begin(const call *c, int64_t piece)
{
    return capas_shard_begin(c->all_tiles, (int)c->pieces, (int)piece);
}

static int64_t piece_with(const call *c, int64_t tile)
{
    return ((tile + 1) * c->pieces - 1) / c->all_tiles;
}

static int tiles_in(const call *c, int64_t piece)
{
    return (int)(piece_begin(c, piece + 1) - piece_begin(c, piece));
}

/* One piece and one block of filters. */
static void multiply(const call *c, int64_t piece, int block, const float *points, float *products)
{
    const int channels = c->problem->channels, all = c->tiles.points, count = tiles_in(c, piece);
    conv_row row = {
        .step = c->tiles.columns,
        .rows = 1,
        .window = channels,
        .bias = c->no_bias,
        .limits = conv_limits_of(CAPAS_LINEAR),
        .output_step = all * CONV_BLOCK,
        .filters = CONV_BLOCK,
        .pixels = count,
    };
    for (int i = 0; i < all; i++) {
        row.input = points + (int64_t)i * c->piece * c->tiles.columns;
        row.weights = c->weights + ((int64_t)block * all + i) * channels * CONV_BLOCK;
        row.output = products + i * CONV_BLOCK;
        CAPAS_TUNED(capas_conv_direct_row)(&row);
    }
    CAPAS_TUNED(capas_winograd_output)
    (c->problem, &c->tiles, &c->arguments->forward, piece_begin(c, piece), count, block,
     c->bias + block * CONV_BLOCK, products);
}

/* Many pieces: points and all filters of one after the other. */
static void convolve_pieces(void *context, int shard, int worker)
{
    const call *c = context;
    const int shards = capas_shard_count(c->pieces, 1);
    const int64_t end = capas_shard_begin(c->pieces, shards, shard + 1);
    float *points = c->points + (size_t)worker * c->point_floats;
    float *products = c->products + (size_t)worker * c->product_floats;
    for (int64_t i = capas_shard_begin(c->pieces, shards, shard); i < end; i++) {
        CAPAS_TUNED(capas_winograd_input)
        (&c->images, &c->tiles, piece_begin(c, i), tiles_in(c, i), c->piece, points);
        for (int block = 0; block < c->blocks; block++)
            multiply(c, i, block, points, products);
    }
}

/* Few pieces: first the points of all tiles, ... */
static void make_all_points(const void *problem, const void *context, int64_t begin, int64_t end,
                            int shard)
{
    const call *c = context;
    (void)problem;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        const int64_t piece = piece_with(c, i);
        float *points = c->points + piece * (int64_t)c->point_floats;
        CAPAS_TUNED(capas_winograd_input)
        (&c->images, &c->tiles, i, 1, c->piece,
         points + (i - piece_begin(c, piece)) * c->tiles.columns);
    }
}

/* ... then block after block. */
static void convolve_blocks(void *context, int shard, int worker)
{
    const call *c = context;
    const int64_t count = c->pieces * c->blocks;
    const int shards = capas_shard_count(count, 1);
    const int64_t end = capas_shard_begin(count, shards, shard + 1);
    float *products = c->products + (size_t)worker * c->product_floats;
    for (int64_t i = capas_shard_begin(count, shards, shard); i < end; i++) {
        const int64_t piece = i % c->pieces;
        multiply(c, piece, (int)(i / c->pieces), c->points + (size_t)piece * c->point_floats,
                 products);
    }
}

void CAPAS_TUNED(capas_winograd)(const capas_conv_problem *p, const winograd_arguments *a)
{
    call c = {.arguments = a};
    if (a->forward.n == 0) return;
    lay_out(&c, p, a->forward.workspace);
    c.all_tiles = a->forward.n * c.tiles.image;
    c.pieces = (c.all_tiles + c.piece - 1) / c.piece;
    c.images = (winograd_images){
        .pixels = a->forward.input,
        .gate = a->gate,
        .image = (int64_t)p->height * p->width * p->channels,
        .pitch = (int64_t)p->width * p->channels,
        .height = p->height,
        .width = p->width,
        .channels = p->channels,
        .pad_top = p->pad_top,
        .pad_left = p->pad_left,
        .zeros = c.zeros,
    };
    memset(c.no_bias, 0, CONV_BLOCK * sizeof(float));
    memset(c.zeros, 0, (size_t)p->channels * sizeof(float));
    conv_memory prepared_memory = {(char *)a->forward.prepared, 0};
    if (a->forward.prepared)
        take_weights(&c, p, &prepared_memory);
    else
        make_weights(&c, a->forward.weights, a->forward.bias, a->turned);
    if (c.pieces >= CAPAS_MAX_SHARDS) {
        capas_parallel(capas_shard_count(c.pieces, 1), p->workers, convolve_pieces, &c);
        return;
    }
    capas_parallel_ranges(c.all_tiles, 1, p->workers, make_all_points, p, &c);
    capas_parallel(capas_shard_count(c.pieces * c.blocks, 1), p->workers, convolve_blocks, &c);
}

/* The way to the points and back must be little beside the products, and the filters' points serve
 * enough tiles: to pay for making them in each step, or, where they are prepared, for their being
 * read. */
bool CAPAS_TUNED(capas_winograd_pays)(const capas_conv_problem *p)
{
    enum { FEWEST_FILTERS = 8, FEWEST_TILES = 8, FILTERS_A_TILE = 4096, ENOUGH_TILES = 12 };
    const int fewest_channels = p->kernel_height == 3 ? 8 : 16;
    const capas_conv_pool *pool = &p->pool;
    const bool pool_fits =
        pool->height == 0 || (pool->height == 2 && pool->width == 2 && pool->stride_height == 2 &&
                              pool->stride_width == 2);
    if (!winograd_fits(p) || !pool_fits) return false;
    call c;
    lay_out(&c, p, NULL);
    const int64_t tiles = p->batch * c.tiles.image;
    const bool prepared_tiles = !p->for_training && tiles >= ENOUGH_TILES;
    return p->channels >= fewest_channels && p->filters >= FEWEST_FILTERS &&
           tiles >= FEWEST_TILES &&
           (prepared_tiles || tiles >= (int64_t)p->channels * p->filters / FILTERS_A_TILE);
}

static bool accepts(const void *problem)
{
    return CAPAS_TUNED(capas_winograd_pays)(problem);
}

static size_t workspace(const void *problem)
{
    return CAPAS_TUNED(capas_winograd_workspace)(problem);
}

static void run(const void *problem, const void *arguments)
{
    const winograd_arguments a = {.forward = *(const capas_conv_forward_arguments *)arguments};
    CAPAS_TUNED(capas_winograd)(problem, &a);
}

static unsigned long runs;
const capas_kernel CAPAS_TUNED(capas_conv_forward_winograd) = {
    .name = "conv_forward winograd " CAPAS_LEVEL_STRING,
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
