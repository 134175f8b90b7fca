/* What sharing work costs: nanoseconds of an empty region of the pool (two shards, two threads),
 * one after another, and after pauses in which the other thread has looked for work or fallen
 * asleep; and what it brings networks that are too small for it: steps a second of small MLPs, with
 * two threads and with one in turn.
 *
 *     bench/threads */
#include "ascending.h"

#include "base/clock.h"
#include "base/pool.h"
#include <capas/capas.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 9, SAMPLES = 2000 };

static void nothing(void *context, int shard, int worker)
{
    (void)context, (void)shard, (void)worker;
}

static void measure_regions(double pause)
{
    enum { REGIONS = 401 };
    static double took[REGIONS];
    for (int i = 0; i < REGIONS; i++) {
        double begin = capas_seconds();
        while (capas_seconds() - begin < pause)
            ;
        begin = capas_seconds();
        capas_parallel(2, 2, nothing, NULL);
        took[i] = capas_seconds() - begin;
    }
    printf("empty region %4.0f us after the last: %8.2f us\n", pause * 1e6,
           median_of(took, REGIONS) * 1e6);
}

static void measure_busy(void)
{
    enum { REGIONS = 100000 };
    double took[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double begin = capas_seconds();
        for (int i = 0; i < REGIONS; i++)
            capas_parallel(2, 2, nothing, NULL);
        took[round] = (capas_seconds() - begin) / REGIONS;
    }
    printf("empty region, one after another:      %8.2f us\n", median_of(took, ROUNDS) * 1e6);
}

typedef struct network {
    int inputs, units, batch;
} network;

static double samples_a_second(capas_model *model, capas_dataset *set, int batch, int threads)
{
    capas_set_threads(threads);
    double begin = capas_seconds(), took = 0;
    int64_t samples = 0;
    while (took < 0.1) {
        if (capas_fit(model, set, .batch_size = batch, .steps = SAMPLES / batch, .epochs = 1) !=
            CAPAS_OK)
            fprintf(stderr, "%s\n", capas_error());
        samples += SAMPLES / batch * batch;
        took = capas_seconds() - begin;
    }
    return (double)samples / took;
}

static void measure_network(const network *n)
{
    float *x = calloc((size_t)(SAMPLES * n->inputs), sizeof *x);
    unsigned char labels[SAMPLES];
    for (int i = 0; i < SAMPLES * n->inputs; i++)
        x[i] = (float)(i * 7919 % 1000) / 1000;
    for (int i = 0; i < SAMPLES; i++)
        labels[i] = (unsigned char)(i % 10);
    capas_tensor input = {CAPAS_FLOAT32, {2, {SAMPLES, n->inputs}}, x};
    capas_tensor target = {CAPAS_UINT8, {1, {SAMPLES}}, labels};
    capas_dataset *set = capas_dataset_from_arrays(input, target, 0);
    capas_model *model =
        capas_sequential(capas_input(n->inputs), capas_dense(n->units, .activation = CAPAS_RELU),
                         capas_dense(10, .activation = CAPAS_SOFTMAX));
    capas_compile(model, .optimizer = capas_sgd(), .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY);
    double one[ROUNDS], ratio[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        one[round] = samples_a_second(model, set, n->batch, 1);
        ratio[round] = samples_a_second(model, set, n->batch, 2) / one[round];
    }
    printf("%4d-%4d-10, batch %3d: %9.0f samples/s with one thread, two are %.3f of it\n",
           n->inputs, n->units, n->batch, median_of(one, ROUNDS), median_of(ratio, ROUNDS));
    capas_model_free(model);
    capas_dataset_free(set);
    free(x);
}

int main(void)
{
    static const network networks[] = {{4, 8, 1},     {4, 8, 4},     {64, 32, 1},  {64, 32, 4},
                                       {64, 32, 32},  {784, 16, 4},  {784, 32, 1}, {784, 32, 8},
                                       {784, 100, 1}, {784, 100, 32}};
    capas_set_threads(2);
    measure_busy();
    measure_regions(10e-6);
    measure_regions(200e-6);
    measure_regions(2e-3);
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++)
        measure_network(&networks[i]);
    return 0;
}
