/* Layers from Keras's configuration, and back: {"name", "trainable", "dtype", options...}
 * (keras-semantics 7.1). What the options are is each layer's table. */
#include "base/memory.h"
#include "base/text.h"
#include "layers/layer.h"
#include "layers/object.h"
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 256 };

static bool is_input(const capas_layer_type *type)
{
    return type->lower == NULL;
}

/* "float32", or Keras 3's dict of a policy of that name. */
static capas_status check_policy(const capas_value *value, const char *where)
{
    char found[TEXT_SIZE];
    const capas_value *name = value;
    if (!value || value->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    if (value->kind == CAPAS_VALUE_MAP)
        name = capas_value_get(capas_value_get(value, "config"), "name");
    bool is_name = name && name->kind == CAPAS_VALUE_STRING;
    if (is_name && strcmp(name->string, "float32") == 0) return CAPAS_OK;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "%s: dtype must be \"float32\" (capas computes in nothing else), found %s",
                      where, capas_value_describe(is_name ? name : value, found, sizeof found));
}

static capas_status read_trainable(capas_layer *layer, const capas_value *value, const char *where)
{
    char found[TEXT_SIZE];
    if (!value || value->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    layer->trainable = value->boolean;
    if (value->kind == CAPAS_VALUE_BOOL) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: trainable must be true or false, found %s",
                      where, capas_value_describe(value, found, sizeof found));
}

static capas_status read_name(capas_layer *layer, const capas_value *value, const char *where)
{
    char found[TEXT_SIZE];
    if (!value || value->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    if (value->kind != CAPAS_VALUE_STRING)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: a layer's name must be a text, found %s",
                          where, capas_value_describe(value, found, sizeof found));
    layer->named_by_user = true;
    if (capas_layer_set_name(layer, value->string) == CAPAS_OK) return CAPAS_OK;
    return capas_fail_in("%s", where);
}

/* The options that the map has, without what every layer has. */
static capas_status read_options(capas_layer *layer, const capas_value *config, const char *where)
{
    /* The last is what Keras 2 writes into the first layer of a chain. */
    static const char *const common[] = {"name", "trainable", "dtype", "batch_input_shape"};
    const capas_option_table *table = &layer->type->options;
    if (config->kind != CAPAS_VALUE_MAP)
        return capas_options_read(table, layer->options, config, where);
    capas_value *rest = capas_value_clone(config);
    if (!rest) return CAPAS_NO_MEMORY;
    for (size_t i = 0; i < CAPAS_COUNT(common); i++)
        if (i < 2 || !is_input(layer->type)) capas_value_free(capas_value_take(rest, common[i]));
    capas_status status = capas_options_read(table, layer->options, rest, where);
    capas_value_free(rest);
    return status;
}

/* An option whose default is not allowed must be given. */
static capas_status check_required(const capas_layer *layer, const char *where)
{
    const capas_option_table *table = &layer->type->options;
    for (size_t i = 0; i < table->count; i++) {
        const capas_option *option = &table->options[i];
        const char *field = (const char *)layer->options + option->offset;
        if (!option->kind->check || option->kind->check(option, field) == CAPAS_OK) continue;
        char expected[TEXT_SIZE];
        snprintf(expected, sizeof expected, "%s", capas_error());
        char *found = strstr(expected, ", found");
        if (found) *found = '\0';
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: %s is missing; it must be %s", where,
                          option->name, expected);
    }
    return CAPAS_OK;
}

static void set_defaults(capas_layer *layer)
{
    const capas_option_table *table = &layer->type->options;
    for (size_t i = 0; i < table->count; i++) {
        const capas_option *option = &table->options[i];
        if (option->kind->resolve)
            option->kind->resolve(option, (char *)layer->options + option->offset);
    }
}

