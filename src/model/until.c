/* The part of a model up to a layer, as a model of its own: the layers made again from their
 * configurations, and their weights copied. */
#include "base/memory.h"
#include "model/config_read.h"
#include "model/nested.h"
#include <string.h>

/* Uses of `model` from the first to `last` again in `graph`, at `nodes`. */
static void copy_uses(const capas_model *model, int last, capas_graph *graph, capas_node *nodes)
{
    for (int u = 0; u <= last; u++) {
        const capas_use *use = &model->uses[u];
        capas_node inputs[CAPAS_MAX_INPUTS];
        for (int i = 0; i < use->input_count; i++)
            inputs[i] = nodes[use->inputs[i]];
        int first = 0;
        while (model->uses[first].layer != use->layer)
            first++;
        if (use->output_index > 0) {
            nodes[u] = capas_graph_output(graph, inputs[0], use->output_index);
        } else if (first < u) {
            nodes[u] = capas_graph_again(graph, nodes[first], inputs, use->input_count);
        } else {
            capas_value *object = capas_nested_object(model->layers[use->layer]);
            capas_layer *copy = object ? capas_config_layer(object, use->layer) : NULL;
            capas_value_free(object);
            nodes[u] = capas_graph_apply(graph, copy, inputs, use->input_count);
        }
    }
}

static bool is_same(const capas_model_weight *a, const capas_model_weight *b)
{
    return strcmp(a->layer->name, b->layer->name) == 0 &&
           strcmp(a->weight->name, b->weight->name) == 0;
}

/* The weight of the whole that weight `wanted` of its part is: models in it may have layers of one
 * name, which come in the same order. */
static int find_weight(const capas_model *whole, const capas_model *part, int wanted)
{
    int before = 0;
    for (int w = 0; w < wanted; w++)
        before += is_same(&part->weights[w], &part->weights[wanted]);
    for (int w = 0; w < whole->weight_count; w++)
        if (is_same(&whole->weights[w], &part->weights[wanted]) && before-- == 0) return w;
    return -1;
}

static capas_status copy_weights(const capas_model *from, capas_model *to)
{
    for (int w = 0; w < to->weight_count; w++) {
        const capas_model_weight *weight = &to->weights[w];
        int place = find_weight(from, to, w);
        float *values = capas_allocate((size_t)weight->count, sizeof *values);
        if (!values) return CAPAS_NO_MEMORY;
        capas_status status = capas_model_get_weight(from, place, values);
        if (status == CAPAS_OK) status = capas_model_set_weight(to, w, values);
        capas_release(values);
        if (status != CAPAS_OK) return status;
    }
    to->preprocessing = from->preprocessing;
    return CAPAS_OK;
}

/* The inputs that lie before the layer in the order of the uses; a chain's and most graphs' are
 * all. */
static int find_inputs(const capas_model *model, int last, const capas_node *nodes,
                       capas_node inputs[CAPAS_MAX_INPUTS])
{
    int count = 0;
    for (int i = 0; i < model->input_count; i++)
        if (model->inputs[i] <= last) inputs[count++] = nodes[model->inputs[i]];
    return count;
}

/* With all outputs of the use `last`. */
static capas_model *copy_until(const capas_model *model, int last, capas_node *nodes)
{
    capas_node inputs[CAPAS_MAX_INPUTS], outputs[CAPAS_MAX_INPUTS];
    const int count = capas_layer_output_count(model->layers[model->uses[last].layer]);
    capas_graph *graph = capas_graph_new();
    if (!graph) return NULL;
    copy_uses(model, last, graph, nodes);
    for (int i = 0; i < count; i++)
        outputs[i] = capas_graph_output(graph, nodes[last], i);
    return capas_functional(graph, model->name, inputs, find_inputs(model, last, nodes, inputs),
                            outputs, count);
}

capas_model *capas_model_until(const capas_model *model, const char *layer)
{
    if (capas_model_check(model) != CAPAS_OK) return NULL;
    const capas_layer *wanted = layer ? capas_model_layer(model, layer) : NULL;
    int last = 0;
    if (!wanted) {
        capas_model_fail_no_layer(model, layer ? layer : "");
        return NULL;
    }
    while (model->layers[model->uses[last].layer] != wanted)
        last++;
    capas_node *nodes = capas_allocate((size_t)model->use_count, sizeof *nodes);
    capas_model *part = nodes ? copy_until(model, last, nodes) : NULL;
    capas_release(nodes);
    if (part && copy_weights(model, part) != CAPAS_OK) {
        capas_model_free(part);
        return NULL;
    }
    return part;
}
