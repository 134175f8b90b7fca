/* Convolution backward, plain: first dZ, the gradient before pool and activation, for the whole
 * batch in the workspace; then weights, bias and input from it by their formulas. Each shard owns
 * what it writes: samples of dZ and dX, taps of dW, filters of db. */
#include "kernels/conv.h"
#include "kernels/plain/activation.h"

/* Elements of one sample's dZ [out_height][out_width][filters]. */
static int64_t map_size(const capas_conv_problem *p)
{
    return (int64_t)p->out_height * p->out_width * p->filters;
}

/* dZ[y,x,k] = dY[y,x,k] * activation'(Y[y,x,k]) */
static void activation_gradient(const capas_conv_problem *p, const capas_real *output,
                                const capas_real *output_gradient, capas_real *dz)
{
    for (int64_t i = 0; i < map_size(p); i++)
        dz[i] = output_gradient[i] * activation_slope(p->activation, output[i]);
}

/* The same behind a pool: dZ is 0 but at the positions of the maxima; windows that overlap add up.
 * output, output_gradient, position [pool.out_height][pool.out_width][filters] */
static void pool_gradient(const capas_conv_problem *p, const capas_real *output,
                          const capas_real *output_gradient, const uint8_t *position,
                          capas_real *dz)
{
    const capas_conv_pool *pool = &p->pool;
    for (int64_t i = 0; i < map_size(p); i++)
        dz[i] = 0;
    int64_t from = 0;
    for (int i = 0; i < pool->out_height; i++)
        for (int j = 0; j < pool->out_width; j++)
            for (int k = 0; k < p->filters; k++, from++) {
                int y = i * pool->stride_height + position[from] / pool->width;
                int x = j * pool->stride_width + position[from] % pool->width;
                dz[((int64_t)y * p->out_width + x) * p->filters + k] +=
                    output_gradient[from] * activation_slope(p->activation, output[from]);
            }
}

static void map_gradient_range(const void *problem, const void *arguments, int64_t begin,
                               int64_t end, int shard)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    const capas_real *output = a->output, *output_gradient = a->output_gradient;
    const int64_t pooled_size = (int64_t)p->pool.out_height * p->pool.out_width * p->filters;
    (void)shard;
    for (int64_t n = begin; n < end; n++) {
        capas_real *dz = (capas_real *)a->workspace + n * map_size(p);
        if (p->pool.height > 0)
            pool_gradient(p, output + n * pooled_size, output_gradient + n * pooled_size,
                          a->position + n * pooled_size, dz);
        else
            activation_gradient(p, output + n * map_size(p), output_gradient + n * map_size(p), dz);
    }
}

/* dW[k] += X[c] * dZ[k], each group of filters with its own channel c of the group. dw, dz
 * [filters] */
static void add_to_tap(const capas_conv_problem *p, const capas_real *pixel, int c,
                       const capas_real *dz, capas_real *dw)
{
    const int channels = p->channels / p->groups, filters = p->filters / p->groups;
    for (int g = 0; g < p->groups; g++)
        for (int k = g * filters; k < (g + 1) * filters; k++)
            dw[k] += pixel[g * channels + c] * dz[k];
}

/* dW[r,s,c,:] = sum over n,y,x of X[n, y*sh+r*dh-pad_top, x*sw+s*dw-pad_left, c] * dZ[n,y,x,:] */
static void weight_gradient(const capas_conv_problem *p, const capas_conv_backward_arguments *a,
                            int r, int s, int c, capas_real *dw)
{
    const capas_real *input = a->input, *dz = a->workspace;
    for (int k = 0; k < p->filters; k++)
        dw[k] = 0;
    for (int n = 0; n < a->n; n++)
        for (int y = 0; y < p->out_height; y++) {
            int h = y * p->stride_height + r * p->dilation_height - p->pad_top;
            if (h < 0 || h >= p->height) continue;
            for (int x = 0; x < p->out_width; x++) {
                int w = x * p->stride_width + s * p->dilation_width - p->pad_left;
                if (w < 0 || w >= p->width) continue;
                int64_t pixel = ((int64_t)n * p->height + h) * p->width + w;
                int64_t cell = ((int64_t)n * p->out_height + y) * p->out_width + x;
                add_to_tap(p, input + pixel * p->channels, c, dz + cell * p->filters, dw);
            }
        }
}

