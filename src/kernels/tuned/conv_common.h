/* What the tuned convolutions share: sizes that follow from a problem, an image with its rim,
 * packed filters, scratch memory.
 *
 * The window of output pixel (y, x) lies in the padded image, which begins pad_top rows above and
 * pad_left columns left of the image. Each of its rows is a run of kernel_width * channels floats:
 *
 *      padded image [padded_height][padded_width * channels]
 *      . . . . . . . . . .
 *      . [s0 s1 s2] . . .        row y*sh + r, from x*sw*channels on: "window" floats in a run,
 *      . [s0 s1 s2] . . .        "step" floats from one pixel's window to the next one's
 *      . [s0 s1 s2] . . .
 *
 * Tap t = (r * kernel_width + s) * channels + c: the order of the weights HWIO, whose element (t,
 * k) is weights[t * filters + k]. */
#ifndef CAPAS_KERNELS_TUNED_CONV_COMMON_H
#define CAPAS_KERNELS_TUNED_CONV_COMMON_H

#include "kernels/conv.h"
#include "kernels/tuned/vector.h"

static inline int conv_smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Filters are taken 16 at a time, the last ones filled up with zeros. */
enum { CONV_BLOCK = 16, CONV_BLOCK_VECTORS = CONV_BLOCK / CAPAS_VECTOR };

typedef struct conv_sizes {
    int window, step, taps;
    int blocks;                      /* of filters */
    int padded_height, padded_width; /* what windows reach */
    bool rim;                        /* some of that is outside the image */
    int cells_high, cells_wide;      /* of the output, pooled or not */
    int64_t image, map, cells;       /* floats of an image and of an output; cells of an output */
} conv_sizes;

static inline conv_sizes conv_sizes_of(const capas_conv_problem *p)
{
    const bool pooled = p->pool.height > 0;
    conv_sizes z = {
        .window = p->kernel_width * p->channels,
        .step = p->stride_width * p->channels,
        .blocks = (p->filters + CONV_BLOCK - 1) / CONV_BLOCK,
        .padded_height = (p->out_height - 1) * p->stride_height + p->kernel_height,
        .padded_width = (p->out_width - 1) * p->stride_width + p->kernel_width,
        .cells_high = pooled ? p->pool.out_height : p->out_height,
        .cells_wide = pooled ? p->pool.out_width : p->out_width,
        .image = (int64_t)p->height * p->width * p->channels,
    };
    z.taps = p->kernel_height * z.window;
    z.rim = p->pad_top > 0 || p->pad_left > 0 || z.padded_height - p->pad_top > p->height ||
            z.padded_width - p->pad_left > p->width;
    z.cells = (int64_t)z.cells_high * z.cells_wide;
    z.map = z.cells * p->filters;
    return z;
}

/* What an activation leaves of a number: max(floor, .) and min(ceiling, .). */
typedef struct conv_limits {
    float floor, ceiling; /* infinite: no limit */
} conv_limits;

static inline conv_limits conv_limits_of(capas_activation activation)
{
    return (conv_limits){
        .floor = activation == CAPAS_RELU || activation == CAPAS_RELU6 ? 0.0f : -__builtin_inff(),
        .ceiling = activation == CAPAS_RELU6 ? 6.0f : __builtin_inff(),
    };
}

CAPAS_INLINE vfloat conv_limited(conv_limits limits, vfloat value)
{
    return v_min(v_set(limits.ceiling), v_max(v_set(limits.floor), value));
}

/* Shapes that the tuned kernels know: one group, no dilation, offsets that fit 31 bits. */
static inline bool conv_fits(const capas_conv_problem *p)
{
    const int64_t padded_height = (int64_t)p->out_height * p->stride_height + p->kernel_height;
    const int64_t padded_width = (int64_t)p->out_width * p->stride_width + p->kernel_width;
    const int64_t image = (padded_height + p->height) * (padded_width + p->width) * p->channels;
    const int64_t map = (int64_t)p->out_height * p->out_width * (p->filters + CONV_BLOCK);
    const int64_t weights = (int64_t)p->kernel_height *
                            (p->kernel_width * p->channels + CONV_BLOCK) *
                            (p->filters + CONV_BLOCK);
    return p->groups == 1 && p->dilation_height == 1 && p->dilation_width == 1 &&
           image < INT32_MAX / 4 && map < INT32_MAX / 4 && weights < INT32_MAX / 4;
}

/* Activations that all of them know, both ways. */
static inline bool conv_activation_is_usual(const capas_conv_problem *p)
{
    return p->activation == CAPAS_LINEAR || p->activation == CAPAS_RELU;
}

static inline bool conv_is_usual(const capas_conv_problem *p)
{
    return conv_fits(p) && conv_activation_is_usual(p);
}

/* ... and ReLU6, which some know forward, without a pool. */
static inline bool conv_is_usual_forward(const capas_conv_problem *p)
{
    return conv_is_usual(p) ||
           (conv_fits(p) && p->activation == CAPAS_RELU6 && p->pool.height == 0);
}

/* An image as windows see it: the window of pixel (y, x) begins at first + y * sh * pitch + x *
 * step. */
typedef struct conv_view {
    const float *first;
    int64_t pitch; /* floats from row to row */
} conv_view;

/* Floats of a copy of `rows` rows of the padded image, and zeros that a vector may read beyond it.
 */
