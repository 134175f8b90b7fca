/* Keras's order of layers: by depth, the longest way to an output, and within a depth as a walk
 * from the outputs back first meets them (Keras ops/function.py map_graph). It decides how a model
 * prints, and how its weights are numbered. Walks without recursion: a file may hold a chain of any
 * length. */
#include "base/memory.h"
#include "model/graph.h"
#include <stdlib.h>

/* What the walk notes of each use and layer of the graph. */
typedef struct walk {
    const capas_graph *graph;
    int *finished; /* uses, inputs before what takes them */
    int finished_count;
    bool *is_input;   /* by use */
    bool *seen;       /* by use */
    int *next_input;  /* by use: which input the walk looks at next */
    int *stack;       /* uses on the way from an output */
    int *use_depth;   /* by use */
    int *layer_depth; /* by layer */
    int *layer_index; /* by layer: when the walk met it; NOT_MET */
    int met;
} walk;

enum { NOT_MET = -2, UNUSED_INPUT = -1 };

static void free_walk(walk *walk)
{
    capas_release(walk->finished);
    capas_release(walk->is_input);
    capas_release(walk->seen);
    capas_release(walk->next_input);
    capas_release(walk->stack);
    capas_release(walk->use_depth);
    capas_release(walk->layer_depth);
    capas_release(walk->layer_index);
}

static capas_status start_walk(walk *walk, const capas_graph *graph)
{
    size_t uses = graph->use_count, layers = graph->layer_count;
    walk->graph = graph;
    walk->finished = capas_allocate_zeroed(uses, sizeof *walk->finished);
    walk->is_input = capas_allocate_zeroed(uses, sizeof *walk->is_input);
    walk->seen = capas_allocate_zeroed(uses, sizeof *walk->seen);
    walk->next_input = capas_allocate_zeroed(uses, sizeof *walk->next_input);
    walk->stack = capas_allocate_zeroed(uses, sizeof *walk->stack);
    walk->use_depth = capas_allocate_zeroed(uses, sizeof *walk->use_depth);
    walk->layer_depth = capas_allocate_zeroed(layers, sizeof *walk->layer_depth);
    walk->layer_index = capas_allocate_zeroed(layers, sizeof *walk->layer_index);
    if (!walk->finished || !walk->is_input || !walk->seen || !walk->next_input || !walk->stack ||
        !walk->use_depth || !walk->layer_depth || !walk->layer_index)
        return CAPAS_NO_MEMORY;
    for (size_t i = 0; i < layers; i++)
        walk->layer_index[i] = NOT_MET;
    return CAPAS_OK;
}

static capas_status check_given(const walk *walk, int use)
{
    const capas_graph *graph = walk->graph;
    if (graph->uses[use].input_count > 0 || walk->is_input[use]) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "layer %s: the outputs depend on it, but it is not among the model's inputs",
                      graph->layers[graph->uses[use].layer]->name);
}

static capas_status enter(walk *walk, int use, int *height)
{
    int layer = walk->graph->uses[use].layer;
    CAPAS_TRY(check_given(walk, use));
    walk->seen[use] = true;
    if (walk->layer_index[layer] == NOT_MET) walk->layer_index[layer] = walk->met++;
    walk->stack[(*height)++] = use;
    return CAPAS_OK;
}

/* Depth first from one output back. Uses only take what was there before them, so there is no
 * cycle. */
