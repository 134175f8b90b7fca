/* Graphs from Keras's configuration: {"layers": [...], "input_layers", "output_layers"}, where each
 * layer lists its uses in inbound_nodes. Keras 3 has maps of args and kwargs with tensors that
 * point back by [layer, use, output]; Keras 2 nested lists of [layer, use, output, kwargs]. Uses
 * may come in any order; they are added as soon as what they take is there.
 *
 * Keras 3 also writes how it makes masks, as layers of operations (NotEqual, Any) that others have
 * as their "mask". Here masks follow from the layers themselves: such operations are passed over.
 */
#include "base/memory.h"
#include "base/text.h"
#include "model/config_read.h"
#include "model/nested.h"
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 256 };

/* A layer of the file. */
typedef struct entry {
    const char *name;
    capas_layer *layer;       /* the graph's */
    const capas_value *nodes; /* inbound_nodes */
    int use_count;            /* of the file */
    int made_count;           /* added to the graph so far, the first ones */
    capas_node *made;
} entry;

typedef struct reader {
    capas_graph *graph;
    entry *entries;
    int count;
    const entry **by_name; /* sorted */
    const capas_value *layers;
} reader;

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const entry *const *)a)->name, (*(const entry *const *)b)->name);
}

static const entry *find_entry(const reader *reader, const char *name)
{
    entry wanted = {.name = name};
    const entry *key = &wanted;
    const entry **found = bsearch(&key, reader->by_name, (size_t)reader->count,
                                  sizeof *reader->by_name, compare_names);
    return found ? *found : NULL;
}

/* References -------------------------------------------------------------------------------------
 */

/* Where a tensor comes from: an output of a use of a layer. */
typedef struct reference {
    const entry *from;
    int use, output;
} reference;

static capas_status fail_reference(const entry *at, const capas_value *found)
{
    char text[TEXT_SIZE];
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "layer %s: its inputs must be [layer, use, output], found %s", at->name,
                      found ? capas_value_describe(found, text, sizeof text) : "nothing");
}

/* The number of a use. Among a model's outputs Keras counts those of a graph within it from 1 on.
 */
static int64_t number_of(const entry *from, const capas_value *use, bool end)
{
    const capas_model *part = from->layer->part;
    if (!end || !part || part->sequential) return use->integer;
    return use->integer > 0 ? use->integer - 1 : from->use_count - 1;
}

/* ["conv2d", 0, 0], perhaps with more behind it; at the model's end or within it. `at` is for the
 * sentence. */
static capas_status read_reference(const reader *reader, const entry *at, const capas_value *value,
                                   bool end, reference *reference)
{
    if (!value || value->kind != CAPAS_VALUE_LIST || value->count < 3)
        return fail_reference(at, value);
    const capas_value *name = value->items[0], *use = value->items[1], *output = value->items[2];
    if (name->kind != CAPAS_VALUE_STRING || use->kind != CAPAS_VALUE_INTEGER ||
        output->kind != CAPAS_VALUE_INTEGER)
        return fail_reference(at, value);
    reference->from = find_entry(reader, name->string);
    if (!reference->from)
        return capas_fail(CAPAS_UNKNOWN_NAME,
                          "layer %s: it takes \"%s\", and there is no such layer", at->name,
                          name->string);
    const int uses = reference->from->use_count;
    const int64_t number = number_of(reference->from, use, end);
    const int outputs = capas_layer_output_count(reference->from->layer);
    if (number < 0 || number >= uses || output->integer < 0 || output->integer >= outputs)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "layer %s: it takes output %lld of use %lld of layer %s, which has %d "
                          "use%s of %d output%s",
                          at->name, (long long)output->integer, (long long)use->integer,
                          name->string, uses, uses == 1 ? "" : "s", outputs,
                          outputs == 1 ? "" : "s");
    reference->use = (int)number;
    reference->output = (int)output->integer;
    return CAPAS_OK;
}

