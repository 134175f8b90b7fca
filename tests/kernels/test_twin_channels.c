/* Tuned pooling and batch normalisation against the plain kernels, over odd numbers of channels:
 * windows that overlap, hang over the rim or leave cells out, equal maxima, NaNs; statistics of few
 * rows and many. */
#include "kernels/normalise.h"
#include "kernels/pool2d.h"
#include "support/cmocka.h"
#include "support/twins.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int channel_counts[] = {1, 2, 3, 7, 8, 9, 16, 17, 33, 64, 150};

typedef struct pool_shape {
    int height, width, pool_height, pool_width, stride_height, stride_width, pad_top, pad_left;
    int out_height, out_width;
} pool_shape;

static const pool_shape pool_shapes[] = {
    {4, 6, 2, 2, 2, 2, 0, 0, 2, 3},   {5, 7, 2, 2, 2, 2, 0, 0, 2, 3},
    {7, 7, 3, 3, 2, 2, 1, 1, 4, 4},   {5, 4, 3, 2, 1, 1, 1, 0, 5, 4},
    {7, 7, 7, 7, 1, 1, 0, 0, 1, 1},   {9, 5, 1, 2, 3, 2, 0, 0, 3, 2},
    {13, 11, 2, 2, 2, 2, 0, 0, 6, 5}, {6, 9, 2, 2, 2, 2, 0, 0, 2, 3},
};

/* A few values again and again, so that maxima are equal, and NaNs for the maximum. */
static double *image_numbers(int64_t count, bool average)
{
    double *value = twin_numbers(count, 1, 1);
    for (int64_t i = 0; i < count && !average; i++)
        value[i] = i % 13 == 5 ? NAN : floor(value[i] * 3);
    return value;
}

typedef enum pool_kind { MAX, AVERAGE, MAX_SHARED, ADAPTIVE_MAX, ADAPTIVE_AVERAGE } pool_kind;

static void check_pool(const pool_shape *s, int n, int channels, pool_kind kind)
{
    static const char *const names[] = {"max", "average", "max (shared)", "adaptive max",
                                        "adaptive average"};
    const bool average = kind == AVERAGE || kind == ADAPTIVE_AVERAGE;
    const capas_pool_problem p = {n + 1,
                                  TWIN_WORKERS,
                                  average,
                                  s->height,
                                  s->width,
                                  channels,
                                  s->pool_height,
                                  s->pool_width,
                                  s->stride_height,
                                  s->stride_width,
                                  s->pad_top,
                                  s->pad_left,
                                  s->out_height,
                                  s->out_width,
                                  kind == MAX_SHARED,
                                  kind >= ADAPTIVE_MAX};
    const int64_t inputs = (int64_t)n * s->height * s->width * channels;
    const int64_t outputs = (int64_t)n * s->out_height * s->out_width * channels;
    const capas_pool_forward_arguments f = {.n = n};
    const capas_pool_backward_arguments b = {.n = n};
    double *x = image_numbers(inputs, average), *dy = twin_numbers(outputs, 0.8, 2);
    char name[96];
    snprintf(name, sizeof name, "%s pool %dx%d of %dx%dx%dx%d", names[kind], s->pool_height,
             s->pool_width, n, s->height, s->width, channels);
    twin_case forward = twin_case_of(name, CAPAS_FAMILY_pool_forward, &p, &f, sizeof f);
    twin_input(&forward, offsetof(capas_pool_forward_arguments, input), x, inputs);
    twin_output(&forward, offsetof(capas_pool_forward_arguments, output), outputs);
    twin_check(&forward);
    twin_case backward = twin_case_of(name, CAPAS_FAMILY_pool_backward, &p, &b, sizeof b);
    if (!average) twin_input(&backward, offsetof(capas_pool_backward_arguments, input), x, inputs);
    twin_input(&backward, offsetof(capas_pool_backward_arguments, output_gradient), dy, outputs);
    twin_output(&backward, offsetof(capas_pool_backward_arguments, input_gradient), inputs);
    twin_check(&backward);
    free(x);
    free(dy);
}

static void test_pools(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT(pool_shapes); s++)
        for (size_t c = 0; c < COUNT(channel_counts); c++) {
            check_pool(&pool_shapes[s], (int)(c % 4), channel_counts[c], MAX);
            check_pool(&pool_shapes[s], (int)((c + 1) % 4), channel_counts[c], AVERAGE);
            check_pool(&pool_shapes[s], (int)((c + 2) % 4), channel_counts[c], MAX_SHARED);
            check_pool(&pool_shapes[s], (int)((c + 3) % 4), channel_counts[c], ADAPTIVE_MAX);
            check_pool(&pool_shapes[s], (int)(c % 4), channel_counts[c], ADAPTIVE_AVERAGE);
        }
    for (int kind = MAX; kind <= ADAPTIVE_AVERAGE; kind++)
        check_pool(&pool_shapes[6], 20, 33, (pool_kind)kind);
    twin_report(CAPAS_FAMILY_pool_forward);
    twin_report(CAPAS_FAMILY_pool_backward);
}

