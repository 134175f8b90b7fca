/* Reading model.weights.h5 with everything verified: a weight that is missing, has another shape or
 * is not finite is told by layer and weight. Groups that capas knows nothing of are let be. */
#include "base/text.h"
#include "files/keras.h"
#include "files/keras_array.h"
#include "model/nested.h"
#include <stdio.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
enum { CLASS_SIZE = 96 };

capas_status capas_keras_read_weight(capas_model *model, const capas_hdf5_contents *file,
                                     const char *path, const char *layer,
                                     const capas_weight *weight)
{
    const capas_keras_array array = {
        .owner = "layer", .owner_name = layer, .weight = weight->name, .path = path};
    const float *values = capas_keras_read_array(file, &array, &weight->shape);
    if (!values) return capas_error_status();
    capas_status status = capas_model_set_weight(model, weight->index, values);
    capas_hdf5_let_go(file, path);
    return status;
}

typedef struct reading {
    capas_model *model;
    const capas_hdf5_contents *file;
} reading;

static capas_status read_group(void *context, const capas_layer *layer, const char *group,
                               const char *name, const capas_weight *const *weights, int count)
{
    const reading *reading = context;
    char path[CAPAS_KERAS_PATH];
    (void)name;
    for (int i = 0; i < count; i++) {
        capas_keras_variable(group, i, path);
        CAPAS_TRY(
            capas_keras_read_weight(reading->model, reading->file, path, layer->name, weights[i]));
    }
    capas_keras_variable(group, count, path);
    if (!capas_hdf5_has(reading->file, path)) return CAPAS_OK;
    return capas_fail(CAPAS_SHAPE_MISMATCH,
                      "layer %s has %d weights, but the file holds more for it (%s); configuration "
                      "and weights do not belong together",
                      layer->name, layer->weight_count, path);
}

/* Its group in the file, by name: one of those of its class, whose variables' group has the name.
 */
static bool find_named(const capas_hdf5_contents *file, const capas_layer *layer,
                       char group[CAPAS_KERAS_PATH])
{
    char class[CLASS_SIZE], variables[CAPAS_KERAS_PATH + CLASS_SIZE];
    capas_snake_case(layer->type->name, class, sizeof class);
    for (int number = 0;; number++) {
        int length = snprintf(group, CAPAS_KERAS_PATH, "layers/%s", class);
        if (number > 0) snprintf(group + length, CAPAS_KERAS_PATH - (size_t)length, "_%d", number);
        if (!capas_hdf5_has(file, group)) return false;
        snprintf(variables, sizeof variables, "%s/vars", group);
        const char *name = capas_hdf5_text(file, variables, "name");
        if (name && strcmp(name, layer->name) == 0) return true;
    }
}

static capas_status read_by_name(capas_model *model, const capas_hdf5_contents *file,
                                 bool skip_mismatch)
{
    char group[CAPAS_KERAS_PATH];
    reading reading = {model, file};
    int found = 0;
    for (int i = 0; i < model->layer_count; i++) {
        const capas_layer *layer = model->layers[i];
        if (capas_nested_count(layer, true) + capas_nested_count(layer, false) == 0) continue;
        if (!find_named(file, layer, group)) continue;
        capas_status status = capas_keras_walk(layer, group, read_group, &reading);
        if (status == CAPAS_SHAPE_MISMATCH && skip_mismatch)
            capas_warn("left as it was: %s", capas_error());
        else if (status != CAPAS_OK)
            return status;
        else
            found++;
    }
    if (found > 0) return CAPAS_OK;
    return capas_fail(CAPAS_UNKNOWN_NAME,
                      "model %s has no layer with weights that is called as one of the file's",
                      capas_model_name(model));
}

static capas_status read_layer(capas_model *model, const capas_hdf5_contents *file, int number)
{
    char group[CAPAS_KERAS_PATH];
    reading reading = {model, file};
    if (!capas_keras_group(model, number, group)) return CAPAS_OK;
    return capas_keras_walk(model->layers[number], group, read_group, &reading);
}

capas_status capas_keras_read_weights(capas_model *model, const capas_hdf5_contents *file,
                                      const capas_weights_options *options)
{
    if (options && options->by_name == CAPAS_TRUE)
        return read_by_name(model, file, options->skip_mismatch == CAPAS_TRUE);
    for (int i = 0; i < model->layer_count; i++)
        CAPAS_TRY(read_layer(model, file, i));
    return CAPAS_OK;
}
#endif
