/* Rows brought to one scale over vectors: layer, RMS and unit normalisation, whose sets are whole
 * rows [inner]; groups of channels are the plain kernel's. 1024 numbers of a row are added in
 * float, and such sums in double; of the gradients of gamma and beta, 64 rows. */
#include "kernels/standardise.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"
#include "kernels/tuned/scratch.h"
#include <math.h>
#include <string.h>

enum { GRAIN = 8192 /* elements */, BLOCK = 1024, BLOCK_ROWS = 64 };

/* Lanes beyond `count` become 0. */
CAPAS_INLINE vfloat first_lanes(vfloat a, int count)
{
    return count == CAPAS_VECTOR ? a : v_select(v_lanes() < count, a, v_zero());
}

CAPAS_INLINE int lanes_at(int64_t i, int64_t count)
{
    return count - i < CAPAS_VECTOR ? (int)(count - i) : CAPAS_VECTOR;
}

/* Sum of x, or of (x - mean)^2. */
CAPAS_INLINE double sum_row(const float *x, int64_t count, bool squares, float mean)
{
    double sum = 0;
    for (int64_t begin = 0; begin < count; begin += BLOCK) {
        const int64_t end = count - begin < BLOCK ? count : begin + BLOCK;
        vfloat block = v_zero();
        for (int64_t i = begin; i < end; i += CAPAS_VECTOR) {
            const int lanes = lanes_at(i, end);
            const vfloat value = v_load_some(x + i, lanes);
            const vfloat difference = first_lanes(value - mean, lanes);
            if (squares)
                block += difference * difference;
            else
                block += value;
        }
        sum += (double)v_sum(block);
    }
    return sum;
}

static float scale_of(const capas_standardise_problem *p, double q)
{
    return (float)(1 / sqrt((q < p->least ? p->least : q) + p->epsilon));
}

static void forward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                          int shard)
{
    const capas_standardise_problem *p = problem;
    const capas_standardise_arguments *a = arguments;
    const float *gamma = a->gamma, *beta = a->beta;
    (void)shard;
    for (int64_t row = begin; row < end; row++) {
        const float *x = (const float *)a->input + row * p->inner;
        float *y = (float *)a->output + row * p->inner;
        const float m =
            p->about_mean ? (float)(sum_row(x, p->inner, false, 0) / (double)p->inner) : 0;
        const float s = scale_of(p, p->share * sum_row(x, p->inner, true, m));
        const float b = p->subtracts_mean ? m : 0;
        if (a->mean) ((float *)a->mean)[row] = m;
        if (a->scale) ((float *)a->scale)[row] = s;
        for (int64_t i = 0; i < p->inner; i += CAPAS_VECTOR) {
            const int lanes = lanes_at(i, p->inner);
            vfloat value = (v_load_some(x + i, lanes) - b) * s;
            if (gamma) value = value * v_load_some(gamma + i, lanes);
            if (beta) value = value + v_load_some(beta + i, lanes);
            v_store_some(y + i, value, lanes);
        }
    }
}

static int64_t grain_of(const capas_standardise_problem *p)
{
    return GRAIN / (p->inner + 1) + 1;
}

static void forward(const void *problem, const void *arguments)
{
    const capas_standardise_problem *p = problem;
    const capas_standardise_arguments *a = arguments;
    capas_parallel_ranges(a->n * p->rows, grain_of(p), p->workers, forward_range, p, a);
}

/* The sums of a shard: in double, and of the rows since the last time in float. */
typedef struct weight_sums {
    double *gamma, *beta;
    float *gamma_block, *beta_block;
} weight_sums;

static size_t shard_size(const capas_standardise_problem *p)
{
    size_t size = 0;
    capas_take(&size, 2 * p->weights, sizeof(double));
    capas_take(&size, 2 * p->weights, sizeof(float));
    return size;
}

static weight_sums sums_in(const capas_standardise_problem *p, void *workspace, int shard)
{
    size_t size = 0;
    const size_t exact = capas_take(&size, 2 * p->weights, sizeof(double));
    const size_t block = capas_take(&size, 2 * p->weights, sizeof(float));
    char *own = (char *)workspace + (size_t)shard * size;
    double *gamma = capas_piece(own, exact);
    float *gamma_block = capas_piece(own, block);
    return (weight_sums){gamma, gamma + p->weights, gamma_block, gamma_block + p->weights};
}

static size_t workspace(const void *problem)
{
    return CAPAS_MAX_SHARDS * shard_size(problem);
}

static void close_block(const capas_standardise_problem *p, weight_sums *sums)
{
    for (int64_t w = 0; w < 2 * p->weights; w++)
        sums->gamma[w] += (double)sums->gamma_block[w];
    memset(sums->gamma_block, 0, 2 * (size_t)p->weights * sizeof(float));
}

/* One row of the arguments, with its statistics. */
typedef struct row {
    const float *x, *dy;
    float m, s, b;
} row;

