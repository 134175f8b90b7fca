/* Depthwise convolution, forward and backward: each channel with a filter of its own (groups =
 * channels = filters), over vectors of channels; any stride and dilation, linear or ReLU.
 *
 *   Z[y,x,c] = bias[c] + sum over r,s of X[y*sh + r*dh - pad_top, x*sw + s*dw - pad_left, c] *
 * W[r,s,c]
 *
 * The filters of a vector of channels stay in registers (3x3) or the first cache while a row
 * passes. Forward and the input's gradient are cut by rows, the weights' gradient by channels, so
 * that it has no parts to be added. */
#include "kernels/tuned/conv_common.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"

enum { GRAIN = 1 << 16 /* multiplications */ };

/* One side of the taps that touch the image: first .. end-1. */
typedef struct taps {
    int first, end;
} taps;

/* Taps t of `kernel` with 0 <= start + t * dilation < size. */
static taps taps_inside(int start, int kernel, int dilation, int size)
{
    taps t = {0, kernel};
    while (t.first < kernel && start + t.first * dilation < 0)
        t.first++;
    while (t.end > t.first && start + (t.end - 1) * dilation >= size)
        t.end--;
    return t;
}

static bool is_3x3(const capas_conv_problem *p)
{
    return p->kernel_height == 3 && p->kernel_width == 3;
}

static int64_t row_grain(const capas_conv_problem *p, int width)
{
    return GRAIN / ((int64_t)p->kernel_height * p->kernel_width * width * p->channels) + 1;
}

/* A row of an output and what it is made of, from one channel on. */
typedef struct row {
    const capas_conv_problem *problem;
    const float *image, *weights;
    float *output;
    int top;   /* the image's row of the first tap */
    taps down; /* rows of taps inside */
    float floor;
} row;

CAPAS_INLINE void convolve_pixel(const row *o, vfloat bias, int x, taps across, int count)
{
    const capas_conv_problem *p = o->problem;
    const int left = x * p->stride_width - p->pad_left;
    vfloat sum = bias;
    for (int r = o->down.first; r < o->down.end; r++)
        for (int s = across.first; s < across.end; s++) {
            const int64_t pixel = (int64_t)(o->top + r * p->dilation_height) * p->width + left +
                                  s * p->dilation_width;
            sum = v_fma(v_load_some(o->image + pixel * p->channels, count),
                        v_load_some(o->weights + (r * p->kernel_width + s) * p->channels, count),
                        sum);
        }
    v_store_some(o->output + (int64_t)x * p->channels, v_max(v_set(o->floor), sum), count);
}

/* Pixels begin .. end-1 with all nine taps inside. */
CAPAS_INLINE void convolve_3x3(const row *o, vfloat bias, int begin, int end, int count)
{
    const capas_conv_problem *p = o->problem;
    const int64_t down = (int64_t)p->dilation_height * p->width * p->channels;
    const int64_t right = (int64_t)p->dilation_width * p->channels;
    vfloat w[9];
    CAPAS_UNROLL
    for (int i = 0; i < 9; i++)
        w[i] = v_load_some(o->weights + i * p->channels, count);
    for (int x = begin; x < end; x++) {
        const float *from =
            o->image +
            ((int64_t)o->top * p->width + x * p->stride_width - p->pad_left) * p->channels;
        vfloat sum = bias;
        CAPAS_UNROLL
        for (int i = 0; i < 9; i++)
            sum = v_fma(v_load_some(from + i / 3 * down + i % 3 * right, count), w[i], sum);
        v_store_some(o->output + (int64_t)x * p->channels, v_max(v_set(o->floor), sum), count);
    }
}

CAPAS_INLINE void convolve_row(const row *o, vfloat bias, int count)
{
    const capas_conv_problem *p = o->problem;
    const bool nine = is_3x3(p) && o->down.first == 0 && o->down.end == 3;
    int inside = 0, x = 0;
    for (int i = 0; nine && i < p->out_width; i++) {
        const taps across =
            taps_inside(i * p->stride_width - p->pad_left, 3, p->dilation_width, p->width);
        if (across.end - across.first == 3) inside++;
        if (inside == 0) x = i + 1;
    }
    for (int i = 0; i < p->out_width; i++) {
        if (i == x && inside > 0) {
            convolve_3x3(o, bias, x, x + inside, count);
            i += inside - 1;
            continue;
        }
        convolve_pixel(o, bias, i,
                       taps_inside(i * p->stride_width - p->pad_left, p->kernel_width,
                                   p->dilation_width, p->width),
                       count);
    }
}

