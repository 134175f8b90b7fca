/* Reading model.weights.h5 with everything verified: a weight that is missing, has another shape or
 * is not finite is told by layer and weight. Groups that capas knows nothing of are let be. */
#include "files/keras.h"
#include "files/keras_array.h"

#if CAPAS_WITH_KERAS_FILES
capas_status capas_keras_read_weight(capas_model *model, const capas_hdf5_contents *file,
                                     const char *path, const char *layer,
                                     const capas_weight *weight)
{
    const capas_keras_array array = {
        .owner = "layer", .owner_name = layer, .weight = weight->name, .path = path};
    const float *values = capas_keras_read_array(file, &array, &weight->shape);
    return values ? capas_model_set_weight(model, weight->index, values) : capas_error_status();
}

typedef struct reading {
    capas_model *model;
    const capas_hdf5_contents *file;
} reading;

static capas_status read_group(void *context, const capas_layer *layer, const char *group,
                               const char *name, int first, int count)
{
    const reading *reading = context;
    char path[CAPAS_KERAS_PATH];
    (void)name;
    for (int i = 0; i < count; i++) {
        capas_keras_variable(group, i, path);
        CAPAS_TRY(capas_keras_read_weight(reading->model, reading->file, path, layer->name,
                                          &layer->weights[first + i]));
    }
    capas_keras_variable(group, count, path);
    if (!capas_hdf5_has(reading->file, path)) return CAPAS_OK;
    return capas_fail(CAPAS_SHAPE_MISMATCH,
                      "layer %s has %d weights, but the file holds more for it (%s); configuration "
                      "and weights do not belong together",
                      layer->name, layer->weight_count, path);
}

static capas_status read_layer(capas_model *model, const capas_hdf5_contents *file, int number)
{
    char group[CAPAS_KERAS_PATH];
    reading reading = {model, file};
    if (!capas_keras_group(model, number, group)) return CAPAS_OK;
    return capas_keras_walk(model->layers[number], group, read_group, &reading);
}

capas_status capas_keras_read_weights(capas_model *model, const capas_hdf5_contents *file)
{
    for (int i = 0; i < model->layer_count; i++)
        CAPAS_TRY(read_layer(model, file, i));
    return CAPAS_OK;
}
#endif