/* Pieces are the (r, s, c) in the order of the weights. */
static void weight_gradient_range(const void *problem, const void *arguments, int64_t begin,
                                  int64_t end, int shard)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    const int channels = p->channels / p->groups;
    (void)shard;
    for (int64_t tap = begin; tap < end; tap++) {
        int r = (int)(tap / channels / p->kernel_width);
        int s = (int)(tap / channels % p->kernel_width);
        weight_gradient(p, a, r, s, (int)(tap % channels),
                        (capas_real *)a->weight_gradient + tap * p->filters);
    }
}

/* db[k] = sum over n,y,x of dZ[n,y,x,k] */
static void bias_gradient_range(const void *problem, const void *arguments, int64_t begin,
                                int64_t end, int shard)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    const capas_real *dz = a->workspace;
    const int64_t cells = (int64_t)a->n * p->out_height * p->out_width;
    (void)shard;
    for (int64_t k = begin; k < end; k++) {
        double sum = 0;
        for (int64_t cell = 0; cell < cells; cell++)
            sum += dz[cell * p->filters + k];
        ((capas_real *)a->bias_gradient)[k] = (capas_real)sum;
    }
}

/* dX[c] += sum over k of dZ[k] * W[c][k]. pixel [channels], tap [channels/groups][filters] */
static void add_to_pixel(const capas_conv_problem *p, const capas_real *dz, const capas_real *tap,
                         capas_real *pixel)
{
    const int channels = p->channels / p->groups, filters = p->filters / p->groups;
    for (int g = 0; g < p->groups; g++)
        for (int c = 0; c < channels; c++) {
            capas_real sum = 0;
            for (int k = g * filters; k < (g + 1) * filters; k++)
                sum += dz[k] * tap[(int64_t)c * p->filters + k];
            pixel[g * channels + c] += sum;
        }
}

/* What one output cell (y, x) gives to the input: dX[y*sh+r*dh-pad_top, x*sw+s*dw-pad_left, c] +=
 * sum over k of dZ[y,x,k] * W[r,s,c,k]. dx [height][width][channels], dz [filters] */
static void input_gradient_of_cell(const capas_conv_problem *p, const capas_real *weights,
                                   const capas_real *dz, int y, int x, capas_real *dx)
{
    const int64_t tap_size = (int64_t)(p->channels / p->groups) * p->filters;
    for (int r = 0; r < p->kernel_height; r++) {
        int h = y * p->stride_height + r * p->dilation_height - p->pad_top;
        if (h < 0 || h >= p->height) continue;
        for (int s = 0; s < p->kernel_width; s++) {
            int w = x * p->stride_width + s * p->dilation_width - p->pad_left;
            if (w < 0 || w >= p->width) continue;
            add_to_pixel(p, dz, weights + (r * p->kernel_width + s) * tap_size,
                         dx + ((int64_t)h * p->width + w) * p->channels);
        }
    }
}

static void input_gradient_range(const void *problem, const void *arguments, int64_t begin,
                                 int64_t end, int shard)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    const int64_t image_size = (int64_t)p->height * p->width * p->channels;
    (void)shard;
    for (int64_t n = begin; n < end; n++) {
        capas_real *dx = (capas_real *)a->input_gradient + n * image_size;
        const capas_real *dz = (const capas_real *)a->workspace + n * map_size(p);
        for (int64_t i = 0; i < image_size; i++)
            dx[i] = 0;
        for (int y = 0; y < p->out_height; y++)
            for (int x = 0; x < p->out_width; x++, dz += p->filters)
                input_gradient_of_cell(p, a->weights, dz, y, x, dx);
    }
}

static void backward(const void *problem, const void *arguments)
{
    const capas_conv_problem *p = problem;
    const capas_conv_backward_arguments *a = arguments;
    const int64_t taps = (int64_t)p->kernel_height * p->kernel_width * (p->channels / p->groups);
    capas_parallel_ranges(a->n, 1, p->workers, map_gradient_range, p, a);
    if (a->weight_gradient) capas_parallel_ranges(taps, 1, p->workers, weight_gradient_range, p, a);
    if (a->bias_gradient)
        capas_parallel_ranges(p->filters, 1, p->workers, bias_gradient_range, p, a);
    if (a->input_gradient) capas_parallel_ranges(a->n, 1, p->workers, input_gradient_range, p, a);
}

/* dZ of the batch. */
static size_t workspace(const void *problem)
{
    const capas_conv_problem *p = problem;
    return (size_t)p->batch * (size_t)map_size(p) * sizeof(capas_real);
}

CAPAS_PLAIN_KERNEL(conv_backward, workspace, backward);
