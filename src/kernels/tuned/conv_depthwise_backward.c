/* Depthwise convolution backward (conv_depthwise.h).
 *
 *   dW[r,s,c] = sum over n,y,x of X[n, y*sh + r*dh - pad_top, x*sw + s*dw - pad_left, c]
 *                                  * dZ[n,y,x,c]
 *   dX[h,w,c] = sum over the (y,x,r,s) that touch (h,w) of dZ[y,x,c] * W[r,s,c]
 *
 * The weights' gradient is cut by blocks of channels, and where these are few by parts of the
 * batch, whose sums are added in their order; of 3x3 filters all nine sums are in registers while a
 * row passes. The input's is cut by rows, each of which takes tap after tap; with stride 1 it is a
 * convolution forward. */
#include "kernels/tuned/conv_depthwise.h"
#include "kernels/tuned/kernels.h"

/* dZ of a vector of channels. */
CAPAS_INLINE vfloat gradient_at(const capas_conv_problem *p, const capas_conv_backward_arguments *a,
                                int64_t at, int count)
{
    const vfloat gradient = v_load_some((const float *)a->output_gradient + at, count);
    if (p->activation != CAPAS_RELU) return gradient;
    const vfloat y = v_load_some((const float *)a->output + at, count);
    return (vfloat)((vint)gradient & (y > 0.0f));
}

/* Outputs x whose tap at `offset` from the first of their cells is inside: first .. end-1. */
static conv_taps outputs_inside(int offset, int stride, int size, int outputs)
{
    const int first = offset < 0 ? (stride - 1 - offset) / stride : 0;
    const int fit = offset < size ? (size - 1 - offset) / stride + 1 : 0;
    return (conv_taps){first, conv_smaller(fit, outputs)};
}

/* What a row of outputs gives to a row of dX by one row of taps; a vector of channels.
 * dz: where the row begins in the output's gradient */
CAPAS_INLINE void give_row(const capas_conv_problem *p, const capas_conv_backward_arguments *a,
                           int64_t dz, const float *weights, float *dx, int count)
{
    for (int s = 0; s < p->kernel_width; s++) {
        const int offset = s * p->dilation_width - p->pad_left;
        const conv_taps x = outputs_inside(offset, p->stride_width, p->width, p->out_width);
        const vfloat weight = v_load_some(weights + (int64_t)s * p->channels, count);
        float *to = dx + ((int64_t)x.first * p->stride_width + offset) * p->channels;
        for (int i = x.first; i < x.end; i++, to += p->stride_width * p->channels)
            v_store_some(to,
                         v_fma(gradient_at(p, a, dz + (int64_t)i * p->channels, count), weight,
                               v_load_some(to, count)),
                         count);
    }
}

/* A row of dX, a vector of channels from c on: first zeros, then tap by tap. */
CAPAS_INLINE void input_row(const capas_conv_problem *p, const capas_conv_backward_arguments *a,
                            int64_t image, int h, int c, float *dx, int count)
{
    for (int w = 0; w < p->width; w++)
        v_store_some(dx + (int64_t)w * p->channels, v_zero(), count);
    for (int r = 0; r < p->kernel_height; r++) {
        const int start = h + p->pad_top - r * p->dilation_height, y = start / p->stride_height;
        if (start < 0 || start % p->stride_height != 0 || y >= p->out_height) continue;
        give_row(p, a, (image * p->out_height + y) * p->out_width * p->channels + c,
                 (const float *)a->weights + (int64_t)r * p->kernel_width * p->channels + c, dx,
                 count);
    }
}

