/* Building networks: a graph takes layers over, infers shapes and builds weights as uses are added,
 * and keeps the first failure. A chain is a graph with one way through it. */
#include "model/graph.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/nested.h"
#include <stdio.h>
#include <string.h>

/* More than any network has; so that looking names up one by one stays quick. */
enum { MOST_LAYERS = 10000, MOST_USES = 20000 };

static const capas_node no_node = {-1};

capas_graph *capas_graph_new(void)
{
    return capas_allocate_zeroed(1, sizeof(capas_graph));
}

void capas_graph_free(capas_graph *graph)
{
    if (!graph) return;
    for (size_t i = 0; i < graph->layer_count; i++)
        capas_layer_free(graph->layers[i]);
    for (size_t i = 0; i < graph->use_count; i++)
        capas_release(graph->uses[i].inputs);
    capas_release(graph->layers);
    capas_release(graph->uses);
    capas_release(graph->message);
    capas_release(graph);
}

capas_status capas_graph_keep_failure(capas_graph *graph, capas_status status)
{
    if (graph->status != CAPAS_OK || status == CAPAS_OK) return status;
    graph->status = status;
    graph->message = capas_copy_string(capas_error());
    return status;
}

static int find_layer(const capas_graph *graph, const capas_layer *layer)
{
    for (size_t i = 0; i < graph->layer_count; i++)
        if (graph->layers[i] == layer) return (int)i;
    return -1;
}

int capas_graph_take(capas_graph *graph, capas_layer *layer)
{
    int number = find_layer(graph, layer);
    if (number >= 0) return number;
    if (layer->taken) {
        capas_layer_fail(layer, CAPAS_INVALID_ARGUMENT,
                         "it belongs to another model already; make a layer for each");
        return -1;
    }
    if (graph->layer_count >= MOST_LAYERS) {
        capas_fail(CAPAS_UNSUPPORTED, "a network may have at most %d layers", MOST_LAYERS);
        capas_layer_free(layer);
        return -1;
    }
    if (capas_grow((void **)&graph->layers, graph->layer_count, &graph->layer_capacity,
                   sizeof *graph->layers) != CAPAS_OK) {
        capas_layer_free(layer);
        return -1;
    }
    layer->taken = true;
    graph->layers[graph->layer_count] = layer;
    return (int)graph->layer_count++;
}

static capas_status check_nodes(const capas_graph *graph, const capas_layer *layer,
                                const capas_node *inputs, int count)
{
    if (count < 0 || count > CAPAS_MAX_INPUTS || (count > 0 && !inputs))
        return capas_layer_fail(layer, CAPAS_INVALID_ARGUMENT,
                                "it can take 0 to %d inputs, found %d", CAPAS_MAX_INPUTS, count);
    for (int i = 0; i < count; i++)
        if (inputs[i].index < 0 || (size_t)inputs[i].index >= graph->use_count)
            return capas_layer_fail(layer, CAPAS_INVALID_ARGUMENT,
                                    "input %d is no node of this graph", i);
    if (graph->use_count >= MOST_USES)
        return capas_fail(CAPAS_UNSUPPORTED, "a network may use layers at most %d times",
                          MOST_USES);
    return CAPAS_OK;
}

static int count_uses(const capas_graph *graph, int layer)
{
    int count = 0;
    for (size_t i = 0; i < graph->use_count; i++)
        count += graph->uses[i].layer == layer;
    return count;
}

static capas_status add_use(capas_graph *graph, int number, const capas_node *inputs, int count,
                            capas_node *node)
{
    capas_layer *layer = graph->layers[number];
    capas_shape shapes[CAPAS_MAX_INPUTS];
    capas_use use = {.layer = number, .input_count = count};
    CAPAS_TRY(capas_graph_name_layer(graph, layer));
    CAPAS_TRY(check_nodes(graph, layer, inputs, count));
    for (int i = 0; i < count; i++)
        shapes[i] = graph->uses[inputs[i].index].output;
    CAPAS_TRY(capas_layer_build(layer, shapes, count, &use.output));
    use.node_index = count_uses(graph, number);
    if (use.node_index > 0 && count == 0)
        return capas_layer_fail(layer, CAPAS_INVALID_ARGUMENT, "an input can be used only once");
    use.element = CAPAS_FLOAT32; /* whatever an input's dtype says, it is computed in this */
    CAPAS_TRY(capas_grow((void **)&graph->uses, graph->use_count, &graph->use_capacity,
                         sizeof *graph->uses));
    use.inputs = capas_allocate((size_t)count, sizeof *use.inputs);
    if (!use.inputs) return CAPAS_NO_MEMORY;
    for (int i = 0; i < count; i++)
        use.inputs[i] = inputs[i].index;
    node->index = (int)graph->use_count;
    graph->uses[graph->use_count++] = use;
    return CAPAS_OK;
}