static row row_of(const capas_standardise_problem *p, const capas_standardise_arguments *a,
                  int64_t number)
{
    const float m = ((const float *)a->mean)[number];
    return (row){(const float *)a->input + number * p->inner,
                 (const float *)a->output_gradient + number * p->inner, m,
                 ((const float *)a->scale)[number], p->subtracts_mean ? m : 0};
}

/* dgamma += dy s (x - b), dbeta += dy */
static void add_weight_gradients(const capas_standardise_problem *p, const row *r,
                                 weight_sums *sums)
{
    for (int64_t i = 0; i < p->inner; i += CAPAS_VECTOR) {
        const int lanes = lanes_at(i, p->inner);
        const vfloat dy = v_load_some(r->dy + i, lanes);
        const vfloat h = (v_load_some(r->x + i, lanes) - r->b) * r->s;
        v_store_some(sums->gamma_block + i, v_load_some(sums->gamma_block + i, lanes) + dy * h,
                     lanes);
        v_store_some(sums->beta_block + i, v_load_some(sums->beta_block + i, lanes) + dy, lanes);
    }
}

CAPAS_INLINE vfloat gradient_at(const row *r, const float *gamma, int64_t i, int lanes)
{
    const vfloat dy = v_load_some(r->dy + i, lanes);
    if (!gamma) return dy;
    return dy * v_load_some(gamma + i, lanes);
}

/* With d = gamma dy: dx = s (d - mean of d) - s^3 share (x - m) sum of d (x - b), as the plain
 * kernel. */
static void input_gradient(const capas_standardise_problem *p, const row *r, const float *gamma,
                           float *dx)
{
    double sum = 0, products = 0;
    for (int64_t begin = 0; begin < p->inner; begin += BLOCK) {
        const int64_t end = p->inner - begin < BLOCK ? p->inner : begin + BLOCK;
        vfloat of_d = v_zero(), of_products = v_zero();
        for (int64_t i = begin; i < end; i += CAPAS_VECTOR) {
            const int lanes = lanes_at(i, end);
            const vfloat d = gradient_at(r, gamma, i, lanes);
            of_d += d;
            of_products += d * (v_load_some(r->x + i, lanes) - r->b);
        }
        sum += (double)v_sum(of_d);
        products += (double)v_sum(of_products);
    }
    const bool constant = p->least > 0 && r->s >= scale_of(p, 0);
    const float mean = p->subtracts_mean ? (float)(sum / (double)p->inner) : 0;
    const double s = r->s;
    const float factor = constant ? 0 : (float)(s * s * s * p->share * products);
    for (int64_t i = 0; i < p->inner; i += CAPAS_VECTOR) {
        const int lanes = lanes_at(i, p->inner);
        const vfloat d = gradient_at(r, gamma, i, lanes) - mean;
        const vfloat away = (v_load_some(r->x + i, lanes) - r->m) * factor;
        v_store_some(dx + i, d * r->s - away, lanes);
    }
}

static void backward_range(const void *problem, const void *arguments, int64_t begin, int64_t end,
                           int shard)
{
    const capas_standardise_problem *p = problem;
    const capas_standardise_arguments *a = arguments;
    const bool trains = a->gamma_gradient || a->beta_gradient;
    weight_sums sums = {0};
    if (trains) {
        sums = sums_in(p, a->workspace, shard);
        memset(sums.gamma, 0, shard_size(p));
    }
    for (int64_t number = begin; number < end; number++) {
        const row r = row_of(p, a, number);
        if (trains) add_weight_gradients(p, &r, &sums);
        if (trains && ((number - begin) % BLOCK_ROWS == BLOCK_ROWS - 1 || number == end - 1))
            close_block(p, &sums);
        if (a->input_gradient)
            input_gradient(p, &r, a->gamma, (float *)a->input_gradient + number * p->inner);
    }
}

/* The shards' sums, in their order. */
static void backward(const void *problem, const void *arguments)
{
    const capas_standardise_problem *p = problem;
    const capas_standardise_arguments *a = arguments;
    const int64_t rows = a->n * p->rows, grain = grain_of(p);
    capas_parallel_ranges(rows, grain, p->workers, backward_range, p, a);
    if (!a->gamma_gradient && !a->beta_gradient) return;
    const int shards = capas_shard_count(rows, grain);
    for (int64_t w = 0; w < p->weights; w++) {
        double gamma = 0, beta = 0;
        for (int shard = 0; shard < shards; shard++) {
            const weight_sums sums = sums_in(p, a->workspace, shard);
            gamma += sums.gamma[w];
            beta += sums.beta[w];
        }
        if (a->gamma_gradient) ((float *)a->gamma_gradient)[w] = (float)gamma;
        if (a->beta_gradient) ((float *)a->beta_gradient)[w] = (float)beta;
    }
}

static bool accepts(const void *problem)
{
    const capas_standardise_problem *p = problem;
    return p->outer == 1 && p->groups == 1 && (p->weights == 0 || p->weights == p->inner);
}

CAPAS_TUNED_KERNEL(standardise_forward, "rows", accepts, NULL, forward);
CAPAS_TUNED_KERNEL(standardise_backward, "rows", accepts, workspace, backward);
