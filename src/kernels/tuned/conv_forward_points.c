/* Convolution forward with a window of one pixel: every pixel by itself, whatever the image it is
 * in, so that all images together are one long row,
 *
 *   Y[i,k] = limited(bias[k] + sum over c of X[i,c] * W[c,k] + residual[i,k])
 *
 * A piece of pixels stays in the second cache, while all filters go by, 16 at a time. The work is
 * cut by piece, and with few pieces also by groups of filters; a group's weights are then read by
 * few threads, which matters where they come from afar. */
#include "kernels/tuned/conv_common.h"
#include "kernels/tuned/kernels.h"

enum {
    PIECE = 48 /* pixels, about */,
    MANY_BYTES = 384 << 10,
    WORTH_CUTTING = 1 << 16 /* multiplications */
};

typedef struct call {
    const capas_conv_problem *problem;
    const capas_conv_forward_arguments *arguments;
    int64_t pixels, pieces;
    int blocks, groups;
    conv_limits limits;
    conv_packed packed;
} call;

static bool accepts(const void *problem)
{
    const capas_conv_problem *p = problem;
    return conv_is_usual_forward(p) && p->kernel_height == 1 && p->kernel_width == 1 &&
           p->stride_height == 1 && p->stride_width == 1 && p->out_height == p->height &&
           p->out_width == p->width && p->pool.height == 0;
}

static void pack_blocks(const void *problem, const void *context, int64_t begin, int64_t end,
                        int shard)
{
    const capas_conv_problem *p = problem;
    const call *c = context;
    const conv_sizes z = conv_sizes_of(p);
    (void)shard;
    for (int block = (int)begin; block < end; block++)
        CAPAS_TUNED(capas_conv_pack)
    (&z, p->filters, c->arguments->weights, p->has_bias ? c->arguments->bias : NULL, block,
     c->packed);
}

static void pack(call *c, void *memory)
{
    const capas_conv_problem *p = c->problem;
    c->packed = conv_packed_at(p, memory);
    capas_parallel_ranges(conv_sizes_of(p).blocks, 1, p->workers, pack_blocks, p, c);
}

static size_t packed_bytes(const void *problem)
{
    return conv_packed_bytes(problem);
}

static void prepare(const void *problem, const void *arguments, void *prepared)
{
    call c = {.problem = problem, .arguments = arguments};
    pack(&c, prepared);
}

/* Part `part` of `parts` of the pixels behind a piece, on their way into the second cache while the
 * piece is worked on. */
static void fetch_next(const call *c, int64_t end, int64_t count, int part, int parts)
{
    const int64_t left = c->pixels - end, pixels = left < count ? left : count;
    const int64_t floats = pixels * c->problem->channels;
    const float *x = (const float *)c->arguments->input + end * c->problem->channels;
    for (int64_t i = floats * part / parts; i < floats * (part + 1) / parts; i += 16)
        __builtin_prefetch(x + i, 0, 2);
}

/* Shard i: piece i % pieces with the filters of group i / pieces. */
static void convolve(const call *c, int64_t i)
{
    const capas_conv_problem *p = c->problem;
    const int64_t piece = i % c->pieces;
    const int group = (int)(i / c->pieces);
    const int64_t first = c->pixels * piece / c->pieces, end = c->pixels * (piece + 1) / c->pieces;
    const int begin = c->blocks * group / c->groups, last = c->blocks * (group + 1) / c->groups;
    for (int block = begin; block < last; block++) {
        const int64_t place = first * p->filters + block * CONV_BLOCK;
        const conv_row row = {
            .input = (const float *)c->arguments->input + first * p->channels,
            .step = p->channels,
            .rows = 1,
            .window = p->channels,
            .weights = c->packed.weights + (int64_t)block * p->channels * CONV_BLOCK,
            .bias = c->packed.bias + block * CONV_BLOCK,
            .limits = c->limits,
            .output = (float *)c->arguments->output + place,
            .residual = p->has_residual ? (const float *)c->arguments->residual + place : NULL,
            .output_step = p->filters,
            .filters = conv_smaller(CONV_BLOCK, p->filters - block * CONV_BLOCK),
            .pixels = (int)(end - first),
        };
        fetch_next(c, end, end - first, block - begin, last - begin);
        CAPAS_TUNED(capas_conv_direct_row)(&row);
    }
}

static void convolve_range(const void *problem, const void *context, int64_t begin, int64_t end,
                           int shard)
{
    (void)problem;
    (void)shard;
    for (int64_t i = begin; i < end; i++)
        convolve(context, i);
}

/* Longer where many weights go by for few filters, if there are pixels enough for all shards. */
static int piece_of(const capas_conv_problem *p)
{
    const int64_t weights = (int64_t)p->channels * p->filters * (int64_t)sizeof(float);
    const int64_t pixels = (int64_t)p->batch * p->height * p->width;
    return weights > MANY_BYTES && p->channels > p->filters &&
                   pixels >= CAPAS_MAX_SHARDS * 2 * PIECE
               ? 2 * PIECE
               : PIECE;
}

static void run(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    const capas_conv_forward_arguments *a = arguments;
    call c = {.problem = p, .arguments = a, .pixels = (int64_t)a->n * p->height * p->width};
    if (c.pixels == 0) return;
    c.blocks = conv_sizes_of(p).blocks;
    c.limits = conv_limits_of(p->activation);
    const int piece = piece_of(p);
    c.pieces = c.pixels < piece ? 1 : (c.pixels + piece / 2) / piece;
    c.groups =
        c.pieces >= CAPAS_MAX_SHARDS ? 1 : conv_smaller(c.blocks, CAPAS_MAX_SHARDS / (int)c.pieces);
    if (a->prepared)
        c.packed = conv_packed_at(p, (void *)a->prepared);
    else
        pack(&c, a->workspace);
    const int64_t work = (int64_t)piece * p->channels * CONV_BLOCK * c.blocks / c.groups;
    capas_parallel_ranges(c.pieces * c.groups, WORTH_CUTTING / work + 1, p->workers, convolve_range,
                          p, &c);
}

static unsigned long runs;
const capas_kernel CAPAS_TUNED(capas_conv_forward_points) = {
    .name = "conv_forward points " CAPAS_LEVEL_STRING,
    .family = CAPAS_FAMILY_conv_forward,
    .level = CAPAS_LEVEL,
    .element = CAPAS_FLOAT32,
    .accepts = accepts,
    .workspace = packed_bytes,
    .run = run,
    .prepared = packed_bytes,
    .prepare = prepare,
    .runs = &runs,
};
