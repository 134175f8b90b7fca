/* Building networks: a graph takes layers over, infers shapes and builds weights as uses are added,
 * and keeps the first failure. */
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
        count += graph->uses[i].layer == layer && graph->uses[i].output_index == 0;
    return count;
}

static capas_status append(capas_graph *graph, capas_use use, const capas_node *inputs)
{
    CAPAS_TRY(capas_grow((void **)&graph->uses, graph->use_count, &graph->use_capacity,
                         sizeof *graph->uses));
    use.inputs = capas_allocate((size_t)use.input_count, sizeof *use.inputs);
    if (!use.inputs) return CAPAS_NO_MEMORY;
    for (int i = 0; i < use.input_count; i++)
        use.inputs[i] = inputs[i].index;
    graph->uses[graph->use_count++] = use;
    return CAPAS_OK;
}

/* The further outputs of the use at `first`. */
static capas_status append_outputs(capas_graph *graph, capas_node first, const capas_shape *shapes,
                                   int count)
{
    capas_use use = graph->uses[first.index];
    use.input_count = 1;
    for (int i = 1; i < count; i++) {
        use.output = shapes[i];
        use.output_index = i;
        CAPAS_TRY(append(graph, use, &first));
    }
    return CAPAS_OK;
}

static capas_status add_use(capas_graph *graph, int number, const capas_node *inputs, int count,
                            capas_node *node)
{
    capas_layer *layer = graph->layers[number];
    capas_shape shapes[CAPAS_MAX_INPUTS], outputs[CAPAS_MAX_INPUTS];
    capas_use use = {.layer = number, .input_count = count};
    CAPAS_TRY(capas_graph_name_layer(graph, layer));
    CAPAS_TRY(check_nodes(graph, layer, inputs, count));
    for (int i = 0; i < count; i++)
        shapes[i] = graph->uses[inputs[i].index].output;
    CAPAS_TRY(capas_layer_build(layer, shapes, count, outputs));
    use.output = outputs[0];
    use.node_index = count_uses(graph, number);
    if (use.node_index > 0 && count == 0)
        return capas_layer_fail(layer, CAPAS_INVALID_ARGUMENT, "an input can be used only once");
    use.element = CAPAS_FLOAT32; /* whatever an input's dtype says, it is computed in this */
    const capas_node made = {(int)graph->use_count};
    CAPAS_TRY(append(graph, use, inputs));
    CAPAS_TRY(append_outputs(graph, made, outputs, capas_layer_output_count(layer)));
    *node = made;
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

capas_node capas_graph_output(capas_graph *graph, capas_node use, int output)
{
    if (!graph || graph->status != CAPAS_OK) return no_node;
    const size_t place = (size_t)use.index + (size_t)output;
    bool there = use.index >= 0 && (size_t)use.index < graph->use_count && output >= 0 &&
                 place < graph->use_count &&
                 graph->uses[place].output_index == graph->uses[use.index].output_index + output &&
                 graph->uses[place].layer == graph->uses[use.index].layer;
    if (there) return (capas_node){(int)place};
    capas_graph_keep_failure(graph,
                             capas_fail(CAPAS_INVALID_ARGUMENT,
                                        "capas_graph_output: the use at node %d has no output %d",
                                        use.index, output));
    return no_node;
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
            if (new_use[j] >= 0 && model->uses[new_use[j]].layer == use->layer &&
                graph->uses[j].output_index == 0)
                earlier++;
        use->node_index = use->output_index > 0 ? earlier - 1 : earlier;
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
    return capas_model_make_weights(model, graph->first_values);
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
