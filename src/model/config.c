/* A model's configuration as Keras 3.15 writes it (keras-semantics 7.1; Keras
 * models/{sequential,functional}.py). Reading one is config_read.c's. */
#include "layers/object.h"
#include "model/nested.h"

/* Puts `item` into a list that was just made, or gives up both; so that calls nest. */
static capas_value *with_item(capas_value *list, capas_value *item)
{
    if (capas_value_append(list, item) == CAPAS_OK) return list;
    capas_value_free(list);
    return NULL;
}

static capas_value *with_entry(capas_value *map, const char *key, capas_value *item)
{
    if (capas_value_set(map, key, item) == CAPAS_OK) return map;
    capas_value_free(map);
    return NULL;
}

static capas_value *write_build_config(capas_value *input_shape)
{
    return with_entry(capas_value_map(), "input_shape", input_shape);
}

/* ["conv2d", 0, 0]: the layer, which use of it, which of its outputs. */
static capas_value *write_history(const capas_model *model, int use, int first)
{
    const capas_use *from = &model->uses[use];
    capas_value *list = capas_value_list();
    list = with_item(list, capas_value_string(model->layers[from->layer]->name));
    list = with_item(list, capas_value_integer(from->node_index + first));
    return with_item(list, capas_value_integer(from->output_index));
}

/* Among the model's outputs Keras counts the uses of a graph within it from 1 on. */
static capas_value *write_end(const capas_model *model, int use)
{
    const capas_model *part = model->layers[model->uses[use].layer]->part;
    return write_history(model, use, part && !part->sequential);
}

/* An input keeps the dtype that its file said. */
static capas_element element_of(const capas_model *model, const capas_use *use)
{
    const capas_layer *layer = model->layers[use->layer];
    if (layer->type->lower) return use->element;
    return ((const capas_input_options *)layer->options)->element;
}

static capas_value *write_tensor(const capas_model *model, int use)
{
    const capas_use *from = &model->uses[use];
    capas_value *config = capas_value_map();
    config = with_entry(config, "shape", capas_shape_write(&from->output));
    config = with_entry(config, "dtype",
                        capas_value_string(capas_element_name(element_of(model, from))));
    config = with_entry(config, "keras_history", write_history(model, use, 0));
    capas_value *map = capas_value_map();
    map = with_entry(map, "class_name", capas_value_string("__keras_tensor__"));
    return with_entry(map, "config", config);
}

static capas_value *write_tensors(const capas_model *model, const capas_use *use, int begin,
                                  int end)
{
    capas_value *list = capas_value_list();
    for (int i = begin; i < end; i++)
        list = with_item(list, write_tensor(model, use->inputs[i]));
    return list;
}

/* [tensor], or [[tensor, ...]] for a layer that takes several. */
static capas_value *write_arguments(const capas_model *model, const capas_use *use)
{
    const capas_layer_type *type = model->layers[use->layer]->type;
    if (type->takes_states) return write_tensors(model, use, 0, 1);
    capas_value *list = write_tensors(model, use, 0, use->input_count);
    return type->maximum_inputs > 1 ? with_item(capas_value_list(), list) : list;
}

static capas_value *write_use(const capas_model *model, const capas_use *use)
{
    const capas_layer_type *type = model->layers[use->layer]->type;
    capas_value *keywords = capas_value_map();
    if (type->takes_states && use->input_count > 1)
        keywords =
            with_entry(keywords, "initial_state", write_tensors(model, use, 1, use->input_count));
    if (type->call_has_training)
        keywords = with_entry(keywords, "training", capas_value_bool(type->call_training));
    if (type->call_has_mask) keywords = with_entry(keywords, "mask", capas_value_null());
    capas_value *map = capas_value_map();
    map = with_entry(map, "args", write_arguments(model, use));
    return with_entry(map, "kwargs", keywords);
}

/* The use of a layer with this number, or NULL past the last. */
static const capas_use *find_use(const capas_model *model, int layer, int node_index)
{
    for (int i = 0; i < model->use_count; i++)
        if (model->uses[i].layer == layer && model->uses[i].node_index == node_index &&
            model->uses[i].output_index == 0)
            return &model->uses[i];
    return NULL;
}