/* {"class_name": "__keras_tensor__", "config": {"keras_history": [...]}} */
static capas_status read_tensor(const reader *reader, const entry *at, const capas_value *value,
                                reference *reference)
{
    const capas_value *history = capas_value_get(capas_value_get(value, "config"), "keras_history");
    if (!history) return fail_reference(at, value);
    return read_reference(reader, at, history, false, reference);
}

/* Whether a layer of the file is one of the operations that make masks. */
static bool makes_mask(const capas_value *entry)
{
    static const char *const operations[] = {"NotEqual", "Any", "LogicalOr"};
    const capas_value *name = capas_value_get(entry, "class_name");
    for (size_t i = 0; i < CAPAS_COUNT(operations); i++)
        if (name && name->kind == CAPAS_VALUE_STRING && strcmp(name->string, operations[i]) == 0)
            return true;
    return false;
}

/* A tensor that such an operation makes, or a list of them. */
static bool is_made_mask(const reader *reader, const capas_value *value)
{
    for (size_t i = 0; value->kind == CAPAS_VALUE_LIST && i < value->count; i++)
        if (!is_made_mask(reader, value->items[i])) return false;
    if (value->kind == CAPAS_VALUE_LIST || value->kind == CAPAS_VALUE_NULL) return true;
    const capas_value *history = capas_value_get(capas_value_get(value, "config"), "keras_history");
    if (!history || history->kind != CAPAS_VALUE_LIST || history->count == 0) return false;
    const capas_value *name = history->items[0];
    for (size_t i = 0; name->kind == CAPAS_VALUE_STRING && i < reader->layers->count; i++) {
        const char *other = capas_config_layer_name(reader->layers->items[i]);
        if (other && strcmp(other, name->string) == 0) return makes_mask(reader->layers->items[i]);
    }
    return false;
}

/* Arguments beside the inputs must say nothing: null or false, or what Keras always says of
 * training for a layer of this kind. */
static capas_status check_keywords(const reader *reader, const entry *at,
                                   const capas_value *keywords)
{
    char text[TEXT_SIZE];
    for (size_t i = 0; keywords && keywords->kind == CAPAS_VALUE_MAP && i < keywords->count; i++) {
        const capas_value *value = keywords->items[i];
        if (value->kind == CAPAS_VALUE_NULL) continue;
        bool usual = at->layer->type->call_training && strcmp(keywords->keys[i], "training") == 0;
        if (value->kind == CAPAS_VALUE_BOOL && (!value->boolean || usual)) continue;
        if (strcmp(keywords->keys[i], "mask") == 0 && is_made_mask(reader, value)) continue;
        if (at->layer->type->takes_states && strcmp(keywords->keys[i], "initial_state") == 0)
            continue; /* more inputs */
        return capas_fail(
            CAPAS_UNSUPPORTED, "layer %s: it is called with %s %s, which capas does not have yet",
            at->name, keywords->keys[i], capas_value_describe(value, text, sizeof text));
    }
    return CAPAS_OK;
}

/* Inputs of one use, either way to write them. */
typedef struct inputs {
    reference items[CAPAS_MAX_INPUTS];
    int count;
} inputs;

static capas_status fail_count(const entry *at, size_t count)
{
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "layer %s: it takes %zu inputs; at most %d are possible", at->name, count,
                      CAPAS_MAX_INPUTS);
}

/* A tensor, or a list of them, behind those that are there. */
static capas_status add_inputs(const reader *reader, const entry *at, const capas_value *value,
                               inputs *inputs)
{
    bool several = value->kind == CAPAS_VALUE_LIST;
    size_t count = several ? value->count : 1;
    if (count > (size_t)(CAPAS_MAX_INPUTS - inputs->count)) return fail_count(at, count);
    for (size_t i = 0; i < count; i++)
        CAPAS_TRY(read_tensor(reader, at, several ? value->items[i] : value,
                              &inputs->items[inputs->count++]));
    return CAPAS_OK;
}

