/* Dense layers forward, plain: Y[b][j] = activation(bias[j] + sum over k of X[b][k] * W[k][j]), the
 * weights in their tiles (kernels/dense.h). */
#include "kernels/dense.h"
#include "kernels/plain/activation.h"

/* Pieces are the outputs (b, j). */
static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_dense_problem *p = problem;
    const capas_dense_forward_arguments *a = arguments;
    const capas_real *weights = a->weights, *bias = p->has_bias ? a->bias : NULL;
    capas_real *output = a->output;
    (void)shard;
    for (int64_t i = begin; i < end; i++) {
        const int64_t b = i / p->units, j = i % p->units;
        const capas_real *x = (const capas_real *)a->input + b * p->inputs;
        capas_real sum = bias ? bias[j] : 0;
        for (int64_t k = 0; k < p->inputs; k++)
            sum += x[k] * weights[capas_dense_tiled_index(k, j, p->units, p->tile)];
        output[i] = activation_value(p->activation, sum);
    }
}

static void forward(const void *problem, const void *arguments)
{
    const capas_dense_problem *p = problem;
    const capas_dense_forward_arguments *a = arguments;
    int64_t grain = CAPAS_PLAIN_GRAIN / p->inputs + 1;
    capas_parallel_ranges(a->rows * p->units, grain, p->workers, forward_range, p, a);
}

CAPAS_PLAIN_KERNEL(dense_forward, NULL, forward);
