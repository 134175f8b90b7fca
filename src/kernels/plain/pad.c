/* Zeros around images, or their edges cut off: row by row, copied and cleared. */
#include "kernels/elementwise.h"
#include "kernels/plain/real.h"
#include <string.h>

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Rows begin .. end-1 of the output of all images. */
static void pad_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                     int shard)
{
    const capas_pad_problem *p = problem;
    const capas_pad_arguments *a = arguments;
    const int64_t height = p->height + p->sides.top + p->sides.bottom, row = p->channels;
    const int64_t width = p->width + p->sides.left + p->sides.right;
    const int64_t first = smaller(larger(p->sides.left, 0), width);
    const int64_t last = larger(smaller(p->width + p->sides.left, width), first);
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        const int64_t h = i % height - p->sides.top;
        const capas_real *x =
            (const capas_real *)a->input + (i / height * p->height + h) * p->width * row;
        capas_real *y = (capas_real *)a->output + i * width * row;
        const bool inside = h >= 0 && h < p->height;
        const int64_t from = inside ? first : width, to = inside ? last : width;
        memset(y, 0, (size_t)(from * row) * sizeof *y);
        if (to > from)
            memcpy(y + from * row, x + (from - p->sides.left) * row,
                   (size_t)((to - from) * row) * sizeof *y);
        memset(y + to * row, 0, (size_t)((width - to) * row) * sizeof *y);
    }
}

static void pad(const void *problem, const void *arguments)
{
    const capas_pad_problem *p = problem;
    const capas_pad_arguments *a = arguments;
    const int64_t row = (int64_t)(p->width + p->sides.left + p->sides.right) * p->channels;
    capas_parallel_ranges(a->n * (p->height + p->sides.top + p->sides.bottom),
                          CAPAS_PLAIN_GRAIN / (row + 1) + 1, p->workers, pad_rows, p, a);
}

CAPAS_PLAIN_KERNEL(pad, NULL, pad);
