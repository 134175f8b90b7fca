/* Pooling over vectors of channels: the maximum or the mean of the cells of a window that lie
 * inside the image, cell by cell in row-major order as the plain kernel does it, so that the bits
 * are the same.
 *
 *   image [height][width][channels]: the window of an output cell is pool_height runs of
 *   pool_width * channels floats; channel c of its cells goes through one lane.
 *
 * Windows of 2x2 cells side by side, the usual ones, have loops of their own, in which the cells
 * are read once and each cell of the gradient is written once.
 *
 * Work is cut by output rows forward, by samples backward. */
#include "kernels/pool2d.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"

enum { GRAIN = 16384 /* elements */ };

static int64_t cell_of(const capas_pool_problem *p, int h, int w)
{
    return ((int64_t)h * p->width + w) * p->channels;
}

static float cells_in(capas_pool_window in)
{
    return (float)((in.bottom - in.top) * (in.right - in.left));
}

/* Lanes where the value takes the maximum's place: larger, or the first number after NaNs. */
CAPAS_INLINE vint wins(vfloat value, vfloat most)
{
    return (vint)(~(most >= value) & (value == value));
}

CAPAS_INLINE vfloat mean_of(const capas_pool_problem *p, const float *image, capas_pool_window in,
                            int count)
{
    vfloat sum = v_zero();
    for (int h = in.top; h < in.bottom; h++)
        for (int w = in.left; w < in.right; w++)
            sum += v_load_some(image + cell_of(p, h, w), count);
    return sum / cells_in(in);
}

CAPAS_INLINE vfloat maximum_of(const capas_pool_problem *p, const float *image,
                               capas_pool_window in, int count)
{
    vfloat most = v_load_some(image + cell_of(p, in.top, in.left), count);
    for (int h = in.top; h < in.bottom; h++)
        for (int w = in.left; w < in.right; w++) {
            vfloat value = v_load_some(image + cell_of(p, h, w), count);
            most = v_select(wins(value, most), value, most);
        }
    return most;
}

/* 2x2 cells side by side, all inside the image: maxima only. */
static bool is_quad(const capas_pool_problem *p)
{
    return !p->average && !p->shares_ties && !p->adaptive && p->pool_height == 2 &&
           p->pool_width == 2 && p->stride_height == 2 && p->stride_width == 2 && p->pad_top == 0 &&
           p->pad_left == 0 && 2 * p->out_height <= p->height && 2 * p->out_width <= p->width;
}

/* Of one vector of channels: image, the upper left cell. */
CAPAS_INLINE vfloat quad_maximum(const float *image, int64_t row, int channels, int count,
                                 vint *winner)
{
    vfloat most = v_load_some(image, count);
    *winner = v_set_int(0);
    CAPAS_UNROLL
    for (int cell = 1; cell < 4; cell++) {
        const vfloat value = v_load_some(image + cell / 2 * row + cell % 2 * channels, count);
        const vint better = wins(value, most);
        most = v_select(better, value, most);
        *winner = (better & cell) | (~better & *winner);
    }
    return most;
}

/* A row of the output. image: the first of its two rows. */
static void forward_quads(const capas_pool_problem *p, const float *image, float *out)
{
    const int64_t row = (int64_t)p->width * p->channels;
    for (int x = 0; x < p->out_width; x++, image += 2 * p->channels, out += p->channels) {
        vint winner;
        int c = 0;
        for (; c + CAPAS_VECTOR <= p->channels; c += CAPAS_VECTOR)
            v_store(out + c, quad_maximum(image + c, row, p->channels, CAPAS_VECTOR, &winner));
        const int left = p->channels - c;
        if (left > 0)
            v_store_some(out + c, quad_maximum(image + c, row, p->channels, left, &winner), left);
    }
}

