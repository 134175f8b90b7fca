/* Pooling, plain: the maximum or the mean of the cells of a window that lie inside the image. */
#include "kernels/plain/real.h"
#include "kernels/pool2d.h"

static int64_t cell_of(const capas_pool_problem *p, int h, int w, int c)
{
    return ((int64_t)h * p->width + w) * p->channels + c;
}

/* Where the maximum is: the first of equals in row-major order; a NaN loses to any number. */
static int64_t cell_of_maximum(const capas_pool_problem *p, const capas_real *image,
                               capas_pool_window in, int c)
{
    int64_t best = cell_of(p, in.top, in.left, c);
    for (int h = in.top; h < in.bottom; h++)
        for (int w = in.left; w < in.right; w++) {
            int64_t cell = cell_of(p, h, w, c);
            capas_real value = image[cell], most = image[best];
            if (value > most || (most != most && value == value)) best = cell;
        }
    return best;
}

static capas_real mean_of(const capas_pool_problem *p, const capas_real *image,
                          capas_pool_window in, int c)
{
    capas_real sum = 0;
    for (int h = in.top; h < in.bottom; h++)
        for (int w = in.left; w < in.right; w++)
            sum += image[cell_of(p, h, w, c)];
    return sum / (capas_real)((in.bottom - in.top) * (in.right - in.left));
}

/* Rows begin .. end-1 of all output rows of all samples. */
static void forward_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                         int shard)
{
    const capas_pool_problem *p = problem;
    const capas_pool_forward_arguments *a = arguments;
    (void)shard;
    for (int64_t row = begin; row < end; row++) {
        const capas_real *image =
            (const capas_real *)a->input + row / p->out_height * p->height * p->width * p->channels;
        capas_real *out = (capas_real *)a->output + row * p->out_width * p->channels;
        for (int x = 0; x < p->out_width; x++) {
            capas_pool_window in = capas_pool_window_at(p, (int)(row % p->out_height), x);
            for (int c = 0; c < p->channels; c++)
                *out++ =
                    p->average ? mean_of(p, image, in, c) : image[cell_of_maximum(p, image, in, c)];
        }
    }
}

static void forward(const void *problem, const void *arguments)
{
    const capas_pool_problem *p = problem;
    const capas_pool_forward_arguments *a = arguments;
    capas_parallel_ranges((int64_t)a->n * p->out_height, 1, p->workers, forward_rows, p, a);
}

/* dX of the cells of a window of channel c: an equal share each, for the mean. */
static void share_gradient(const capas_pool_problem *p, capas_pool_window in, int c,
                           capas_real gradient, capas_real *dx)
{
    capas_real share = gradient / (capas_real)((in.bottom - in.top) * (in.right - in.left));
    for (int h = in.top; h < in.bottom; h++)
        for (int w = in.left; w < in.right; w++)
            dx[cell_of(p, h, w, c)] += share;
}

/* dX of the cells that are the maximum: an equal share each. */
static void share_among_ties(const capas_pool_problem *p, const capas_real *image,
                             capas_pool_window in, int c, capas_real gradient, capas_real *dx)
{
    const int64_t best = cell_of_maximum(p, image, in, c);
    int ties = 0;
    for (int h = in.top; h < in.bottom; h++)
        for (int w = in.left; w < in.right; w++)
            ties += image[cell_of(p, h, w, c)] == image[best];
    if (ties == 0) dx[best] += gradient; /* nothing but NaN */
    for (int h = in.top; h < in.bottom; h++)
        for (int w = in.left; w < in.right; w++)
            if (image[cell_of(p, h, w, c)] == image[best])
                dx[cell_of(p, h, w, c)] += gradient / (capas_real)ties;
}

/* dX[cell] = sum over the windows that it is in (mean) or wins (maximum) of dY, or its share.
 * image, dx [height][width][channels], dy [out_height][out_width][channels] */
static void backward_sample(const capas_pool_problem *p, const capas_real *image,
                            const capas_real *dy, capas_real *dx)
{
    for (int64_t i = 0; i < cell_of(p, p->height, 0, 0); i++)
        dx[i] = 0;
    for (int y = 0; y < p->out_height; y++)
        for (int x = 0; x < p->out_width; x++) {
            capas_pool_window in = capas_pool_window_at(p, y, x);
            for (int c = 0; c < p->channels; c++, dy++) {
                if (p->average)
                    share_gradient(p, in, c, *dy, dx);
                else if (p->shares_ties)
                    share_among_ties(p, image, in, c, *dy, dx);
                else
                    dx[cell_of_maximum(p, image, in, c)] += *dy;
            }
        }
}

static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_pool_problem *p = problem;
    const capas_pool_backward_arguments *a = arguments;
    const int64_t image_size = cell_of(p, p->height, 0, 0);
    const int64_t map_size = (int64_t)p->out_height * p->out_width * p->channels;
    (void)shard;
    for (int64_t n = begin; n < end; n++)
        backward_sample(p, a->input ? (const capas_real *)a->input + n * image_size : NULL,
                        (const capas_real *)a->output_gradient + n * map_size,
                        (capas_real *)a->input_gradient + n * image_size);
}

static void backward(const void *problem, const void *arguments)
{
    const capas_pool_problem *p = problem;
    const capas_pool_backward_arguments *a = arguments;
    capas_parallel_ranges(a->n, 1, p->workers, backward_range, p, a);
}

CAPAS_PLAIN_KERNEL(pool_forward, NULL, forward);
CAPAS_PLAIN_KERNEL(pool_backward, NULL, backward);