typedef struct normalise_case {
    capas_normalise_problem problem;
    int n;
    int64_t count;
    double *x, *dy, *gamma, *beta, *mean, *variance;
    char name[80];
} normalise_case;

static void check_normalise_forward(const normalise_case *c)
{
    typedef capas_normalise_arguments arguments;
    const arguments a = {.n = c->n};
    const int channels = c->problem.channels;
    twin_case t = twin_case_of(c->name, CAPAS_FAMILY_normalise_forward, &c->problem, &a, sizeof a);
    t.workspace = offsetof(arguments, workspace);
    twin_input(&t, offsetof(arguments, input), c->x, c->count);
    if (channels % 3) twin_input(&t, offsetof(arguments, gamma), c->gamma, channels);
    if (channels % 4) twin_input(&t, offsetof(arguments, beta), c->beta, channels);
    twin_changed(&t, offsetof(arguments, moving_mean), c->mean, channels);
    twin_changed(&t, offsetof(arguments, moving_variance), c->variance, channels);
    if (c->n > 0) twin_output(&t, offsetof(arguments, mean), channels);
    if (c->n > 0) twin_output(&t, offsetof(arguments, scale), channels);
    twin_output(&t, offsetof(arguments, output), c->count);
    twin_check(&t);
}

/* Backward from other statistics than the batch's own: the formulas do not care. */
static void check_normalise_backward(const normalise_case *c)
{
    typedef capas_normalise_arguments arguments;
    const arguments a = {.n = c->n};
    const int channels = c->problem.channels;
    twin_case t = twin_case_of(c->name, CAPAS_FAMILY_normalise_backward, &c->problem, &a, sizeof a);
    t.workspace = offsetof(arguments, workspace);
    twin_input(&t, offsetof(arguments, input), c->x, c->count);
    if (channels % 3) twin_input(&t, offsetof(arguments, gamma), c->gamma, channels);
    twin_input(&t, offsetof(arguments, mean), c->mean, channels);
    twin_input(&t, offsetof(arguments, scale), c->variance, channels);
    twin_input(&t, offsetof(arguments, output_gradient), c->dy, c->count);
    if (channels % 5) twin_output(&t, offsetof(arguments, input_gradient), c->count);
    if (channels % 3) twin_output(&t, offsetof(arguments, gamma_gradient), channels);
    if (channels % 4) twin_output(&t, offsetof(arguments, beta_gradient), channels);
    twin_check(&t);
}

static void check_normalise(int n, int64_t outer, int channels, bool batch_statistics)
{
    normalise_case c = {.problem = {.batch = n + 1,
                                    .workers = TWIN_WORKERS,
                                    .outer = outer,
                                    .inner = 1,
                                    .channels = channels,
                                    .epsilon = 1e-3,
                                    .momentum = 0.99,
                                    .batch_statistics = batch_statistics},
                        .n = n,
                        .count = n * outer * channels};
    c.x = twin_numbers(c.count, 1, 1);
    c.dy = twin_numbers(c.count, 0.7, 2);
    c.gamma = twin_numbers(channels, 1, 3);
    c.beta = twin_numbers(channels, 1, 4);
    c.mean = twin_numbers(channels, 1, 5);
    c.variance = twin_numbers(channels, 1, 6);
    for (int64_t i = 0; i < c.count; i++)
        c.x[i] += (double)(i % channels % 5); /* channels of other means */
    for (int i = 0; i < channels; i++)
        c.variance[i] = fabs(c.variance[i]) + 0.1;
    snprintf(c.name, sizeof c.name, "normalise %dx%lldx%d %s", n, (long long)outer, channels,
             batch_statistics ? "batch" : "moving");
    check_normalise_forward(&c);
    check_normalise_backward(&c);
    double *all[] = {c.x, c.dy, c.gamma, c.beta, c.mean, c.variance};
    for (size_t i = 0; i < COUNT(all); i++)
        free(all[i]);
}

static void test_normalisation(void **state)
{
    static const int samples[] = {1, 2, 5, 33, 0};
    static const int64_t outers[] = {1, 9, 169};
    (void)state;
    for (size_t c = 0; c < COUNT(channel_counts); c++)
        for (size_t n = 0; n < COUNT(samples); n++)
            for (size_t o = 0; o < COUNT(outers); o++)
                check_normalise(samples[n], outers[o], channel_counts[c], (c + n + o) % 3 != 0);
    twin_report(CAPAS_FAMILY_normalise_forward);
    twin_report(CAPAS_FAMILY_normalise_backward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pools),
        cmocka_unit_test(test_normalisation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
