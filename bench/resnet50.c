/* ResNet-50 through the public API, with drawn weights: what a large network costs. Each argument
 * (or line of standard input, so that another program may have its turn in between) is one of
 *
 *     predict BATCH RUNS      milliseconds of a prediction: the median and the fastest
 *     train BATCH RUNS        of a step of stochastic gradient descent
 *     check BATCH IN OUT      predicts float32 images of the file IN, writes their outputs to OUT
 *     weights OUT             writes all weights, float32, in Keras's order
 *
 * Threads are the environment's CAPAS_THREADS; with CAPAS_VERBOSE=1 each kernel's time goes to
 * stderr. */
#include "ascending.h"

#include "base/philox.h"
#include <capas/capas.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIDE = 224, IMAGE = SIDE * SIDE * 3, CLASSES = 1000, MOST_RUNS = 1000, WORD = 255 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, capas_error());
    exit(1);
}

static float *floats(int64_t count)
{
    float *all = malloc((size_t)count * sizeof *all);
    if (all == NULL) fail("memory");
    return all;
}

/* Numbers in [low, high). */
static void draw(float *to, int64_t count, uint32_t stream, float low, float high)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t word[4];
        capas_philox((capas_random){.seed = 1, .stream = stream}, (uint64_t)i, word);
        to[i] = low + (high - low) * capas_uniform(word[0]);
    }
}

/* Normalisations that do something, so that leaving one out would be seen. */
static void draw_normalisations(capas_model *model)
{
    for (int w = 0; w < capas_model_weight_count(model); w++) {
        capas_weight_info info;
        float values[4096];
        if (capas_model_weight_info(model, w, &info) != CAPAS_OK) fail("weights");
        if (strstr(info.layer, "_bn") == NULL) continue;
        bool around_zero = strcmp(info.name, "beta") == 0 || strcmp(info.name, "moving_mean") == 0;
        draw(values, info.shape.dims[0], (uint32_t)w, around_zero ? -0.2f : 0.4f,
             around_zero ? 0.2f : 1.0f);
        if (capas_model_set_weight(model, w, values) != CAPAS_OK) fail("weights");
    }
}

static void print(const char *what, int batch, double *seconds, int runs)
{
    double median = median_of(seconds, runs); /* then the first is the fastest */
    printf("%s %d %.3f %.3f\n", what, batch, 1e3 * median, 1e3 * seconds[0]);
    fflush(stdout);
}

static void predict(capas_model *model, int batch, int runs)
{
    static double seconds[MOST_RUNS];
    float *images = floats((int64_t)batch * IMAGE), *outputs = floats((int64_t)batch * CLASSES);
    draw(images, (int64_t)batch * IMAGE, 1000, -1, 1);
    for (int i = -1; i < runs; i++) { /* the first makes the plan */
        double start = now();
        if (capas_predict(model, images, batch, outputs) != CAPAS_OK) fail("predict");
        if (i >= 0) seconds[i] = now() - start;
    }
    print("predict", batch, seconds, runs);
    free(images);
    free(outputs);
}

static void train(capas_model *model, int batch, int runs)
{
    static double seconds[MOST_RUNS];
    float *images = floats((int64_t)batch * IMAGE);
    int32_t *labels = calloc((size_t)batch, sizeof *labels);
    if (labels == NULL) fail("memory");
    draw(images, (int64_t)batch * IMAGE, 1000, -1, 1);
    for (int i = 0; i < batch; i++)
        labels[i] = 37 * i % CLASSES;
    capas_tensor x = {CAPAS_FLOAT32, capas_shape_of(4, batch, SIDE, SIDE, 3), images};
    capas_tensor y = {CAPAS_INT32, capas_shape_of(1, batch), labels};
    if (capas_compile(model, .optimizer = capas_sgd(.learning_rate = 1e-4),
                      .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY) != CAPAS_OK)
        fail("compile");
    for (int i = -1; i < runs; i++) {
        capas_evaluation evaluation;
        double start = now();
        if (capas_train_on_batch(model, &x, &y, batch, &evaluation) != CAPAS_OK) fail("train");
        if (i >= 0) seconds[i] = now() - start;
    }
    print("train", batch, seconds, runs);
    free(images);
    free(labels);
}

static void check(capas_model *model, int batch, const char *in, const char *out)
{
    float *images = floats((int64_t)batch * IMAGE), *outputs = floats((int64_t)batch * CLASSES);
    FILE *from = fopen(in, "rb"), *to = fopen(out, "wb");
    size_t count = (size_t)batch * IMAGE;
    if (from == NULL || to == NULL || fread(images, sizeof *images, count, from) != count)
        fail("check: the files");
    if (capas_predict(model, images, batch, outputs) != CAPAS_OK) fail("check");
    fwrite(outputs, sizeof *outputs, (size_t)batch * CLASSES, to);
    fclose(from);
    if (fclose(to) != 0) fail("check: the files");
    printf("check %d\n", batch);
    fflush(stdout);
    free(images);
    free(outputs);
}

static void write_weights(const capas_model *model, const char *out)
{
    FILE *to = fopen(out, "wb");
    if (to == NULL) fail(out);
    for (int w = 0; w < capas_model_weight_count(model); w++) {
        capas_weight_info info;
        if (capas_model_weight_info(model, w, &info) != CAPAS_OK) fail("weights");
        int64_t count = 1;
        for (int i = 0; i < info.shape.rank; i++)
            count *= info.shape.dims[i];
        float *values = floats(count);
        if (capas_model_get_weight(model, w, values) != CAPAS_OK) fail("weights");
        fwrite(values, sizeof *values, (size_t)count, to);
        free(values);
    }
    if (fclose(to) != 0) fail(out);
    printf("weights\n");
    fflush(stdout);
}

static int run(capas_model *model, const char *line)
{
    char what[WORD + 1] = "", in[WORD + 1] = "", out[WORD + 1] = "";
    int batch = 0, runs = 0;
    if (sscanf(line, "weights %255s", out) == 1)
        write_weights(model, out);
    else if (sscanf(line, "check %d %255s %255s", &batch, in, out) == 3 && batch > 0)
        check(model, batch, in, out);
    else if (sscanf(line, "%255s %d %d", what, &batch, &runs) != 3 || batch < 1 || runs < 1 ||
             runs > MOST_RUNS)
        return fprintf(stderr, "not understood: %s\n", line), 1;
    else if (strcmp(what, "predict") == 0)
        predict(model, batch, runs);
    else
        train(model, batch, runs);
    return 0;
}

static void note(capas_log_level level, const char *message, void *context)
{
    (void)level, (void)context;
    fprintf(stderr, "%s\n", message);
}

int main(int count, char **words)
{
    capas_model *model = capas_resnet50();
    char line[4 * WORD];
    int failed = 0;
    capas_set_log(note, NULL);
    if (model == NULL) fail("resnet50");
    if (capas_model_set_seed(model, 1) != CAPAS_OK) fail("seed");
    draw_normalisations(model);
    for (int i = 1; i < count; i++)
        failed |= run(model, words[i]);
    while (count == 1 && fgets(line, sizeof line, stdin))
        failed |= run(model, line);
    capas_model_free(model);
    return failed;
}