static inline size_t conv_copy_floats(const capas_conv_problem *p, const conv_sizes *z, int rows)
{
    return (size_t)rows * (size_t)z->padded_width * (size_t)p->channels + CAPAS_VECTOR;
}

/* Rows first_row .. of the padded image: the image itself where `copy` is NULL (no rim), else a
 * copy. */
conv_view CAPAS_TUNED(capas_conv_view)(const capas_conv_problem *p, const conv_sizes *z,
                                       const float *image, int first_row, int rows, float *copy);

/* Filters packed for the forward kernels, with zeros for those that are not there. */
typedef struct conv_packed {
    float *weights; /* [blocks][taps][16] */
    float *bias;    /* [blocks][16] */
} conv_packed;

/* Packs one block. `bias` may be NULL: zeros. */
void CAPAS_TUNED(capas_conv_pack)(const conv_sizes *z, int filters, const float *weights,
                                  const float *bias, int block, conv_packed packed);

/* One row of the map, before pooling, for one block of filters:
 *
 *   out[x][k] = limited(bias[k] + sum over t of X[x * step + t] * W[t][k] + residual[x][k])
 *
 * where t runs over `rows` rows of `window` floats each, `pitch` floats apart. */
typedef struct conv_row {
    const float *input;
    int64_t pitch;
    int step, rows, window;
    const float *weights; /* [rows * window][16] */
    const float *bias;    /* [16] */
    conv_limits limits;
    float *output;         /* [pixels][output_step], of which `filters` <= 16 are written */
    const float *residual; /* likewise; NULL: none */
    int64_t output_step;
    int filters, pixels;
} conv_row;

void CAPAS_TUNED(capas_conv_direct_row)(const conv_row *row);

/* The first row of a block, linear; where it goes is left open. */
static inline conv_row conv_row_of(const capas_conv_problem *p, const conv_sizes *z,
                                   conv_packed packed, conv_view view, int block)
{
    return (conv_row){
        .input = view.first,
        .pitch = view.pitch,
        .step = z->step,
        .rows = p->kernel_height,
        .window = z->window,
        .weights = packed.weights + (int64_t)block * z->taps * CONV_BLOCK,
        .bias = packed.bias + block * CONV_BLOCK,
        .limits = conv_limits_of(CAPAS_LINEAR),
        .filters = conv_smaller(CONV_BLOCK, p->filters - block * CONV_BLOCK),
        .pixels = p->out_width,
    };
}

/* Pieces of memory one after another, each at the beginning of a cache line. Without memory it only
 * counts.
 */
typedef struct conv_memory {
    char *base;
    size_t used;
} conv_memory;

static inline void *conv_take(conv_memory *memory, size_t count, size_t size)
{
    size_t begin = memory->used;
    memory->used += (count * size + 63) / 64 * 64;
    return memory->base ? memory->base + begin : NULL;
}

/* Packed filters in memory of their own, and its bytes. */
static inline conv_packed conv_take_packed(conv_memory *memory, const conv_sizes *z)
{
    const size_t blocks = (size_t)z->blocks;
    conv_packed packed;
    packed.weights = conv_take(memory, blocks * (size_t)z->taps * CONV_BLOCK, sizeof(float));
    packed.bias = conv_take(memory, blocks * CONV_BLOCK, sizeof(float));
    return packed;
}

static inline conv_packed conv_packed_at(const capas_conv_problem *p, void *base)
{
    const conv_sizes z = conv_sizes_of(p);
    conv_memory memory = {base, 0};
    return conv_take_packed(&memory, &z);
}

static inline size_t conv_packed_bytes(const capas_conv_problem *p)
{
    const conv_sizes z = conv_sizes_of(p);
    conv_memory memory = {NULL, 0};
    conv_take_packed(&memory, &z);
    return memory.used;
}

/* Where a value takes the place of the best so far: it is greater, or the best is a NaN and it is
 * not. */
CAPAS_INLINE vint conv_wins(vfloat value, vfloat best)
{
    return ~(value <= best) & (value == value);
}

/* The better of two vectors of values, with their positions; the first of equals. */
CAPAS_INLINE void conv_take_better(vfloat *best, vint *where, vfloat value, vint position)
{
    vint wins = conv_wins(value, *best);
    *best = v_select(wins, value, *best);
    *where = (wins & position) | (~wins & *where);
}

/* The maximum of a 2x2 window, and its position: 0 1 over 2 3. */
CAPAS_INLINE vfloat conv_best_of_four(vfloat a, vfloat b, vfloat c, vfloat d, vint *where)
{
    vint where_lower = v_set_int(2);
    *where = v_set_int(0);
    conv_take_better(&a, where, b, v_set_int(1));
    conv_take_better(&c, &where_lower, d, v_set_int(3));
    conv_take_better(&a, where, c, where_lower);
    return a;
}

/* The filters of a block that are there: 16 of them in most cases. */
static inline void conv_copy_filters(float *to, const float *from, int filters)
{
    if (filters == CONV_BLOCK)
        memcpy(to, from, CONV_BLOCK * sizeof(float));
    else
        memcpy(to, from, (size_t)filters * sizeof(float));
}

static inline int conv_workers(const capas_conv_problem *p)
{
    return p->workers > 1 ? p->workers : 1;
}

#endif
