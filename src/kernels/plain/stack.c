/* Slices of a volume side by side as channels, and what comes back summed; there is no tuned twin.
 * Each output slice is written by one shard, its taps in their order. */
#include "kernels/elementwise.h"
#include "kernels/plain/real.h"
#include <string.h>

/* Channels of a pixel of X, and of Y. */
static int64_t narrow(const capas_stack_problem *p)
{
    return (int64_t)p->groups * p->channels;
}

static int64_t wide(const capas_stack_problem *p)
{
    return narrow(p) * p->taps;
}

/* Tap r of slice z sees this slice of X, or -1. */
static int seen(const capas_stack_problem *p, int z, int r)
{
    const int d = z * p->stride + r * p->dilation - p->before;
    return d >= 0 && d < p->depth ? d : -1;
}

/* A slice of X to the places of tap r in one of Y; NULL: zeros. */
static void put_tap(const capas_stack_problem *p, const capas_real *x, int r, capas_real *y)
{
    const int channels = p->channels, step = p->taps * channels;
    y += r * channels;
    for (int64_t i = 0; i < p->pixels * p->groups; i++, y += step)
        for (int c = 0; c < channels; c++)
            y[c] = x ? x[i * channels + c] : 0;
}

static void add_tap(const capas_stack_problem *p, const capas_real *y, int r, capas_real *x)
{
    const int channels = p->channels, step = p->taps * channels;
    y += r * channels;
    for (int64_t i = 0; i < p->pixels * p->groups; i++, y += step)
        for (int c = 0; c < channels; c++)
            x[i * channels + c] += y[c];
}

/* Slices begin .. end-1 of Y, of all samples. */
static void stack_slices(const void *problem, const void *arguments, int64_t begin, int64_t end,
                         int shard)
{
    const capas_stack_problem *p = problem;
    const capas_stack_arguments *a = arguments;
    const int64_t slice = p->pixels * narrow(p);
    (void)shard;
    for (int64_t i = begin; i < end; i++)
        for (int r = 0; r < p->taps; r++) {
            const int d = seen(p, (int)(i % p->out_depth), r);
            const capas_real *x =
                (const capas_real *)a->input + (i / p->out_depth * p->depth + d) * slice;
            put_tap(p, d < 0 ? NULL : x, r, (capas_real *)a->output + i * p->pixels * wide(p));
        }
}

/* Slices begin .. end-1 of X. */
static void unstack_slices(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_stack_problem *p = problem;
    const capas_stack_arguments *a = arguments;
    const int64_t slice = p->pixels * narrow(p), stacked = p->pixels * wide(p);
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        capas_real *x = (capas_real *)a->output + i * slice;
        const capas_real *y = (const capas_real *)a->input + i / p->depth * p->out_depth * stacked;
        const int d = (int)(i % p->depth);
        memset(x, 0, (size_t)slice * sizeof *x);
        for (int r = 0; r < p->taps; r++) {
            const int z = (d + p->before - r * p->dilation) / p->stride;
            if (z >= 0 && z < p->out_depth && seen(p, z, r) == d) add_tap(p, y + z * stacked, r, x);
        }
    }
}

static int64_t grain(const capas_stack_problem *p)
{
    return CAPAS_PLAIN_GRAIN / (p->pixels * wide(p) + 1) + 1;
}

static void stack(const void *problem, const void *arguments)
{
    const capas_stack_problem *p = problem;
    const capas_stack_arguments *a = arguments;
    capas_parallel_ranges((int64_t)a->n * p->out_depth, grain(p), p->workers, stack_slices, p, a);
}

static void unstack(const void *problem, const void *arguments)
{
    const capas_stack_problem *p = problem;
    const capas_stack_arguments *a = arguments;
    capas_parallel_ranges((int64_t)a->n * p->depth, grain(p), p->workers, unstack_slices, p, a);
}

CAPAS_PLAIN_KERNEL(stack, NULL, stack);
CAPAS_PLAIN_KERNEL(unstack, NULL, unstack);
