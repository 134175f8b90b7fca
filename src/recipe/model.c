/* The model of a recipe: its list of layers becomes Keras's configuration, and goes the way of
 * Keras's JSON from there. A list is a chain, unless a layer says `inputs`: then it is a graph, in
 * which a layer without `inputs` takes the one before it, and what nobody takes is an output. */
#include "model/model.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/option.h"
#include "data/idx.h"
#include "files/json.h"
#include "recipe/network.h"
#include "recipe/pictures.h"
#include "training/trainer.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LARGEST_JSON = 16 << 20, FOUND_SIZE = 96, WHERE_SIZE = 600 };

static capas_status fail_layer(const capas_recipe *recipe, const capas_value *item)
{
    char found[FOUND_SIZE];
    return capas_recipe_fail(recipe, item, CAPAS_INVALID_ARGUMENT,
                             "a layer must be a name, as Flatten, or a map of one name and its "
                             "options, as Dense: {units: 10}; found %s%s",
                             capas_value_describe(item, found, sizeof found),
                             item->kind == CAPAS_VALUE_MAP && item->count != 1
                                 ? " of several names (are the options indented?)"
                                 : "");
}

static capas_status check_layer(const capas_recipe *recipe, const capas_value *item)
{
    bool is_name = item->kind == CAPAS_VALUE_STRING;
    bool is_map = item->kind == CAPAS_VALUE_MAP && item->count == 1;
    if (!is_name && !is_map) return fail_layer(recipe, item);
    const char *name = is_name ? item->string : item->keys[0];
    if (capas_recipe_is_network(item)) return capas_recipe_check_network(recipe, item);
    if (strcmp(name, "Input") == 0 || capas_layer_type_of(name)) return CAPAS_OK;
    return capas_recipe_fail(recipe, item, capas_error_status(), "%s", capas_error());
}

static capas_status read_keras(capas_recipe *recipe, const capas_value *path)
{
    char *text, found[FOUND_SIZE];
    size_t size;
    if (!path || path->kind != CAPAS_VALUE_STRING)
        return capas_recipe_fail(recipe, path, CAPAS_INVALID_ARGUMENT,
                                 "model: keras must be the path of a JSON file, found %s",
                                 capas_value_describe(path, found, sizeof found));
    if (capas_read_file(path->string, LARGEST_JSON, &text, &size) != CAPAS_OK)
        return capas_recipe_fail(recipe, path, capas_error_status(), "%s", capas_error());
    recipe->keras = capas_json_read(text, size, path->string);
    capas_release(text);
    return recipe->keras ? CAPAS_OK : capas_error_status();
}

static bool ends_in_json(const capas_value *model)
{
    size_t length = model->kind == CAPAS_VALUE_STRING ? strlen(model->string) : 0;
    return length > 5 && strcmp(model->string + length - 5, ".json") == 0;
}

capas_status capas_recipe_read_model(capas_recipe *recipe, const capas_value *model)
{
    static const char *const names[] = {"keras"};
    char found[FOUND_SIZE];
    if (model && ends_in_json(model)) return read_keras(recipe, model);
    if (model && model->kind == CAPAS_VALUE_MAP) {
        CAPAS_TRY(capas_recipe_check_keys(recipe, model, "model, when it is no list of layers,",
                                          names, CAPAS_COUNT(names)));
        return read_keras(recipe, capas_value_get(model, "keras"));
    }
    if (!model || model->kind != CAPAS_VALUE_LIST || model->count == 0)
        return capas_recipe_fail(recipe, model, CAPAS_INVALID_ARGUMENT,
                                 "model must be a list of layers, or the path of a JSON file of "
                                 "Keras's, found %s",
                                 capas_value_describe(model, found, sizeof found));
    for (size_t i = 0; i < model->count; i++)
        CAPAS_TRY(check_layer(recipe, model->items[i]));
    recipe->model = model;
    return CAPAS_OK;
}

