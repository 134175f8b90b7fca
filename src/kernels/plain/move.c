/* Reordering of axes, plain: axis i of the output is axis order[i] of the input. */
#include "kernels/elementwise.h"
#include "kernels/plain/real.h"
#include "kernels/plain/walk.h"

static void run_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const capas_move_problem *p = problem;
    const capas_move_arguments *a = arguments;
    const capas_real *x = a->input;
    capas_real *y = a->output;
    capas_shape output = {.rank = p->shape.rank};
    int64_t strides[CAPAS_MAX_RANK], input_strides[CAPAS_MAX_RANK];
    repeating_strides(&p->shape, input_strides);
    for (int d = 0; d < p->shape.rank; d++) {
        output.dims[d] = p->shape.dims[p->order[d]];
        strides[d] = input_strides[p->order[d]];
    }
    walk from = walk_from(&output, strides, begin);
    (void)shard;
    for (int64_t i = begin; i < end; i++, walk_on(&from))
        y[i] = x[from.offset];
}

static void run(const void *problem, const void *arguments)
{
    const capas_move_problem *p = problem;
    const capas_move_arguments *a = arguments;
    capas_parallel_ranges(a->n * sample_size(&p->shape), CAPAS_PLAIN_GRAIN, p->workers, run_range,
                          p, a);
}

CAPAS_PLAIN_KERNEL(move, NULL, run);