static capas_status read_keras3_use(const reader *reader, const entry *at, const capas_value *node,
                                    inputs *inputs)
{
    const capas_value *states = capas_value_get(capas_value_get(node, "kwargs"), "initial_state");
    const capas_value *arguments = capas_value_get(node, "args");
    CAPAS_TRY(check_keywords(reader, at, capas_value_get(node, "kwargs")));
    if (!arguments || arguments->kind != CAPAS_VALUE_LIST || arguments->count != 1)
        return fail_reference(at, arguments);
    CAPAS_TRY(add_inputs(reader, at, arguments->items[0], inputs));
    if (!states || states->kind == CAPAS_VALUE_NULL || !at->layer->type->takes_states)
        return CAPAS_OK;
    return add_inputs(reader, at, states, inputs);
}

static capas_status read_keras2_use(const reader *reader, const entry *at, const capas_value *node,
                                    inputs *inputs)
{
    if (node->count > CAPAS_MAX_INPUTS) return fail_count(at, node->count);
    for (size_t i = 0; i < node->count; i++) {
        const capas_value *item = node->items[i];
        CAPAS_TRY(read_reference(reader, at, item, false, &inputs->items[i]));
        if (item->count > 3) CAPAS_TRY(check_keywords(reader, at, item->items[3]));
    }
    inputs->count = (int)node->count;
    return CAPAS_OK;
}

static capas_status read_use(const reader *reader, const entry *at, int use, inputs *inputs)
{
    const capas_value *node = at->nodes->items[use];
    if (node->kind == CAPAS_VALUE_MAP) return read_keras3_use(reader, at, node, inputs);
    if (node->kind == CAPAS_VALUE_LIST) return read_keras2_use(reader, at, node, inputs);
    return fail_reference(at, node);
}

/* Adding uses -------------------------------------------------------------------------------------
 */

static bool is_there(const inputs *inputs)
{
    for (int i = 0; i < inputs->count; i++)
        if (inputs->items[i].use >= inputs->items[i].from->made_count) return false;
    return true;
}

static capas_node made_at(const reader *reader, const reference *reference)
{
    return capas_graph_output(reader->graph, reference->from->made[reference->use],
                              reference->output);
}

/* Adds the uses of a layer whose inputs are there; `progress` is set when there was one. */
static capas_status add_uses(reader *reader, entry *at, bool *progress)
{
    while (at->made_count < at->use_count) {
        inputs inputs = {0};
        capas_node nodes[CAPAS_MAX_INPUTS];
        if (at->nodes->count > 0) CAPAS_TRY(read_use(reader, at, at->made_count, &inputs));
        if (!is_there(&inputs)) return CAPAS_OK;
        for (int i = 0; i < inputs.count; i++)
            nodes[i] = made_at(reader, &inputs.items[i]);
        at->made[at->made_count] = capas_graph_apply(reader->graph, at->layer, nodes, inputs.count);
        if (reader->graph->status != CAPAS_OK) return reader->graph->status;
        at->made_count++;
        *progress = true;
    }
    return CAPAS_OK;
}

static capas_status fail_cycle(const reader *reader)
{
    for (int i = 0; i < reader->count; i++)
        if (reader->entries[i].made_count < reader->entries[i].use_count)
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "layer %s: what it takes depends on itself; a network has no cycles",
                              reader->entries[i].name);
    return CAPAS_OK;
}

static capas_status add_all(reader *reader)
{
    bool progress = true;
    while (progress) {
        progress = false;
        for (int i = 0; i < reader->count; i++)
            CAPAS_TRY(add_uses(reader, &reader->entries[i], &progress));
    }
    return fail_cycle(reader);
}

/* The file
 * -----------------------------------------------------------------------------------------
 */

