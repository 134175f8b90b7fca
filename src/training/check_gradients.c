/* The gradients of a model's loss held against small differences of it, for functions of the
 * caller's own (capas/gradients.h). A tensor is moved along a few directions, each some elements up
 * or down; where the loss has a kink one size of the step is fooled, but not all of them. */
#include "base/memory.h"
#include "base/philox.h"
#include "base/text.h"
#include "training/optimizer.h"
#include "training/trainer.h"
#include <capas/gradients.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DIRECTIONS = 8, MOVED = 8, STREAM = 17 };

static const double steps[] = {4e-3, 1e-3, 2.5e-4};

typedef struct check {
    capas_model *model;
    capas_tensor inputs[CAPAS_DATASET_TENSORS]; /* copies, to be moved */
    const capas_tensor *targets;
    int64_t n;
    double tolerance;
    uint32_t drawn;
} check;

/* An input or a weight: its numbers, those that move, and its gradient. */
typedef struct part {
    int weight; /* -1: an input */
    float *values, *gradient;
    int64_t count;
    char name[144];
} part;

static capas_status loss_of(check *check, double *loss)
{
    CAPAS_TRY(capas_loss_gradients(check->model, check->inputs, check->targets, check->n, NULL,
                                   NULL, loss));
    *loss -= capas_weight_penalties(check->model); /* which are not in the gradients */
    return CAPAS_OK;
}

static capas_status put(check *check, const part *part)
{
    return part->weight < 0 ? CAPAS_OK
                            : capas_model_set_weight(check->model, part->weight, part->values);
}

/* The loss with some elements moved by `distance`, up or down as bit i of `signs` says. */
static capas_status loss_beside(check *check, const part *part, const int64_t *places,
                                uint32_t signs, double distance, double *loss)
{
    float kept[MOVED];
    for (int i = 0; i < MOVED; i++) {
        kept[i] = part->values[places[i]];
        part->values[places[i]] += (float)(signs >> i & 1 ? distance : -distance);
    }
    capas_status status = put(check, part);
    if (status == CAPAS_OK) status = loss_of(check, loss);
    for (int i = MOVED - 1; i >= 0; i--)
        part->values[places[i]] = kept[i];
    return status;
}

static double size_of(const part *part)
{
    double squares = 0;
    for (int64_t i = 0; i < part->count; i++)
        squares += (double)part->values[i] * (double)part->values[i];
    return fmax(sqrt(squares / (double)part->count), 0.1);
}

/* Along one direction; *off is by how much the gradient is beside the difference, 1 being what is
 * tolerated, at the step that serves it best. */
static capas_status check_direction(check *check, const part *part, double size, double *off,
                                    double *wanted, double *found)
{
    uint32_t words[4 * (MOVED / 4) + 4];
    int64_t places[MOVED];
    const capas_random random = {.stream = STREAM, .step = check->drawn++};
    for (int i = 0; i <= MOVED / 4; i++)
        capas_philox(random, (uint64_t)i, words + 4 * i);
    *found = 0;
    for (int i = 0; i < MOVED; i++) {
        places[i] = words[i] % part->count;
        *found += (words[MOVED] >> i & 1 ? 1 : -1) * (double)part->gradient[places[i]];
    }
    *off = HUGE_VAL;
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        double up, down, distance = steps[s] * size;
        CAPAS_TRY(loss_beside(check, part, places, words[MOVED], distance, &up));
        CAPAS_TRY(loss_beside(check, part, places, words[MOVED], -distance, &down));
        double slope = (up - down) / (2 * distance);
        double noise = 4e-7 * fmax(1, fabs(up)) / distance; /* of float32 */
        double beside =
            fabs(slope - *found) / (check->tolerance * fmax(fabs(slope), fabs(*found)) + noise);
        if (beside < *off) *wanted = slope;
        if (beside < *off) *off = beside;
    }
    return CAPAS_OK;
}

