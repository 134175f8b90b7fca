/* A network that is trained already as a layer of a recipe's list, for others to stand behind:
 *
 *     - Network: {application: mobilenetv2, alpha: 0.35, input_shape: [96, 96, 3], pooling: avg,
 *                 weights: FILE, trainable: false}
 *     - Network: {file: runs/digits/model.keras, until: flatten, trainable: false}
 *
 * It is opened to learn its configuration, and again to give its weights to the model once that is
 * built. */
#include "recipe/network.h"
#include "base/memory.h"
#include "model/application.h"
#include "recipe/config.h"
#include <capas/applications.h>
#include <capas/files.h>
#include <math.h>
#include <string.h>

enum { FOUND_SIZE = 96 };

bool capas_recipe_is_network(const capas_value *item)
{
    return strcmp(capas_recipe_class(item), "Network") == 0;
}

static capas_status fail_key(const capas_recipe *recipe, const capas_value *value, const char *key,
                             const char *expected)
{
    char found[FOUND_SIZE];
    return capas_recipe_fail(recipe, value, CAPAS_INVALID_ARGUMENT,
                             "Network: %s must be %s, found "
                             "%s",
                             key, expected, capas_value_describe(value, found, sizeof found));
}

static bool is_number(const capas_value *value)
{
    return value->kind == CAPAS_VALUE_REAL || value->kind == CAPAS_VALUE_INTEGER;
}

static bool is_picture_shape(const capas_value *value)
{
    bool right = value->kind == CAPAS_VALUE_LIST && value->count == 3;
    for (size_t i = 0; right && i < value->count; i++)
        right = value->items[i]->kind == CAPAS_VALUE_INTEGER && value->items[i]->integer > 0;
    return right;
}

static capas_status check_kinds(const capas_recipe *recipe, const capas_value *options)
{
    for (size_t i = 0; i < options->count; i++) {
        const capas_value *value = options->items[i];
        const char *key = options->keys[i];
        if (strcmp(key, "alpha") == 0) {
            if (!is_number(value)) return fail_key(recipe, value, key, "a number");
        } else if (strcmp(key, "input_shape") == 0) {
            if (!is_picture_shape(value))
                return fail_key(recipe, value, key, "a height, a width and channels");
        } else if (strcmp(key, "trainable") == 0) {
            if (value->kind != CAPAS_VALUE_BOOL)
                return fail_key(recipe, value, key, "true or false");
        } else if (strcmp(key, "pooling") == 0) {
            if (value->kind != CAPAS_VALUE_STRING ||
                (strcmp(value->string, "avg") != 0 && strcmp(value->string, "max") != 0))
                return fail_key(recipe, value, key, "avg or max");
        } else if (value->kind != CAPAS_VALUE_STRING) {
            return fail_key(recipe, value, key, "a text");
        }
    }
    return CAPAS_OK;
}

capas_status capas_recipe_check_network(const capas_recipe *recipe, const capas_value *item)
{
    static const char *const of_application[] = {"application", "alpha", "input_shape", "pooling",
                                                 "weights",     "until", "trainable"};
    static const char *const of_file[] = {"file", "weights", "until", "trainable"};
    const capas_value *options = capas_recipe_options(item);
    bool application = capas_value_get(options, "application") != NULL;
    if (!application && !capas_value_get(options, "file"))
        return capas_recipe_fail(recipe, item, CAPAS_INVALID_ARGUMENT,
                                 "Network: it needs an application, as mobilenetv2, or the file of "
                                 "a model");
    CAPAS_TRY(
        capas_recipe_check_keys(recipe, options, "Network", application ? of_application : of_file,
                                application ? CAPAS_COUNT(of_application) : CAPAS_COUNT(of_file)));
    return check_kinds(recipe, options);
}

static const char *text_of(const capas_value *options, const char *key)
{
    const capas_value *value = capas_value_get(options, key);
    return value ? value->string : NULL;
}

