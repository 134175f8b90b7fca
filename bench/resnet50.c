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
#include "network_steps.h"

#include <stdbool.h>
#include <string.h>

enum { SIDE = 224, IMAGE = SIDE * SIDE * 3, CLASSES = 1000, WORD = 255 };

/* Normalisations that do something, so that leaving one out would be seen. */
static void draw_normalisations(capas_model *model)
{
    for (int w = 0; w < capas_model_weight_count(model); w++) {
        capas_weight_info info;
        float values[4096];
        if (capas_model_weight_info(model, w, &info) != CAPAS_OK) fail("weights");
        if (strstr(info.layer, "_bn") == NULL) continue;
        bool around_zero = strcmp(info.name, "beta") == 0 || strcmp(info.name, "moving_mean") == 0;
        draw_numbers(values, info.shape.dims[0], (uint32_t)w, around_zero ? -0.2f : 0.4f,
                     around_zero ? 0.2f : 1.0f);
        if (capas_model_set_weight(model, w, values) != CAPAS_OK) fail("weights");
    }
}

static void predict(capas_model *model, int batch, int runs)
{
    static double seconds[MOST_RUNS];
    float *images = floats((int64_t)batch * IMAGE), *outputs = floats((int64_t)batch * CLASSES);
    draw_numbers(images, (int64_t)batch * IMAGE, 1000, -1, 1);
    for (int i = -1; i < runs; i++) { /* the first makes the plan */
        double start = capas_seconds();
        if (capas_predict(model, images, batch, outputs) != CAPAS_OK) fail("predict");
        if (i >= 0) seconds[i] = capas_seconds() - start;
    }
    print_times("predict", batch, seconds, runs);
    free(images);
    free(outputs);
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
        train_steps(model, capas_shape_of(4, batch, SIDE, SIDE, 3), CLASSES, runs);
    return 0;
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
