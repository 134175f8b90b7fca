/* One axis of pictures resized, plain: Y[i] = sum over j of weight[i][j] X[start[i] + j], summed in
 * the plan's element, and the transposed sum; there is no tuned twin. */
#include "kernels/resize.h"
#include "kernels/plain/real.h"

/* The weights of all results, in the workspace: `span` numbers each, beside start and count. */
typedef struct table {
    int span;
    int *start, *count;
    float *weights;
} table;

static size_t workspace(const void *problem)
{
    const capas_resize_problem *p = problem;
    return (size_t)p->out_size * (2 * sizeof(int) + (size_t)capas_resize_span(p) * sizeof(float));
}

static table table_in(const capas_resize_problem *p, void *workspace)
{
    table t = {.span = capas_resize_span(p), .start = workspace};
    t.count = t.start + p->out_size;
    t.weights = (float *)(t.count + p->out_size);
    return t;
}

static void fill(const capas_resize_problem *p, void *workspace)
{
    const table t = table_in(p, workspace);
    for (int i = 0; i < p->out_size; i++)
        t.count[i] = capas_resize_weights(p, i, &t.start[i], t.weights + (int64_t)i * t.span);
}

/* Over rows of results, out_size to each row of X. */
static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_resize_problem *p = problem;
    const capas_resize_arguments *a = arguments;
    const table t = table_in(p, a->workspace);
    (void)shard;
    for (int64_t result = begin; result < end; result++) {
        const int i = (int)(result % p->out_size);
        const int64_t from = result / p->out_size * p->size + t.start[i];
        const capas_real *x = (const capas_real *)a->input + from * p->inner;
        capas_real *y = (capas_real *)a->output + result * p->inner;
        const float *weights = t.weights + (int64_t)i * t.span;
        for (int64_t c = 0; c < p->inner; c++) {
            capas_real sum = 0;
            for (int j = 0; j < t.count[i]; j++)
                sum += (capas_real)weights[j] * x[j * p->inner + c];
            y[c] = sum;
        }
    }
}

static void forward(const void *problem, const void *arguments)
{
    const capas_resize_problem *p = problem;
    const capas_resize_arguments *a = arguments;
    fill(p, a->workspace);
    capas_parallel_ranges(a->n * p->rows * p->out_size, CAPAS_PLAIN_GRAIN / (p->inner + 1) + 1,
                          p->workers, forward_range, p, a);
}

/* dX[start[i] + j] += weight[i][j] dY[i], a row at a time */
static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_resize_problem *p = problem;
    const capas_resize_arguments *a = arguments;
    const table t = table_in(p, a->workspace);
    (void)shard;
    for (int64_t row = begin; row < end; row++) {
        const capas_real *dy =
            (const capas_real *)a->output_gradient + row * p->out_size * p->inner;
        capas_real *dx = (capas_real *)a->input_gradient + row * p->size * p->inner;
        for (int64_t c = 0; c < p->size * p->inner; c++)
            dx[c] = 0;
        for (int i = 0; i < p->out_size; i++)
            for (int j = 0; j < t.count[i]; j++) {
                const capas_real share = (capas_real)t.weights[(int64_t)i * t.span + j];
                for (int64_t c = 0; c < p->inner; c++)
                    dx[(t.start[i] + j) * p->inner + c] += share * dy[i * p->inner + c];
            }
    }
}

static void backward(const void *problem, const void *arguments)
{
    const capas_resize_problem *p = problem;
    const capas_resize_arguments *a = arguments;
    fill(p, a->workspace);
    capas_parallel_ranges(a->n * p->rows, CAPAS_PLAIN_GRAIN / (p->out_size * p->inner + 1) + 1,
                          p->workers, backward_range, p, a);
}

CAPAS_PLAIN_KERNEL(resize_forward, workspace, forward);
CAPAS_PLAIN_KERNEL(resize_backward, workspace, backward);
