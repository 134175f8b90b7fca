/* dX of a convolution with a window of one pixel, where most of dZ is live: a product over pixels,
 *
 *   dX[i,c] = sum over k of dZ[i,k] * W[c,k]
 *
 * as rows of the direct convolution. Without strides all images are one long row, cut into pieces;
 * with strides a piece is a row of the output, and pixels between are zero. With few pieces the
 * work is cut by groups of channels, too. */
#include "kernels/kernel.h"
#include "kernels/tuned/conv_backward.h"

enum { PIECE = 48 /* pixels, about */ };

typedef struct call {
    conv_backward b;
    bool strided;
    int64_t pieces;
    int blocks, groups; /* of channels */
    float *weights;     /* [blocks][filters][16] */
    float *no_bias;     /* [16] */
    float *maps;        /* [workers][map_floats]: dZ of a piece where ReLU decides */
    size_t map_floats;
} call;

static size_t lay_out(call *c, const capas_conv_problem *p, const capas_conv_backward_arguments *a)
{
    conv_memory memory = {a ? a->workspace : NULL, 0};
    c->b = conv_backward_of(p, a, false);
    c->strided = p->stride_height > 1 || p->stride_width > 1;
    c->blocks = (p->channels + CONV_BLOCK - 1) / CONV_BLOCK;
    const size_t blocks = (size_t)c->blocks, filters = (size_t)p->filters;
    const size_t most_pixels = c->strided ? (size_t)p->out_width : 2 * PIECE;
    c->map_floats = p->activation == CAPAS_RELU ? most_pixels * filters + CAPAS_VECTOR : 0;
    c->weights = conv_take(&memory, blocks * filters * CONV_BLOCK, sizeof(float));
    c->no_bias = conv_take(&memory, CONV_BLOCK, sizeof(float));
    c->maps = conv_take(&memory, (size_t)conv_workers(p) * c->map_floats, sizeof(float));
    return memory.used;
}

bool CAPAS_TUNED(capas_conv_is_points)(const capas_conv_problem *p)
{
    return p->kernel_height == 1 && p->kernel_width == 1 && p->pool.height == 0 &&
           !conv_sizes_of(p).rim;
}

size_t CAPAS_TUNED(capas_conv_input_points_workspace)(const capas_conv_problem *p)
{
    call c;
    return lay_out(&c, p, NULL);
}

/* Blocks begin .. end-1 of 16 channels, turned so that channels run fastest. */
static void pack_blocks(const void *problem, const void *context, int64_t begin, int64_t end,
                        int shard)
{
    const capas_conv_problem *p = problem;
    const call *c = context;
    (void)shard;
    for (int first = (int)begin * CONV_BLOCK; first < end * CONV_BLOCK; first += CONV_BLOCK) {
        const float *from = (const float *)c->b.arguments->weights + (int64_t)first * p->filters;
        const int count = conv_smaller(CONV_BLOCK, p->channels - first);
        float *to = c->weights + (int64_t)first * p->filters;
        for (int k = 0; k < p->filters; k++, to += CONV_BLOCK)
            for (int j = 0; j < CONV_BLOCK; j++)
                to[j] = j < count ? from[(int64_t)j * p->filters + k] : 0.0f;
    }
}

/* Images begin .. end-1, so that what no window sees is zero. */
static void clear_images(const void *problem, const void *context, int64_t begin, int64_t end,
                         int shard)
{
    const call *c = context;
    (void)problem;
    (void)shard;
    memset((float *)c->b.arguments->input_gradient + begin * c->b.sizes.image, 0,
           (size_t)((end - begin) * c->b.sizes.image) * sizeof(float));
}

/* dZ of some pixels, from number `first` of all: itself, or a copy without what ReLU held back. */
static const float *piece_gradient(const call *c, int64_t first, int pixels, float *map)
{
    const conv_gradient g = conv_gradient_of(&c->b, 0);
    const int64_t place = first * c->b.problem->filters;
    const int64_t count = (int64_t)pixels * c->b.problem->filters;
    if (!g.output) return g.gradient + place;
    for (int64_t i = 0; i < count; i += CAPAS_VECTOR) {
        const int64_t left = count - i;
        v_store(map + i, conv_live(&g, place + i, left < CAPAS_VECTOR ? (int)left : CAPAS_VECTOR));
    }
    return map;
}

/* Piece i % pieces, and the channels of group i / pieces. */
static void convolve(const call *c, int64_t i, int worker)
{
    const capas_conv_problem *p = c->b.problem;
    const int64_t piece = i % c->pieces, pixels = c->b.arguments->n * c->b.sizes.cells;
    const int64_t first = pixels * piece / c->pieces, end = pixels * (piece + 1) / c->pieces;
    const int group = (int)(i / c->pieces), last = c->blocks * (group + 1) / c->groups;
    const int64_t image = piece / p->out_height, row_of_image = piece % p->out_height;
    const int64_t pixel =
        c->strided ? (image * p->height + row_of_image * p->stride_height) * p->width : first;
    conv_row row = {
        .input =
            piece_gradient(c, first, (int)(end - first), c->maps + (size_t)worker * c->map_floats),
        .step = p->filters,
        .rows = 1,
        .window = p->filters,
        .bias = c->no_bias,
        .limits = conv_limits_of(CAPAS_LINEAR),
        .output_step = (int64_t)p->stride_width * p->channels,
        .pixels = (int)(end - first),
    };
    for (int block = c->blocks * group / c->groups; block < last; block++) {
        row.weights = c->weights + (int64_t)block * p->filters * CONV_BLOCK;
        row.output =
            (float *)c->b.arguments->input_gradient + pixel * p->channels + block * CONV_BLOCK;
        row.filters = conv_smaller(CONV_BLOCK, p->channels - block * CONV_BLOCK);
        CAPAS_TUNED(capas_conv_direct_row)(&row);
    }
}

static void convolve_shard(void *context, int shard, int worker)
{
    const call *c = context;
    const int64_t count = c->pieces * c->groups;
    const int shards = capas_shard_count(count, 1);
    const int64_t end = capas_shard_begin(count, shards, shard + 1);
    for (int64_t i = capas_shard_begin(count, shards, shard); i < end; i++)
        convolve(c, i, worker);
}

void CAPAS_TUNED(capas_conv_input_points)(const capas_conv_problem *p,
                                          const capas_conv_backward_arguments *a)
{
    call c;
    lay_out(&c, p, a);
    const int64_t pixels = a->n * c.b.sizes.cells;
    c.pieces = c.strided        ? (int64_t)a->n * p->out_height
               : pixels < PIECE ? 1
                                : (pixels + PIECE / 2) / PIECE;
    c.groups =
        c.pieces >= CAPAS_MAX_SHARDS ? 1 : conv_smaller(c.blocks, CAPAS_MAX_SHARDS / (int)c.pieces);
    memset(c.no_bias, 0, CONV_BLOCK * sizeof(float));
    capas_parallel_ranges(c.blocks, 1, p->workers, pack_blocks, p, &c);
    if (c.strided) capas_parallel_ranges(a->n, 1, p->workers, clear_images, p, &c);
    capas_parallel(capas_shard_count(c.pieces * c.groups, 1), p->workers, convolve_shard, &c);
}