/* A layer whose constructor found no memory is NULL: its sentence is the thread's last. */
static capas_status fail_no_layer(void)
{
    if (capas_error_status() == CAPAS_NO_MEMORY) return CAPAS_NO_MEMORY;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "a layer is NULL");
}

capas_node capas_graph_apply(capas_graph *graph, capas_layer *layer, const capas_node *inputs,
                             int count)
{
    capas_node node = no_node;
    if (!graph) {
        capas_layer_free(layer);
        return node;
    }
    if (!layer) {
        capas_graph_keep_failure(graph, fail_no_layer());
        return node;
    }
    int number = capas_graph_take(graph, layer);
    if (number < 0) {
        capas_graph_keep_failure(graph, capas_error_status());
        return node;
    }
    if (graph->status == CAPAS_OK)
        capas_graph_keep_failure(graph, add_use(graph, number, inputs, count, &node));
    return node;
}

capas_node capas_graph_again(capas_graph *graph, capas_node first, const capas_node *inputs,
                             int count)
{
    capas_node node = no_node;
    if (!graph || graph->status != CAPAS_OK) return node;
    if (first.index < 0 || (size_t)first.index >= graph->use_count) {
        capas_graph_keep_failure(
            graph, capas_fail(CAPAS_INVALID_ARGUMENT,
                              "capas_graph_again: the first node is no node of this graph"));
        return node;
    }
    int number = graph->uses[first.index].layer;
    capas_graph_keep_failure(graph, add_use(graph, number, inputs, count, &node));
    return node;
}

static capas_status check_ends(const capas_graph *graph, const capas_node *nodes, int count,
                               const char *what)
{
    if (count < 1 || !nodes)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "a model needs at least one %s", what);
    for (int i = 0; i < count; i++)
        if (nodes[i].index < 0 || (size_t)nodes[i].index >= graph->use_count)
            return capas_fail(CAPAS_INVALID_ARGUMENT, "%s %d is no node of this graph", what, i);
    return CAPAS_OK;
}

static capas_status check_inputs(const capas_graph *graph, const capas_node *inputs, int count)
{
    CAPAS_TRY(check_ends(graph, inputs, count, "input"));
    for (int i = 0; i < count; i++) {
        const capas_layer *layer = graph->layers[graph->uses[inputs[i].index].layer];
        if (layer->type->lower)
            return capas_layer_fail(layer, CAPAS_INVALID_ARGUMENT,
                                    "a model's inputs must be input layers, and this is %s",
                                    layer->type->name);
        for (int j = 0; j < i; j++)
            if (inputs[j].index == inputs[i].index)
                return capas_layer_fail(layer, CAPAS_INVALID_ARGUMENT,
                                        "it is given as an input twice");
    }
    return CAPAS_OK;
}

/* Layers go from the graph to the model, those that it does not need are let go. */
static capas_status move_layers(capas_model *model, capas_graph *graph, const capas_order *order,
                                int *new_number)
{
    model->layers = capas_allocate((size_t)order->layer_count, sizeof(capas_layer *));
    if (!model->layers) return CAPAS_NO_MEMORY;
    for (int i = 0; i < order->layer_count; i++) {
        capas_layer *layer = graph->layers[order->layers[i]];
        capas_layer_set_stream(layer, CAPAS_STREAM_LAYERS + (uint32_t)i);
        new_number[order->layers[i]] = i;
        model->layers[model->layer_count++] = capas_layer_retain(layer);
    }
    return CAPAS_OK;
}