/* Rows begin .. end-1 of the outputs of all images. */
static void forward_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                         int shard)
{
    const capas_conv_problem *p = problem;
    const capas_conv_forward_arguments *a = arguments;
    const float *bias = p->has_bias ? a->bias : NULL;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        const int y = (int)(i % p->out_height);
        row o = {.problem = p, .top = y * p->stride_height - p->pad_top};
        o.down = taps_inside(o.top, p->kernel_height, p->dilation_height, p->height);
        o.floor = p->activation == CAPAS_RELU ? 0.0f : -__builtin_inff();
        for (int c = 0; c < p->channels; c += CAPAS_VECTOR) {
            const int count = conv_smaller(CAPAS_VECTOR, p->channels - c);
            o.image = (const float *)a->input +
                      i / p->out_height * p->height * p->width * p->channels + c;
            o.weights = (const float *)a->weights + c;
            o.output = (float *)a->output + i * p->out_width * p->channels + c;
            const vfloat first = bias ? v_load_some(bias + c, count) : v_zero();
            if (count == CAPAS_VECTOR)
                convolve_row(&o, first, CAPAS_VECTOR);
            else
                convolve_row(&o, first, count);
        }
    }
}

static void forward(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    const capas_conv_forward_arguments *a = arguments;
    capas_parallel_ranges((int64_t)a->n * p->out_height, row_grain(p, p->out_width), p->workers,
                          forward_rows, p, a);
}

/* dZ of a vector of channels. */
CAPAS_INLINE vfloat gradient_at(const capas_conv_problem *p, const capas_conv_backward_arguments *a,
                                int64_t at, int count)
{
    const vfloat gradient = v_load_some((const float *)a->output_gradient + at, count);
    if (p->activation != CAPAS_RELU) return gradient;
    const vfloat y = v_load_some((const float *)a->output + at, count);
    return (vfloat)((vint)gradient & (y > 0.0f));
}

/* The output behind tap t at place `at` of the image, or -1. */
static int output_of(int at, int t, int dilation, int stride, int size)
{
    const int start = at - t * dilation;
    return start < 0 || start % stride != 0 || start / stride >= size ? -1 : start / stride;
}

/* dX of one pixel and a vector of channels. */
CAPAS_INLINE vfloat input_gradient(const capas_conv_problem *p,
                                   const capas_conv_backward_arguments *a, int64_t image, int h,
                                   int w, int c, int count)
{
    vfloat sum = v_zero();
    for (int r = 0; r < p->kernel_height; r++) {
        const int y =
            output_of(h + p->pad_top, r, p->dilation_height, p->stride_height, p->out_height);
        for (int s = 0; y >= 0 && s < p->kernel_width; s++) {
            const int x =
                output_of(w + p->pad_left, s, p->dilation_width, p->stride_width, p->out_width);
            if (x < 0) continue;
            const int64_t at = ((image * p->out_height + y) * p->out_width + x) * p->channels + c;
            const float *weight =
                (const float *)a->weights + (int64_t)(r * p->kernel_width + s) * p->channels + c;
            sum = v_fma(gradient_at(p, a, at, count), v_load_some(weight, count), sum);
        }
    }
    return sum;
}

/* Rows begin .. end-1 of all images. */
static void input_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                       int shard)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    float *dx = (float *)a->input_gradient + begin * p->width * p->channels;
    (void)shard;
    for (int64_t i = begin; i < end; i++)
        for (int w = 0; w < p->width; w++, dx += p->channels)
            for (int c = 0; c < p->channels; c += CAPAS_VECTOR) {
                const int count = conv_smaller(CAPAS_VECTOR, p->channels - c);
                const int h = (int)(i % p->height);
                v_store_some(dx + c, input_gradient(p, a, i / p->height, h, w, c, count), count);
            }
}

/* Sums of a tap side by side, so that they do not wait for one another. */
enum { SUMS = 4 };

