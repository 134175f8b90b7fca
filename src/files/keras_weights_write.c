/* Writing model.weights.h5: a group for each layer with its variables in Keras's shapes, then the
 * optimizer's. The same model gives the same bytes. */
#include "base/memory.h"
#include "base/text.h"
#include "files/keras.h"
#include "training/trainer.h"
#include <stdio.h>

#if CAPAS_WITH_KERAS_FILES
/* `group` and the `vars` in it, which tells the name of whose they are. */
static capas_status make_group(capas_hdf5 *file, const char *group, const char *name)
{
    char vars[CAPAS_KERAS_PATH + 8];
    if (*group) CAPAS_TRY(capas_hdf5_make_group(file, group));
    snprintf(vars, sizeof vars, "%s%svars", group, *group ? "/" : "");
    CAPAS_TRY(capas_hdf5_make_group(file, vars));
    return capas_hdf5_set_text(file, vars, "name", name);
}

capas_status capas_keras_write_weight(const capas_model *model, capas_hdf5 *file, const char *path,
                                      const capas_weight *weight)
{
    int64_t count = capas_shape_count(&weight->shape, 0);
    float *values = capas_allocate((size_t)count, sizeof *values);
    if (!values) return CAPAS_NO_MEMORY;
    capas_status status = capas_model_get_weight(model, weight->index, values);
    if (status == CAPAS_OK) status = capas_hdf5_write_floats(file, path, &weight->shape, values);
    capas_release(values);
    return status;
}

typedef struct writing {
    const capas_model *model;
    capas_hdf5 *file;
} writing;

static capas_status write_group(void *context, const capas_layer *layer, const char *group,
                                const char *name, const capas_weight *const *weights, int count)
{
    const writing *writing = context;
    char path[CAPAS_KERAS_PATH];
    (void)layer;
    CAPAS_TRY(make_group(writing->file, group, name));
    for (int i = 0; i < count; i++) {
        capas_keras_variable(group, i, path);
        CAPAS_TRY(capas_keras_write_weight(writing->model, writing->file, path, weights[i]));
    }
    return CAPAS_OK;
}

static capas_status write_layer(const capas_model *model, capas_hdf5 *file, int number)
{
    char group[CAPAS_KERAS_PATH];
    writing writing = {model, file};
    if (!capas_keras_group(model, number, group)) return CAPAS_OK;
    return capas_keras_walk(model->layers[number], group, write_group, &writing);
}

capas_status capas_keras_write_weights(const capas_model *model, capas_hdf5 *file)
{
    CAPAS_TRY(capas_hdf5_make_group(file, "layers"));
    for (int i = 0; i < model->layer_count; i++)
        CAPAS_TRY(write_layer(model, file, i));
    return make_group(file, "", model->name);
}

capas_status capas_keras_write_slot(const capas_model *model, capas_hdf5 *file, const char *path,
                                    const capas_model_weight *place, int slot)
{
    const capas_weight *weight = place->weight;
    const float *from = model->trainer->slots[slot] + place->gradient_offset;
    const capas_shape shape = capas_optimizer_slot_shape(model->trainer, weight, slot);
    if (!capas_shape_equal(&shape, &weight->shape))
        return shape.rank == 0 ? capas_hdf5_write_integer(file, path, 0)
                               : capas_hdf5_write_floats(file, path, &shape, from);
    int64_t count = capas_shape_count(&weight->shape, 0);
    float *values = capas_allocate((size_t)count, sizeof *values);
    if (!values) return CAPAS_NO_MEMORY;
    capas_weight_unpack(weight, from, values);
    capas_status status = capas_hdf5_write_floats(file, path, &weight->shape, values);
    capas_release(values);
    return status;
}

static capas_status write_slots(const capas_model *model, capas_hdf5 *file, int first)
{
    char path[CAPAS_KERAS_PATH];
    int weight, slot, count = 0;
    for (; capas_optimizer_variable(model, count, &weight, &slot); count++) {
        capas_keras_variable("optimizer", first + count, path);
        CAPAS_TRY(capas_keras_write_slot(model, file, path, &model->weights[weight], slot));
    }
    double product;
    if (!capas_optimizer_product(model->trainer, &product)) return CAPAS_OK;
    capas_shape scalar = {0};
    float value = (float)product;
    capas_keras_variable("optimizer", first + count, path);
    return capas_hdf5_write_floats(file, path, &scalar, &value);
}

capas_status capas_keras_write_optimizer(const capas_model *model, capas_hdf5 *file)
{
    const capas_trainer *trainer = model->trainer;
    if (!trainer) return CAPAS_OK;
    bool has_rate = !capas_optimizer_has_schedule(trainer);
    float learning_rate = (float)trainer->learning_rate;
    capas_shape scalar = {0};
    CAPAS_TRY(make_group(file, "optimizer", capas_optimizer_name(trainer)));
    CAPAS_TRY(capas_hdf5_write_integer(file, "optimizer/vars/0", trainer->iteration));
    if (has_rate)
        CAPAS_TRY(capas_hdf5_write_floats(file, "optimizer/vars/1", &scalar, &learning_rate));
    return trainer->slots_ready ? write_slots(model, file, has_rate ? 2 : 1) : CAPAS_OK;
}

capas_status capas_keras_weights_image(const capas_model *model, void **image, size_t *size)
{
    capas_hdf5 *file = capas_hdf5_create();
    if (!file) return capas_error_status();
    capas_status status = capas_keras_write_weights(model, file);
    if (status == CAPAS_OK) status = capas_keras_write_optimizer(model, file);
    if (status == CAPAS_OK) status = capas_hdf5_image(file, image, size);
    capas_hdf5_close(file);
    return status;
}
#endif
