/* Dropout, plain: y = keep ? x / (1 - rate) : 0, where the draw of an element is uniform word i of
 * the sequence, i its index in the noise; kept when the draw is >= rate. */
#include "kernels/elementwise.h"
#include "kernels/plain/real.h"
#include "kernels/plain/walk.h"

static void run_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                      int shard)
{
    const capas_dropout_problem *p = problem;
    const capas_dropout_arguments *a = arguments;
    const capas_real *x = a->input;
    const capas_real scale = (capas_real)(1 / (1 - p->rate));
    capas_real *y = a->output;
    int64_t strides[CAPAS_MAX_RANK], block = -1;
    uint32_t word[4] = {0};
    repeating_strides(&p->noise, strides);
    walk noise = walk_from(&p->shape, strides, begin);
    (void)shard;
    for (int64_t i = begin; i < end; i++, walk_on(&noise)) {
        if (noise.offset / 4 != block) {
            block = noise.offset / 4;
            capas_philox(a->random, (uint64_t)block, word);
        }
        y[i] = capas_uniform(word[noise.offset % 4]) >= p->rate ? x[i] * scale : 0;
    }
}

static void run(const void *problem, const void *arguments)
{
    const capas_dropout_problem *p = problem;
    const capas_dropout_arguments *a = arguments;
    capas_parallel_ranges(a->n * sample_size(&p->shape), CAPAS_PLAIN_GRAIN, p->workers, run_range,
                          p, a);
}

CAPAS_PLAIN_KERNEL(dropout, NULL, run);
