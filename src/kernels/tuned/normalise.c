/* Batch normalisation over vectors of channels: X [rows][channels], rows = n * outer (inner must be
 * 1).
 *
 *   forward    mean = sum x / rows, variance = sum (x - mean)^2 / rows,
 *              y = (x - mean) scale gamma + beta
 *   backward   dbeta = sum dy, dgamma = scale sum dy (x - mean),
 *              dx = gamma scale (dy - (dbeta + (x - mean) scale dgamma) / rows)
 *
 * 64 rows are added in float, and such sums in double. Many rows are cut by rows, and the shards'
 * sums added in their order. Few rows (behind a Flatten) are cut by channels: all passes over some
 * channels follow one another while their values are in the first cache. */
#include "kernels/normalise.h"
#include "kernels/tuned/elements.h"
#include "kernels/tuned/kernels.h"
#include "kernels/tuned/scratch.h"
#include <math.h>

enum { GRAIN = 16384 /* elements */, BLOCK_ROWS = 64 };

/* Cut by channels: up to so many rows, so many channels at once. */
enum { FEW_ROWS = 64, STRIP = 64, STRIP_GRAIN = 4096 /* elements */ };

/* What is added up over the rows, one or two sums a channel. */
typedef enum summand { VALUES, SQUARES, GRADIENTS } summand;

typedef struct normalise_call {
    const capas_normalise_problem *problem;
    const capas_normalise_arguments *arguments;
    int64_t rows, grain;
    summand what;
    double *sums, *exact_mean;              /* [shards][2][channels], [channels] */
    float *mean, *slope, *offset, *x_slope; /* [channels] */
} normalise_call;

static size_t lay_out(normalise_call *call, const capas_normalise_problem *p, void *workspace)
{
    size_t end = 0, place[4];
    const size_t sums =
        capas_take(&end, CAPAS_MAX_SHARDS * 2 * (int64_t)p->channels, sizeof(double));
    const size_t exact_mean = capas_take(&end, p->channels, sizeof(double));
    for (int i = 0; i < 4; i++)
        place[i] = capas_take(&end, p->channels, sizeof(float));
    if (workspace) {
        call->sums = capas_piece(workspace, sums);
        call->exact_mean = capas_piece(workspace, exact_mean);
        call->mean = capas_piece(workspace, place[0]);
        call->slope = capas_piece(workspace, place[1]);
        call->offset = capas_piece(workspace, place[2]);
        call->x_slope = capas_piece(workspace, place[3]);
    }
    return end;
}

/* Up to 64 rows of a vector of channels from element `at` on, into the shard's sums. */
CAPAS_INLINE void sum_block(const normalise_call *call, summand what, int64_t at, int64_t rows,
                            int c, int count, double *sums)
{
    const int channels = call->problem->channels;
    const float *x = (const float *)call->arguments->input + at;
    const float *dy = (const float *)call->arguments->output_gradient;
    const vfloat mean = what == VALUES ? v_zero() : v_load_some(call->mean + c, count);
    vfloat first = v_zero(), second = v_zero();
    for (int64_t row = 0; row < rows; row++) {
        vfloat value = v_load_some(x + row * channels, count) - mean;
        if (what == VALUES) first += value;
        if (what == SQUARES) first += value * value;
        if (what == GRADIENTS) {
            vfloat gradient = v_load_some(dy + at + row * channels, count);
            first += gradient;
            second += gradient * value;
        }
    }
    for (int i = 0; i < count; i++) {
        sums[c + i] += (double)first[i];
        if (what == GRADIENTS) sums[channels + c + i] += (double)second[i];
    }
}

/* Channels from .. to-1 of rows begin .. end-1. */
CAPAS_INLINE void sum_rows(const normalise_call *call, summand what, int64_t begin, int64_t end,
                           int from, int to, double *sums)
{
    const int channels = call->problem->channels;
    for (int64_t row = begin; row < end; row += BLOCK_ROWS) {
        const int64_t rows = end - row < BLOCK_ROWS ? end - row : BLOCK_ROWS;
        int c = from;
        for (; c + CAPAS_VECTOR <= to; c += CAPAS_VECTOR)
            sum_block(call, what, row * channels + c, rows, c, CAPAS_VECTOR, sums);
        if (c < to) sum_block(call, what, row * channels + c, rows, c, to - c, sums);
    }
}

static void sum_range(const void *problem, const void *context, int64_t begin, int64_t end,
                      int shard)
{
    const normalise_call *call = context;
    const int channels = call->problem->channels;
    double *sums = call->sums + (int64_t)shard * 2 * channels;
    (void)problem;
    memset(sums, 0, 2 * (size_t)channels * sizeof *sums);
    switch (call->what) {
    case VALUES:
        sum_rows(call, VALUES, begin, end, 0, channels, sums);
        break;
    case SQUARES:
        sum_rows(call, SQUARES, begin, end, 0, channels, sums);
        break;
    case GRADIENTS:
        sum_rows(call, GRADIENTS, begin, end, 0, channels, sums);
        break;
    }
}