static capas_status walk_from(walk *walk, int output)
{
    int height = 0;
    if (walk->seen[output]) return CAPAS_OK;
    CAPAS_TRY(enter(walk, output, &height));
    while (height > 0) {
        int use = walk->stack[height - 1];
        const capas_use *at = &walk->graph->uses[use];
        if (walk->next_input[use] < at->input_count) {
            int input = at->inputs[walk->next_input[use]++];
            if (!walk->seen[input]) CAPAS_TRY(enter(walk, input, &height));
        } else {
            walk->finished[walk->finished_count++] = use;
            height--;
        }
    }
    return CAPAS_OK;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* From the outputs back; a layer is as deep as the deepest of its uses. */
static void find_depths(walk *walk)
{
    for (int i = walk->finished_count - 1; i >= 0; i--) {
        int use = walk->finished[i];
        const capas_use *at = &walk->graph->uses[use];
        int depth = larger(walk->use_depth[use], walk->layer_depth[at->layer]);
        walk->use_depth[use] = walk->layer_depth[at->layer] = depth;
        for (int k = 0; k < at->input_count; k++) {
            int *below = &walk->use_depth[at->inputs[k]];
            *below = larger(*below, at->output_index > 0 ? depth : depth + 1);
        }
    }
}

/* All outputs of a use come with it. */
static void add_further_outputs(walk *walk)
{
    const capas_graph *graph = walk->graph;
    for (int use = 0; use < (int)graph->use_count; use++) {
        const capas_use *at = &graph->uses[use];
        if (walk->seen[use] || at->output_index == 0 || !walk->seen[at->inputs[0]]) continue;
        walk->seen[use] = true;
        walk->use_depth[use] = walk->use_depth[at->inputs[0]];
        walk->finished[walk->finished_count++] = use;
    }
}

/* Inputs that no output needs stay in the model. */
static void add_unused_inputs(walk *walk, const capas_node *inputs, int input_count)
{
    for (int i = 0; i < input_count; i++) {
        int use = inputs[i].index;
        if (walk->seen[use]) continue;
        walk->seen[use] = true;
        walk->layer_index[walk->graph->uses[use].layer] = UNUSED_INPUT;
        walk->finished[walk->finished_count++] = use;
    }
}

/* One line to sort: deeper first, then by index, then as they came. */
typedef struct rank {
    int depth, index, position, item;
} rank;

static int compare(const void *a, const void *b)
{
    const rank *left = a, *right = b;
    if (left->depth != right->depth) return left->depth > right->depth ? -1 : 1;
    if (left->index != right->index) return left->index < right->index ? -1 : 1;
    return left->position - right->position;
}

static int *sorted_items(rank *ranks, int count)
{
    int *items = capas_allocate((size_t)count, sizeof *items);
    if (!items) return NULL;
    qsort(ranks, (size_t)count, sizeof *ranks, compare);
    for (int i = 0; i < count; i++)
        items[i] = ranks[i].item;
    return items;
}

static capas_status sort(const walk *walk, capas_order *order)
{
    int layers = (int)walk->graph->layer_count;
    int most = larger(walk->finished_count, layers);
    rank *ranks = capas_allocate((size_t)most, sizeof *ranks);
    if (!ranks) return CAPAS_NO_MEMORY;
    for (int i = 0; i < walk->finished_count; i++) {
        int use = walk->finished[i];
        ranks[i] = (rank){walk->use_depth[use], 0, i, use};
    }
    order->use_count = walk->finished_count;
    order->uses = sorted_items(ranks, order->use_count);
    for (int i = 0; i < layers; i++)
        if (walk->layer_index[i] != NOT_MET)
            ranks[order->layer_count++] = (rank){walk->layer_depth[i], walk->layer_index[i], i, i};
    order->layers = sorted_items(ranks, order->layer_count);
    capas_release(ranks);
    return order->uses && order->layers ? CAPAS_OK : CAPAS_NO_MEMORY;
}

static capas_status find(walk *walk, const capas_node *inputs, int input_count,
                         const capas_node *outputs, int output_count, capas_order *order)
{
    for (int i = 0; i < input_count; i++)
        walk->is_input[inputs[i].index] = true;
    for (int i = 0; i < output_count; i++)
        CAPAS_TRY(walk_from(walk, outputs[i].index));
    find_depths(walk);
    add_further_outputs(walk);
    add_unused_inputs(walk, inputs, input_count);
    return sort(walk, order);
}

capas_status capas_order_find(const capas_graph *graph, const capas_node *inputs, int input_count,
                              const capas_node *outputs, int output_count, capas_order *order)
{
    walk walk = {0};
    *order = (capas_order){0};
    capas_status status = start_walk(&walk, graph);
    if (status == CAPAS_OK) status = find(&walk, inputs, input_count, outputs, output_count, order);
    free_walk(&walk);
    if (status != CAPAS_OK) capas_order_free(order);
    return status;
}

void capas_order_free(capas_order *order)
{
    capas_release(order->uses);
    capas_release(order->layers);
    *order = (capas_order){0};
}