CAPAS_INLINE void give_quad(const float *image, const float *dy, float *dx, int64_t row,
                            int channels, int count)
{
    const vfloat gradient = v_load_some(dy, count);
    vint winner;
    quad_maximum(image, row, channels, count, &winner);
    CAPAS_UNROLL
    for (int cell = 0; cell < 4; cell++)
        v_store_some(dx + cell / 2 * row + cell % 2 * channels,
                     v_select((vint)(winner == cell), gradient, v_zero()), count);
}

/* A row of the output's gradient, and zeros for the cells to its right. */
static void backward_quads(const capas_pool_problem *p, const float *image, const float *dy,
                           float *dx)
{
    const int64_t row = (int64_t)p->width * p->channels;
    const int64_t covered = (int64_t)2 * p->out_width * p->channels;
    for (int x = 0; x < p->out_width; x++, dy += p->channels) {
        const int64_t at = (int64_t)2 * x * p->channels;
        int c = 0;
        for (; c + CAPAS_VECTOR <= p->channels; c += CAPAS_VECTOR)
            give_quad(image + at + c, dy + c, dx + at + c, row, p->channels, CAPAS_VECTOR);
        if (c < p->channels)
            give_quad(image + at + c, dy + c, dx + at + c, row, p->channels, p->channels - c);
    }
    for (int i = 0; i < 2; i++)
        memset(dx + i * row + covered, 0, (size_t)(row - covered) * sizeof(float));
}

/* Rows begin .. end-1 of all output rows of all samples. */
static void forward_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                         int shard)
{
    const capas_pool_problem *p = problem;
    const capas_pool_forward_arguments *a = arguments;
    (void)shard;
    for (int64_t row = begin; row < end; row++) {
        const float *image =
            (const float *)a->input + row / p->out_height * cell_of(p, p->height, 0);
        float *out = (float *)a->output + row * p->out_width * p->channels;
        if (is_quad(p)) {
            forward_quads(p, image + cell_of(p, (int)(row % p->out_height) * 2, 0), out);
            continue;
        }
        for (int x = 0; x < p->out_width; x++, out += p->channels) {
            const capas_pool_window in = capas_pool_window_at(p, row % p->out_height, x);
            for (int c = 0; c < p->channels; c += CAPAS_VECTOR) {
                const int left = p->channels - c, count = left < CAPAS_VECTOR ? left : CAPAS_VECTOR;
                v_store_some(out + c,
                             p->average ? mean_of(p, image + c, in, count)
                                        : maximum_of(p, image + c, in, count),
                             count);
            }
        }
    }
}

static void forward(const void *problem, const void *arguments)
{
    const capas_pool_problem *p = problem;
    const capas_pool_forward_arguments *a = arguments;
    const int64_t work = (int64_t)p->out_width * p->channels * p->pool_height * p->pool_width;
    capas_parallel_ranges((int64_t)a->n * p->out_height, GRAIN / work + 1, p->workers, forward_rows,
                          p, a);
}

CAPAS_INLINE void add_to(float *dx, vfloat part, int count)
{
    v_store_some(dx, v_load_some(dx, count) + part, count);
}

static void share_gradient(const capas_pool_problem *p, capas_pool_window in, vfloat gradient,
                           float *dx, int count)
{
    const vfloat share = gradient / cells_in(in);
    for (int h = in.top; h < in.bottom; h++)
        for (int w = in.left; w < in.right; w++)
            add_to(dx + cell_of(p, h, w), share, count);
}

/* The gradient to where the maximum is; cells are counted row by row. */
static void give_gradient(const capas_pool_problem *p, const float *image, capas_pool_window in,
                          vfloat gradient, float *dx, int count)
{
    vfloat most = v_load_some(image + cell_of(p, in.top, in.left), count);
    vint winner = v_set_int(0);
    int32_t cell = 0;
    for (int h = in.top; h < in.bottom; h++)
        for (int w = in.left; w < in.right; w++, cell++) {
            vfloat value = v_load_some(image + cell_of(p, h, w), count);
            vint better = wins(value, most);
            most = v_select(better, value, most);
            winner = (better & cell) | (~better & winner);
        }
    cell = 0;
    for (int h = in.top; h < in.bottom; h++)
        for (int w = in.left; w < in.right; w++, cell++)
            add_to(dx + cell_of(p, h, w), v_select((vint)(winner == cell), gradient, v_zero()),
                   count);
}

