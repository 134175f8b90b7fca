/* Numbers of each sample brought to one scale, plain: y = gamma s (x - b) + beta, each set's
 * statistic summed in double in order. A piece of work is a row of a sample; the gradients of gamma
 * and beta are summed shard by shard. */
#include "kernels/standardise.h"
#include "kernels/plain/real.h"

/* A row of X: [outer][groups][inner]. */
typedef struct row {
    const capas_standardise_problem *p;
    int64_t first; /* number of its first element */
    int64_t set;   /* of its first set */
} row;

static row row_of(const capas_standardise_problem *p, int64_t index)
{
    return (row){p, index * p->outer * p->groups * p->inner, index * p->groups};
}

static int64_t element(const row *r, int64_t o, int64_t g, int64_t i)
{
    return r->first + (o * r->p->groups + g) * r->p->inner + i;
}

static int64_t weight(const row *r, int64_t o, int64_t g, int64_t i)
{
    return o * r->p->weight_outer + g * r->p->weight_group + i * r->p->weight_inner;
}

/* m and s of a set; whether the statistic is a constant. */
static bool find_statistics(const row *r, const capas_real *x, int64_t g, double *m, double *s)
{
    const capas_standardise_problem *p = r->p;
    double sum = 0, squares = 0;
    for (int64_t o = 0; o < p->outer; o++)
        for (int64_t i = 0; i < p->inner; i++)
            sum += x[element(r, o, g, i)];
    *m = p->about_mean ? sum / (double)(p->outer * p->inner) : 0;
    for (int64_t o = 0; o < p->outer; o++)
        for (int64_t i = 0; i < p->inner; i++) {
            const double difference = x[element(r, o, g, i)] - *m;
            squares += difference * difference;
        }
    const double q = p->share * squares;
    *s = 1 / sqrt((q < p->least ? p->least : q) + p->epsilon);
    return q < p->least;
}

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_standardise_problem *p = problem;
    const capas_standardise_arguments *a = arguments;
    const capas_real *x = a->input, *gamma = a->gamma, *beta = a->beta;
    capas_real *y = a->output;
    (void)shard;
    for (int64_t index = begin; index < end; index++) {
        const row r = row_of(p, index);
        for (int64_t g = 0; g < p->groups; g++) {
            double m, s;
            find_statistics(&r, x, g, &m, &s);
            if (a->mean) ((capas_real *)a->mean)[r.set + g] = (capas_real)m;
            if (a->scale) ((capas_real *)a->scale)[r.set + g] = (capas_real)s;
            const double b = p->subtracts_mean ? m : 0;
            for (int64_t o = 0; o < p->outer; o++)
                for (int64_t i = 0; i < p->inner; i++) {
                    const int64_t at = element(&r, o, g, i), w = weight(&r, o, g, i);
                    y[at] = (capas_real)((gamma ? gamma[w] : 1) * ((x[at] - b) * s) +
                                         (beta ? beta[w] : 0));
                }
        }
    }
}

static int64_t grain_of(const capas_standardise_problem *p)
{
    return CAPAS_PLAIN_GRAIN / (p->outer * p->groups * p->inner + 1) + 1;
}

static void forward(const void *problem, const void *arguments)
{
    const capas_standardise_problem *p = problem;
    const capas_standardise_arguments *a = arguments;
    capas_parallel_ranges(a->n * p->rows, grain_of(p), p->workers, forward_range, p, a);
}

/* With d = gamma dy: dx = s (d - mean of d) - s^3 share (x - m) sum of d (x - b); the mean of d
 * only when the mean is subtracted, the second part only when the statistic is no constant. */
