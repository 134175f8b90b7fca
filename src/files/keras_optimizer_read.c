/* Reading an optimizer's state. Files have its variables in one row: the step; the learning rate,
 * where it is no schedule's and the file is Keras 3's; then the slots in the order of
 * capas_optimizer_variable, or, up to TensorFlow 2.10, all of one slot and then all of the next. */
#include "base/text.h"
#include "files/keras.h"
#include "files/keras_array.h"
#include "training/optimizer.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
typedef struct source {
    capas_model *model;
    const capas_hdf5_contents *file;
    const capas_texts *names; /* of an .h5's variables; NULL: they are numbered */
    char path[CAPAS_KERAS_PATH];
    capas_keras_array array; /* with that path */
} source;

/* Puts the path of a variable into the source; false past the last. */
static bool find_variable(source *source, int number)
{
    int length;
    if (!source->names)
        length = snprintf(source->path, CAPAS_KERAS_PATH, "optimizer/vars/%d", number);
    else if ((size_t)number < source->names->count)
        length = snprintf(source->path, CAPAS_KERAS_PATH, "optimizer_weights/%s",
                          source->names->items[number]);
    else
        return false;
    return length < CAPAS_KERAS_PATH && capas_hdf5_has(source->file, source->path);
}

/* By the name of the step: "adam/iteration", "iteration:0" and numbers are newer than "Adam/iter:0"
 * and "training/Adam/iterations:0". */
static bool is_by_slot(const source *source)
{
    if (!source->names) return false;
    const char *name = source->names->items[0], *found = strstr(name, "iteration");
    return !found || strncmp(found, "iterations", 10) == 0;
}

/* How many weights are trained, those before `weight` of them. */
static int trained_before(const capas_model *model, int weight)
{
    int count = 0;
    for (int w = 0; w < weight; w++)
        count += model->weights[w].gradient_offset >= 0;
    return count;
}

static capas_status read_slot(source *source, int number, int weight, int slot)
{
    const capas_model_weight *place = &source->model->weights[weight];
    source->array.layer = place->layer->name;
    source->array.weight = place->weight->name;
    float *to = source->model->trainer->slots[slot] + place->gradient_offset;
    const capas_shape shape =
        capas_optimizer_slot_shape(source->model->trainer, place->weight, slot);
    bool like_weight = capas_shape_equal(&shape, &place->weight->shape);
    if (shape.rank == 0 && !like_weight) return CAPAS_OK; /* a stand-in */
    find_variable(source, number);
    const float *values = capas_keras_read_array(source->file, &source->array, &shape);
    if (!values) return capas_error_status();
    if (like_weight)
        capas_weight_pack(place->weight, values, to);
    else
        memcpy(to, values, (size_t)capas_shape_count(&shape, 0) * sizeof *to);
    return CAPAS_OK;
}

/* Variables from number `first` on; none at all when the optimizer was never trained. Keras 2 has
 * more than are needed (a momentum of 0). */
static capas_status read_slots(source *source, int first, bool may_have_more)
{
    capas_model *model = source->model;
    int weight, slot, count = 0, trained = trained_before(model, model->weight_count);
    bool by_slot = is_by_slot(source);
    if (!find_variable(source, first)) return CAPAS_OK;
    for (; capas_optimizer_variable(model, count, &weight, &slot); count++) {
        int place = by_slot ? slot * trained + trained_before(model, weight) : count;
        CAPAS_TRY(read_slot(source, first + place, weight, slot));
    }
    double product; /* follows from the step */
    count += capas_optimizer_product(model->trainer, &product);
    if (!may_have_more && find_variable(source, first + count))
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "optimizer %s has %d variables, but the file holds more (%s)",
                          source->array.owner_name, first + count, source->path);
    capas_optimizer_built(model);
    return CAPAS_OK;
}

static capas_status read_iteration(source *source)
{
    int64_t iteration;
    CAPAS_TRY(capas_hdf5_read_integer(source->file, source->path, &iteration));
    if (iteration < 0)
        return capas_fail(CAPAS_BAD_FILE, "the optimizer's step must be 0 or more, found %" PRId64,
                          iteration);
    source->model->trainer->iteration = iteration;
    return CAPAS_OK;
}

/* Keras 2 and schedules have no learning rate among the variables: then the second is a slot. */
static capas_status read_learning_rate(source *source, bool *has)
{
    capas_shape shape, scalar = {0};
    capas_trainer *trainer = source->model->trainer;
    *has = false;
    if (!find_variable(source, 1) || capas_optimizer_has_schedule(trainer)) return CAPAS_OK;
    if (!capas_hdf5_floats(source->file, source->path, &shape)) return capas_error_status();
    if (shape.rank != 0) return CAPAS_OK;
    source->array.weight = "learning_rate";
    const float *learning_rate = capas_keras_read_array(source->file, &source->array, &scalar);
    if (!learning_rate) return capas_error_status();
    trainer->learning_rate = *learning_rate;
    *has = true;
    return CAPAS_OK;
}

capas_status capas_keras_read_optimizer(capas_model *model, const capas_hdf5_contents *file,
                                        const capas_texts *names)
{
    bool has_learning_rate;
    if (!model->trainer) return CAPAS_OK;
    source source = {.model = model, .file = file, .names = names};
    source.array = (capas_keras_array){.owner = "optimizer",
                                       .owner_name = capas_optimizer_name(model->trainer),
                                       .path = source.path};
    if (!find_variable(&source, 0)) return CAPAS_OK;
    CAPAS_TRY(read_iteration(&source));
    CAPAS_TRY(read_learning_rate(&source, &has_learning_rate));
    bool of_keras3 = has_learning_rate || capas_optimizer_has_schedule(model->trainer);
    return read_slots(&source, has_learning_rate ? 2 : 1, !of_keras3);
}
#endif
