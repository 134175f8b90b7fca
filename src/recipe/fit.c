/* The fit part of a recipe: numbers by the table of capas_fit, `class_weight`, and `validation:
 * test`. */
#include "base/memory.h"
#include "base/option.h"
#include "base/text.h"
#include "recipe/parts.h"
#include "training/trainer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOUND_SIZE = 96, WHERE_SIZE = 600, MOST_NAMES = 32, MOST_CLASSES = 100000 };

static void place_text(const capas_recipe *recipe, const char *name, char *text, size_t size)
{
    capas_cut_text(text, size, snprintf(text, size, "%s: %s", recipe->path, name));
}

static capas_status check_keys(const capas_recipe *recipe, const capas_value *fit)
{
    const char *names[MOST_NAMES] = {"validation", "callbacks", "class_weight"};
    size_t count = 3;
    for (size_t i = 0; i < capas_fit_table.count && count < MOST_NAMES; i++)
        names[count++] = capas_fit_table.options[i].name;
    return capas_recipe_check_keys(recipe, fit, "fit", names, count);
}

/* The numbers: the map without what is not in the table. */
static capas_status read_numbers(capas_recipe *recipe, const capas_value *fit)
{
    char where[WHERE_SIZE];
    capas_value *numbers = fit ? capas_value_clone(fit) : capas_value_map();
    if (!numbers) return CAPAS_NO_MEMORY;
    capas_value_free(capas_value_take(numbers, "validation"));
    capas_value_free(capas_value_take(numbers, "callbacks"));
    capas_value_free(capas_value_take(numbers, "class_weight"));
    const capas_value *freq = capas_value_get(numbers, "validation_freq");
    if (freq && freq->kind == CAPAS_VALUE_LIST)
        capas_value_free(capas_value_take(numbers, "validation_freq"));
    place_text(recipe, "fit", where, sizeof where);
    capas_status status = capas_fit_options_read(&recipe->fit, numbers, where);
    capas_value_free(numbers);
    return status;
}

