/* What a classifier answers: a pass over a set that keeps, of each sample, the label and the
 * likeliest class. */
#include "base/memory.h"
#include "base/text.h"
#include "training/evaluate.h"
#include <capas/classification.h>
#include <math.h>
#include <string.h>

enum { BATCH = 128, TEXT = 128 };

/* One number of a batch as a double. */
static double number_at(const void *data, capas_element element, int64_t i)
{
    switch (element) {
    case CAPAS_FLOAT32:
        return (double)((const float *)data)[i];
    case CAPAS_FLOAT64:
        return ((const double *)data)[i];
    case CAPAS_INT32:
        return ((const int32_t *)data)[i];
    case CAPAS_UINT8:
        return ((const uint8_t *)data)[i];
    }
    return NAN;
}

/* Labels. */

/* Whether a label is one number, or as many as there are classes. */
static capas_status check_labels(const capas_dataset_spec *spec, int classes, bool *one_hot)
{
    char text[TEXT];
    if (spec->target_count != 1)
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "classify: the data set must have one target, the labels; it has %d",
                          spec->target_count);
    int64_t numbers = capas_shape_count(&spec->target_shapes[0], 0);
    *one_hot = numbers > 1;
    if (numbers == 1 || numbers == classes) return CAPAS_OK;
    return capas_fail(CAPAS_SHAPE_MISMATCH,
                      "classify: a label must be one number, or %d for the model's classes; a "
                      "sample's target is %s",
                      classes, capas_shape_text(&spec->target_shapes[0], text, sizeof text));
}

static int largest_of(const void *data, capas_element element, int64_t first, int count)
{
    int largest = 0;
    for (int c = 1; c < count; c++)
        if (number_at(data, element, first + c) > number_at(data, element, first + largest))
            largest = c;
    return largest;
}

static capas_status read_label(const capas_dataset_spec *spec, const void *data, int64_t sample,
                               int classes, bool one_hot, int *label)
{
    capas_element element = spec->target_elements[0];
    double number = one_hot ? largest_of(data, element, sample * classes, classes)
                            : number_at(data, element, sample);
    if (!(number >= 0 && number < classes && number == floor(number)))
        return capas_fail(CAPAS_BAD_DATA,
                          "classify: a label is %g, but the model has the classes 0 to %d", number,
                          classes - 1);
    *label = (int)number;
    return CAPAS_OK;
}

/* The pass. */

typedef struct pass {
    capas_model *model;
    capas_dataset *dataset;
    capas_batch batch;
    float *outputs;
    int numbers; /* of the output; 1: the probability of class 1 */
    bool one_hot;
    capas_classification *answers;
    size_t capacity;
} pass;

static void answer(const pass *pass, int64_t sample, int *predicted, float *probability)
{
    const float *output = pass->outputs + sample * pass->numbers;
    if (pass->numbers == 1) {
        *predicted = output[0] > 0.5f;
        *probability = *predicted ? output[0] : 1 - output[0];
        return;
    }
    *predicted = largest_of(output, CAPAS_FLOAT32, 0, pass->numbers);
    *probability = output[*predicted];
}

/* Room for a batch more; the three arrays grow together. */
static capas_status make_room(pass *pass)
{
    capas_classification *answers = pass->answers;
    size_t used = (size_t)answers->count, needed = used + (size_t)pass->batch.count;
    if (needed <= pass->capacity) return CAPAS_OK;
    size_t larger = needed > 2 * pass->capacity ? needed : 2 * pass->capacity;
    capas_classification moved = {.labels = capas_allocate(larger, sizeof *moved.labels),
                                  .predicted = capas_allocate(larger, sizeof *moved.predicted),
                                  .probability = capas_allocate(larger, sizeof *moved.probability),
                                  .count = answers->count,
                                  .classes = answers->classes};
    if (!moved.labels || !moved.predicted || !moved.probability) {
        capas_classification_free(&moved);
        return CAPAS_NO_MEMORY;
    }
    if (used > 0) {
        memcpy(moved.labels, answers->labels, used * sizeof *moved.labels);
        memcpy(moved.predicted, answers->predicted, used * sizeof *moved.predicted);
        memcpy(moved.probability, answers->probability, used * sizeof *moved.probability);
    }
    capas_classification_free(answers);
    *answers = moved;
    pass->capacity = larger;
    return CAPAS_OK;
}

