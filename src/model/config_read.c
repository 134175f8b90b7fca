/* Models from Keras's configuration: chains, and what chains and graphs share. Keys that Keras puts
 * around a layer's own configuration (module, registered_name, build_config, ...) are passed over.
 * Nothing in a file is trusted: whatever is missing or of another kind is said. */
#include "model/config_read.h"
#include "base/text.h"
#include "layers/custom.h"
#include "model/nested.h"
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 256, WHERE_SIZE = 192 };

capas_status capas_config_fail(const char *expected, const capas_value *found)
{
    char text[TEXT_SIZE];
    return capas_fail(CAPAS_INVALID_ARGUMENT, "model: %s, found %s", expected,
                      found ? capas_value_describe(found, text, sizeof text) : "nothing");
}

const char *capas_config_layer_name(const capas_value *entry)
{
    const char *name = capas_value_get_text(entry, "name");
    return name ? name : capas_value_get_text(capas_value_get(entry, "config"), "name");
}

static bool is_model_class(const char *class_name)
{
    return strcmp(class_name, "Sequential") == 0 || strcmp(class_name, "Functional") == 0 ||
           strcmp(class_name, "Model") == 0;
}

/* Layers that capas cannot have, whatever it learns: what to do is said. */
static capas_status check_foreign(const capas_value *entry, const char *class_name,
                                  const char *where)
{
    static const char *const operations[] = {"TFOpLambda", "TensorFlowOpLayer", "SlicingOpLambda"};
    const char *module = capas_value_get_text(entry, "module"),
               *name = capas_value_get_text(entry, "registered_name");
    if (strcmp(class_name, "Lambda") == 0)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "%s: a Lambda layer is Python code, and capas runs none of a file; put "
                          "layers in its place in Keras (Rescaling, Activation, Reshape, ...), and "
                          "save the model again",
                          where);
    for (size_t i = 0; i < CAPAS_COUNT(operations); i++)
        if (strcmp(class_name, operations[i]) == 0)
            return capas_fail(CAPAS_UNSUPPORTED,
                              "%s: %s is a function of TensorFlow within the model; put a layer of "
                              "Keras in its place, and save the model again",
                              where, class_name);
    if (capas_custom_type_of(name ? name : class_name)) return CAPAS_OK;
    bool custom = name && strchr(name, '>') && strncmp(name, "keras", 5) != 0;
    bool elsewhere =
        module && strncmp(module, "keras", 5) != 0 && strncmp(module, "tf_keras", 8) != 0;
    if (!custom && !elsewhere) return CAPAS_OK;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "%s: %s is a custom layer (%s), whose code is not in the file; register "
                      "one of that name (capas/custom.h), or put layers of Keras in its place and "
                      "save the model again",
                      where, class_name, custom ? name : module);
}

static capas_model *read_model(const capas_value *outer, bool part, capas_first_values first);

/* A model in a model's place. How deep they go is limited by JSON's reader. */
static capas_layer *read_nested(const capas_value *entry, const char *where)
{
    capas_model *part = read_model(entry, true, CAPAS_VALUES_ELSEWHERE);
    capas_layer *layer = part ? capas_nested_new(part) : NULL;
    if (!layer) capas_fail_in("%s", where);
    return layer;
}

static capas_layer *read_layer(const capas_value *entry, int number)
{
    char where[WHERE_SIZE];
    const char *class_name = capas_value_get_text(entry, "class_name");
    const char *name = capas_config_layer_name(entry);
    if (!class_name) {
        capas_config_fail("each layer must be a map with a class_name and a config", entry);
        return NULL;
    }
    if (name)
        snprintf(where, sizeof where, "layer %s", name);
    else
        snprintf(where, sizeof where, "layer %d (%s)", number + 1, class_name);
    if (is_model_class(class_name)) return read_nested(entry, where);
    if (check_foreign(entry, class_name, where) != CAPAS_OK) return NULL;
    return capas_layer_from_config(class_name, capas_value_get(entry, "config"), where);
}

capas_layer *capas_config_layer(const capas_value *entry, int number)
{
    if (!capas_config_is_keras1(entry)) return read_layer(entry, number);
    capas_value *now = capas_config_renew_keras1(entry);
    capas_layer *layer = now ? read_layer(now, number) : NULL;
    const char *name = capas_config_layer_name(entry);
    if (!now && name) capas_fail_in("layer %s", name);
    capas_value_free(now);
    return layer;
}

/* Of the input layer that a chain begins with, or of the chain in its place. */
static const capas_value *first_shape(const capas_value *config)
{
    const capas_value *layers = capas_value_get(config, "layers");
    if (!layers || layers->kind != CAPAS_VALUE_LIST || layers->count == 0) return NULL;
    const capas_value *inner = capas_value_get(layers->items[0], "config");
    const capas_value *shape = capas_value_get(inner, "batch_shape");
    if (!shape) shape = capas_value_get(inner, "batch_input_shape");
    return shape ? shape : first_shape(inner);
}

/* A chain without an input layer has the shape in its first layer (Keras 2), or was built for one
 * (Keras 3). */
