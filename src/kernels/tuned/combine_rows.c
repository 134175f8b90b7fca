/* The sum of rows and one row that repeats, as a bias: y[row][c] = a[row][c] + b[c], and the way
 * back, da = dy, db[c] = sum over rows of dy[row][c], by vectors of c. A sum goes over a block of
 * rows at a time, so that long ones lose nothing; blocks are added in their order. */
#include "kernels/elementwise.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"

enum { GRAIN = 16384 /* elements */, BLOCK = 256 /* rows */ };

static int64_t channels_of(const capas_combine_problem *p)
{
    return p->output.dims[p->output.rank - 1];
}

/* Of all samples. */
static int64_t rows_of(const capas_combine_problem *p, const capas_combine_arguments *a)
{
    int64_t rows = a->n;
    for (int d = 1; d < p->output.rank - 1; d++)
        rows *= p->output.dims[d];
    return rows;
}

static int count_at(int64_t c, int64_t channels)
{
    return channels - c < CAPAS_VECTOR ? (int)(channels - c) : CAPAS_VECTOR;
}

static void add_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                     int shard)
{
    const capas_combine_arguments *a = arguments;
    const int64_t channels = channels_of(problem);
    const float *x = (const float *)a->a + begin * channels, *bias = a->b;
    float *y = (float *)a->output + begin * channels;
    (void)shard;
    for (int64_t row = begin; row < end; row++, x += channels, y += channels)
        for (int64_t c = 0; c < channels; c += CAPAS_VECTOR) {
            const int count = count_at(c, channels);
            v_store_some(y + c, v_load_some(x + c, count) + v_load_some(bias + c, count), count);
        }
}

static void forward(const void *problem, const void *arguments)
{
    const capas_combine_problem *p = problem;
    capas_parallel_ranges(rows_of(p, arguments), GRAIN / channels_of(p) + 1, p->workers, add_rows,
                          p, arguments);
}

static void copy_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const capas_combine_arguments *a = arguments;
    const int64_t channels = channels_of(problem), first = begin * channels;
    (void)shard;
    memmove((float *)a->a_gradient + first, (const float *)a->output_gradient + first,
            (size_t)((end - begin) * channels) * sizeof(float));
}

/* db of vectors begin .. end-1. */
static void sum_rows(const void *problem, const void *arguments, int64_t begin, int64_t end,
                     int shard)
{
    const capas_combine_arguments *a = arguments;
    const int64_t channels = channels_of(problem), rows = rows_of(problem, a);
    (void)shard;
    for (int64_t c = begin * CAPAS_VECTOR; c < end * CAPAS_VECTOR && c < channels;
         c += CAPAS_VECTOR) {
        const int count = count_at(c, channels);
        const float *dy = (const float *)a->output_gradient + c;
        vfloat all = v_zero();
        for (int64_t first = 0; first < rows; first += BLOCK) {
            vfloat sum = v_zero();
            for (int64_t row = first; row < rows && row < first + BLOCK; row++, dy += channels)
                sum += v_load_some(dy, count);
            all += sum;
        }
        v_store_some((float *)a->b_gradient + c, all, count);
    }
}

static void backward(const void *problem, const void *arguments)
{
    const capas_combine_problem *p = problem;
    const capas_combine_arguments *a = arguments;
    if (a->b_gradient)
        capas_parallel_ranges((channels_of(p) + CAPAS_VECTOR - 1) / CAPAS_VECTOR, 1, p->workers,
                              sum_rows, p, a);
    if (a->a_gradient && a->a_gradient != a->output_gradient)
        capas_parallel_ranges(rows_of(p, a), GRAIN / channels_of(p) + 1, p->workers, copy_rows, p,
                              a);
}

static bool accepts(const void *problem)
{
    const capas_combine_problem *p = problem;
    const int last = p->output.rank - 1;
    bool row = p->combination == CAPAS_COMBINE_SUM && last > 0 && p->a.rank == last + 1 &&
               p->b.rank == last + 1 && p->b.dims[last] == p->output.dims[last];
    for (int d = 0; row && d <= last; d++)
        row = p->a.dims[d] == p->output.dims[d] && (d == last || p->b.dims[d] == 1);
    return row && p->output.dims[0] != 1;
}

CAPAS_TUNED_KERNEL_OF(combine_forward, combine_forward_rows, "rows", accepts, NULL, forward);
CAPAS_TUNED_KERNEL_OF(combine_backward, combine_backward_rows, "rows", accepts, NULL, backward);
