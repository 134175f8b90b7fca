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

void capas_keras_variable(const char *group, int variable, char path[CAPAS_KERAS_PATH])
{
    int length = snprintf(path, CAPAS_KERAS_PATH, "%s/vars/%d", group, variable);
    capas_cut_text(path, CAPAS_KERAS_PATH, length);
}
