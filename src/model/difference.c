/* Whether two models compute the same: random inputs through both. */
#include "base/memory.h"
#include "base/philox.h"
#include "base/text.h"
#include "model/model.h"
#include <capas/files.h>
#include <math.h>

enum { TEXT_SIZE = 128, SEED = 20250 };

/* Inputs, and the outputs of both. */
typedef struct trial {
    capas_tensor inputs[CAPAS_MAX_INPUTS], first[CAPAS_MAX_INPUTS], second[CAPAS_MAX_INPUTS];
    int samples;
} trial;

static capas_status make_tensor(capas_shape shape, int samples, capas_tensor *tensor)
{
    shape.dims[0] = samples;
    *tensor = (capas_tensor){CAPAS_FLOAT32, shape, NULL};
    int64_t count = capas_shape_count(&shape, 0);
    if (count < 0) return capas_fail(CAPAS_UNSUPPORTED, "the inputs or outputs are too large");
    tensor->data = capas_allocate_zeroed((size_t)count, sizeof(float));
    return tensor->data ? CAPAS_OK : CAPAS_NO_MEMORY;
}

static bool takes_whole_numbers(const capas_model *model, int input)
{
    const capas_layer *layer = model->layers[model->uses[model->inputs[input]].layer];
    return ((const capas_input_options *)layer->options)->element == CAPAS_INT32;
}

static void fill(const capas_model *model, int input, capas_tensor *tensor)
{
    capas_random random = {SEED, CAPAS_STREAM_SHUFFLE, (uint32_t)input};
    int64_t count = capas_shape_count(&tensor->shape, 0);
    bool whole = takes_whole_numbers(model, input);
    float *values = tensor->data;
    for (int64_t i = 0; i < count; i++) {
        uint32_t words[4];
        capas_philox(random, (uint64_t)i, words);
        values[i] = capas_uniform(words[0]);
        if (whole) values[i] = values[i] < 0.5F ? 0 : 1;
    }
}

static capas_status check_shapes(const capas_shape *a, const capas_shape *b, const char *what,
                                 int number)
{
    char first[TEXT_SIZE], second[TEXT_SIZE];
    if (capas_shape_equal(a, b)) return CAPAS_OK;
    return capas_fail(CAPAS_SHAPE_MISMATCH,
                      "the models cannot be compared: %s %d is %s in one and %s in the other", what,
                      number, capas_shape_text(a, first, sizeof first),
                      capas_shape_text(b, second, sizeof second));
}

static capas_status prepare(const capas_model *a, const capas_model *b, trial *trial)
{
    if (a->input_count != b->input_count || a->output_count != b->output_count)
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "the models cannot be compared: one has %d inputs and %d outputs, the "
                          "other %d and %d",
                          a->input_count, a->output_count, b->input_count, b->output_count);
    for (int i = 0; i < a->input_count; i++) {
        const capas_shape *shape = &a->uses[a->inputs[i]].output;
        CAPAS_TRY(check_shapes(shape, &b->uses[b->inputs[i]].output, "input", i));
        CAPAS_TRY(make_tensor(*shape, trial->samples, &trial->inputs[i]));
        fill(a, i, &trial->inputs[i]);
    }
    for (int i = 0; i < a->output_count; i++) {
        const capas_shape *shape = &a->uses[a->outputs[i]].output;
        CAPAS_TRY(check_shapes(shape, &b->uses[b->outputs[i]].output, "output", i));
        CAPAS_TRY(make_tensor(*shape, trial->samples, &trial->first[i]));
        CAPAS_TRY(make_tensor(*shape, trial->samples, &trial->second[i]));
    }
    return CAPAS_OK;
}

static double find_largest(const trial *trial, int outputs)
{
    double largest = 0;
    for (int i = 0; i < outputs; i++) {
        const float *a = trial->first[i].data, *b = trial->second[i].data;
        int64_t count = capas_shape_count(&trial->first[i].shape, 0);
        for (int64_t k = 0; k < count; k++) {
            double difference = fabs((double)a[k] - (double)b[k]);
            if (!isfinite(difference)) return INFINITY;
            if (difference > largest) largest = difference;
        }
    }
    return largest;
}

static capas_status compare(capas_model *a, capas_model *b, trial *trial, double *difference)
{
    CAPAS_TRY(prepare(a, b, trial));
    CAPAS_TRY(capas_predict_tensors(a, trial->inputs, trial->first, trial->samples));
    CAPAS_TRY(capas_predict_tensors(b, trial->inputs, trial->second, trial->samples));
    *difference = find_largest(trial, a->output_count);
    return CAPAS_OK;
}

capas_status capas_model_difference(capas_model *first, capas_model *second, int samples,
                                    double *difference)
{
    CAPAS_TRY(capas_model_check(first));
    CAPAS_TRY(capas_model_check(second));
    if (samples < 1 || !difference)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "comparing models needs at least 1 sample and a place for the result");
    trial *trial = capas_allocate_zeroed(1, sizeof *trial);
    if (!trial) return CAPAS_NO_MEMORY;
    trial->samples = samples;
    capas_status status = compare(first, second, trial, difference);
    for (int i = 0; i < CAPAS_MAX_INPUTS; i++) {
        capas_release(trial->inputs[i].data);
        capas_release(trial->first[i].data);
        capas_release(trial->second[i].data);
    }
    capas_release(trial);
    return status;
}