/* The gradient in equal shares to all cells that are the maximum; of nothing but NaN to the first.
 */
static void share_among_ties(const capas_pool_problem *p, const float *image, capas_pool_window in,
                             vfloat gradient, float *dx, int count)
{
    const vfloat most = maximum_of(p, image, in, count), one = v_set(1);
    vfloat ties = v_zero();
    for (int h = in.top; h < in.bottom; h++)
        for (int w = in.left; w < in.right; w++) {
            const vfloat value = v_load_some(image + cell_of(p, h, w), count);
            ties += v_select((vint)(value == most), one, v_zero());
        }
    const vint none = (vint)(most != most);
    const vfloat share = gradient / v_select(none, one, ties);
    add_to(dx + cell_of(p, in.top, in.left), v_select(none, gradient, v_zero()), count);
    for (int h = in.top; h < in.bottom; h++)
        for (int w = in.left; w < in.right; w++) {
            const vfloat value = v_load_some(image + cell_of(p, h, w), count);
            add_to(dx + cell_of(p, h, w), v_select((vint)(value == most), share, v_zero()), count);
        }
}

/* image, dx [height][width][channels], dy [out_height][out_width][channels] */
static void backward_sample(const capas_pool_problem *p, const float *image, const float *dy,
                            float *dx)
{
    const int64_t row = (int64_t)p->width * p->channels;
    if (is_quad(p)) {
        for (int y = 0; y < p->out_height; y++, dy += (int64_t)p->out_width * p->channels)
            backward_quads(p, image + 2 * y * row, dy, dx + 2 * y * row);
        memset(dx + 2 * p->out_height * row, 0,
               (size_t)((p->height - 2 * p->out_height) * row) * sizeof(float));
        return;
    }
    memset(dx, 0, (size_t)cell_of(p, p->height, 0) * sizeof(float));
    for (int y = 0; y < p->out_height; y++)
        for (int x = 0; x < p->out_width; x++, dy += p->channels) {
            const capas_pool_window in = capas_pool_window_at(p, y, x);
            for (int c = 0; c < p->channels; c += CAPAS_VECTOR) {
                const int left = p->channels - c, count = left < CAPAS_VECTOR ? left : CAPAS_VECTOR;
                const vfloat gradient = v_load_some(dy + c, count);
                if (p->average)
                    share_gradient(p, in, gradient, dx + c, count);
                else if (p->shares_ties)
                    share_among_ties(p, image + c, in, gradient, dx + c, count);
                else
                    give_gradient(p, image + c, in, gradient, dx + c, count);
            }
        }
}

static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_pool_problem *p = problem;
    const capas_pool_backward_arguments *a = arguments;
    const int64_t image_size = cell_of(p, p->height, 0);
    const int64_t map_size = (int64_t)p->out_height * p->out_width * p->channels;
    (void)shard;
    for (int64_t n = begin; n < end; n++)
        backward_sample(p, p->average ? NULL : (const float *)a->input + n * image_size,
                        (const float *)a->output_gradient + n * map_size,
                        (float *)a->input_gradient + n * image_size);
}

static void backward(const void *problem, const void *arguments)
{
    const capas_pool_problem *p = problem;
    const capas_pool_backward_arguments *a = arguments;
    capas_parallel_ranges(a->n, GRAIN / cell_of(p, p->height, 0) + 1, p->workers, backward_range, p,
                          a);
}

CAPAS_TUNED_KERNEL(pool_forward, "channels", NULL, NULL, forward);
CAPAS_TUNED_KERNEL(pool_backward, "channels", NULL, NULL, backward);
