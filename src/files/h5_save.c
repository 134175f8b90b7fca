/* Writing .h5 files as Keras 3 does ("legacy"): Keras 2 opens what it knows of them, too. Made in
 * memory and written at once, beside and renamed; the same model gives the same bytes. */
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "files/json.h"
#include "files/keras.h"
#include "training/trainer.h"
#include <stdio.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
/* Takes `value` over. */
static capas_status set_json(capas_hdf5 *file, const char *name, capas_value *value)
{
    char *json = value ? capas_json_write(value) : NULL;
    capas_value_free(value);
    if (!json) return capas_error_status();
    capas_status status = capas_hdf5_set_text(file, "/", name, json);
    capas_release(json);
    return status;
}

static capas_status set_versions(capas_hdf5 *file, const char *group)
{
    CAPAS_TRY(capas_hdf5_set_text(file, group, "backend", "tensorflow"));
    return capas_hdf5_set_text(file, group, "keras_version", CAPAS_KERAS_VERSION);
}

/* A name for the array of a weight, as Keras has it: "dense/kernel", in a chain
 * "model/dense/kernel".
 */
static capas_status name_weight(const struct capas_keras_weight *weight,
                                char name[CAPAS_KERAS_PATH])
{
    const capas_model *model = weight->within;
    const int number = (int)(weight->weight - weight->layer->weights);
    int length = snprintf(name, CAPAS_KERAS_PATH, "%s%s%s/",
                          model->sequential ? capas_model_name(model) : "",
                          model->sequential ? "/" : "", weight->layer->name);
    if (length < CAPAS_KERAS_PATH && capas_layer_weight_path(weight->layer, number, name + length,
                                                             CAPAS_KERAS_PATH - (size_t)length))
        return CAPAS_OK;
    return capas_fail(CAPAS_UNSUPPORTED, "layer %s: its name is too long for an .h5 file",
                      weight->layer->name);
}

/* The attribute with the names of a layer's weights, then the arrays. */
static capas_status write_arrays(const capas_model *model, capas_hdf5 *file, const char *group,
                                 const capas_keras_weights *weights,
                                 char (*names)[CAPAS_KERAS_PATH], const char **list)
{
    char path[2 * CAPAS_KERAS_PATH];
    for (size_t i = 0; i < weights->count; i++) {
        CAPAS_TRY(name_weight(&weights->items[i], names[i]));
        /* Models within the layer may have layers of one name. */
        for (size_t k = 0; k < i; k++)
            if (strcmp(names[k], names[i]) == 0)
                snprintf(names[i], CAPAS_KERAS_PATH, "weight_%zu", i);
        list[i] = names[i];
    }
    CAPAS_TRY(capas_hdf5_set_texts(file, group, "weight_names", list, weights->count));
    for (size_t i = 0; i < weights->count; i++) {
        snprintf(path, sizeof path, "%s/%s", group, names[i]);
        CAPAS_TRY(capas_hdf5_make_parents(file, path));
        CAPAS_TRY(capas_keras_write_weight(model, file, path, weights->items[i].weight));
    }
    return CAPAS_OK;
}

static capas_status write_layer(const capas_model *model, capas_hdf5 *file, const char *above,
                                capas_layer *layer)
{
    char group[CAPAS_KERAS_PATH];
    capas_keras_weights weights = {0};
    int length = snprintf(group, sizeof group, "%s%s%s", above, *above ? "/" : "", layer->name);
    if (length >= (int)sizeof group)
        return capas_fail(CAPAS_UNSUPPORTED, "layer %s: its name is too long for an .h5 file",
                          layer->name);
    CAPAS_TRY(capas_hdf5_make_group(file, group));
    capas_status status = capas_keras_layer_weights(model, layer, &weights);
    char(*names)[CAPAS_KERAS_PATH] = capas_allocate(weights.count, sizeof *names);
    const char **list = capas_allocate(weights.count, sizeof *list);
    if (status == CAPAS_OK && (!names || !list)) status = CAPAS_NO_MEMORY;
    if (status == CAPAS_OK) status = write_arrays(model, file, group, &weights, names, list);
    capas_release(names);
    capas_release(list);
    capas_release(weights.items);
    return status;
}

/* The input of a chain is not among its layers. */
static bool is_listed(const capas_model *model, int layer)
{
    return !model->sequential || model->layers[layer]->type->lower != NULL;
}

static capas_status write_names(const capas_model *model, capas_hdf5 *file, const char *group)
{
    size_t count = 0;
    const char **names = capas_allocate((size_t)model->layer_count, sizeof *names);
    if (!names) return CAPAS_NO_MEMORY;
    for (int i = 0; i < model->layer_count; i++)
        if (is_listed(model, i)) names[count++] = model->layers[i]->name;
    capas_status status = capas_hdf5_set_texts(file, group, "layer_names", names, count);
    capas_release(names);
    return status;
}

capas_status capas_h5_write_weights(const capas_model *model, capas_hdf5 *file, const char *group)
{
    static const char top[] = "top_level_model_weights";
    char path[64];
    const char *attributes = *group ? group : "/";
    if (*group) CAPAS_TRY(capas_hdf5_make_group(file, group));
    CAPAS_TRY(set_versions(file, attributes));
    CAPAS_TRY(write_names(model, file, attributes));
    for (int i = 0; i < model->layer_count; i++)
        if (is_listed(model, i)) CAPAS_TRY(write_layer(model, file, group, model->layers[i]));
    snprintf(path, sizeof path, "%s%s%s", group, *group ? "/" : "", top);
    CAPAS_TRY(capas_hdf5_make_group(file, path));
    return capas_hdf5_set_texts(file, path, "weight_names", NULL, 0);
}

static capas_status write_model(const capas_model *model, capas_hdf5 *file)
{
    CAPAS_TRY(set_versions(file, "/"));
    CAPAS_TRY(set_json(file, "model_config", capas_h5_model_config(model)));
    CAPAS_TRY(set_json(file, CAPAS_KERAS_EXTRA, capas_model_extra(model)));
    if (model->trainer)
        CAPAS_TRY(set_json(file, "training_config", capas_h5_training_config(model)));
    CAPAS_TRY(capas_h5_write_weights(model, file, "model_weights"));
    return capas_h5_write_optimizer(model, file);
}

capas_status capas_h5_save(const capas_model *model, const char *path)
{
    void *image = NULL;
    size_t size;
    capas_hdf5 *file = capas_hdf5_create();
    if (!file) return capas_error_status();
    capas_status status = write_model(model, file);
    if (status == CAPAS_OK) status = capas_hdf5_image(file, &image, &size);
    capas_hdf5_close(file);
    if (status != CAPAS_OK) return capas_fail_in("%s cannot be made", path);
    status = capas_write_file(path, image, size);
    capas_release(image);
    return status;
}
#endif
