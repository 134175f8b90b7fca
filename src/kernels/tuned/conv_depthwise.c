/* Depthwise convolution forward (conv_depthwise.h).
 *
 *   Z[y,x,c] = bias[c] + sum over r,s of X[y*sh + r*dh - pad_top, x*sw + s*dw - pad_left, c] *
 * W[r,s,c]
 *
 * The filters of a vector of channels stay in registers (3x3) or the first cache while a row
 * passes. Work is cut by rows. */
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
        for (int i = 0; i < 9; i++)
            sum = v_fma(v_load_some(from + i / 3 * down + i % 3 * right, count), w[i], sum);
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

static bool accepts(const void *problem)
{
    const capas_conv_problem *p = problem;
    return conv_is_depthwise(p) && (conv_activation_is_usual(p) || p->activation == CAPAS_RELU6);
}

void CAPAS_TUNED(capas_conv_depthwise_forward)(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    const capas_conv_forward_arguments *a = arguments;
    capas_parallel_ranges((int64_t)a->n * p->out_height, conv_depthwise_grain(p, p->out_width),
                          p->workers, forward_rows, p, a);
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
