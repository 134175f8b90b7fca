/* Batch normalisation, plain: X [n][outer][channels][inner], channel by channel, sums in double.
 * N below is n * outer * inner, the values of a channel. */
#include "kernels/normalise.h"
#include "kernels/plain/real.h"

/* Element `inner` of channel c in row (n, outer). */
static int64_t index_of(const capas_normalise_problem *p, int64_t row, int64_t c, int64_t inner)
{
    return (row * p->channels + c) * p->inner + inner;
}

/* mean = sum x / N, variance = sum (x - mean)^2 / N */
static void batch_statistics(const capas_normalise_problem *p, const capas_normalise_arguments *a,
                             int64_t c, double *mean, double *variance)
{
    const capas_real *x = a->input;
    const int64_t rows = a->n * p->outer;
    const double count = (double)(rows * p->inner);
    double sum = 0, squares = 0;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t i = 0; i < p->inner; i++)
            sum += x[index_of(p, row, c, i)];
    *mean = sum / count;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t i = 0; i < p->inner; i++) {
            double difference = x[index_of(p, row, c, i)] - *mean;
            squares += difference * difference;
        }
    *variance = squares / count;
}

/* The statistics to use; with the batch's, the moving ones move. */
static void choose_statistics(const capas_normalise_problem *p, const capas_normalise_arguments *a,
                              int64_t c, double *mean, double *variance)
{
    capas_real *moving_mean = a->moving_mean, *moving_variance = a->moving_variance;
    if (!p->batch_statistics) {
        *mean = moving_mean[c];
        *variance = moving_variance[c];
        return;
    }
    batch_statistics(p, a, c, mean, variance);
    moving_mean[c] = (capas_real)(moving_mean[c] * p->momentum + *mean * (1 - p->momentum));
    moving_variance[c] =
        (capas_real)(moving_variance[c] * p->momentum + *variance * (1 - p->momentum));
}

/* y = gamma (x - mean) / sqrt(variance + epsilon) + beta */
static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_normalise_problem *p = problem;
    const capas_normalise_arguments *a = arguments;
    const capas_real *x = a->input, *gamma = a->gamma, *beta = a->beta;
    capas_real *y = a->output;
    (void)shard;
    for (int64_t c = begin; c < end; c++) {
        double mean, variance;
        choose_statistics(p, a, c, &mean, &variance);
        const double scale = 1 / sqrt(variance + p->epsilon);
        if (a->mean) ((capas_real *)a->mean)[c] = (capas_real)mean;
        if (a->scale) ((capas_real *)a->scale)[c] = (capas_real)scale;
        for (int64_t row = 0; row < a->n * p->outer; row++)
            for (int64_t i = 0; i < p->inner; i++) {
                int64_t at = index_of(p, row, c, i);
                y[at] = (capas_real)((gamma ? gamma[c] : 1) * ((x[at] - mean) * scale) +
                                     (beta ? beta[c] : 0));
            }
    }
}

static void forward(const void *problem, const void *arguments)
{
    const capas_normalise_problem *p = problem;
    const capas_normalise_arguments *a = arguments;
    if (a->n == 0) return; /* no values: the moving statistics stay */
    capas_parallel_ranges(p->channels, 1, p->workers, forward_range, p, a);
}

/* With h = (x - mean) scale: dbeta = sum dy, dgamma = sum dy h. */
static void sum_gradients(const capas_normalise_problem *p, const capas_normalise_arguments *a,
                          int64_t c, double *gamma_gradient, double *beta_gradient)
{
    const capas_real *x = a->input, *dy = a->output_gradient;
    const double mean = ((const capas_real *)a->mean)[c], scale = ((const capas_real *)a->scale)[c];
    *gamma_gradient = *beta_gradient = 0;
    for (int64_t row = 0; row < a->n * p->outer; row++)
        for (int64_t i = 0; i < p->inner; i++) {
            int64_t at = index_of(p, row, c, i);
            *gamma_gradient += dy[at] * ((x[at] - mean) * scale);
            *beta_gradient += dy[at];
        }
}

/* dx = gamma scale dy, and with the batch's statistics gamma scale (dy - (dbeta + h dgamma) / N) */
static void input_gradient(const capas_normalise_problem *p, const capas_normalise_arguments *a,
                           int64_t c, double gamma_gradient, double beta_gradient)
{
    const capas_real *x = a->input, *dy = a->output_gradient, *gamma = a->gamma;
    capas_real *dx = a->input_gradient;
    const double mean = ((const capas_real *)a->mean)[c], scale = ((const capas_real *)a->scale)[c];
    const double factor = (gamma ? gamma[c] : 1) * scale;
    const double part = p->batch_statistics ? 1 / (double)(a->n * p->outer * p->inner) : 0;
    for (int64_t row = 0; row < a->n * p->outer; row++)
        for (int64_t i = 0; i < p->inner; i++) {
            int64_t at = index_of(p, row, c, i);
            double h = (x[at] - mean) * scale;
            dx[at] = (capas_real)(factor * (dy[at] - (beta_gradient + h * gamma_gradient) * part));
        }
}

static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_normalise_problem *p = problem;
    const capas_normalise_arguments *a = arguments;
    (void)shard;
    for (int64_t c = begin; c < end; c++) {
        double gamma_gradient, beta_gradient;
        sum_gradients(p, a, c, &gamma_gradient, &beta_gradient);
        if (a->gamma_gradient) ((capas_real *)a->gamma_gradient)[c] = (capas_real)gamma_gradient;
        if (a->beta_gradient) ((capas_real *)a->beta_gradient)[c] = (capas_real)beta_gradient;
        if (a->input_gradient) input_gradient(p, a, c, gamma_gradient, beta_gradient);
    }
}

static void backward(const void *problem, const void *arguments)
{
    const capas_normalise_problem *p = problem;
    const capas_normalise_arguments *a = arguments;
    capas_parallel_ranges(p->channels, 1, p->workers, backward_range, p, a);
}

CAPAS_PLAIN_KERNEL(normalise_forward, NULL, forward);
CAPAS_PLAIN_KERNEL(normalise_backward, NULL, backward);
