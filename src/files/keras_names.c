/* Where Keras puts the variables of a layer in model.weights.h5: by class and number, in the order
 * of the layers. A functional model's inputs have a place there, a Sequential's has none. */
#include "base/text.h"
#include "files/keras.h"
#include <stdio.h>
#include <string.h>

enum { CLASS_SIZE = 96 };

static bool has_group(const capas_model *model, int layer)
{
    return !model->sequential || strcmp(model->layers[layer]->type->name, "InputLayer") != 0;
}

bool capas_keras_group(const capas_model *model, int layer, char path[CAPAS_KERAS_PATH])
{
    char name[CLASS_SIZE];
    int before = 0;
    if (!has_group(model, layer)) return false;
    for (int i = 0; i < layer; i++)
        if (model->layers[i]->type == model->layers[layer]->type && has_group(model, i)) before++;
    capas_snake_case(model->layers[layer]->type->name, name, sizeof name);
    if (before == 0)
        snprintf(path, CAPAS_KERAS_PATH, "layers/%s", name);
    else
        snprintf(path, CAPAS_KERAS_PATH, "layers/%s_%d", name, before);
    return true;
}

static void join_path(char path[CAPAS_KERAS_PATH], const char *group, const char *name)
{
    capas_cut_text(path, CAPAS_KERAS_PATH, snprintf(path, CAPAS_KERAS_PATH, "%s/%s", group, name));
}

/* `of`: the layer that has the weights of `layer`: itself, or what wraps it. */
static capas_status walk(const capas_layer *of, const capas_layer *layer, const char *group,
                         int first, capas_keras_visitor *visit, void *context)
{
    char path[CAPAS_KERAS_PATH];
    const capas_layer_type *type = layer->type;
    const bool holds = type->cell || capas_layer_inner(layer, 0);
    CAPAS_TRY(visit(context, of, group, layer->name, first, holds ? 0 : layer->weight_count));
    if (type->cell) {
        join_path(path, group, "cell");
        CAPAS_TRY(visit(context, of, path, type->cell, first, layer->weight_count));
    }
    for (int i = 0; i < CAPAS_MOST_INNER; i++) {
        const capas_layer *inner = capas_layer_inner(layer, i);
        if (!inner) continue;
        join_path(path, group, type->inner_names[i]);
        CAPAS_TRY(walk(of, inner, path, first, visit, context));
        first += inner->weight_count;
    }
    return CAPAS_OK;
}

capas_status capas_keras_walk(const capas_layer *layer, const char *group,
                              capas_keras_visitor *visit, void *context)
{
    char inner[CAPAS_KERAS_PATH], path[CAPAS_KERAS_PATH];
    const capas_model *part = layer->part;
    if (!part) return walk(layer, layer, group, 0, visit, context);
    CAPAS_TRY(visit(context, layer, group, layer->name, 0, 0));
    for (int i = 0; i < part->layer_count; i++) {
        if (!capas_keras_group(part, i, inner)) continue;
        join_path(path, group, inner);
        CAPAS_TRY(capas_keras_walk(part->layers[i], path, visit, context));
    }
    return CAPAS_OK;
}

void capas_keras_variable(const char *group, int variable, char path[CAPAS_KERAS_PATH])
{
    int length = snprintf(path, CAPAS_KERAS_PATH, "%s/vars/%d", group, variable);
    capas_cut_text(path, CAPAS_KERAS_PATH, length);
}