/* Only the test set can be named so far; a part of the training set is validation_split. */
static capas_status read_validation(capas_recipe *recipe, const capas_value *fit)
{
    char found[FOUND_SIZE];
    const capas_value *validation = capas_value_get(fit, "validation");
    if (!validation || validation->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    if (validation->kind != CAPAS_VALUE_STRING || strcmp(validation->string, "test") != 0)
        return capas_recipe_fail(recipe, validation, CAPAS_INVALID_ARGUMENT,
                                 "fit: validation must be test (or left out, with "
                                 "validation_split), found %s",
                                 capas_value_describe(validation, found, sizeof found));
    if (recipe->fit.validation_split > 0)
        return capas_recipe_fail(recipe, validation, CAPAS_INVALID_ARGUMENT,
                                 "fit: validation and validation_split exclude each other");
    recipe->validates_on_test = true;
    return CAPAS_OK;
}

/* [1, 5, 10], as Keras has it: the epochs that end with a validation. */
static capas_status read_validation_epochs(capas_recipe *recipe, const capas_value *list)
{
    char found[FOUND_SIZE];
    if (!list || list->kind != CAPAS_VALUE_LIST) return CAPAS_OK;
    if (list->count == 0)
        return capas_recipe_fail(recipe, list, CAPAS_INVALID_ARGUMENT,
                                 "fit: validation_freq is an empty list; leave it out, or name "
                                 "epochs, the first is 1");
    recipe->validation_epochs = capas_allocate(list->count, sizeof *recipe->validation_epochs);
    if (!recipe->validation_epochs) return CAPAS_NO_MEMORY;
    for (size_t i = 0; i < list->count; i++) {
        const capas_value *epoch = list->items[i];
        if (epoch->kind != CAPAS_VALUE_INTEGER || epoch->integer < 1 || epoch->integer > INT32_MAX)
            return capas_recipe_fail(recipe, epoch, CAPAS_INVALID_ARGUMENT,
                                     "fit: validation_freq as a list has epochs, the first is 1, "
                                     "found %s",
                                     capas_value_describe(epoch, found, sizeof found));
        recipe->validation_epochs[i] = (int)epoch->integer;
    }
    recipe->fit.validation_epochs = recipe->validation_epochs;
    recipe->fit.validation_epoch_count = (int)list->count;
    return CAPAS_OK;
}

/* The number of a class, from a key; -1: it is none. */
static long class_of(const char *key)
{
    char *end;
    long class = strtol(key, &end, 10);
    return *key && !*end && class >= 0 && class < MOST_CLASSES ? class : -1;
}

static bool is_number(const capas_value *value)
{
    return value->kind == CAPAS_VALUE_INTEGER || value->kind == CAPAS_VALUE_REAL;
}

/* {0: 1, 7: 2.5}, as Keras has it: classes that are not said count 1. */
static capas_status read_class_weight(capas_recipe *recipe, const capas_value *map)
{
    char found[FOUND_SIZE];
    if (!map || map->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    if (map->kind != CAPAS_VALUE_MAP || map->count == 0)
        return capas_recipe_fail(recipe, map, CAPAS_INVALID_ARGUMENT,
                                 "fit: class_weight must be a map from classes to numbers, as {0: "
                                 "1, 7: 2.5}, found %s",
                                 capas_value_describe(map, found, sizeof found));
    long last = -1;
    for (size_t i = 0; i < map->count; i++) {
        long class = class_of(map->keys[i]);
        if (class < 0 || !is_number(map->items[i]))
            return capas_recipe_fail(
                recipe, map->items[i], CAPAS_INVALID_ARGUMENT,
                "fit: class_weight has for \"%s\" %s; it takes the number of a class, from 0, and "
                "what its samples count for",
                map->keys[i], capas_value_describe(map->items[i], found, sizeof found));
        if (class > last) last = class;
    }
    recipe->class_weights = capas_allocate((size_t)last + 1, sizeof *recipe->class_weights);
    if (!recipe->class_weights) return CAPAS_NO_MEMORY;
    for (long c = 0; c <= last; c++)
        recipe->class_weights[c] = 1;
    for (size_t i = 0; i < map->count; i++)
        recipe->class_weights[class_of(map->keys[i])] = map->items[i]->real;
    recipe->fit.class_weight = recipe->class_weights;
    recipe->fit.class_weight_count = (int)last + 1;
    return CAPAS_OK;
}

capas_status capas_recipe_read_fit(capas_recipe *recipe, const capas_value *fit)
{
    CAPAS_TRY(check_keys(recipe, fit));
    if (fit && fit->kind == CAPAS_VALUE_NULL) fit = NULL;
    CAPAS_TRY(read_numbers(recipe, fit));
    CAPAS_TRY(read_validation(recipe, fit));
    CAPAS_TRY(read_validation_epochs(recipe, capas_value_get(fit, "validation_freq")));
    CAPAS_TRY(read_class_weight(recipe, capas_value_get(fit, "class_weight")));
    return capas_recipe_read_callbacks(recipe, capas_value_get(fit, "callbacks"));
}

capas_status capas_recipe_fit_options(const capas_recipe *recipe, const capas_recipe_data *data,
                                      capas_fit_options *options)
{
    if (!recipe || !data || !options)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "fit options need a recipe and its data");
    *options = recipe->fit;
    options->struct_size = sizeof *options;
    options->validation_data = data->validation;
    options->callbacks = (const capas_callback *const *)recipe->callbacks;
    options->callback_count = recipe->callback_count;
    if (recipe->validates_on_test && data->validation)
        capas_warn("%s: the test set is also the validation set%s; keep a part of the training "
                   "data for it, as with validation_split: 0.1",
                   recipe->path,
                   recipe->decides
                       ? ", and callbacks choose by it: the test result will look better than it is"
                       : "");
    return CAPAS_OK;
}