static capas_status classify_batch(pass *pass)
{
    const capas_dataset_spec *spec = &pass->dataset->spec;
    capas_tensor inputs[CAPAS_DATASET_TENSORS];
    capas_tensor output = {.element = CAPAS_FLOAT32, .data = pass->outputs};
    for (int i = 0; i < spec->input_count; i++) {
        inputs[i] =
            (capas_tensor){.element = spec->input_elements[i], .data = pass->batch.inputs[i]};
        inputs[i].shape.rank = spec->input_shapes[i].rank + 1;
        inputs[i].shape.dims[0] = pass->batch.count;
        for (int d = 1; d < inputs[i].shape.rank; d++)
            inputs[i].shape.dims[d] = spec->input_shapes[i].dims[d - 1];
    }
    CAPAS_TRY(make_room(pass));
    CAPAS_TRY(capas_predict_tensors(pass->model, inputs, &output, pass->batch.count));
    capas_classification *answers = pass->answers;
    for (int64_t i = 0; i < pass->batch.count; i++) {
        CAPAS_TRY(read_label(spec, pass->batch.targets[0], i, answers->classes, pass->one_hot,
                             &answers->labels[answers->count]));
        answer(pass, i, &answers->predicted[answers->count], &answers->probability[answers->count]);
        answers->count++;
    }
    return CAPAS_OK;
}

static capas_status classify_all(pass *pass)
{
    capas_dataset *dataset = pass->dataset;
    capas_dataset_place start = {0};
    CAPAS_TRY(dataset->type->seek(dataset, &start));
    for (;;) {
        CAPAS_TRY(dataset->type->next(dataset, &pass->batch));
        if (pass->batch.count == 0) break;
        CAPAS_TRY(classify_batch(pass));
    }
    if (pass->answers->count > 0) return CAPAS_OK;
    return capas_fail(CAPAS_BAD_DATA, "classify: the data set gave no samples");
}

static capas_status check_model(capas_model *model, const capas_dataset *dataset, int *numbers)
{
    capas_shape shape;
    char text[TEXT];
    CAPAS_TRY(capas_model_output_shape(model, 0, &shape));
    if (capas_model_output_count(model) != 1 || shape.rank != 2 || shape.dims[1] < 1 ||
        shape.dims[1] > 1 << 20)
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "classify: the model must have one output of probabilities, (None, "
                          "classes); it has %d, the first %s",
                          capas_model_output_count(model),
                          capas_shape_text(&shape, text, sizeof text));
    if (capas_model_input_count(model) != dataset->spec.input_count)
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "classify: the model takes %d inputs, the data set has %d",
                          capas_model_input_count(model), dataset->spec.input_count);
    *numbers = (int)shape.dims[1];
    return CAPAS_OK;
}

capas_status capas_classify(capas_model *model, capas_dataset *dataset,
                            capas_classification *answers)
{
    if (!answers)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "classify: needs a place for the answers");
    *answers = (capas_classification){0};
    pass pass = {.model = model, .dataset = dataset, .answers = answers};
    CAPAS_TRY(capas_check_dataset(dataset, "classify"));
    CAPAS_TRY(check_model(model, dataset, &pass.numbers));
    answers->classes = pass.numbers == 1 ? 2 : pass.numbers;
    CAPAS_TRY(check_labels(&dataset->spec, answers->classes, &pass.one_hot));
    CAPAS_TRY(capas_batch_new(&dataset->spec, BATCH, &pass.batch));
    pass.outputs = capas_allocate((size_t)BATCH * (size_t)pass.numbers, sizeof *pass.outputs);
    capas_status status = pass.outputs ? classify_all(&pass) : CAPAS_NO_MEMORY;
    capas_release(pass.outputs);
    capas_batch_free(&pass.batch);
    return status;
}

void capas_classification_free(capas_classification *answers)
{
    if (!answers) return;
    capas_release(answers->labels);
    capas_release(answers->predicted);
    capas_release(answers->probability);
    *answers = (capas_classification){0};
}

