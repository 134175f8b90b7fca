/* A recipe's list of layers as Keras's Functional: every layer gets a name, and `inputs` become
 * references to names. */
#include "base/memory.h"
#include "base/text.h"
#include "recipe/config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 128, FOUND_SIZE = 96 };

typedef struct graph {
    const capas_recipe *recipe;
    size_t count;
    const char **names; /* of the layers: given, or made as Keras makes them */
    char (*made)[NAME_SIZE];
    bool *taken;     /* by another layer */
    bool adds_input; /* the first is the input that the list does not have */
    capas_value *layers, *inputs, *outputs;
} graph;

static const capas_value *item_at(const graph *graph, size_t i)
{
    if (!graph->adds_input) return graph->recipe->model->items[i];
    return i == 0 ? NULL : graph->recipe->model->items[i - 1];
}

static const char *class_at(const graph *graph, size_t i)
{
    const capas_value *item = item_at(graph, i);
    return item ? capas_recipe_class(item) : "InputLayer";
}

static bool is_input(const graph *graph, size_t i)
{
    return strcmp(class_at(graph, i), "InputLayer") == 0;
}

static bool is_named(const graph *graph, const char *name, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (graph->names[i] && strcmp(graph->names[i], name) == 0) return true;
    return false;
}

/* "conv2d", "conv2d_1", ...: the first that no layer has. */
static void make_name(graph *graph, size_t i)
{
    char base[NAME_SIZE - 16];
    capas_snake_case(class_at(graph, i), base, sizeof base);
    snprintf(graph->made[i], NAME_SIZE, "%s", base);
    for (int k = 1; is_named(graph, graph->made[i], graph->count); k++)
        snprintf(graph->made[i], NAME_SIZE, "%s_%d", base, k);
    graph->names[i] = graph->made[i];
}

static capas_status name_layers(graph *graph)
{
    for (size_t i = 0; i < graph->count; i++) {
        const capas_value *item = item_at(graph, i);
        const capas_value *name = item ? capas_value_get(capas_recipe_options(item), "name") : NULL;
        if (!name || name->kind != CAPAS_VALUE_STRING) continue;
        if (is_named(graph, name->string, i))
            return capas_recipe_fail(graph->recipe, name, CAPAS_INVALID_ARGUMENT,
                                     "two layers have the name \"%s\"", name->string);
        graph->names[i] = name->string;
    }
    for (size_t i = 0; i < graph->count; i++)
        if (!graph->names[i]) make_name(graph, i);
    return CAPAS_OK;
}

/* "name", or "name:1" for a further output of a layer that has several. */
static bool is_output_of(const char *text, const char *name, int *output)
{
    size_t length = strlen(name);
    if (strncmp(text, name, length) != 0) return false;
    *output = 0;
    if (text[length] == '\0') return true;
    const char *digits = text + length + 1;
    if (text[length] != ':' || !*digits || strlen(digits) > 2) return false;
    if (strspn(digits, "0123456789") != strlen(digits)) return false;
    *output = atoi(digits);
    return true;
}

/* The layer of a name, and which of its outputs. */
static capas_status find_layer(const graph *graph, const capas_value *name, size_t *layer,
                               int *output)
{
    char found[FOUND_SIZE];
    if (name->kind != CAPAS_VALUE_STRING)
        return capas_recipe_fail(graph->recipe, name, CAPAS_INVALID_ARGUMENT,
                                 "inputs must be names of layers, found %s",
                                 capas_value_describe(name, found, sizeof found));
    for (*layer = 0; *layer < graph->count; ++*layer)
        if (is_output_of(name->string, graph->names[*layer], output)) return CAPAS_OK;
    const char *nearest = capas_nearest_name(name->string, graph->names, graph->count);
    return capas_recipe_fail(graph->recipe, name, CAPAS_UNKNOWN_NAME,
                             "inputs: there is no layer \"%s\"%s%s%s", name->string,
                             nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                             nearest ? "\"?" : "");
}

/* ["name", 0, output] */
static capas_value *history_of(const char *name, int output)
{
    capas_value *list = capas_value_list();
    capas_status status = capas_value_append(list, capas_value_string(name));
    if (status == CAPAS_OK) status = capas_value_append(list, capas_value_integer(0));
    if (status == CAPAS_OK) status = capas_value_append(list, capas_value_integer(output));
    if (status == CAPAS_OK) return list;
    capas_value_free(list);
    return NULL;
}

/* Marks a layer as taken and adds it to the tensors of a use. */
static capas_status add_tensor(graph *graph, size_t from, int output, capas_value *tensors)
{
    graph->taken[from] = true;
    capas_value *config =
        capas_recipe_map_of("keras_history", history_of(graph->names[from], output));
    return capas_value_append(tensors, capas_recipe_map_of("config", config));
}

