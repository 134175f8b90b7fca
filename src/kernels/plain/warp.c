/* Pictures warped, plain: for each pixel of the output its place in the input, folded into the
 * picture and its rim as the fill mode says, and the four pixels around it. */
#include "kernels/warp.h"
#include "kernels/plain/real.h"

static capas_real lesser(capas_real a, capas_real b)
{
    return a < b ? a : b;
}

/* A place that is no number becomes `low`. */
static capas_real fold(const capas_warp_axis *axis, capas_real c)
{
    if (axis->period > 0) {
        capas_real periods = c / axis->period;
        periods = periods > -CAPAS_WARP_PERIODS ? periods : -CAPAS_WARP_PERIODS;
        c = c - axis->period * (capas_real)floor((double)lesser(periods, CAPAS_WARP_PERIODS));
    }
    if (axis->mirror > 0) c = lesser(c, axis->mirror - c);
    c = c > axis->low ? c : axis->low;
    return lesser(c, axis->high);
}

/* Pixel (y, x) of a picture, each from -1 to the size, as its number; -1: the fill value. */
static int64_t pixel_at(const capas_warp_problem *p, int y, int x)
{
    bool outside = y < 0 || y >= p->height || x < 0 || x >= p->width;
    if (outside && p->fill_mode == CAPAS_FILL_CONSTANT) return -1;
    if (outside && p->fill_mode == CAPAS_FILL_WRAP) {
        y %= p->height;
        x %= p->width;
    } else if (outside) {
        y = y < p->height ? y : p->height - 1;
        x = x < p->width ? x : p->width - 1;
    }
    return (int64_t)y * p->width + x;
}

/* The four pixels around a place, upper ones first, and how far it is below and to the right of the
 * first. To the nearest pixel: that one, and 0. */
typedef struct around {
    int64_t pixel[4];
    capas_real below, right;
} around;

static around find(const capas_warp_problem *p, capas_real row, capas_real column)
{
    const capas_warp_axis down = capas_warp_axis_of(p->fill_mode, p->height);
    const capas_warp_axis across = capas_warp_axis_of(p->fill_mode, p->width);
    around found = {{0}, 0, 0};
    row = fold(&down, row);
    column = fold(&across, column);
    if (p->interpolation == CAPAS_INTERPOLATE_NEAREST) {
        found.pixel[0] = pixel_at(p, (int)floor((double)(row + (capas_real)0.5)),
                                  (int)floor((double)(column + (capas_real)0.5)));
        return found;
    }
    const int y = (int)lesser((capas_real)floor((double)row), (capas_real)(p->height - 1));
    const int x = (int)lesser((capas_real)floor((double)column), (capas_real)(p->width - 1));
    for (int i = 0; i < 4; i++)
        found.pixel[i] = pixel_at(p, y + i / 2, x + i % 2);
    found.below = row - (capas_real)y;
    found.right = column - (capas_real)x;
    return found;
}

/* Pixel y, x of the output comes from there. */
static around find_source(const capas_warp_problem *p, const capas_real *map,
                          const capas_real *shift, int64_t place)
{
    const capas_real y = (capas_real)(place / p->out_width);
    const capas_real x = (capas_real)(place % p->out_width);
    capas_real row = map[1] * x + (map[0] * y + map[2]);
    capas_real column = map[4] * x + (map[3] * y + map[5]);
    if (shift) {
        row += shift[place];
        column += shift[(int64_t)p->out_height * p->out_width + place];
    }
    return find(p, row, column);
}

static capas_real value_of(const capas_warp_problem *p, const void *pixels, int64_t pixel, int c)
{
    if (pixel < 0) return (capas_real)p->fill_value;
    const int64_t i = pixel * p->channels + c;
    return p->bytes ? (capas_real)((const uint8_t *)pixels)[i] : ((const capas_real *)pixels)[i];
}

static capas_real interpolate(const capas_warp_problem *p, const void *pixels, const around *from,
                              int channel)
{
    const capas_real a = value_of(p, pixels, from->pixel[0], channel);
    if (p->interpolation == CAPAS_INTERPOLATE_NEAREST) return a;
    const capas_real b = value_of(p, pixels, from->pixel[1], channel);
    const capas_real c = value_of(p, pixels, from->pixel[2], channel);
    const capas_real d = value_of(p, pixels, from->pixel[3], channel);
    const capas_real upper = a + (b - a) * from->right, lower = c + (d - c) * from->right;
    return upper + (lower - upper) * from->below;
}

static void warp_picture(const capas_warp_problem *p, const capas_warp_arguments *a, int64_t n)
{
    const int64_t size = (int64_t)p->out_height * p->out_width;
    const int64_t in = (int64_t)p->height * p->width * p->channels;
    const size_t element = p->bytes ? 1 : sizeof(capas_real);
    const void *pixels = (const char *)a->input + (size_t)(n * in) * element;
    const capas_real *map = (const capas_real *)a->map + 6 * n;
    const capas_real *shift = a->shift ? (const capas_real *)a->shift + 2 * size * n : NULL;
    for (int64_t i = 0; i < size * p->channels; i++) {
        const around from = find_source(p, map, shift, i / p->channels);
        const int64_t at = n * size * p->channels + i;
        capas_real value = interpolate(p, pixels, &from, (int)(i % p->channels));
        if (p->bytes)
            ((uint8_t *)a->output)[at] = (uint8_t)(value + (capas_real)0.5);
        else
            ((capas_real *)a->output)[at] = value;
    }
}

static void run_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    (void)shard;
    for (int64_t n = begin; n < end; n++)
        warp_picture(problem, arguments, n);
}

static void run(const void *problem, const void *arguments)
{
    const capas_warp_problem *p = problem;
    const capas_warp_arguments *a = arguments;
    capas_parallel_ranges(a->n, 1, p->workers, run_range, p, a);
}

CAPAS_PLAIN_KERNEL(warp, NULL, run);

/* dX[pixel i around] += weight i * dY */
static void scatter(const capas_warp_problem *p, const around *from, int channel, capas_real dy,
                    capas_real *dx)
{
    const capas_real across[2] = {1 - from->right, from->right};
    const capas_real down[2] = {1 - from->below, from->below};
    const int count = p->interpolation == CAPAS_INTERPOLATE_NEAREST ? 1 : 4;
    for (int i = 0; i < count; i++)
        if (from->pixel[i] >= 0)
            dx[from->pixel[i] * p->channels + channel] += down[i / 2] * across[i % 2] * dy;
}

static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_warp_problem *p = problem;
    const capas_warp_backward_arguments *a = arguments;
    const int64_t in = (int64_t)p->height * p->width * p->channels;
    const int64_t out = (int64_t)p->out_height * p->out_width * p->channels;
    (void)shard;
    for (int64_t n = begin; n < end; n++) {
        const capas_real *map = (const capas_real *)a->map + 6 * n;
        const capas_real *dy = (const capas_real *)a->output_gradient + n * out;
        capas_real *dx = (capas_real *)a->input_gradient + n * in;
        for (int64_t i = 0; i < in; i++)
            dx[i] = 0;
        for (int64_t i = 0; i < out; i++) {
            const around from = find_source(p, map, NULL, i / p->channels);
            scatter(p, &from, (int)(i % p->channels), dy[i], dx);
        }
    }
}

static void run_backward(const void *problem, const void *arguments)
{
    const capas_warp_problem *p = problem;
    const capas_warp_backward_arguments *a = arguments;
    capas_parallel_ranges(a->n, 1, p->workers, backward_range, p, a);
}

CAPAS_PLAIN_KERNEL(warp_backward, NULL, run_backward);