void capas_confusion(const capas_classification *answers, int64_t *counts)
{
    size_t classes = (size_t)answers->classes;
    memset(counts, 0, classes * classes * sizeof *counts);
    for (int64_t i = 0; i < answers->count; i++)
        counts[(size_t)answers->labels[i] * classes + (size_t)answers->predicted[i]]++;
}

/* By insertion; of equally sure ones the first of the set comes first. */
int capas_mistakes(const capas_classification *answers, int64_t *samples, int limit)
{
    int count = 0;
    for (int64_t i = 0; i < answers->count; i++) {
        if (answers->labels[i] == answers->predicted[i]) continue;
        int place = count;
        for (; place > 0 && answers->probability[samples[place - 1]] < answers->probability[i];
             place--)
            if (place < limit) samples[place] = samples[place - 1];
        if (place < limit) samples[place] = i;
        if (place < limit && count < limit) count++;
    }
    return count;
}

/* Pictures. */

static capas_status picture_shape(const capas_dataset_spec *spec, capas_picture *picture)
{
    const capas_shape *shape = &spec->input_shapes[0];
    char text[TEXT];
    bool good =
        (shape->rank == 2 || (shape->rank == 3 && (shape->dims[2] == 1 || shape->dims[2] == 3))) &&
        shape->dims[0] <= INT32_MAX && shape->dims[1] <= INT32_MAX;
    if (!good)
        return capas_fail(
            CAPAS_SHAPE_MISMATCH,
            "data set: a sample is no picture (height, width, 1 or 3 channels), it is %s",
            capas_shape_text(shape, text, sizeof text));
    *picture = (capas_picture){.height = (int)shape->dims[0],
                               .width = (int)shape->dims[1],
                               .channels = shape->rank == 3 ? (int)shape->dims[2] : 1};
    return CAPAS_OK;
}

static void fill_pixels(const void *data, capas_element element, int64_t count, uint8_t *pixels)
{
    double low = INFINITY, high = -INFINITY;
    if (element == CAPAS_UINT8) {
        memcpy(pixels, data, (size_t)count);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        low = fmin(low, number_at(data, element, i));
        high = fmax(high, number_at(data, element, i));
    }
    for (int64_t i = 0; i < count; i++) {
        double share = (number_at(data, element, i) - low) / (high - low);
        pixels[i] = share >= 0 && share <= 1 ? (uint8_t)lround(255 * share) : 0;
    }
}

static capas_status read_sample(capas_dataset *dataset, int epoch, int64_t sample,
                                capas_batch *batch)
{
    capas_dataset_place place = {.epoch = epoch, .index = sample};
    CAPAS_TRY(dataset->type->seek(dataset, &place));
    CAPAS_TRY(dataset->type->next(dataset, batch));
    if (batch->count > 0) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "data set: there is no sample %lld",
                      (long long)sample);
}

static int label_of(const capas_dataset_spec *spec, const capas_batch *batch)
{
    if (spec->target_count == 0) return -1;
    int64_t count = capas_shape_count(&spec->target_shapes[0], 0);
    capas_element element = spec->target_elements[0];
    if (count > 1) return largest_of(batch->targets[0], element, 0, (int)count);
    double number = number_at(batch->targets[0], element, 0);
    return number >= 0 && number <= INT32_MAX ? (int)number : -1;
}

capas_status capas_dataset_picture(capas_dataset *dataset, int epoch, int64_t sample,
                                   capas_picture *picture, int *label)
{
    capas_picture made;
    capas_batch batch;
    CAPAS_TRY(capas_check_dataset(dataset, "data set"));
    CAPAS_TRY(picture_shape(&dataset->spec, &made));
    CAPAS_TRY(capas_batch_new(&dataset->spec, 1, &batch));
    int64_t count = (int64_t)made.height * made.width * made.channels;
    capas_status status = read_sample(dataset, epoch, sample, &batch);
    if (status == CAPAS_OK) {
        made.pixels = capas_allocate((size_t)count, 1);
        if (!made.pixels) status = CAPAS_NO_MEMORY;
    }
    if (status == CAPAS_OK) {
        fill_pixels(batch.inputs[0], dataset->spec.input_elements[0], count, made.pixels);
        if (label) *label = label_of(&dataset->spec, &batch);
        *picture = made;
    }
    capas_batch_free(&batch);
    return status;
}