static capas_status read_entry(reader *reader, const capas_value *value, int number)
{
    entry *at = &reader->entries[number];
    at->name = capas_config_layer_name(value);
    if (!at->name) return capas_config_fail("each layer of a graph must have a name", value);
    capas_layer *layer = capas_config_layer(value, number);
    if (!layer) return capas_error_status();
    int taken = capas_graph_take(reader->graph, layer);
    if (taken < 0) return capas_error_status();
    at->layer = layer;
    CAPAS_TRY(capas_layer_set_name(layer, at->name));
    layer->named_by_user = true;
    at->nodes = capas_value_get(value, "inbound_nodes");
    if (!at->nodes || at->nodes->kind != CAPAS_VALUE_LIST)
        return capas_config_fail("inbound_nodes of each layer must be a list", at->nodes);
    bool input = layer->type->lower == NULL;
    if (at->nodes->count > 0x7fffffff) return fail_count(at, at->nodes->count);
    at->use_count = input && at->nodes->count == 0 ? 1 : (int)at->nodes->count;
    at->made = capas_allocate((size_t)at->use_count, sizeof *at->made);
    return at->made ? CAPAS_OK : CAPAS_NO_MEMORY;
}

static capas_status read_entries(reader *reader, const capas_value *layers)
{
    reader->entries = capas_allocate_zeroed(layers->count, sizeof *reader->entries);
    reader->by_name = capas_allocate_zeroed(layers->count, sizeof *reader->by_name);
    if (!reader->entries || !reader->by_name) return CAPAS_NO_MEMORY;
    reader->layers = layers;
    for (size_t i = 0; i < layers->count; i++) {
        const int number = reader->count;
        if (makes_mask(layers->items[i])) continue;
        reader->count++;
        CAPAS_TRY(read_entry(reader, layers->items[i], number));
        reader->by_name[number] = &reader->entries[number];
    }
    qsort(reader->by_name, (size_t)reader->count, sizeof *reader->by_name, compare_names);
    return CAPAS_OK;
}

static capas_status read_end(const reader *reader, const capas_value *value, const char *key,
                             capas_node *node)
{
    entry at = {.name = key};
    reference reference;
    CAPAS_TRY(read_reference(reader, &at, value, true, &reference));
    *node = made_at(reader, &reference);
    return CAPAS_OK;
}

/* ["input", 0, 0] or a list of such. */
static capas_status read_ends(const reader *reader, const capas_value *config, const char *key,
                              capas_node *nodes, int *count)
{
    const capas_value *list = capas_value_get(config, key);
    if (!list || list->kind != CAPAS_VALUE_LIST || list->count == 0)
        return capas_config_fail("input_layers and output_layers must be lists", list);
    *count = 1;
    if (list->items[0]->kind == CAPAS_VALUE_STRING) return read_end(reader, list, key, nodes);
    if (list->count > CAPAS_MAX_INPUTS)
        return capas_config_fail("there are too many inputs or outputs", list);
    for (size_t i = 0; i < list->count; i++)
        CAPAS_TRY(read_end(reader, list->items[i], key, &nodes[i]));
    *count = (int)list->count;
    return CAPAS_OK;
}

static capas_status read_graph(reader *reader, const capas_value *config, capas_ends *ends)
{
    const capas_value *layers = capas_value_get(config, "layers");
    if (!layers || layers->kind != CAPAS_VALUE_LIST)
        return capas_config_fail("\"layers\" must be a list", layers);
    CAPAS_TRY(read_entries(reader, layers));
    CAPAS_TRY(add_all(reader));
    CAPAS_TRY(read_ends(reader, config, "input_layers", ends->inputs, &ends->input_count));
    return read_ends(reader, config, "output_layers", ends->outputs, &ends->output_count);
}

capas_status capas_config_read_graph(const capas_value *config, capas_graph *graph,
                                     capas_ends *ends)
{
    reader reader = {.graph = graph};
    capas_status status = read_graph(&reader, config, ends);
    for (int i = 0; i < reader.count; i++)
        capas_release(reader.entries[i].made);
    capas_release(reader.entries);
    capas_release(reader.by_name);
    return status;
}
