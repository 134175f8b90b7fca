/* Convolution forward, plain: bias, residual, activation and max-pool in one pass over the output,
 * row by row. Cells outside the image are skipped, as X is 0 there. */
#include "kernels/conv.h"
#include "kernels/plain/activation.h"

/* z[k] += sum over c of X[c] * W[c][k], each group of filters on its own channels.
 * pixel [channels], tap [channels/groups][filters] = W[r,s,:,:] */
static void add_tap(const capas_conv_problem *p, const capas_real *pixel, const capas_real *tap,
                    capas_real *z)
{
    const int channels = p->channels / p->groups, filters = p->filters / p->groups;
    for (int g = 0; g < p->groups; g++)
        for (int c = 0; c < channels; c++)
            for (int k = g * filters; k < (g + 1) * filters; k++)
                z[k] += pixel[g * channels + c] * tap[(int64_t)c * p->filters + k];
}

/* z[k] = bias[k] + sum over r,s,c of X[y*sh + r*dh - pad_top, x*sw + s*dw - pad_left, c] *
 * W[r,s,c,k] image [height][width][channels], z [filters] */
static void convolve_pixel(const capas_conv_problem *p, const capas_conv_forward_arguments *a,
                           const capas_real *image, int y, int x, capas_real *z)
{
    const capas_real *weights = a->weights, *bias = p->has_bias ? a->bias : NULL;
    const int64_t tap_size = (int64_t)(p->channels / p->groups) * p->filters;
    for (int k = 0; k < p->filters; k++)
        z[k] = bias ? bias[k] : 0;
    for (int r = 0; r < p->kernel_height; r++) {
        int h = y * p->stride_height + r * p->dilation_height - p->pad_top;
        if (h < 0 || h >= p->height) continue;
        for (int s = 0; s < p->kernel_width; s++) {
            int w = x * p->stride_width + s * p->dilation_width - p->pad_left;
            if (w < 0 || w >= p->width) continue;
            const capas_real *pixel = image + ((int64_t)h * p->width + w) * p->channels;
            add_tap(p, pixel, weights + (r * p->kernel_width + s) * tap_size, z);
        }
    }
}

/* Y[i,j,k] = max over the window of Z, and where it was: the first of equals; a NaN loses to any
 * number. out [filters], position [filters] or NULL, z [filters] scratch */
static void convolve_window(const capas_conv_problem *p, const capas_conv_forward_arguments *a,
                            const capas_real *image, int i, int j, capas_real *z, capas_real *out,
                            uint8_t *position)
{
    for (int cell = 0; cell < p->pool.height * p->pool.width; cell++) {
        int y = i * p->pool.stride_height + cell / p->pool.width;
        int x = j * p->pool.stride_width + cell % p->pool.width;
        convolve_pixel(p, a, image, y, x, z);
        for (int k = 0; k < p->filters; k++) {
            if (cell > 0 && !(z[k] > out[k]) && !(out[k] != out[k] && z[k] == z[k])) continue;
            out[k] = z[k];
            if (position) position[k] = (uint8_t)cell;
        }
    }
}

/* Rows begin .. end-1 of all output rows of all samples. */
static void forward_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                         int shard)
{
    const capas_conv_problem *p = problem;
    const capas_conv_forward_arguments *a = arguments;
    const bool pooled = p->pool.height > 0;
    const int rows = pooled ? p->pool.out_height : p->out_height;
    const int columns = pooled ? p->pool.out_width : p->out_width;
    capas_real *z = pooled ? (capas_real *)a->workspace + (int64_t)shard * p->filters : NULL;
    for (int64_t row = begin; row < end; row++) {
        const capas_real *image =
            (const capas_real *)a->input + row / rows * p->height * p->width * p->channels;
        for (int x = 0; x < columns; x++) {
            int64_t offset = (row * columns + x) * p->filters;
            capas_real *out = (capas_real *)a->output + offset;
            if (pooled)
                convolve_window(p, a, image, (int)(row % rows), x, z, out,
                                a->position ? a->position + offset : NULL);
            else
                convolve_pixel(p, a, image, (int)(row % rows), x, out);
            const capas_real *residual =
                p->has_residual ? (const capas_real *)a->residual + offset : NULL;
            for (int k = 0; k < p->filters; k++)
                out[k] = activation_value(p->activation, residual ? out[k] + residual[k] : out[k]);
        }
    }
}

static void forward(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    const capas_conv_forward_arguments *a = arguments;
    int64_t rows = p->pool.height > 0 ? p->pool.out_height : p->out_height;
    capas_parallel_ranges(a->n * rows, 1, p->workers, forward_rows, p, a);
}

/* Z of one pixel a shard. */
static size_t workspace(const void *problem)
{
    const capas_conv_problem *p = problem;
    return p->pool.height > 0 ? CAPAS_MAX_SHARDS * (size_t)p->filters * sizeof(capas_real) : 0;
}

CAPAS_PLAIN_KERNEL(conv_forward, workspace, forward);