static capas_status read_config(capas_layer *layer, const capas_value *config, const char *where)
{
    set_defaults(layer);
    CAPAS_TRY(read_name(layer, capas_value_get(config, "name"), where));
    CAPAS_TRY(read_trainable(layer, capas_value_get(config, "trainable"), where));
    if (!is_input(layer->type)) CAPAS_TRY(check_policy(capas_value_get(config, "dtype"), where));
    if (config) CAPAS_TRY(read_options(layer, config, where));
    CAPAS_TRY(check_required(layer, where));
    return layer->type->check ? layer->type->check(layer, where) : CAPAS_OK;
}

capas_layer *capas_layer_from_config(const char *class_name, const capas_value *config,
                                     const char *where)
{
    const capas_layer_type *type = capas_layer_type_of(class_name);
    if (!type) {
        capas_fail_in("%s", where);
        return NULL;
    }
    capas_layer *layer = capas_allocate_zeroed(1, sizeof *layer);
    void *options = capas_allocate_zeroed(1, type->options.size);
    if (!layer || !options) {
        capas_release(layer);
        capas_release(options);
        return NULL;
    }
    *layer = (capas_layer){.type = type, .references = 1, .trainable = true, .options = options};
    if (read_config(layer, config, where) == CAPAS_OK) return layer;
    capas_layer_free(layer);
    return NULL;
}

/* Puts `item` into a list that was just made, or gives up both; so that calls nest. */
static capas_value *with_item(capas_value *list, capas_value *item)
{
    if (capas_value_append(list, item) == CAPAS_OK) return list;
    capas_value_free(list);
    return NULL;
}

capas_value *capas_shape_write(const capas_shape *shape)
{
    capas_value *list = capas_value_list();
    for (int i = 0; i < shape->rank; i++)
        list = with_item(list, shape->dims[i] == CAPAS_ANY ? capas_value_null()
                                                           : capas_value_integer(shape->dims[i]));
    return list;
}

/* The shape that a layer was built for; a list of them when it takes several inputs. */
static capas_value *write_build_shapes(const capas_layer *layer)
{
    if (layer->type->maximum_inputs == 1 || layer->type->takes_states)
        return capas_shape_write(&layer->build_shapes[0]);
    capas_value *list = capas_value_list();
    for (int i = 0; i < layer->build_count; i++)
        list = with_item(list, capas_shape_write(&layer->build_shapes[i]));
    return list;
}

capas_value *capas_layer_object(const capas_layer *layer)
{
    capas_value *config = capas_layer_config(layer);
    if (!config) return NULL;
    const char *registered = layer->type->registered_name;
    capas_value *map = registered
                           ? capas_object_write_registered(registered, layer->type->name, config)
                           : capas_object_write("keras.layers", layer->type->name, config);
    /* Each takes its value over also when it fails: all are called. */
    bool written = map != NULL;
    if (layer->type->has_build_config && layer->built) {
        capas_value *shapes = capas_value_map();
        written &= capas_value_set(shapes, "input_shape", write_build_shapes(layer)) == CAPAS_OK;
        written &= capas_value_set(map, "build_config", shapes) == CAPAS_OK;
    }
    if (written) return map;
    capas_value_free(map);
    return NULL;
}

static capas_status write_config(const capas_layer *layer, capas_value *map)
{
    const char *name = layer->name ? layer->name : "";
    if (is_input(layer->type)) {
        CAPAS_TRY(capas_options_write(&layer->type->options, layer->options, map));
        return capas_value_set(map, "name", capas_value_string(name));
    }
    CAPAS_TRY(capas_value_set(map, "name", capas_value_string(name)));
    if (layer->type->plain_config) {
        CAPAS_TRY(capas_value_set(map, "dtype", capas_value_string("float32")));
    } else {
        CAPAS_TRY(capas_value_set(map, "trainable", capas_value_bool(layer->trainable)));
        CAPAS_TRY(capas_value_set(map, "dtype", capas_policy_write()));
    }
    return capas_options_write(&layer->type->options, layer->options, map);
}

capas_value *capas_layer_config(const capas_layer *layer)
{
    if (capas_layer_check(layer) != CAPAS_OK) return NULL;
    capas_value *map = capas_value_map();
    if (map && write_config(layer, map) == CAPAS_OK) return map;
    capas_value_free(map);
    return NULL;
}