static capas_status add_tensors(graph *graph, size_t layer, capas_value *tensors)
{
    const capas_value *inputs =
        capas_value_get(capas_recipe_options(item_at(graph, layer)), "inputs");
    size_t from;
    int output;
    if (!inputs && layer == 0)
        return capas_recipe_fail(graph->recipe, item_at(graph, layer), CAPAS_INVALID_ARGUMENT,
                                 "the first layer has nothing to take");
    if (!inputs) return add_tensor(graph, layer - 1, 0, tensors);
    if (inputs->kind != CAPAS_VALUE_LIST) {
        CAPAS_TRY(find_layer(graph, inputs, &from, &output));
        return add_tensor(graph, from, output, tensors);
    }
    for (size_t i = 0; i < inputs->count; i++) {
        CAPAS_TRY(find_layer(graph, inputs->items[i], &from, &output));
        CAPAS_TRY(add_tensor(graph, from, output, tensors));
    }
    return CAPAS_OK;
}

/* A list of one item, which it takes over; NULL on failure. */
static capas_value *list_of(capas_value *item)
{
    capas_value *list = capas_value_list();
    if (capas_value_append(list, item) == CAPAS_OK) return list;
    capas_value_free(list);
    return NULL;
}

/* [{"args": [[tensors]]}], or [] for an input. */
static capas_value *nodes_of(graph *graph, size_t layer)
{
    capas_value *tensors = capas_value_list();
    if (!tensors || is_input(graph, layer)) return tensors;
    if (add_tensors(graph, layer, tensors) == CAPAS_OK)
        return list_of(capas_recipe_map_of("args", list_of(tensors)));
    capas_value_free(tensors);
    return NULL;
}

static capas_status add_layer(graph *graph, size_t i, const capas_shape *sample)
{
    const capas_value *item = item_at(graph, i);
    capas_value *entry =
        capas_recipe_entry(class_at(graph, i), item ? capas_recipe_options(item) : NULL);
    capas_value *config = capas_value_get(entry, "config");
    if (!entry) return capas_error_status();
    capas_status status = CAPAS_OK;
    if (!item) status = capas_value_set(config, "batch_shape", capas_recipe_batch_shape(sample));
    if (status == CAPAS_OK && config->kind == CAPAS_VALUE_MAP)
        status = capas_value_set(config, "name", capas_value_string(graph->names[i]));
    if (status == CAPAS_OK)
        status = capas_value_set(entry, "name", capas_value_string(graph->names[i]));
    if (status == CAPAS_OK) status = capas_value_set(entry, "inbound_nodes", nodes_of(graph, i));
    if (status == CAPAS_OK) return capas_value_append(graph->layers, entry);
    capas_value_free(entry);
    return status;
}

static capas_status add_layers(graph *graph, const capas_shape *sample)
{
    for (size_t i = 0; i < graph->count; i++)
        CAPAS_TRY(add_layer(graph, i, sample));
    for (size_t i = 0; i < graph->count; i++) {
        capas_value *ends = is_input(graph, i) ? graph->inputs : graph->outputs;
        if (is_input(graph, i) || !graph->taken[i])
            CAPAS_TRY(capas_value_append(ends, history_of(graph->names[i], 0)));
    }
    return CAPAS_OK;
}

static capas_status make_graph(graph *graph, const capas_shape *sample)
{
    graph->adds_input = sample->rank > 0;
    graph->count = graph->recipe->model->count + (graph->adds_input ? 1 : 0);
    graph->names = capas_allocate_zeroed(graph->count, sizeof *graph->names);
    graph->made = capas_allocate_zeroed(graph->count, sizeof *graph->made);
    graph->taken = capas_allocate_zeroed(graph->count, sizeof *graph->taken);
    if (!graph->names || !graph->made || !graph->taken) return CAPAS_NO_MEMORY;
    graph->layers = capas_value_list();
    graph->inputs = capas_value_list();
    graph->outputs = capas_value_list();
    CAPAS_TRY(name_layers(graph));
    return add_layers(graph, sample);
}

capas_status capas_recipe_fill_graph(const capas_recipe *recipe, const capas_shape *sample,
                                     capas_value *config)
{
    graph graph = {.recipe = recipe};
    capas_status status = make_graph(&graph, sample);
    capas_value *lists[] = {graph.layers, graph.inputs, graph.outputs};
    static const char *const keys[] = {"layers", "input_layers", "output_layers"};
    for (int i = 0; i < 3; i++) {
        if (status == CAPAS_OK)
            status = capas_value_set(config, keys[i], lists[i]);
        else
            capas_value_free(lists[i]);
    }
    capas_release(graph.names);
    capas_release(graph.made);
    capas_release(graph.taken);
    return status;
}
