/* Depthwise convolution forward (conv_depthwise.h).
 *
 *   Z[y,x,c] = bias[c] + sum over r,s of X[y*sh + r*dh - pad_top, x*sw + s*dw - pad_left, c]
 *                                    * W[r,s,c]
 *
 * The filters of a vector of channels stay in registers (3x3) or the first cache while a row
 * passes. Work is cut by pairs of rows.
 *
 * Filters of 3x3 with stride and dilation 1 take two rows of the output at once, a column of the
 * image after the other. Its four values are read once, into the sums of the three columns that
 * they are part of:
 *
 *      image          output, column  k-2       k-1      k
 *      row y - 1  *          row y    oldest    middle   newest     each sum: column by column of
 *      row y      *          row y+1  oldest    middle   newest     the window, from above
 *      row y + 1  *
 *      row y + 2  *  column k - pad_left
 */
#include "kernels/tuned/conv_depthwise.h"
#include "kernels/tuned/kernels.h"

/* A row of an output and what it is made of, from one channel on. */
typedef struct row {
    const capas_conv_problem *problem;
    const float *image, *weights;
    float *output;
    int top;        /* the image's row of the first tap */
    conv_taps down; /* rows of taps inside */
    conv_limits limits;
} row;

CAPAS_INLINE void convolve_pixel(const row *o, vfloat bias, int x, conv_taps across, int count)
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
    v_store_some(o->output + (int64_t)x * p->channels, conv_limited(o->limits, sum), count);
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
        for (int i = 0; i < 9; i++) {
            const float *at = from + i / 3 * down + i % 3 * right;
            if (i % 3 > 0) __builtin_prefetch(at + CAPAS_VECTOR);
            sum = v_fma(v_load_some(at, count), w[i], sum);
        }
        v_store_some(o->output + (int64_t)x * p->channels, conv_limited(o->limits, sum), count);
    }
}

