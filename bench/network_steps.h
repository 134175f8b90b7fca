/* For the programs that time steps of whole networks on drawn data. */
#ifndef CAPAS_BENCH_NETWORK_STEPS_H
#define CAPAS_BENCH_NETWORK_STEPS_H

#include "ascending.h"

#include "base/clock.h"
#include "base/philox.h"
#include <capas/capas.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_RUNS = 1000 };

static inline void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, capas_error());
    exit(1);
}

static inline float *floats(int64_t count)
{
    float *all = malloc((size_t)count * sizeof *all);
    if (all == NULL) fail("memory");
    return all;
}

/* Numbers in [low, high). */
static inline void draw_numbers(float *to, int64_t count, uint32_t stream, float low, float high)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t word[4];
        capas_philox((capas_random){.seed = 1, .stream = stream}, (uint64_t)i, word);
        to[i] = low + (high - low) * capas_uniform(word[0]);
    }
}

/* Milliseconds: the median, and the fastest. */
static inline void print_times(const char *what, int batch, double *seconds, int runs)
{
    double median = median_of(seconds, runs); /* then the first is the fastest */
    printf("%s %d %.3f %.3f\n", what, batch, 1e3 * median, 1e3 * seconds[0]);
    fflush(stdout);
}

/* Steps of stochastic gradient descent on one batch, whose size is the shape's first. */
static inline void train_steps(capas_model *model, capas_shape shape, int classes, int runs)
{
    static double seconds[MOST_RUNS];
    const int batch = (int)shape.dims[0];
    int64_t count = 1;
    for (int i = 0; i < shape.rank; i++)
        count *= shape.dims[i];
    float *numbers = floats(count);
    int32_t *labels = calloc((size_t)batch, sizeof *labels);
    if (labels == NULL) fail("memory");
    draw_numbers(numbers, count, 1000, -1, 1);
    for (int i = 0; i < batch; i++)
        labels[i] = 37 * i % classes;
    capas_tensor x = {CAPAS_FLOAT32, shape, numbers};
    capas_tensor y = {CAPAS_INT32, capas_shape_of(1, batch), labels};
    if (capas_compile(model, .optimizer = capas_sgd(.learning_rate = 1e-4),
                      .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY) != CAPAS_OK)
        fail("compile");
    for (int i = -1; i < runs; i++) { /* the first makes the plan */
        capas_evaluation evaluation;
        double start = capas_seconds();
        if (capas_train_on_batch(model, &x, &y, batch, &evaluation) != CAPAS_OK) fail("train");
        if (i >= 0) seconds[i] = capas_seconds() - start;
    }
    print_times("train", batch, seconds, runs);
    free(numbers);
    free(labels);
}

static inline void note(capas_log_level level, const char *message, void *context)
{
    (void)level, (void)context;
    fprintf(stderr, "%s\n", message);
}

#endif