static capas_status check_part(check *check, const part *part)
{
    const double size = size_of(part);
    for (int d = 0; d < DIRECTIONS; d++) {
        double off, wanted = NAN, found;
        capas_status status = check_direction(check, part, size, &off, &wanted, &found);
        capas_status restored = put(check, part);
        CAPAS_TRY(status);
        CAPAS_TRY(restored);
        if (off <= 1) continue;
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "check_gradients: with respect to %s the gradient says that the loss "
                          "changes by %.6g, small differences say %.6g; the backward function "
                          "behind it does not fit its forward",
                          part->name, found, wanted);
    }
    return CAPAS_OK;
}

static bool is_whole(const part *part)
{
    for (int64_t i = 0; i < part->count; i++)
        if (part->values[i] != floorf(part->values[i])) return false;
    return true;
}

static void name_input(const check *check, int input, part *part)
{
    snprintf(part->name, sizeof part->name, "input %d of model %.80s", input,
             capas_model_name(check->model));
}

/* Numbers that name something (Embedding) or are bytes are not moved. */
static capas_status check_input(check *check, int input)
{
    capas_tensor *tensor = &check->inputs[input];
    part part = {.weight = -1, .count = capas_shape_count(&tensor->shape, 1) * check->n};
    float *gradients[CAPAS_DATASET_TENSORS] = {0};
    if (tensor->element != CAPAS_FLOAT32) return CAPAS_OK;
    name_input(check, input, &part);
    part.values = capas_copy_memory(tensor->data, (size_t)part.count * sizeof(float));
    part.gradient = capas_allocate((size_t)part.count, sizeof(float));
    const void *given = tensor->data;
    capas_status status = part.values && part.gradient ? CAPAS_OK : CAPAS_NO_MEMORY;
    if (status == CAPAS_OK && !is_whole(&part)) {
        gradients[input] = part.gradient;
        tensor->data = part.values;
        status = capas_loss_gradients(check->model, check->inputs, check->targets, check->n,
                                      gradients, NULL, NULL);
        if (status == CAPAS_OK) status = check_part(check, &part);
        memcpy(&tensor->data, &given, sizeof given);
    }
    capas_release(part.values);
    capas_release(part.gradient);
    return status;
}

static capas_status check_weight(check *check, int weight)
{
    capas_weight_info info;
    CAPAS_TRY(capas_model_weight_info(check->model, weight, &info));
    if (check->model->weights[weight].gradient_offset < 0) return CAPAS_OK;
    part part = {.weight = weight, .count = capas_shape_count(&info.shape, 0)};
    snprintf(part.name, sizeof part.name, "%.60s of layer %.60s", info.name, info.layer);
    float **gradients = capas_allocate_zeroed((size_t)check->model->weight_count, sizeof(float *));
    part.values = capas_allocate((size_t)part.count, sizeof(float));
    part.gradient = capas_allocate((size_t)part.count, sizeof(float));
    capas_status status = gradients && part.values && part.gradient ? CAPAS_OK : CAPAS_NO_MEMORY;
    if (status == CAPAS_OK) {
        gradients[weight] = part.gradient;
        status = capas_model_get_weight(check->model, weight, part.values);
    }
    if (status == CAPAS_OK)
        status = capas_loss_gradients(check->model, check->inputs, check->targets, check->n, NULL,
                                      gradients, NULL);
    if (status == CAPAS_OK) status = check_part(check, &part);
    capas_release(gradients);
    capas_release(part.values);
    capas_release(part.gradient);
    return status;
}

capas_status capas_check_gradients(capas_model *model, const capas_tensor *inputs,
                                   const capas_tensor *targets, int64_t n, double tolerance)
{
    check check = {.model = model, .targets = targets, .n = n, .tolerance = tolerance};
    if (tolerance == 0) check.tolerance = 0.02;
    /* Says what does not fit before anything is looked at. */
    CAPAS_TRY(capas_loss_gradients(model, inputs, targets, n, NULL, NULL, NULL));
    memcpy(check.inputs, inputs, (size_t)model->input_count * sizeof *inputs);
    for (int i = 0; i < model->input_count; i++)
        CAPAS_TRY(check_input(&check, i));
    for (int w = 0; w < model->weight_count; w++)
        CAPAS_TRY(check_weight(&check, w));
    return CAPAS_OK;
}
