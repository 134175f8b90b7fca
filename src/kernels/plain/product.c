/* Products of two matrices for each sample, plain: Y[i][j] = sum over k of A[i][k] B[j][k], summed
 * in double; there is no tuned twin. */
#include "kernels/product.h"
#include "kernels/plain/real.h"

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_product_problem *p = problem;
    const capas_combine_arguments *c = arguments;
    (void)shard;
    for (int64_t row = begin; row < end; row++) {
        const capas_real *a = (const capas_real *)c->a + row * p->length;
        const capas_real *b = (const capas_real *)c->b + row / p->rows * p->columns * p->length;
        capas_real *y = (capas_real *)c->output + row * p->columns;
        for (int64_t j = 0; j < p->columns; j++) {
            double sum = 0;
            for (int64_t k = 0; k < p->length; k++)
                sum += (double)a[k] * b[j * p->length + k];
            y[j] = (capas_real)sum;
        }
    }
}

static int64_t grain_of(const capas_product_problem *p)
{
    return CAPAS_PLAIN_GRAIN / (p->columns * p->length + 1) + 1;
}

static void forward(const void *problem, const void *arguments)
{
    const capas_product_problem *p = problem;
    const capas_combine_arguments *c = arguments;
    capas_parallel_ranges(c->n * p->rows, grain_of(p), p->workers, forward_range, p, c);
}

/* gradient[i][k] = sum over j of dY[i * i_step + j * j_step] other[j][k] */
static void multiply(const capas_real *dy, int64_t i_step, int64_t i_count, int64_t j_step,
                     int64_t j_count, const capas_real *other, int64_t length, capas_real *gradient)
{
    for (int64_t i = 0; i < i_count; i++)
        for (int64_t k = 0; k < length; k++) {
            double sum = 0;
            for (int64_t j = 0; j < j_count; j++)
                sum += (double)dy[i * i_step + j * j_step] * other[j * length + k];
            gradient[i * length + k] = (capas_real)sum;
        }
}

static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_product_problem *p = problem;
    const capas_combine_arguments *c = arguments;
    (void)shard;
    for (int64_t n = begin; n < end; n++) {
        const int64_t in_a = n * p->rows * p->length, in_b = n * p->columns * p->length;
        const capas_real *dy = (const capas_real *)c->output_gradient + n * p->rows * p->columns;
        if (c->a_gradient)
            multiply(dy, p->columns, p->rows, 1, p->columns, (const capas_real *)c->b + in_b,
                     p->length, (capas_real *)c->a_gradient + in_a);
        if (c->b_gradient)
            multiply(dy, 1, p->columns, p->columns, p->rows, (const capas_real *)c->a + in_a,
                     p->length, (capas_real *)c->b_gradient + in_b);
    }
}

static void backward(const void *problem, const void *arguments)
{
    const capas_product_problem *p = problem;
    const capas_combine_arguments *c = arguments;
    const int64_t grain = grain_of(p) / (p->rows + 1) + 1;
    capas_parallel_ranges(c->n, grain, p->workers, backward_range, p, c);
}

CAPAS_PLAIN_KERNEL(product_forward, NULL, forward);
CAPAS_PLAIN_KERNEL(product_backward, NULL, backward);