/* All rows of some channels. */
static void sum_strip(const normalise_call *call, summand what, int from, int to)
{
    const size_t size = (size_t)(to - from) * sizeof *call->sums;
    memset(call->sums + from, 0, size);
    memset(call->sums + call->problem->channels + from, 0, size);
    switch (what) {
    case VALUES:
        sum_rows(call, VALUES, 0, call->rows, from, to, call->sums);
        break;
    case SQUARES:
        sum_rows(call, SQUARES, 0, call->rows, from, to, call->sums);
        break;
    case GRADIENTS:
        sum_rows(call, GRADIENTS, 0, call->rows, from, to, call->sums);
        break;
    }
}

/* Leaves the sums over all rows where the first shard's were. */
static void sum_channels(normalise_call *call, summand what)
{
    const capas_normalise_problem *p = call->problem;
    const int shards = capas_shard_count(call->rows, call->grain);
    call->what = what;
    capas_parallel_ranges(call->rows, call->grain, p->workers, sum_range, p, call);
    for (int shard = 1; shard < shards; shard++)
        for (int i = 0; i < 2 * p->channels; i++)
            call->sums[i] += call->sums[(int64_t)shard * 2 * p->channels + i];
}

/* out = x_slope (x - mean) + slope dy + offset; forward without a gradient, and without slope. */
CAPAS_INLINE void map_channels(const normalise_call *call, bool back, int64_t begin, int64_t end,
                               int from, int to)
{
    const int channels = call->problem->channels;
    const float *x = call->arguments->input, *dy = call->arguments->output_gradient;
    float *out = back ? call->arguments->input_gradient : call->arguments->output;
    for (int64_t row = begin; row < end; row++)
        for (int c = from; c < to; c += CAPAS_VECTOR) {
            const int count = to - c < CAPAS_VECTOR ? to - c : CAPAS_VECTOR;
            const int64_t at = row * channels + c;
            vfloat centered = v_load_some(x + at, count) - v_load_some(call->mean + c, count);
            vfloat y = centered * v_load_some(call->x_slope + c, count);
            if (back) y += v_load_some(dy + at, count) * v_load_some(call->slope + c, count);
            v_store_some(out + at, y + v_load_some(call->offset + c, count), count);
        }
}

static void map_range(const void *problem, const void *context, int64_t begin, int64_t end,
                      int shard)
{
    const normalise_call *call = context;
    const int channels = call->problem->channels;
    (void)problem;
    (void)shard;
    if (call->what == GRADIENTS)
        map_channels(call, true, begin, end, 0, channels);
    else
        map_channels(call, false, begin, end, 0, channels);
}

static void map_rows(normalise_call *call)
{
    const capas_normalise_problem *p = call->problem;
    capas_parallel_ranges(call->rows, call->grain, p->workers, map_range, p, call);
}

/* The batch's means from the sums of values, for channels from .. to-1. */
static void find_means(const normalise_call *call, int from, int to)
{
    for (int c = from; c < to; c++) {
        call->exact_mean[c] = call->sums[c] / (double)call->rows;
        call->mean[c] = (float)call->exact_mean[c];
    }
}

/* The batch's variances from the sums of squares, and the moving statistics moved. Squares are
 * about the rounded mean, which is allowed for. Leaves the variances in the sums. */
static void find_variances(const normalise_call *call, int from, int to)
{
    const capas_normalise_problem *p = call->problem;
    float *moving_mean = call->arguments->moving_mean;
    float *moving_variance = call->arguments->moving_variance;
    for (int c = from; c < to; c++) {
        const double mean = call->exact_mean[c], rounding = mean - (double)call->mean[c];
        const double variance = call->sums[c] / (double)call->rows - rounding * rounding;
        moving_mean[c] = (float)(moving_mean[c] * p->momentum + mean * (1 - p->momentum));
        moving_variance[c] =
            (float)(moving_variance[c] * p->momentum + variance * (1 - p->momentum));
        call->sums[c] = variance;
    }
}

/* What a value is multiplied by, and what is added. */
static void find_slopes(const normalise_call *call, int from, int to)
{
    const capas_normalise_problem *p = call->problem;
    const capas_normalise_arguments *a = call->arguments;
    const float *gamma = a->gamma, *beta = a->beta;
    for (int c = from; c < to; c++) {
        if (!p->batch_statistics) call->mean[c] = ((const float *)a->moving_mean)[c];
        const double variance =
            p->batch_statistics ? call->sums[c] : (double)((const float *)a->moving_variance)[c];
        const double scale = 1 / sqrt(variance + p->epsilon);
        if (a->mean) ((float *)a->mean)[c] = call->mean[c];
        if (a->scale) ((float *)a->scale)[c] = (float)scale;
        call->x_slope[c] = (float)(gamma ? (double)gamma[c] * scale : scale);
        call->offset[c] = beta ? beta[c] : 0;
    }
}

