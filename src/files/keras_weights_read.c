/* Reading model.weights.h5 with everything verified: a weight that is missing, has another shape or
 * is not finite is told by layer and weight. Groups that capas knows nothing of are let be. */
#include "base/memory.h"
#include "base/text.h"
#include "files/keras.h"
#include "training/trainer.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#if CAPAS_WITH_KERAS_FILES
enum { SHAPE_TEXT = 128 };

/* What is read, for messages: "layer dense: weight kernel", "optimizer adam: variable 5 (momentum
 * ...)". */
typedef struct reading {
    const char *owner, *owner_name; /* "layer", "dense" */
    const char *layer, *weight;     /* of an optimizer's variable: whose; layer NULL otherwise */
    const char *path;
} reading;

static capas_status fail_reading(const reading *reading, capas_status status, const char *what)
{
    if (!reading->layer)
        return capas_fail(status, "%s %s: weight %s %s (%s)", reading->owner, reading->owner_name,
                          reading->weight, what, reading->path);
    return capas_fail(status, "%s %s: its variable for weight %s of layer %s %s (%s)",
                      reading->owner, reading->owner_name, reading->weight, reading->layer, what,
                      reading->path);
}

static capas_status check_shape(capas_hdf5 *file, const reading *reading,
                                const capas_shape *expected)
{
    capas_shape found;
    char what[2 * SHAPE_TEXT + 64], wanted_text[SHAPE_TEXT], found_text[SHAPE_TEXT];
    if (!capas_hdf5_has(file, reading->path))
        return fail_reading(reading, CAPAS_BAD_FILE, "is missing in the file");
    if (capas_hdf5_shape(file, reading->path, &found) != CAPAS_OK)
        return fail_reading(reading, CAPAS_BAD_FILE, "is no array of numbers in the file");
    if (capas_shape_equal(&found, expected)) return CAPAS_OK;
    capas_cut_text(what, sizeof what,
                   snprintf(what, sizeof what, "must have the shape %s, found %s in the file",
                            capas_shape_text(expected, wanted_text, sizeof wanted_text),
                            capas_shape_text(&found, found_text, sizeof found_text)));
    return fail_reading(reading, CAPAS_SHAPE_MISMATCH, what);
}

static capas_status check_finite(const reading *reading, const float *values, int64_t count)
{
    char what[96];
    for (int64_t i = 0; i < count; i++) {
        if (isfinite(values[i])) continue;
        snprintf(what, sizeof what, "holds %s at place %" PRId64 "; the file cannot be used",
                 isnan(values[i]) ? "NaN" : "an infinity", i);
        return fail_reading(reading, CAPAS_NOT_FINITE, what);
    }
    return CAPAS_OK;
}

/* A weight's numbers in Keras's order; released by the caller. NULL on failure. */
static float *read_values(capas_hdf5 *file, const reading *reading, const capas_shape *shape)
{
    int64_t count = capas_shape_count(shape, 0);
    if (check_shape(file, reading, shape) != CAPAS_OK) return NULL;
    float *values = capas_allocate((size_t)count, sizeof *values);
    if (!values) return NULL;
    capas_status status = capas_hdf5_read_floats(file, reading->path, values, count);
    if (status != CAPAS_OK) fail_reading(reading, CAPAS_BAD_FILE, "cannot be read");
    if (status == CAPAS_OK) status = check_finite(reading, values, count);
    if (status == CAPAS_OK) return values;
    capas_release(values);
    return NULL;
}

static capas_status read_weight(capas_model *model, capas_hdf5 *file, const reading *reading,
                                const capas_weight *weight)
{
    float *values = read_values(file, reading, &weight->shape);
    if (!values) return capas_error_status();
    capas_status status = capas_model_set_weight(model, weight->index, values);
    capas_release(values);
    return status;
}