static capas_value *write_uses(const capas_model *model, int layer)
{
    capas_value *list = capas_value_list();
    for (int i = 0; list; i++) {
        const capas_use *use = find_use(model, layer, i);
        if (!use || use->input_count == 0) break;
        list = with_item(list, write_use(model, use));
    }
    return list;
}

/* Keras builds a stateful layer for so many samples as the input fixes. */
static void fix_batch(const capas_model *model, const capas_layer *layer, capas_value *object)
{
    const capas_layer *input = model->layers[model->uses[model->inputs[0]].layer];
    const int batch = ((const capas_input_options *)input->options)->batch_size;
    const capas_value *build = capas_value_get(object, "build_config");
    const capas_value *shape = capas_value_get(build, "input_shape");
    if (batch == 0 || layer->part || !capas_layer_is_stateful(layer) || !shape || shape->count == 0)
        return;
    shape->items[0]->kind = CAPAS_VALUE_INTEGER;
    shape->items[0]->integer = batch;
    shape->items[0]->real = batch;
}

static capas_value *write_layers(const capas_model *model)
{
    capas_value *list = capas_value_list();
    for (int i = 0; list && i < model->layer_count; i++) {
        capas_value *layer = capas_nested_object(model->layers[i]);
        fix_batch(model, model->layers[i], layer);
        if (!model->sequential) {
            layer = with_entry(layer, "name", capas_value_string(model->layers[i]->name));
            layer = with_entry(layer, "inbound_nodes", write_uses(model, i));
        }
        list = with_item(list, layer);
    }
    return list;
}

/* One is written flat, several as a list. */
static capas_value *write_ends(const capas_model *model, const int *uses, int count)
{
    if (count == 1) return write_end(model, uses[0]);
    capas_value *list = capas_value_list();
    for (int i = 0; i < count; i++)
        list = with_item(list, write_end(model, uses[i]));
    return list;
}

static capas_value *begin_config(const capas_model *model)
{
    capas_value *config = capas_value_map();
    config = with_entry(config, "name", capas_value_string(capas_model_name(model)));
    return with_entry(config, "trainable", capas_value_bool(true));
}

static capas_value *write_sequential(const capas_model *model)
{
    const capas_shape *input = &model->uses[model->inputs[0]].output;
    capas_value *config = begin_config(model);
    config = with_entry(config, "dtype", capas_policy_write());
    config = with_entry(config, "layers", write_layers(model));
    config = with_entry(config, "build_input_shape", capas_shape_write(input));
    if (!config) return NULL;
    capas_value *map = capas_object_write("keras", "Sequential", config);
    return with_entry(map, "build_config", write_build_config(capas_shape_write(input)));
}

static capas_value *write_functional(const capas_model *model)
{
    capas_value *config = begin_config(model);
    config = with_entry(config, "layers", write_layers(model));
    config =
        with_entry(config, "input_layers", write_ends(model, model->inputs, model->input_count));
    config =
        with_entry(config, "output_layers", write_ends(model, model->outputs, model->output_count));
    if (!config) return NULL;
    capas_value *map = capas_object_write("keras.src.models.functional", "Functional", config);
    map = with_entry(map, "registered_name", capas_value_string("Functional"));
    return with_entry(map, "build_config", write_build_config(capas_value_null()));
}

capas_value *capas_model_config(const capas_model *model)
{
    if (capas_model_check(model) != CAPAS_OK) return NULL;
    return model->sequential ? write_sequential(model) : write_functional(model);
}

capas_value *capas_nested_object(const capas_layer *layer)
{
    if (!layer->part) return capas_layer_object(layer);
    capas_value *object = capas_model_config(layer->part);
    /* Two parts of one name are told apart by their layers' names. */
    capas_value *config = capas_value_take(object, "config");
    if (!config) return object;
    config = with_entry(config, "name", capas_value_string(layer->name));
    return with_entry(object, "config", config);
}
