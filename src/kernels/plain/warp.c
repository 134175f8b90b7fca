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

typedef struct picture {
    const capas_warp_problem *problem;
    const void *pixels;
} picture;

/* Pixel (y, x), each from -1 to the size. */
static capas_real pixel(const picture *from, int y, int x, int c)
{
    const capas_warp_problem *p = from->problem;
    bool outside = y < 0 || y >= p->height || x < 0 || x >= p->width;
    if (outside && p->fill_mode == CAPAS_FILL_CONSTANT) return (capas_real)p->fill_value;
    if (outside && p->fill_mode == CAPAS_FILL_WRAP) {
        y %= p->height;
        x %= p->width;
    } else if (outside) {
        y = y < p->height ? y : p->height - 1;
        x = x < p->width ? x : p->width - 1;
    }
    const size_t i = ((size_t)y * (size_t)p->width + (size_t)x) * (size_t)p->channels + (size_t)c;
    return p->bytes ? (capas_real)((const uint8_t *)from->pixels)[i]
                    : ((const capas_real *)from->pixels)[i];
}

static capas_real interpolate(const picture *from, capas_real row, capas_real column, int c)
{
    const capas_warp_problem *p = from->problem;
    const capas_warp_axis down = capas_warp_axis_of(p->fill_mode, p->height);
    const capas_warp_axis across = capas_warp_axis_of(p->fill_mode, p->width);
    row = fold(&down, row);
    column = fold(&across, column);
    if (p->interpolation == CAPAS_INTERPOLATE_NEAREST)
        return pixel(from, (int)floor((double)(row + (capas_real)0.5)),
                     (int)floor((double)(column + (capas_real)0.5)), c);
    const int y = (int)lesser((capas_real)floor((double)row), (capas_real)(p->height - 1));
    const int x = (int)lesser((capas_real)floor((double)column), (capas_real)(p->width - 1));
    const capas_real below = row - (capas_real)y, right = column - (capas_real)x;
    const capas_real a = pixel(from, y, x, c), b = pixel(from, y, x + 1, c);
    const capas_real d = pixel(from, y + 1, x, c), e = pixel(from, y + 1, x + 1, c);
    const capas_real upper = a + (b - a) * right, lower = d + (e - d) * right;
    return upper + (lower - upper) * below;
}

static void warp_picture(const capas_warp_problem *p, const capas_warp_arguments *a, int64_t n)
{
    const int64_t size = (int64_t)p->out_height * p->out_width;
    const size_t element = p->bytes ? 1 : sizeof(capas_real);
    const picture from = {p, (const char *)a->input + (size_t)(n * p->height * p->width) *
                                                          (size_t)p->channels * element};
    const capas_real *map = (const capas_real *)a->map + 6 * n;
    const capas_real *shift = a->shift ? (const capas_real *)a->shift + 2 * size * n : NULL;
    for (int64_t i = 0; i < size * p->channels; i++) {
        const int64_t place = i / p->channels, at = n * size * p->channels + i;
        const capas_real y = (capas_real)(place / p->out_width);
        const capas_real x = (capas_real)(place % p->out_width);
        capas_real row = map[1] * x + (map[0] * y + map[2]);
        capas_real column = map[4] * x + (map[3] * y + map[5]);
        if (shift) {
            row += shift[place];
            column += shift[size + place];
        }
        capas_real value = interpolate(&from, row, column, (int)(i % p->channels));
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