static const capas_value *find_input_shape(const capas_value *config, const capas_value *layers,
                                           const capas_value *outer)
{
    const capas_value *first = layers->count > 0 ? layers->items[0] : NULL;
    const capas_value *inner = capas_value_get(first, "config");
    const capas_value *found[] = {
        capas_value_get(inner, "batch_input_shape"),
        capas_value_get(config, "build_input_shape"),
        capas_value_get(capas_value_get(outer, "build_config"), "input_shape"),
        first_shape(inner),
    };
    for (size_t i = 0; i < CAPAS_COUNT(found); i++)
        if (found[i] && found[i]->kind == CAPAS_VALUE_LIST) return found[i];
    return NULL;
}

static capas_layer *input_of_shape(const capas_value *shape)
{
    capas_value *config = capas_value_map();
    capas_layer *layer = NULL;
    if (capas_value_set(config, "batch_shape", capas_value_clone(shape)) == CAPAS_OK)
        layer = capas_layer_from_config("InputLayer", config, "layer input_layer");
    capas_value_free(config);
    return layer;
}

static bool is_input_entry(const capas_value *entry)
{
    const char *class_name = capas_value_get_text(entry, "class_name");
    return class_name && strcmp(class_name, "InputLayer") == 0;
}

/* Adds the input that the chain does not list, if it needs one. */
static capas_status add_missing_input(capas_graph *graph, const capas_value *config,
                                      const capas_value *layers, const capas_value *outer)
{
    if (layers->count > 0 && is_input_entry(layers->items[0])) return CAPAS_OK;
    const capas_value *shape = find_input_shape(config, layers, outer);
    if (!shape)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "model: its first layer must be an InputLayer, or build_input_shape must "
                          "say what it takes");
    capas_layer *input = input_of_shape(shape);
    if (!input) return capas_error_status();
    capas_graph_apply(graph, input, NULL, 0);
    return graph->status;
}

static capas_status add_chain(capas_graph *graph, const capas_value *layers)
{
    for (size_t i = 0; i < layers->count; i++) {
        capas_layer *layer = capas_config_layer(layers->items[i], (int)i);
        if (!layer) return capas_error_status();
        capas_node before = {(int)graph->use_count - 1};
        capas_graph_apply(graph, layer, &before, before.index < 0 ? 0 : 1);
        CAPAS_TRY(capas_graph_check_chain(graph));
    }
    if (graph->use_count < 2)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "model: a chain needs at least one layer after its input");
    return CAPAS_OK;
}

static capas_status read_sequential(const capas_value *config, const capas_value *outer,
                                    capas_graph *graph, capas_ends *ends)
{
    /* Keras before 2.2.3 has the list of layers alone. */
    const capas_value *layers = config;
    if (config && config->kind == CAPAS_VALUE_MAP) layers = capas_value_get(config, "layers");
    if (!layers || layers->kind != CAPAS_VALUE_LIST)
        return capas_config_fail("\"layers\" must be a list", layers);
    CAPAS_TRY(add_missing_input(graph, config, layers, outer));
    CAPAS_TRY(add_chain(graph, layers));
    ends->inputs[0].index = 0;
    ends->outputs[0].index = (int)graph->use_count - 1;
    ends->input_count = ends->output_count = 1;
    return CAPAS_OK;
}

/* A model that is frozen as a whole has its layers frozen. */
static capas_status freeze(const capas_value *config, capas_model *model)
{
    const capas_value *trainable = capas_value_get(config, "trainable");
    if (!trainable || trainable->kind != CAPAS_VALUE_BOOL || trainable->boolean) return CAPAS_OK;
    for (int i = 0; i < model->layer_count; i++)
        capas_nested_set_trainable(model->layers[i], false);
    return CAPAS_OK;
}

static capas_model *finish(const capas_value *config, capas_graph *graph, const capas_ends *ends,
                           bool sequential)
{
    const char *name = capas_value_get_text(config, "name");
    if (!name) name = sequential ? "sequential" : "functional";
    capas_model *model = capas_functional(graph, name, ends->inputs, ends->input_count,
                                          ends->outputs, ends->output_count);
    if (!model) return NULL;
    model->sequential = sequential;
    if (freeze(config, model) == CAPAS_OK) return model;
    capas_model_free(model);
    return NULL;
}

static capas_model *read_model(const capas_value *outer, bool part, capas_first_values first)
{
    capas_ends ends = {0};
    const char *class_name = capas_value_get_text(outer, "class_name");
    const capas_value *config = capas_value_get(outer, "config");
    if (!class_name || !is_model_class(class_name)) {
        capas_config_fail("class_name must be \"Sequential\" or \"Functional\"",
                          capas_value_get(outer, "class_name"));
        return NULL;
    }
    bool sequential = strcmp(class_name, "Sequential") == 0;
    capas_graph *graph = capas_graph_new();
    if (!graph) return NULL;
    graph->part = part;
    graph->first_values = first;
    capas_status status = sequential ? read_sequential(config, outer, graph, &ends)
                                     : capas_config_read_graph(config, graph, &ends);
    if (status == CAPAS_OK) return finish(config, graph, &ends, sequential);
    capas_graph_free(graph);
    return NULL;
}

capas_model *capas_model_from_config_with(const capas_value *outer, capas_first_values first)
{
    return read_model(outer, false, first);
}

capas_model *capas_model_from_config(const capas_value *outer)
{
    return capas_model_from_config_with(outer, CAPAS_VALUES_DRAWN);
}