static capas_status read_layer(capas_model *model, capas_hdf5 *file, int number)
{
    char group[CAPAS_KERAS_PATH], path[CAPAS_KERAS_PATH];
    const capas_layer *layer = model->layers[number];
    reading reading = {.owner = "layer", .owner_name = layer->name, .path = path};
    if (!capas_keras_group(model, number, group)) return CAPAS_OK;
    for (int i = 0; i < layer->weight_count; i++) {
        reading.weight = layer->weights[i].name;
        capas_keras_variable(group, i, path);
        CAPAS_TRY(read_weight(model, file, &reading, &layer->weights[i]));
    }
    capas_keras_variable(group, layer->weight_count, path);
    if (!capas_hdf5_has(file, path)) return CAPAS_OK;
    return capas_fail(CAPAS_SHAPE_MISMATCH,
                      "layer %s has %d weights, but the file holds more for it (%s); configuration "
                      "and weights do not belong together",
                      layer->name, layer->weight_count, path);
}

capas_status capas_keras_read_weights(capas_model *model, capas_hdf5 *file)
{
    for (int i = 0; i < model->layer_count; i++)
        CAPAS_TRY(read_layer(model, file, i));
    return CAPAS_OK;
}

static capas_status read_slot(capas_model *model, capas_hdf5 *file, reading *reading, int number,
                              int slot)
{
    const capas_model_weight *place = &model->weights[number];
    reading->layer = place->layer->name;
    reading->weight = place->weight->name;
    float *values = read_values(file, reading, &place->weight->shape);
    if (!values) return capas_error_status();
    capas_weight_pack(place->weight, values, model->trainer->slots[slot] + place->gradient_offset);
    capas_release(values);
    return CAPAS_OK;
}

/* Variables from number `first` of the optimizer on; none at all when it was never trained. */
static capas_status read_slots(capas_model *model, capas_hdf5 *file, int first)
{
    char path[CAPAS_KERAS_PATH];
    int weight, slot, count = 0;
    reading reading = {
        .owner = "optimizer", .owner_name = capas_optimizer_name(model->trainer), .path = path};
    capas_keras_variable("optimizer", first, path);
    if (!capas_hdf5_has(file, path)) return CAPAS_OK;
    for (; capas_optimizer_variable(model, count, &weight, &slot); count++) {
        capas_keras_variable("optimizer", first + count, path);
        CAPAS_TRY(read_slot(model, file, &reading, weight, slot));
    }
    double product; /* follows from the step */
    count += capas_optimizer_product(model->trainer, &product);
    capas_keras_variable("optimizer", first + count, path);
    if (capas_hdf5_has(file, path))
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "optimizer %s has %d variables, but the file holds more (%s)",
                          reading.owner_name, first + count, path);
    capas_optimizer_built(model);
    return CAPAS_OK;
}

static capas_status read_iteration(capas_model *model, capas_hdf5 *file)
{
    int64_t iteration;
    CAPAS_TRY(capas_hdf5_read_integer(file, "optimizer/vars/0", &iteration));
    if (iteration < 0)
        return capas_fail(CAPAS_BAD_FILE, "the optimizer's step must be 0 or more, found %" PRId64,
                          iteration);
    model->trainer->iteration = iteration;
    return CAPAS_OK;
}

/* Keras 2 and schedules have no learning rate among the variables: then the second is a slot. */
static capas_status read_learning_rate(capas_model *model, capas_hdf5 *file, bool *has)
{
    capas_shape shape, scalar = {0};
    reading reading = {.owner = "optimizer",
                       .owner_name = capas_optimizer_name(model->trainer),
                       .weight = "learning_rate",
                       .path = "optimizer/vars/1"};
    *has = capas_hdf5_has(file, reading.path);
    if (!*has) return CAPAS_OK;
    CAPAS_TRY(capas_hdf5_shape(file, reading.path, &shape));
    *has = shape.rank == 0 && !capas_optimizer_has_schedule(model->trainer);
    if (!*has) return CAPAS_OK;
    float *learning_rate = read_values(file, &reading, &scalar);
    if (!learning_rate) return capas_error_status();
    model->trainer->learning_rate = *learning_rate;
    capas_release(learning_rate);
    return CAPAS_OK;
}

capas_status capas_keras_read_optimizer(capas_model *model, capas_hdf5 *file)
{
    bool has_learning_rate;
    if (!model->trainer || !capas_hdf5_has(file, "optimizer/vars/0")) return CAPAS_OK;
    CAPAS_TRY(read_iteration(model, file));
    CAPAS_TRY(read_learning_rate(model, file, &has_learning_rate));
    return read_slots(model, file, has_learning_rate ? 2 : 1);
}
#endif