static void input_gradient(const row *r, const capas_standardise_arguments *a, int64_t g)
{
    const capas_standardise_problem *p = r->p;
    const capas_real *x = a->input, *dy = a->output_gradient, *gamma = a->gamma;
    capas_real *dx = a->input_gradient;
    const double m = ((const capas_real *)a->mean)[r->set + g];
    const double s = ((const capas_real *)a->scale)[r->set + g];
    const double b = p->subtracts_mean ? m : 0;
    double unused_m, unused_s, sum = 0, products = 0;
    const bool constant = p->least > 0 && find_statistics(r, x, g, &unused_m, &unused_s);
    for (int64_t o = 0; o < p->outer; o++)
        for (int64_t i = 0; i < p->inner; i++) {
            const int64_t at = element(r, o, g, i);
            const double d = (gamma ? gamma[weight(r, o, g, i)] : 1) * (double)dy[at];
            sum += d;
            products += d * (x[at] - b);
        }
    const double mean = p->subtracts_mean ? sum / (double)(p->outer * p->inner) : 0;
    const double factor = constant ? 0 : s * s * s * p->share * products;
    for (int64_t o = 0; o < p->outer; o++)
        for (int64_t i = 0; i < p->inner; i++) {
            const int64_t at = element(r, o, g, i);
            const double d = (gamma ? gamma[weight(r, o, g, i)] : 1) * (double)dy[at];
            dx[at] = (capas_real)(s * (d - mean) - factor * (x[at] - m));
        }
}

/* dgamma = sum dy s (x - b), dbeta = sum dy */
static void add_weight_gradients(const row *r, const capas_standardise_arguments *a, double *gamma,
                                 double *beta)
{
    const capas_standardise_problem *p = r->p;
    const capas_real *x = a->input, *dy = a->output_gradient;
    for (int64_t o = 0; o < p->outer; o++)
        for (int64_t g = 0; g < p->groups; g++) {
            const double m = ((const capas_real *)a->mean)[r->set + g];
            const double s = ((const capas_real *)a->scale)[r->set + g];
            const double b = p->subtracts_mean ? m : 0;
            for (int64_t i = 0; i < p->inner; i++) {
                const int64_t at = element(r, o, g, i), w = weight(r, o, g, i);
                gamma[w] += dy[at] * ((x[at] - b) * s);
                beta[w] += dy[at];
            }
        }
}

static size_t workspace(const void *problem)
{
    const capas_standardise_problem *p = problem;
    return CAPAS_MAX_SHARDS * 2 * (size_t)p->weights * sizeof(double);
}

static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_standardise_problem *p = problem;
    const capas_standardise_arguments *a = arguments;
    double *gamma = (double *)a->workspace + 2 * shard * p->weights, *beta = gamma + p->weights;
    const bool trains = a->gamma_gradient || a->beta_gradient;
    for (int64_t w = 0; trains && w < 2 * p->weights; w++)
        gamma[w] = 0;
    for (int64_t index = begin; index < end; index++) {
        const row r = row_of(p, index);
        if (trains) add_weight_gradients(&r, a, gamma, beta);
        for (int64_t g = 0; a->input_gradient && g < p->groups; g++)
            input_gradient(&r, a, g);
    }
}

/* The shards' sums, in their order; `offset`: 0 for gamma, the number of weights for beta. */
static void gather(const capas_standardise_problem *p, const double *sums, int shards,
                   int64_t offset, capas_real *gradient)
{
    for (int64_t w = 0; gradient && w < p->weights; w++) {
        double sum = 0;
        for (int shard = 0; shard < shards; shard++)
            sum += sums[2 * shard * p->weights + offset + w];
        gradient[w] = (capas_real)sum;
    }
}

static void backward(const void *problem, const void *arguments)
{
    const capas_standardise_problem *p = problem;
    const capas_standardise_arguments *a = arguments;
    const int64_t rows = a->n * p->rows, grain = grain_of(p);
    capas_parallel_ranges(rows, grain, p->workers, backward_range, p, a);
    const int shards = capas_shard_count(rows, grain);
    gather(p, a->workspace, shards, 0, a->gamma_gradient);
    gather(p, a->workspace, shards, p->weights, a->beta_gradient);
}

CAPAS_PLAIN_KERNEL(standardise_forward, NULL, forward);
CAPAS_PLAIN_KERNEL(standardise_backward, workspace, backward);