/* The shape of what the recipe's data have, looked up without reading them. */
static capas_status find_sample(const capas_recipe *recipe, capas_shape *sample)
{
    capas_idx_place place;
    capas_idx idx;
    *sample = recipe->sample;
    if (capas_recipe_is_network(recipe->model->items[0]))
        return capas_recipe_network_sample(recipe, recipe->model->items[0], sample);
    if (recipe->data_known || !recipe->data) return CAPAS_OK;
    if (capas_recipe_has_pictures(recipe->data)) {
        *sample = capas_recipe_picture_shape(recipe);
        return CAPAS_OK;
    }
    CAPAS_TRY(capas_idx_find(recipe->data, &place));
    CAPAS_TRY(capas_idx_describe(&place, CAPAS_IDX_TRAIN, &idx));
    *sample = (capas_shape){3, {idx.height, idx.width, 1}};
    return CAPAS_OK;
}

static bool has_own_input(const capas_recipe *recipe)
{
    if (recipe->keras) return true;
    const capas_value *first = recipe->model->items[0];
    const char *name = first->kind == CAPAS_VALUE_STRING ? first->string : first->keys[0];
    return strcmp(name, "Input") == 0 || strcmp(name, "InputLayer") == 0;
}

static capas_model *build(const capas_recipe *recipe)
{
    capas_shape sample = {0};
    if (recipe->keras) {
        capas_model *model = capas_model_from_config(recipe->keras);
        if (!model) capas_fail_in("%s", recipe->path);
        return model;
    }
    if (!has_own_input(recipe) && find_sample(recipe, &sample) != CAPAS_OK) {
        capas_fail_in("%s", recipe->path);
        return NULL;
    }
    if (!has_own_input(recipe) && sample.rank == 0) {
        capas_recipe_fail(recipe, recipe->model->items[0], CAPAS_INVALID_ARGUMENT,
                          "there are no data that say the shape; begin with an Input, as Input: "
                          "{shape: [28, 28, 1]}");
        return NULL;
    }
    capas_value *config = capas_recipe_config(recipe, &sample);
    capas_model *model = config ? capas_model_from_config(config) : NULL;
    if (config && !model) capas_fail_in("%s", recipe->path);
    capas_value_free(config);
    return model;
}

/* As the recipe says, otherwise as the Keras file does. */
static capas_status compile(const capas_recipe *recipe, capas_model *model)
{
    char where[WHERE_SIZE];
    const capas_value *config = capas_value_get(recipe->tree, "compile");
    if (!config) config = capas_value_get(recipe->keras, "compile_config");
    int length = snprintf(where, sizeof where, "%s: compile", recipe->path);
    if (length < 0 || (size_t)length >= sizeof where) snprintf(where, sizeof where, "compile");
    return capas_compile_from_config(model, config, where);
}

/* Where the recipe says nothing of bytes, they are what the network in it was trained on. */
static capas_status describe(const capas_recipe *recipe, capas_model *model,
                             const capas_preprocessing *of_network)
{
    capas_preprocessing preprocessing = {
        .minimum = NAN, .maximum = NAN, .mean = NAN, .deviation = NAN};
    if (recipe->data_known) preprocessing = recipe->statistics;
    preprocessing.scale = recipe->scale;
    preprocessing.offset = recipe->offset;
    if (isnan(recipe->scale) && !isnan(of_network->scale)) {
        preprocessing = *of_network;
        preprocessing.minimum = preprocessing.maximum = NAN;
        preprocessing.mean = preprocessing.deviation = NAN;
    }
    CAPAS_TRY(capas_model_set_preprocessing(model, &preprocessing));
    if (!recipe->class_names) return CAPAS_OK;
    return capas_model_set_class_names(model, (const char *const *)recipe->class_names,
                                       recipe->class_count);
}

capas_model *capas_recipe_model(const capas_recipe *recipe, uint64_t seed)
{
    if (!recipe) return NULL; /* the failure to load it tells more */
    capas_model *model = build(recipe);
    if (!model) return NULL;
    capas_preprocessing of_network;
    capas_status status = capas_model_set_seed(model, seed);
    if (status == CAPAS_OK) status = capas_recipe_begin_networks(recipe, model, &of_network);
    if (status == CAPAS_OK) status = compile(recipe, model);
    if (status == CAPAS_OK) status = describe(recipe, model, &of_network);
    if (status == CAPAS_OK) return model;
    capas_model_free(model);
    return NULL;
}