/* dx = gamma scale dy - (x - mean) gamma scale^2 dgamma / rows - gamma scale dbeta / rows */
static void find_gradients(const normalise_call *call, int from, int to)
{
    const capas_normalise_problem *p = call->problem;
    const capas_normalise_arguments *a = call->arguments;
    const float *gamma = a->gamma;
    const double part = p->batch_statistics && call->rows > 0 ? 1 / (double)call->rows : 0;
    for (int c = from; c < to; c++) {
        const double scale = (double)((const float *)a->scale)[c];
        const double beta_gradient = call->sums[c];
        const double gamma_gradient = call->sums[p->channels + c] * scale;
        const double factor = gamma ? (double)gamma[c] * scale : scale;
        if (a->gamma_gradient) ((float *)a->gamma_gradient)[c] = (float)gamma_gradient;
        if (a->beta_gradient) ((float *)a->beta_gradient)[c] = (float)beta_gradient;
        call->slope[c] = (float)factor;
        call->offset[c] = (float)(-factor * beta_gradient * part);
        call->x_slope[c] = (float)(-factor * scale * gamma_gradient * part);
    }
}

/* Strips of channels begin .. end-1, all passes over each. */
static void forward_strips(const void *problem, const void *context, int64_t begin, int64_t end,
                           int shard)
{
    const capas_normalise_problem *p = problem;
    const normalise_call *call = context;
    (void)shard;
    for (int from = (int)begin * STRIP; from < end * STRIP && from < p->channels; from += STRIP) {
        const int to = p->channels - from < STRIP ? p->channels : from + STRIP;
        if (p->batch_statistics) {
            sum_strip(call, VALUES, from, to);
            find_means(call, from, to);
            sum_strip(call, SQUARES, from, to);
            find_variances(call, from, to);
        }
        find_slopes(call, from, to);
        map_channels(call, false, 0, call->rows, from, to);
    }
}

static void backward_strips(const void *problem, const void *context, int64_t begin, int64_t end,
                            int shard)
{
    const capas_normalise_problem *p = problem;
    const normalise_call *call = context;
    (void)shard;
    for (int from = (int)begin * STRIP; from < end * STRIP && from < p->channels; from += STRIP) {
        const int to = p->channels - from < STRIP ? p->channels : from + STRIP;
        sum_strip(call, GRADIENTS, from, to);
        find_gradients(call, from, to);
        if (call->arguments->input_gradient) map_channels(call, true, 0, call->rows, from, to);
    }
}

static void run_strips(const normalise_call *call, capas_range_function *strips)
{
    const capas_normalise_problem *p = call->problem;
    capas_parallel_ranges((p->channels + STRIP - 1) / STRIP, STRIP_GRAIN / (STRIP * call->rows) + 1,
                          p->workers, strips, p, call);
}

static normalise_call call_of(const capas_normalise_problem *p, const capas_normalise_arguments *a)
{
    normalise_call call = {.problem = p, .arguments = a, .rows = a->n * p->outer};
    call.grain = GRAIN / p->channels + 1;
    lay_out(&call, p, a->workspace);
    return call;
}

static void forward(const void *problem, const void *arguments)
{
    const capas_normalise_problem *p = problem;
    const capas_normalise_arguments *a = arguments;
    if (a->n == 0) return; /* no values: the moving statistics stay */
    normalise_call call = call_of(p, a);
    if (call.rows <= FEW_ROWS) {
        run_strips(&call, forward_strips);
        return;
    }
    if (p->batch_statistics) {
        sum_channels(&call, VALUES);
        find_means(&call, 0, p->channels);
        sum_channels(&call, SQUARES);
        find_variances(&call, 0, p->channels);
    }
    find_slopes(&call, 0, p->channels);
    call.what = VALUES;
    map_rows(&call);
}

static void backward(const void *problem, const void *arguments)
{
    const capas_normalise_problem *p = problem;
    const capas_normalise_arguments *a = arguments;
    normalise_call call = call_of(p, a);
    memcpy(call.mean, a->mean, (size_t)p->channels * sizeof(float));
    if (call.rows > 0 && call.rows <= FEW_ROWS) {
        run_strips(&call, backward_strips);
        return;
    }
    sum_channels(&call, GRADIENTS);
    find_gradients(&call, 0, p->channels);
    if (a->input_gradient) map_rows(&call);
}

static size_t workspace(const void *problem)
{
    normalise_call call;
    return lay_out(&call, problem, NULL);
}

static bool accepts(const void *problem)
{
    return ((const capas_normalise_problem *)problem)->inner == 1;
}

CAPAS_TUNED_KERNEL(normalise_forward, "channels", accepts, workspace, forward);
CAPAS_TUNED_KERNEL(normalise_backward, "channels", accepts, workspace, backward);
