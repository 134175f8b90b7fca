/* Chains: graphs with one way through them, whose layers take and give one output each. */
#include "model/graph.h"

/* The first layer of a chain, checked before the others so that the sentence is about it. */
static capas_status check_chain(capas_layer *const *layers, int count)
{
    if (count < 2)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "a sequential model needs an input and at least one layer, found %d",
                          count);
    if (!layers[0] || !layers[0]->type->lower) return CAPAS_OK;
    return capas_layer_fail(layers[0], CAPAS_INVALID_ARGUMENT,
                            "a sequential model must begin with an input, like capas_input(28, "
                            "28, 1), and this is %s",
                            layers[0]->type->name);
}

/* The place of a layer in the chain; the second time it is used again, not taken over again. */
static int first_place(capas_layer *const *layers, int place)
{
    for (int i = 0; i < place; i++)
        if (layers[i] == layers[place]) return i;
    return place;
}

capas_status capas_graph_check_chain(const capas_graph *graph)
{
    if (graph->status != CAPAS_OK || graph->use_count == 0) return graph->status;
    const capas_use *last = &graph->uses[graph->use_count - 1];
    if (last->output_index == 0) return CAPAS_OK;
    return capas_layer_fail(graph->layers[last->layer], CAPAS_INVALID_ARGUMENT,
                            "it gives %d outputs, and a chain takes one of each layer; make a "
                            "graph",
                            last->output_index + 1);
}

/* Nodes of a chain are numbered as its layers are. */
static void add_chain(capas_graph *graph, capas_layer *const *layers, int count)
{
    for (int i = 0; i < count; i++) {
        capas_node before = {i - 1}, first = {first_place(layers, i)};
        if (first.index < i && layers[i])
            capas_graph_again(graph, first, &before, 1);
        else
            capas_graph_apply(graph, layers[i], &before, i > 0 ? 1 : 0);
        if (graph) capas_graph_keep_failure(graph, capas_graph_check_chain(graph));
    }
}

capas_model *capas_sequential_of(capas_layer *const *layers, int count)
{
    capas_graph *graph = capas_graph_new();
    capas_node first = {0}, last = {count - 1};
    if (graph) capas_graph_keep_failure(graph, check_chain(layers, count));
    add_chain(graph, layers, count);
    capas_model *model = capas_functional(graph, NULL, &first, 1, &last, 1);
    if (!model) return NULL;
    model->sequential = true;
    if (capas_model_set_name(model, "sequential") == CAPAS_OK) {
        model->named_by_user = false;
        return model;
    }
    capas_model_free(model);
    return NULL;
}
