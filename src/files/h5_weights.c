/* Weights in .h5 files: a group for each layer, whose attribute weight_names says in which order
 * its arrays are. They belong to the model's layers by order, whatever these are called, as Keras
 * has it; or by the layers' names, where that is asked for (keras-semantics 7.3). */
#include "base/memory.h"
#include "base/text.h"
#include "files/keras.h"
#include "model/nested.h"
#include <stdio.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
typedef struct collection {
    capas_keras_weights *weights;
    bool trained;
} collection;

/* A frozen layer's are all among those that do not train. */
static capas_status collect(void *context, const capas_model *within, capas_layer *layer)
{
    const collection *collection = context;
    capas_keras_weights *weights = collection->weights;
    for (int i = 0; i < layer->weight_count; i++) {
        const capas_weight *weight = &layer->weights[i];
        if ((layer->trainable && weight->trainable) != collection->trained) continue;
        CAPAS_TRY(capas_grow((void **)&weights->items, weights->count, &weights->capacity,
                             sizeof *weights->items));
        weights->items[weights->count++] = (struct capas_keras_weight){within, layer, weight};
    }
    return CAPAS_OK;
}

capas_status capas_keras_layer_weights(const capas_model *model, capas_layer *layer,
                                       capas_keras_weights *weights)
{
    collection collection = {weights, true};
    weights->count = 0;
    CAPAS_TRY(capas_nested_leaves(model, layer, collect, &collection));
    collection.trained = false;
    return capas_nested_leaves(model, layer, collect, &collection);
}

typedef struct reader {
    capas_model *model;
    const capas_hdf5_contents *file;
    const capas_weights_options *options;
    const char *group;           /* in which the layers' groups are; "": the file's own */
    capas_texts layers, weights; /* names in the file; the second of the layer at hand */
    capas_keras_weights own;     /* of the model's layer at hand */
} reader;

static bool join(char path[CAPAS_KERAS_PATH], const char *group, const char *name)
{
    int length = snprintf(path, CAPAS_KERAS_PATH, "%s%s%s", group, *group ? "/" : "", name);
    return length >= 0 && length < CAPAS_KERAS_PATH;
}

/* The names of the weights of one of the file's layers. */
static capas_status find_weights(reader *reader, const char *layer)
{
    char path[CAPAS_KERAS_PATH];
    capas_hdf5_release_texts(&reader->weights);
    if (!join(path, reader->group, layer) || !capas_hdf5_has(reader->file, path))
        return capas_fail(CAPAS_BAD_FILE, "it has no group for its layer %s", layer);
    return capas_hdf5_read_texts(reader->file, path, "weight_names", &reader->weights);
}

/* The weights of `layer` from the group of the file's layer `from`. */
static capas_status read_layer(reader *reader, const capas_layer *layer, const char *from)
{
    char group[CAPAS_KERAS_PATH], path[CAPAS_KERAS_PATH];
    if (reader->weights.count != reader->own.count)
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "layer %s has %zu weights, but the file has %zu for it (its layer %s); "
                          "model and weights do not belong together",
                          layer->name, reader->own.count, reader->weights.count, from);
    for (size_t i = 0; i < reader->own.count; i++) {
        const struct capas_keras_weight *own = &reader->own.items[i];
        if (!join(group, reader->group, from) || !join(path, group, reader->weights.items[i]))
            return capas_fail(CAPAS_BAD_FILE, "layer %s: the name of its weight %zu is too long",
                              from, i);
        CAPAS_TRY(capas_keras_read_weight(reader->model, reader->file, path, own->layer->name,
                                          own->weight));
    }
    return CAPAS_OK;
}

/* The next of the file's layers that has weights, from `*next` on; NULL: there is no more. */
static capas_status next_layer(reader *reader, size_t *next, const char **name)
{
    *name = NULL;
    while (*next < reader->layers.count) {
        const char *candidate = reader->layers.items[(*next)++];
        CAPAS_TRY(find_weights(reader, candidate));
        if (reader->weights.count == 0) continue;
        *name = candidate;
        break;
    }
    return CAPAS_OK;
}

static capas_status read_by_order(reader *reader)
{
    size_t next = 0;
    const char *name;
    for (int i = 0; i < reader->model->layer_count; i++) {
        capas_layer *layer = reader->model->layers[i];
        CAPAS_TRY(capas_keras_layer_weights(reader->model, layer, &reader->own));
        if (reader->own.count == 0) continue;
        CAPAS_TRY(next_layer(reader, &next, &name));
        if (!name)
            return capas_fail(CAPAS_SHAPE_MISMATCH,
                              "the file has no weights left for layer %s; model and weights do not "
                              "belong together",
                              layer->name);
        CAPAS_TRY(read_layer(reader, layer, name));
    }
    CAPAS_TRY(next_layer(reader, &next, &name));
    if (!name) return CAPAS_OK;
    return capas_fail(
        CAPAS_SHAPE_MISMATCH,
        "the file has weights for a layer %s, but model %s has no layer left that they "
        "could belong to; model and weights do not belong together",
        name, capas_model_name(reader->model));
}

/* A layer of the file that the model has not is let be; so is, where that is asked for, one whose
 * weights are others. */
static capas_status read_named(reader *reader, const char *name, int *found)
{
    capas_layer *layer = capas_model_layer(reader->model, name);
    if (!layer) return CAPAS_OK;
    CAPAS_TRY(find_weights(reader, name));
    CAPAS_TRY(capas_keras_layer_weights(reader->model, layer, &reader->own));
    if (reader->own.count == 0 && reader->weights.count == 0) return CAPAS_OK;
    capas_status status = read_layer(reader, layer, name);
    if (status == CAPAS_SHAPE_MISMATCH && reader->options->skip_mismatch == CAPAS_TRUE) {
        capas_warn("left as it was: %s", capas_error());
        return CAPAS_OK;
    }
    *found += status == CAPAS_OK;
    return status;
}

static capas_status read_by_name(reader *reader)
{
    int found = 0;
    for (size_t i = 0; i < reader->layers.count; i++)
        CAPAS_TRY(read_named(reader, reader->layers.items[i], &found));
    if (found > 0) return CAPAS_OK;
    return capas_fail(CAPAS_UNKNOWN_NAME,
                      "model %s has no layer with weights that is called as one of the file's",
                      capas_model_name(reader->model));
}

capas_status capas_h5_read_weights(capas_model *model, const capas_hdf5_contents *file,
                                   const char *group, const capas_weights_options *options)
{
    reader reader = {.model = model, .file = file, .options = options, .group = group};
    CAPAS_TRY(capas_hdf5_read_texts(file, group, "layer_names", &reader.layers));
    bool by_name = options && options->by_name == CAPAS_TRUE;
    capas_status status = by_name ? read_by_name(&reader) : read_by_order(&reader);
    capas_hdf5_release_texts(&reader.layers);
    capas_hdf5_release_texts(&reader.weights);
    capas_release(reader.own.items);
    return status;
}
#endif
