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

/* The layer that has the weights, itself or what wraps others, and who is told. */
typedef struct walking {
    const capas_layer *of;
    capas_keras_visitor *visit;
    void *context;
} walking;

/* weights: those of the layer, as `of` has them. */
static capas_status walk(const walking *w, const capas_layer *layer, const char *group,
                         const capas_weight *const *weights)
{
    char path[CAPAS_KERAS_PATH];
    const capas_weight *own[CAPAS_LAYER_WEIGHTS];
    const capas_layer_type *type = layer->type;
    int count = 0;
    for (int i = 0; i < layer->weight_count; i++)
        if (!layer->weights[i].inner || (i == 0 && type->has_kernel_of_inner))
            own[count++] = weights[i];
    CAPAS_TRY(w->visit(w->context, w->of, group, layer->name, own, type->cell ? 0 : count));
    if (type->cell) {
        join_path(path, group, "cell");
        CAPAS_TRY(w->visit(w->context, w->of, path, type->cell, own, count));
    }
    for (int n = 0; n < CAPAS_MOST_INNER; n++) {
        const capas_layer *inner = capas_layer_inner(layer, n);
        const capas_weight *theirs[CAPAS_LAYER_WEIGHTS] = {NULL};
        if (!inner) continue;
        for (int i = 0; i < layer->weight_count; i++) {
            const int number = capas_layer_weight_of(inner, &layer->weights[i]);
            if (number >= 0) theirs[number] = weights[i];
        }
        join_path(path, group, type->inner_names[n]);
        CAPAS_TRY(walk(w, inner, path, theirs));
    }
    return CAPAS_OK;
}

static capas_status walk_all(const walking *w, const char *group)
{
    const capas_weight *weights[CAPAS_LAYER_WEIGHTS];
    for (int i = 0; i < w->of->weight_count; i++)
        weights[i] = &w->of->weights[i];
    return walk(w, w->of, group, weights);
}

capas_status capas_keras_walk(const capas_layer *layer, const char *group,
                              capas_keras_visitor *visit, void *context)
{
    char inner[CAPAS_KERAS_PATH], path[CAPAS_KERAS_PATH];
    const capas_model *part = layer->part;
    if (!part) return walk_all(&(walking){layer, visit, context}, group);
    CAPAS_TRY(visit(context, layer, group, layer->name, NULL, 0));
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