/* Rows begin .. end-1 of all images. */
static void input_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                       int shard)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    float *dx = (float *)a->input_gradient + begin * p->width * p->channels;
    (void)shard;
    for (int64_t i = begin; i < end; i++, dx += (int64_t)p->width * p->channels)
        for (int c = 0; c < p->channels; c += CAPAS_VECTOR) {
            const int count = conv_smaller(CAPAS_VECTOR, p->channels - c);
            if (count == CAPAS_VECTOR)
                input_row(p, a, i / p->height, (int)(i % p->height), c, dx + c, CAPAS_VECTOR);
            else
                input_row(p, a, i / p->height, (int)(i % p->height), c, dx + c, count);
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
    const conv_taps across = outputs_inside(offset, step, p->width, p->out_width);
    vfloat sum[SUMS] = {v_zero(), v_zero(), v_zero(), v_zero()};
    for (int y = 0; y < p->out_height; y++) {
        const int h = y * p->stride_height + r * p->dilation_height - p->pad_top;
        if (h < 0 || h >= p->height) continue;
        const float *x = (const float *)a->input +
                         ((image * p->height + h) * p->width + offset) * p->channels + c;
        const int64_t at = (image * p->out_height + y) * p->out_width * p->channels + c;
        for (int i = across.first; i < across.end; i++)
            sum[i % SUMS] =
                v_fma(gradient_at(p, a, at + (int64_t)i * p->channels, count),
                      v_load_some(x + (int64_t)i * step * p->channels, count), sum[i % SUMS]);
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* dW of a 3x3 filter, side by side: a run of outputs in a row, whose window has these rows and
 * columns inside. sum [9]
 * image: the first output's window, its first tap even where that is outside */
CAPAS_INLINE void add_run(const int first_row, const int last_row, const int first_column,
                          const int last_column, const capas_conv_problem *p,
                          const capas_conv_backward_arguments *a, const float *image, int64_t dz,
                          int cells, vfloat *sums)
{
    const int64_t down = (int64_t)p->dilation_height * p->width * p->channels;
    const int64_t right = (int64_t)p->dilation_width * p->channels;
    vfloat sum[9];
    CAPAS_UNROLL
    for (int t = 0; t < 9; t++)
        sum[t] = sums[t];
    for (int i = 0; i < cells; i++, dz += p->channels, image += p->stride_width * p->channels) {
        const vfloat gradient = gradient_at(p, a, dz, CAPAS_VECTOR);
        CAPAS_UNROLL
        for (int t = 0; t < 9; t++)
            if (t / 3 >= first_row && t / 3 <= last_row && t % 3 >= first_column &&
                t % 3 <= last_column)
                sum[t] = v_fma(gradient, v_load(image + t / 3 * down + t % 3 * right), sum[t]);
    }
    CAPAS_UNROLL
    for (int t = 0; t < 9; t++)
        sums[t] = sum[t];
}

typedef void add_run_function(const capas_conv_problem *p, const capas_conv_backward_arguments *a,
                              const float *image, int64_t dz, int cells, vfloat *sums);

/* For each part of the nine taps that a window at some edge may have inside. */
#define DEFINE_RUN(r, q, s, t)                                                                     \
    static __attribute__((noinline)) void add_run_##r##q##s##t(                                    \
        const capas_conv_problem *p, const capas_conv_backward_arguments *a, const float *image,   \
        int64_t dz, int cells, vfloat *sums)                                                       \
    {                                                                                              \
        add_run(r, q, s, t, p, a, image, dz, cells, sums);                                         \
    }
#define DEFINE_RUNS(r, q)                                                                          \
    DEFINE_RUN(r, q, 0, 0)                                                                         \
    DEFINE_RUN(r, q, 0, 1)                                                                         \
    DEFINE_RUN(r, q, 0, 2)                                                                         \
    DEFINE_RUN(r, q, 1, 1)                                                                         \
    DEFINE_RUN(r, q, 1, 2)                                                                         \
    DEFINE_RUN(r, q, 2, 2)
DEFINE_RUNS(0, 0)
DEFINE_RUNS(0, 1)
DEFINE_RUNS(0, 2)
DEFINE_RUNS(1, 1)
DEFINE_RUNS(1, 2)
DEFINE_RUNS(2, 2)

/* [first row, last row, first column, last column] */
#define RUNS_ENTRY(r, q)                                                                           \
    {                                                                                              \
        {add_run_##r##q##00, add_run_##r##q##01, add_run_##r##q##02},                              \
            {NULL, add_run_##r##q##11, add_run_##r##q##12}, {NULL, NULL, add_run_##r##q##22},      \
    }
static add_run_function *const runs[3][3][3][3] = {
    {RUNS_ENTRY(0, 0), RUNS_ENTRY(0, 1), RUNS_ENTRY(0, 2)},
    {{{NULL}}, RUNS_ENTRY(1, 1), RUNS_ENTRY(1, 2)},
    {{{NULL}}, {{NULL}}, RUNS_ENTRY(2, 2)},
};

/* dW of all nine taps, a vector of channels, over an image: row by row, runs of outputs with the
 * same taps inside. */
static void nine_gradients(const capas_conv_problem *p, const capas_conv_backward_arguments *a,
                           int64_t image, int c, vfloat *sums)
{
    for (int y = 0; y < p->out_height; y++) {
        const int top = y * p->stride_height - p->pad_top;
        const conv_taps down = conv_taps_inside(top, 3, p->dilation_height, p->height);
        const int64_t dz = (image * p->out_height + y) * p->out_width * p->channels + c;
        if (down.first >= down.end) continue;
        for (int x = 0, next; x < p->out_width; x = next) {
            const int left = x * p->stride_width - p->pad_left;
            const conv_taps across = conv_taps_inside(left, 3, p->dilation_width, p->width);
            for (next = x + 1; next < p->out_width; next++) {
                const conv_taps other = conv_taps_inside(next * p->stride_width - p->pad_left, 3,
                                                         p->dilation_width, p->width);
                if (other.first != across.first || other.end != across.end) break;
            }
            if (across.first >= across.end) continue;
            const float *window = (const float *)a->input +
                                  ((image * p->height + top) * p->width + left) * p->channels + c;
            runs[down.first][down.end - 1][across.first][across.end - 1](
                p, a, window, dz + (int64_t)x * p->channels, next - x, sums);
        }
    }
}

CAPAS_INLINE vfloat bias_gradient(const capas_conv_problem *p,
                                  const capas_conv_backward_arguments *a, int64_t image, int c,
                                  int count)
{
    const int64_t cells = (int64_t)p->out_height * p->out_width;
    vfloat sum = v_zero();
    for (int64_t i = image * cells; i < (image + 1) * cells; i++)
        sum += gradient_at(p, a, i * p->channels + c, count);
    return sum;
}

/* Parts of the batch whose sums are made apart, where there are few blocks of channels to cut the
 * work by: of the shape alone. */
static int parts_of(const capas_conv_problem *p, int n)
{
    const int blocks = (p->channels + CONV_BLOCK - 1) / CONV_BLOCK;
    return blocks >= 8 || n < 2 ? 1 : conv_smaller(n, 4);
}

/* A part's sums: of each tap, and of the bias. */
static int64_t part_floats(const capas_conv_problem *p)
{
    return ((int64_t)p->kernel_height * p->kernel_width + 1) * p->channels;
}

/* Of one image and a vector of channels, added to the part's sums. */
static void add_image(const capas_conv_problem *p, const capas_conv_backward_arguments *a,
                      int64_t image, int c, int count, float *part)
{
    const int all = p->kernel_height * p->kernel_width;
    vfloat sums[9];
    const bool nine = conv_is_3x3(p) && count == CAPAS_VECTOR;
    for (int t = 0; t < 9; t++)
        sums[t] = v_zero();
    if (nine && a->weight_gradient) nine_gradients(p, a, image, c, sums);
    for (int t = 0; t < all && a->weight_gradient; t++) {
        float *to = part + (int64_t)t * p->channels + c;
        const vfloat sum =
            nine ? sums[t]
                 : tap_gradient(p, a, image, t / p->kernel_width, t % p->kernel_width, c, count);
        v_store_some(to, v_load_some(to, count) + sum, count);
    }
    if (!a->bias_gradient) return;
    float *bias = part + (int64_t)all * p->channels + c;
    v_store_some(bias, v_load_some(bias, count) + bias_gradient(p, a, image, c, count), count);
}

/* Blocks of channels, of one part of the batch after the other. */
static void weight_blocks(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    const int blocks = (p->channels + CONV_BLOCK - 1) / CONV_BLOCK, parts = parts_of(p, a->n);
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        const int part = (int)(i / blocks), first = (int)(i % blocks) * CONV_BLOCK;
        const int last = conv_smaller(first + CONV_BLOCK, p->channels);
        for (int64_t n = capas_shard_begin(a->n, parts, part);
             n < capas_shard_begin(a->n, parts, part + 1); n++)
            for (int c = first; c < last; c += CAPAS_VECTOR)
                add_image(p, a, n, c, conv_smaller(CAPAS_VECTOR, last - c),
                          (float *)a->workspace + part * part_floats(p));
    }
}

/* to[i] = sum over the parts of sums[part][first + i] */
static void add_parts(const capas_conv_problem *p, const capas_conv_backward_arguments *a,
                      int64_t first, int64_t count, float *to)
{
    const float *sums = a->workspace;
    for (int64_t i = 0; i < count; i++) {
        float sum = sums[first + i];
        for (int part = 1; part < parts_of(p, a->n); part++)
            sum += sums[part * part_floats(p) + first + i];
        to[i] = sum;
    }
}

static void weight_gradients(const capas_conv_problem *p, const capas_conv_backward_arguments *a)
{
    const int64_t weights = part_floats(p) - p->channels, parts = parts_of(p, a->n);
    memset(a->workspace, 0, (size_t)(parts * part_floats(p)) * sizeof(float));
    capas_parallel_ranges((p->channels + CONV_BLOCK - 1) / CONV_BLOCK * parts, 1, p->workers,
                          weight_blocks, p, a);
    if (a->weight_gradient) add_parts(p, a, 0, weights, a->weight_gradient);
    if (a->bias_gradient) add_parts(p, a, weights, p->channels, a->bias_gradient);
}

/* Once the weights' gradient is done the turned filters lie in the place of its sums. */
static size_t backward_workspace(const void *problem)
{
    const capas_conv_problem *p = problem;
    return (size_t)parts_of(p, p->batch) * (size_t)part_floats(p) * sizeof(float);
}

/* With stride 1 dX is a convolution forward of dZ, with the filters turned round. */
static bool can_turn(const capas_conv_problem *p)
{
    return p->stride_height == 1 && p->stride_width == 1 && p->activation == CAPAS_LINEAR;
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
    CAPAS_TUNED(capas_conv_depthwise_forward)(&q, &arguments);
}

static void backward(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    if (a->weight_gradient || a->bias_gradient) weight_gradients(p, a);
    if (a->input_gradient && can_turn(p))
        turned_input_gradient(p, a);
    else if (a->input_gradient)
        capas_parallel_ranges((int64_t)a->n * p->height, conv_depthwise_grain(p, p->width),
                              p->workers, input_rows, p, a);
}

static bool accepts(const void *problem)
{
    const capas_conv_problem *p = problem;
    return conv_is_depthwise(p) && conv_activation_is_usual(p);
}

static unsigned long backward_runs;

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
