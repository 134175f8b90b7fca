/* A recipe's list of layers as Keras's configuration: a Sequential here, a Functional (graph.c)
 * when a layer says `inputs`. Values keep the line they came from, for the sentences about them. */
#include "recipe/config.h"
#include "recipe/network.h"
#include <string.h>

const char *capas_recipe_class(const capas_value *item)
{
    const char *name = item->kind == CAPAS_VALUE_STRING ? item->string : item->keys[0];
    return strcmp(name, "Input") == 0 ? "InputLayer" : name;
}

const capas_value *capas_recipe_options(const capas_value *item)
{
    const capas_value *options = item->kind == CAPAS_VALUE_MAP ? item->items[0] : NULL;
    return options && options->kind != CAPAS_VALUE_NULL ? options : NULL;
}

capas_value *capas_recipe_batch_shape(const capas_shape *sample)
{
    capas_value *list = capas_value_list();
    capas_status status = capas_value_append(list, capas_value_null());
    for (int i = 0; i < sample->rank && status == CAPAS_OK; i++)
        status = capas_value_append(list, capas_value_integer(sample->dims[i]));
    if (status == CAPAS_OK) return list;
    capas_value_free(list);
    return NULL;
}

capas_value *capas_recipe_entry(const char *class_name, const capas_value *options)
{
    capas_value *entry = capas_value_map();
    capas_value *config = options ? capas_value_clone(options) : capas_value_map();
    if (config) capas_value_free(capas_value_take(config, "inputs"));
    capas_status status = capas_value_set(entry, "class_name", capas_value_string(class_name));
    if (status != CAPAS_OK)
        capas_value_free(config);
    else
        status = capas_value_set(entry, "config", config);
    if (status == CAPAS_OK) return entry;
    capas_value_free(entry);
    return NULL;
}

static capas_value *entry_of(const capas_recipe *recipe, const capas_value *item)
{
    if (capas_recipe_is_network(item)) return capas_recipe_network_entry(recipe, item);
    return capas_recipe_entry(capas_recipe_class(item), capas_recipe_options(item));
}

static capas_status fill_chain(const capas_recipe *recipe, const capas_shape *sample,
                               capas_value *config)
{
    capas_value *layers = capas_value_list();
    capas_status status = CAPAS_OK;
    for (size_t i = 0; i < recipe->model->count && status == CAPAS_OK; i++) {
        const capas_value *item = recipe->model->items[i];
        status = capas_value_append(layers, entry_of(recipe, item));
    }
    if (status != CAPAS_OK) {
        capas_value_free(layers);
        return status;
    }
    CAPAS_TRY(capas_value_set(config, "layers", layers));
    if (sample->rank == 0) return CAPAS_OK;
    return capas_value_set(config, "build_input_shape", capas_recipe_batch_shape(sample));
}

capas_value *capas_recipe_map_of(const char *key, capas_value *value)
{
    capas_value *map = capas_value_map();
    if (capas_value_set(map, key, value) == CAPAS_OK) return map;
    capas_value_free(map);
    return NULL;
}

static bool is_graph(const capas_value *model)
{
    for (size_t i = 0; i < model->count; i++)
        if (capas_value_get(capas_recipe_options(model->items[i]), "inputs")) return true;
    return false;
}

static capas_status fill_graph(const capas_recipe *recipe, const capas_shape *sample,
                               capas_value *config)
{
    for (size_t i = 0; i < recipe->model->count; i++)
        if (capas_recipe_is_network(recipe->model->items[i]))
            return capas_recipe_fail(recipe, recipe->model->items[i], CAPAS_UNSUPPORTED,
                                     "a Network stands in a chain of layers, and not where layers "
                                     "have inputs");
    return capas_recipe_fill_graph(recipe, sample, config);
}

capas_value *capas_recipe_config(const capas_recipe *recipe, const capas_shape *sample)
{
    bool graph = is_graph(recipe->model);
    capas_value *config = capas_value_map();
    capas_value *outer =
        capas_recipe_map_of("class_name", capas_value_string(graph ? "Functional" : "Sequential"));
    capas_status status = !config || !outer ? CAPAS_NO_MEMORY
                          : graph           ? fill_graph(recipe, sample, config)
                                            : fill_chain(recipe, sample, config);
    if (status == CAPAS_OK && capas_value_set(outer, "config", config) == CAPAS_OK) return outer;
    if (status != CAPAS_OK) capas_value_free(config);
    capas_value_free(outer);
    return NULL;
}