CAPAS_INLINE void convolve_row(const row *o, vfloat bias, int count)
{
    const capas_conv_problem *p = o->problem;
    const bool nine = conv_is_3x3(p) && o->down.first == 0 && o->down.end == 3;
    int inside = 0, x = 0;
    for (int i = 0; nine && i < p->out_width; i++) {
        const conv_taps across =
            conv_taps_inside(i * p->stride_width - p->pad_left, 3, p->dilation_width, p->width);
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
                       conv_taps_inside(i * p->stride_width - p->pad_left, p->kernel_width,
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
        o.down = conv_taps_inside(o.top, p->kernel_height, p->dilation_height, p->height);
        o.limits = conv_limits_of(p->activation);
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

/* Two rows of an output (or one), from one channel on, and the rows of the image under them. */
typedef struct pair {
    const capas_conv_problem *problem;
    const float *from[4]; /* outside of the image: zeros, */
    int64_t step[4];      /* always the same ones; floats from pixel to pixel */
    const float *weights;
    float *output;
    conv_limits limits;
} pair;

/* A column of the image: fma(value, w) into each sum that it is part of. */
CAPAS_INLINE void add_column(const int rows, const pair *o, int column, int count,
                             const vfloat w[9], vfloat oldest[2], vfloat middle[2],
                             vfloat newest[2])
{
    CAPAS_UNROLL
    for (int i = 0; i < rows + 2; i++) {
        const float *from = o->from[i] + column * o->step[i];
        const vfloat value = v_load_some(from, count);
        __builtin_prefetch(from + CAPAS_VECTOR);
        CAPAS_UNROLL
        for (int y = i > 2 ? i - 2 : 0; y <= i && y < rows; y++) {
            const vfloat *tap = w + (i - y) * 3;
            oldest[y] = v_fma(value, tap[2], oldest[y]);
            middle[y] = v_fma(value, tap[1], middle[y]);
            newest[y] = v_fma(value, tap[0], newest[y]);
        }
    }
}

CAPAS_INLINE void slide(const int rows, const pair *o, vfloat bias, int count)
{
    const capas_conv_problem *p = o->problem;
    vfloat w[9], oldest[2], middle[2] = {bias, bias}, newest[2] = {bias, bias};
    CAPAS_UNROLL
    for (int i = 0; i < 9; i++)
        w[i] = v_load_some(o->weights + i * p->channels, count);
    for (int k = 0; k < p->out_width + 2; k++) {
        const int column = k - p->pad_left;
        CAPAS_UNROLL
        for (int y = 0; y < rows; y++)
            oldest[y] = middle[y], middle[y] = newest[y], newest[y] = bias;
        if (column >= 0 && column < p->width)
            add_column(rows, o, column, count, w, oldest, middle, newest);
        CAPAS_UNROLL
        for (int y = 0; y < rows && k >= 2; y++)
            v_store_some(o->output + ((int64_t)y * p->out_width + k - 2) * p->channels,
                         conv_limited(o->limits, oldest[y]), count);
    }
}

static const float nothing[CAPAS_VECTOR];

/* Rows y and, where `rows` is 2, y + 1 of the outputs of image n. */
static void slide_rows(const capas_conv_problem *p, const capas_conv_forward_arguments *a,
                       int64_t n, int y, int rows)
{
    const float *image = (const float *)a->input + n * p->height * p->width * p->channels;
    const float *bias = p->has_bias ? a->bias : NULL;
    pair o = {.problem = p, .limits = conv_limits_of(p->activation)};
    for (int c = 0; c < p->channels; c += CAPAS_VECTOR) {
        const int count = conv_smaller(CAPAS_VECTOR, p->channels - c);
        const vfloat first = bias ? v_load_some(bias + c, count) : v_zero();
        for (int i = 0; i < 4; i++) {
            const int top = y - p->pad_top + i;
            const bool inside = top >= 0 && top < p->height;
            o.from[i] = inside ? image + (int64_t)top * p->width * p->channels + c : nothing;
            o.step[i] = inside ? p->channels : 0;
        }
        o.weights = (const float *)a->weights + c;
        o.output =
            (float *)a->output + (n * p->out_height + y) * (int64_t)p->out_width * p->channels + c;
        if (rows == 2 && count == CAPAS_VECTOR)
            slide(2, &o, first, CAPAS_VECTOR);
        else if (rows == 2)
            slide(2, &o, first, count);
        else
            slide(1, &o, first, count);
    }
}

static bool slides(const capas_conv_problem *p)
{
    return conv_is_3x3(p) && p->stride_height == 1 && p->stride_width == 1 &&
           p->dilation_height == 1 && p->dilation_width == 1;
}

/* Pairs begin .. end-1 of rows of the outputs of all images. */
static void forward_pairs(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_conv_problem *p = problem;
    const int64_t pairs = (p->out_height + 1) / 2;
    for (int64_t i = begin; i < end; i++) {
        const int y = (int)(i % pairs) * 2, rows = conv_smaller(2, p->out_height - y);
        const int64_t first = i / pairs * p->out_height + y;
        if (slides(p))
            slide_rows(p, arguments, i / pairs, y, rows);
        else
            forward_rows(p, arguments, first, first + rows, shard);
    }
}

static bool accepts(const void *problem)
{
    const capas_conv_problem *p = problem;
    return conv_is_depthwise(p) && (conv_activation_is_usual(p) || p->activation == CAPAS_RELU6);
}

void CAPAS_TUNED(capas_conv_depthwise_forward)(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    const capas_conv_forward_arguments *a = arguments;
    capas_parallel_ranges((int64_t)a->n * ((p->out_height + 1) / 2),
                          (conv_depthwise_grain(p, p->out_width) + 1) / 2, p->workers,
                          forward_pairs, p, a);
}

static unsigned long forward_runs;

const capas_kernel CAPAS_TUNED(capas_conv_forward_depthwise) = {
    .name = "conv_forward depthwise " CAPAS_LEVEL_STRING,
    .family = CAPAS_FAMILY_conv_forward,
    .level = CAPAS_LEVEL,
    .element = CAPAS_FLOAT32,
    .accepts = accepts,
    .run = CAPAS_TUNED(capas_conv_depthwise_forward),
    .runs = &forward_runs,
};
