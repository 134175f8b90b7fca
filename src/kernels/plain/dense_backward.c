/* Dense layers backward, plain: first dZ = dY * activation'(Y) in the workspace, then the three
 * gradients from it by their formulas. Each shard owns what it writes: cells of dZ, vectors of dW,
 * units of db, rows of dX. The weights and their gradient lie in tiles (kernels/dense.h). */
#include "kernels/dense.h"
#include "kernels/plain/activation.h"

static void slope_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                        int shard)
{
    const capas_dense_problem *p = problem;
    const capas_dense_backward_arguments *a = arguments;
    const capas_real *y = a->output, *dy = a->output_gradient;
    capas_real *dz = a->workspace;
    (void)shard;
    for (int64_t i = begin; i < end; i++)
        dz[i] = dy[i] * activation_slope(p->activation, y[i]);
}

/* How many of a tile's elements are inputs; the rest of the last tile is padding. */
static int64_t tile_used(const capas_dense_problem *p, int64_t tile)
{
    int64_t left = p->inputs - tile * p->tile;
    return left < p->tile ? left : p->tile;
}

/* dW[k][j] = sum over b of X[b][k] * dZ[b][j]. Pieces are the vectors (tile, j) along k; 0 in the
 * padding. */
static void weight_gradient_range(const void *problem, const void *arguments, int64_t begin,
                                  int64_t end, int shard)
{
    const capas_dense_problem *p = problem;
    const capas_dense_backward_arguments *a = arguments;
    const capas_real *dz = a->workspace;
    (void)shard;
    for (int64_t vector = begin; vector < end; vector++) {
        const int64_t tile = vector / p->units, j = vector % p->units;
        const int64_t used = tile_used(p, tile);
        const capas_real *x = (const capas_real *)a->input + tile * p->tile;
        capas_real *dw = (capas_real *)a->weight_gradient + vector * p->tile;
        for (int k = 0; k < p->tile; k++)
            dw[k] = 0;
        for (int64_t b = 0; b < a->rows; b++)
            for (int64_t k = 0; k < used; k++)
                dw[k] += x[b * p->inputs + k] * dz[b * p->units + j];
    }
}

/* db[j] = sum over b of dZ[b][j] */
static void bias_gradient_range(const void *problem, const void *arguments, int64_t begin,
                                int64_t end, int shard)
{
    const capas_dense_problem *p = problem;
    const capas_dense_backward_arguments *a = arguments;
    const capas_real *dz = a->workspace;
    (void)shard;
    for (int64_t j = begin; j < end; j++) {
        double sum = 0;
        for (int64_t b = 0; b < a->rows; b++)
            sum += dz[b * p->units + j];
        ((capas_real *)a->bias_gradient)[j] = (capas_real)sum;
    }
}

/* dX[b][k] = sum over j of dZ[b][j] * W[k][j] */
static void input_gradient_range(const void *problem, const void *arguments, int64_t begin,
                                 int64_t end, int shard)
{
    const capas_dense_problem *p = problem;
    const capas_dense_backward_arguments *a = arguments;
    (void)shard;
    for (int64_t b = begin; b < end; b++) {
        const capas_real *dz = (const capas_real *)a->workspace + b * p->units;
        capas_real *dx = (capas_real *)a->input_gradient + b * p->inputs;
        for (int64_t k = 0; k < p->inputs; k++)
            dx[k] = 0;
        for (int64_t tile = 0; tile * p->tile < p->inputs; tile++) {
            const capas_real *w = (const capas_real *)a->weights + tile * p->units * p->tile;
            for (int64_t j = 0; j < p->units; j++)
                for (int64_t k = 0; k < tile_used(p, tile); k++)
                    dx[tile * p->tile + k] += dz[j] * w[j * p->tile + k];
        }
    }
}

static void backward(const void *problem, const void *arguments)
{
    const capas_dense_problem *p = problem;
    const capas_dense_backward_arguments *a = arguments;
    const int64_t tiles = capas_dense_tiles(p);
    const int64_t grain = CAPAS_PLAIN_GRAIN / p->tile;
    capas_parallel_ranges(a->rows * p->units, CAPAS_PLAIN_GRAIN, p->workers, slope_range, p, a);
    if (a->weight_gradient)
        capas_parallel_ranges(tiles * p->units, grain, p->workers, weight_gradient_range, p, a);
    if (a->bias_gradient)
        capas_parallel_ranges(p->units, grain, p->workers, bias_gradient_range, p, a);
    if (a->input_gradient)
        capas_parallel_ranges(a->rows, 1, p->workers, input_gradient_range, p, a);
}

/* dZ of all rows. */
static size_t workspace(const void *problem)
{
    const capas_dense_problem *p = problem;
    return (size_t)(p->rows * p->units) * sizeof(capas_real);
}

CAPAS_PLAIN_KERNEL(dense_backward, workspace, backward);