static capas_status move_uses(capas_model *model, capas_graph *graph, const capas_order *order,
                              const int *new_layer, int *new_use)
{
    model->uses = capas_allocate_zeroed((size_t)order->use_count, sizeof *model->uses);
    if (!model->uses) return CAPAS_NO_MEMORY;
    for (int i = 0; i < order->use_count; i++)
        new_use[order->uses[i]] = i;
    for (int i = 0; i < order->use_count; i++) {
        capas_use *from = &graph->uses[order->uses[i]], *to = &model->uses[i];
        *to = *from;
        from->inputs = NULL;
        to->layer = new_layer[from->layer];
        for (int k = 0; k < to->input_count; k++)
            to->inputs[k] = new_use[to->inputs[k]];
        model->use_count++;
    }
    return CAPAS_OK;
}

/* Which use of its layer each is, among those that the model has, in the order they were made. */
static void number_nodes(capas_model *model, const capas_graph *graph, const int *new_use)
{
    for (size_t i = 0; i < graph->use_count; i++) {
        if (new_use[i] < 0) continue;
        capas_use *use = &model->uses[new_use[i]];
        int earlier = 0;
        for (size_t j = 0; j < i; j++)
            if (new_use[j] >= 0 && model->uses[new_use[j]].layer == use->layer) earlier++;
        use->node_index = earlier;
    }
}

static int *renumbered(const capas_node *nodes, int count, const int *new_use)
{
    int *numbers = capas_allocate((size_t)count, sizeof *numbers);
    for (int i = 0; numbers && i < count; i++)
        numbers[i] = new_use[nodes[i].index];
    return numbers;
}

/* `numbers`: room for a number for each of the graph's layers and uses. */
static capas_status fill(capas_model *model, capas_graph *graph, const capas_order *order,
                         int *numbers, const capas_node *inputs, int input_count,
                         const capas_node *outputs, int output_count)
{
    int *new_layer = numbers, *new_use = numbers + graph->layer_count;
    for (size_t i = 0; i < graph->use_count; i++)
        new_use[i] = -1;
    CAPAS_TRY(move_layers(model, graph, order, new_layer));
    CAPAS_TRY(move_uses(model, graph, order, new_layer, new_use));
    number_nodes(model, graph, new_use);
    model->inputs = renumbered(inputs, input_count, new_use);
    model->outputs = renumbered(outputs, output_count, new_use);
    if (!model->inputs || !model->outputs) return CAPAS_NO_MEMORY;
    model->input_count = input_count;
    model->output_count = output_count;
    if (graph->part) return CAPAS_OK;
    capas_nested_set_streams(model);
    return capas_model_make_weights(model);
}

static capas_status make(capas_graph *graph, const capas_node *inputs, int input_count,
                         const capas_node *outputs, int output_count, capas_model **made)
{
    capas_order order;
    if (graph->status != CAPAS_OK)
        return capas_fail(graph->status, "%s", graph->message ? graph->message : "memory ran out");
    CAPAS_TRY(check_inputs(graph, inputs, input_count));
    CAPAS_TRY(check_ends(graph, outputs, output_count, "output"));
    CAPAS_TRY(capas_order_find(graph, inputs, input_count, outputs, output_count, &order));
    int *numbers = capas_allocate(graph->layer_count + graph->use_count, sizeof *numbers);
    capas_model *model = capas_model_new();
    capas_status status = CAPAS_NO_MEMORY;
    if (numbers && model)
        status = fill(model, graph, &order, numbers, inputs, input_count, outputs, output_count);
    capas_release(numbers);
    capas_order_free(&order);
    if (status == CAPAS_OK)
        *made = model;
    else
        capas_model_free(model);
    return status;
}

capas_model *capas_functional(capas_graph *graph, const char *name, const capas_node *inputs,
                              int input_count, const capas_node *outputs, int output_count)
{
    capas_model *model = NULL;
    if (!graph) return NULL;
    capas_status status = make(graph, inputs, input_count, outputs, output_count, &model);
    capas_graph_free(graph);
    if (status != CAPAS_OK) return NULL;
    if (capas_model_set_name(model, name ? name : "functional") == CAPAS_OK) {
        model->named_by_user = name != NULL;
        return model;
    }
    capas_model_free(model);
    return NULL;
}

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

/* Nodes of a chain are numbered as its layers are. */
static void add_chain(capas_graph *graph, capas_layer *const *layers, int count)
{
    for (int i = 0; i < count; i++) {
        capas_node before = {i - 1}, first = {first_place(layers, i)};
        if (first.index < i && layers[i])
            capas_graph_again(graph, first, &before, 1);
        else
            capas_graph_apply(graph, layers[i], &before, i > 0 ? 1 : 0);
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
