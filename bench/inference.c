/* How fast a saved model predicts through the public API: the median time of a call with so many
 * samples. The samples are read from a file of raw float32, or are numbers between 0 and 1.
 *
 *     inference MODEL.keras BATCH [SECONDS [FILE]]      (default: 2 seconds; heeds CAPAS_THREADS)
 *
 * prints a line of JSON: {"seconds": ..., "calls": ..., "samples_per_second": ...} */
#include "timing.h"
#include <capas/capas.h>
#include <stdio.h>

typedef struct prediction {
    capas_model *model;
    float *input, *output;
    int64_t batch;
} prediction;

static capas_status predict(void *context)
{
    prediction *p = context;
    return capas_predict(p->model, p->input, p->batch, p->output);
}

static size_t count_of(const capas_shape *shape, int64_t batch)
{
    size_t count = (size_t)batch;
    for (int i = 1; i < shape->rank; i++)
        count *= (size_t)shape->dims[i];
    return count;
}

/* Whether the file, or the generator without one, gave `count` numbers. */
static int fill(float *values, size_t count, const char *path)
{
    if (path != NULL) {
        FILE *file = fopen(path, "rb");
        size_t got = file != NULL ? fread(values, sizeof *values, count, file) : 0;
        if (file != NULL) fclose(file);
        return got == count;
    }
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 8) / 16777216.0f;
    }
    return 1;
}

static int fail(const char *sentence)
{
    fprintf(stderr, "inference: %s\n", sentence);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    int64_t batch = argc > 2 ? atoll(argv[2]) : 0;
    double seconds = argc > 3 ? atof(argv[3]) : 2;
    if (batch < 1 || seconds <= 0) return fail("use: inference MODEL.keras BATCH [SECONDS [FILE]]");
    prediction p = {.model = capas_load(argv[1]), .batch = batch};
    capas_shape input, output;
    if (p.model == NULL || capas_model_input_shape(p.model, 0, &input) != CAPAS_OK ||
        capas_model_output_shape(p.model, 0, &output) != CAPAS_OK)
        return fail(capas_error());
    size_t count = count_of(&input, batch);
    p.input = malloc(count * sizeof *p.input);
    p.output = malloc(count_of(&output, batch) * sizeof *p.output);
    if (p.input == NULL || p.output == NULL) return fail("there is not enough memory");
    if (!fill(p.input, count, argc > 4 ? argv[4] : NULL))
        return fail("the file does not hold so many samples");
    timing timing;
    if (timing_of(predict, &p, seconds, capas_seconds, &timing) != CAPAS_OK)
        return fail(capas_error());
    printf("{\"seconds\": %.9g, \"calls\": %d, \"samples_per_second\": %.6g}\n", timing.median,
           timing.calls, (double)batch / timing.median);
    free(p.input);
    free(p.output);
    capas_model_free(p.model);
    return EXIT_SUCCESS;
}