static capas_model *make_application(const capas_value *options)
{
    capas_application_options o = {.struct_size = sizeof o, .include_top = CAPAS_FALSE};
    const capas_value *alpha = capas_value_get(options, "alpha");
    const capas_value *shape = capas_value_get(options, "input_shape");
    const char *pooling = text_of(options, "pooling");
    if (alpha) o.alpha = alpha->real;
    if (pooling) o.pooling = strcmp(pooling, "avg") == 0 ? CAPAS_POOLING_AVG : CAPAS_POOLING_MAX;
    for (int i = 0; shape && i < 3; i++)
        o.input_shape.dims[o.input_shape.rank++] = shape->items[i]->integer;
    return capas_application_with(text_of(options, "application"), &o);
}

static capas_model *open_network(const capas_value *options)
{
    const capas_load_options how = {.struct_size = sizeof how, .compile = CAPAS_FALSE};
    const char *file = text_of(options, "file"), *weights = text_of(options, "weights"),
               *until = text_of(options, "until");
    capas_model *network = file ? capas_load_with(file, &how) : make_application(options);
    if (network && weights &&
        (capas_load_weights(network, weights) != CAPAS_OK ||
         (!file && capas_efficientnet_mend(network) != CAPAS_OK))) {
        capas_model_free(network);
        return NULL;
    }
    if (!network || !until) return network;
    capas_model *part = capas_model_until(network, until);
    capas_model_free(network);
    return part;
}

static capas_model *open_item(const capas_recipe *recipe, const capas_value *item)
{
    capas_model *network = open_network(capas_recipe_options(item));
    if (!network)
        capas_recipe_fail(recipe, item, capas_error_status(), "Network: %s", capas_error());
    return network;
}

capas_value *capas_recipe_network_entry(const capas_recipe *recipe, const capas_value *item)
{
    capas_model *network = open_item(recipe, item);
    capas_value *entry = network ? capas_model_config(network) : NULL;
    capas_model_free(network);
    return entry;
}

capas_status capas_recipe_network_sample(const capas_recipe *recipe, const capas_value *item,
                                         capas_shape *sample)
{
    capas_shape shape;
    capas_model *network = open_item(recipe, item);
    capas_status status =
        network ? capas_model_input_shape(network, 0, &shape) : capas_error_status();
    for (int i = 1; status == CAPAS_OK && i < shape.rank; i++)
        sample->dims[i - 1] = shape.dims[i];
    if (status == CAPAS_OK) sample->rank = shape.rank - 1;
    capas_model_free(network);
    return status;
}

/* The weights of a model that is a layer lie together in the outer's, in its own order. */
static capas_status give_weights(const capas_model *network, capas_model *model)
{
    int first = 0;
    while (first < model->weight_count && network->weight_count > 0 &&
           (strcmp(model->weights[first].layer->name, network->weights[0].layer->name) != 0 ||
            strcmp(model->weights[first].weight->name, network->weights[0].weight->name) != 0))
        first++;
    if (first + network->weight_count > model->weight_count)
        return capas_fail(CAPAS_SHAPE_MISMATCH, "model %s does not hold its weights",
                          capas_model_name(model));
    for (int w = 0; w < network->weight_count; w++) {
        float *values = capas_allocate((size_t)network->weights[w].count, sizeof *values);
        if (!values) return CAPAS_NO_MEMORY;
        capas_status status = capas_model_get_weight(network, w, values);
        if (status == CAPAS_OK) status = capas_model_set_weight(model, first + w, values);
        capas_release(values);
        CAPAS_TRY(status);
    }
    return CAPAS_OK;
}

static capas_status begin_network(const capas_recipe *recipe, const capas_value *item,
                                  capas_model *model, capas_preprocessing *bytes)
{
    const capas_value *trainable = capas_value_get(capas_recipe_options(item), "trainable");
    capas_model *network = open_item(recipe, item);
    if (!network) return capas_error_status();
    capas_status status = give_weights(network, model);
    if (status == CAPAS_OK && trainable && !trainable->boolean)
        status = capas_model_set_trainable(model, capas_model_name(network), 0);
    *bytes = network->preprocessing;
    capas_model_free(network);
    return status;
}

capas_status capas_recipe_begin_networks(const capas_recipe *recipe, capas_model *model,
                                         capas_preprocessing *bytes)
{
    *bytes = capas_preprocessing_unknown();
    for (size_t i = 0; recipe->model && i < recipe->model->count; i++)
        if (capas_recipe_is_network(recipe->model->items[i]))
            CAPAS_TRY(begin_network(recipe, recipe->model->items[i], model, bytes));
    return CAPAS_OK;
}
