/* Names of layers (keras-semantics 1.9). Keras counts over the whole process; capas counts in each
 * graph, so that a model's names do not depend on what was made before it. */
#include "base/text.h"
#include "model/graph.h"
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 128 };

static const capas_layer *find_name(const capas_graph *graph, const capas_layer *but,
                                    const char *name)
{
    for (size_t i = 0; i < graph->layer_count; i++) {
        const capas_layer *layer = graph->layers[i];
        if (layer != but && layer->name && strcmp(layer->name, name) == 0) return layer;
    }
    return NULL;
}

capas_status capas_graph_name_layer(const capas_graph *graph, capas_layer *layer)
{
    char class_name[NAME_SIZE], name[2 * NAME_SIZE];
    int number = 0;
    if (layer->name) {
        if (!find_name(graph, layer, layer->name)) return CAPAS_OK;
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "layer %s: another layer has that name already; names must differ",
                          layer->name);
    }
    capas_snake_case(layer->type->name, class_name, sizeof class_name);
    for (size_t i = 0; i < graph->layer_count; i++) {
        const capas_layer *other = graph->layers[i];
        if (other != layer && other->name && !other->named_by_user && other->type == layer->type)
            number++;
    }
    do {
        if (number == 0)
            snprintf(name, sizeof name, "%s", class_name);
        else
            snprintf(name, sizeof name, "%s_%d", class_name, number);
        number++;
    } while (find_name(graph, layer, name));
    return capas_layer_set_name(layer, name);
}