/* dW of one tap, and a vector of channels, over an image. */
CAPAS_INLINE vfloat tap_gradient(const capas_conv_problem *p,
                                 const capas_conv_backward_arguments *a, int64_t image, int r,
                                 int s, int c, int count)
{
    const int step = p->stride_width, offset = s * p->dilation_width - p->pad_left;
    const int begin = offset < 0 ? (step - 1 - offset) / step : 0;
    const int fit = offset < p->width ? (p->width - 1 - offset) / step + 1 : 0;
    const int end = conv_smaller(fit, p->out_width);
    vfloat sum[SUMS] = {v_zero(), v_zero(), v_zero(), v_zero()};
    for (int y = 0; y < p->out_height; y++) {
        const int h = y * p->stride_height + r * p->dilation_height - p->pad_top;
        if (h < 0 || h >= p->height) continue;
        const float *x = (const float *)a->input +
                         ((image * p->height + h) * p->width + offset) * p->channels + c;
        const int64_t at = (image * p->out_height + y) * p->out_width * p->channels + c;
        int i = begin;
        for (; i + SUMS <= end; i += SUMS)
            CAPAS_UNROLL
        for (int j = 0; j < SUMS; j++)
            sum[j] = v_fma(gradient_at(p, a, at + (int64_t)(i + j) * p->channels, count),
                           v_load_some(x + (int64_t)(i + j) * step * p->channels, count), sum[j]);
        for (; i < end; i++)
            sum[0] = v_fma(gradient_at(p, a, at + (int64_t)i * p->channels, count),
                           v_load_some(x + (int64_t)i * step * p->channels, count), sum[0]);
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

CAPAS_INLINE vfloat bias_gradient(const capas_conv_problem *p,
                                  const capas_conv_backward_arguments *a, int c, int count)
{
    const int64_t cells = (int64_t)a->n * p->out_height * p->out_width;
    vfloat sum = v_zero();
    for (int64_t i = 0; i < cells; i++)
        sum += gradient_at(p, a, i * p->channels + c, count);
    return sum;
}

/* dW and db of blocks begin .. end-1 of channels, image by image. */
static void weight_blocks(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    const int all = p->kernel_height * p->kernel_width;
    const int last = conv_smaller((int)end * CONV_BLOCK, p->channels);
    float *dw = a->weight_gradient, *db = a->bias_gradient;
    (void)shard;
    for (int c = (int)begin * CONV_BLOCK; c < last; c += CAPAS_VECTOR) {
        const int count = conv_smaller(CAPAS_VECTOR, last - c);
        if (db) v_store_some(db + c, bias_gradient(p, a, c, count), count);
        for (int t = 0; dw && t < all; t++)
            v_store_some(dw + (int64_t)t * p->channels + c, v_zero(), count);
        for (int64_t n = 0; dw && n < a->n; n++)
            for (int t = 0; t < all; t++) {
                float *to = dw + (int64_t)t * p->channels + c;
                const vfloat sum =
                    tap_gradient(p, a, n, t / p->kernel_width, t % p->kernel_width, c, count);
                v_store_some(to, v_load_some(to, count) + sum, count);
            }
    }
}

/* With stride 1 dX is a convolution forward of dZ, with the filters turned round. */
static bool can_turn(const capas_conv_problem *p)
{
    return p->stride_height == 1 && p->stride_width == 1 && p->activation == CAPAS_LINEAR;
}

static size_t backward_workspace(const void *problem)
{
    const capas_conv_problem *p = problem;
    return (size_t)p->kernel_height * (size_t)p->kernel_width * (size_t)p->channels * sizeof(float);
}

static void turned_input_gradient(const capas_conv_problem *p,
                                  const capas_conv_backward_arguments *a)
{
    const int all = p->kernel_height * p->kernel_width;
    float *turned = a->workspace;
    capas_conv_problem q = *p;
    q.height = p->out_height, q.width = p->out_width;
    q.out_height = p->height, q.out_width = p->width;
    q.pad_top = (p->kernel_height - 1) * p->dilation_height - p->pad_top;
    q.pad_left = (p->kernel_width - 1) * p->dilation_width - p->pad_left;
    q.has_bias = false;
    for (int t = 0; t < all; t++)
        memcpy(turned + (int64_t)t * p->channels,
               (const float *)a->weights + (int64_t)(all - 1 - t) * p->channels,
               (size_t)p->channels * sizeof(float));
    const capas_conv_forward_arguments arguments = {
        .n = a->n, .input = a->output_gradient, .weights = turned, .output = a->input_gradient};
    forward(&q, &arguments);
}

static void backward(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    if (a->weight_gradient || a->bias_gradient)
        capas_parallel_ranges((p->channels + CONV_BLOCK - 1) / CONV_BLOCK, 1, p->workers,
                              weight_blocks, p, a);
    if (a->input_gradient && can_turn(p))
        turned_input_gradient(p, a);
    else if (a->input_gradient)
        capas_parallel_ranges((int64_t)a->n * p->height, row_grain(p, p->width), p->workers,
                              input_rows, p, a);
}

static bool accepts(const void *problem)
{
    const capas_conv_problem *p = problem;
    return p->groups > 1 && p->groups == p->channels && p->groups == p->filters &&
           p->pool.height == 0 && !p->has_residual &&
           (p->activation == CAPAS_LINEAR || p->activation == CAPAS_RELU);
}

static unsigned long forward_runs, backward_runs;

const capas_kernel CAPAS_TUNED(capas_conv_forward_depthwise) = {
    .name = "conv_forward depthwise " CAPAS_LEVEL_STRING,
    .family = CAPAS_FAMILY_conv_forward,
    .level = CAPAS_LEVEL,
    .element = CAPAS_FLOAT32,
    .accepts = accepts,
    .run = forward,
    .runs = &forward_runs,
};

const capas_kernel CAPAS_TUNED(capas_conv_backward_depthwise) = {
    .name = "conv_backward depthwise " CAPAS_LEVEL_STRING,
    .family = CAPAS_FAMILY_conv_backward,
    .level = CAPAS_LEVEL,
    .element = CAPAS_FLOAT32,
    .accepts = accepts,
    .workspace = backward_workspace,
    .run = backward,
    .runs = &backward_runs,
};
