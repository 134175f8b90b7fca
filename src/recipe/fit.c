/* The fit part of a recipe: numbers by the table of capas_fit, `validation: test`, and callbacks by
 * name. */
#include "base/memory.h"
#include "base/option.h"
#include "base/text.h"
#include "recipe/parts.h"
#include "training/backup.h"
#include "training/early_stopping.h"
#include "training/trainer.h"
#include <stdio.h>
#include <string.h>

enum { FOUND_SIZE = 96, WHERE_SIZE = 600, MOST_NAMES = 32 };

/* A callback that a recipe can name. A new one is one line here. */
static const struct known_callback {
    const char *name;
    capas_callback *(*read)(const capas_value *options, const char *where);
    void (*free)(capas_callback *callback);
} known_callbacks[] = {
    {"EarlyStopping", capas_early_stopping_read, capas_early_stopping_free},
    {"BackupAndRestore", capas_backup_read_options, capas_backup_and_restore_free},
};

static capas_status fail_callback(const capas_recipe *recipe, const capas_value *item,
                                  const char *name)
{
    const char *names[CAPAS_COUNT(known_callbacks)];
    for (size_t i = 0; i < CAPAS_COUNT(known_callbacks); i++)
        names[i] = known_callbacks[i].name;
    const char *nearest = capas_nearest_name(name, names, CAPAS_COUNT(names));
    return capas_recipe_fail(recipe, item, CAPAS_UNKNOWN_NAME, "no callback \"%s\"; %s \"%s\"%s",
                             name, nearest ? "did you mean" : "there is",
                             nearest ? nearest : names[0], nearest ? "?" : "");
}

static void place_text(const capas_recipe *recipe, const char *name, char *text, size_t size)
{
    capas_cut_text(text, size, snprintf(text, size, "%s: %s", recipe->path, name));
}

static capas_status add_callback(capas_recipe *recipe, const capas_value *item)
{
    char found[FOUND_SIZE], where[WHERE_SIZE];
    bool is_map = item->kind == CAPAS_VALUE_MAP && item->count == 1;
    if (item->kind != CAPAS_VALUE_STRING && !is_map)
        return capas_recipe_fail(recipe, item, CAPAS_INVALID_ARGUMENT,
                                 "a callback must be a name, as EarlyStopping, or a map of one "
                                 "name and its options; found %s",
                                 capas_value_describe(item, found, sizeof found));
    if (recipe->callback_count == CAPAS_RECIPE_CALLBACKS)
        return capas_recipe_fail(recipe, item, CAPAS_INVALID_ARGUMENT,
                                 "at most %d callbacks are possible", CAPAS_RECIPE_CALLBACKS);
    const char *name = is_map ? item->keys[0] : item->string;
    for (size_t i = 0; i < CAPAS_COUNT(known_callbacks); i++) {
        if (strcmp(name, known_callbacks[i].name) != 0) continue;
        place_text(recipe, name, where, sizeof where);
        capas_callback *callback = known_callbacks[i].read(is_map ? item->items[0] : NULL, where);
        if (!callback) return capas_error_status();
        recipe->callback_frees[recipe->callback_count] = known_callbacks[i].free;
        recipe->callbacks[recipe->callback_count++] = callback;
        return CAPAS_OK;
    }
    return fail_callback(recipe, item, name);
}

static capas_status read_callbacks(capas_recipe *recipe, const capas_value *list)
{
    char found[FOUND_SIZE];
    if (!list || list->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    if (list->kind != CAPAS_VALUE_LIST)
        return capas_recipe_fail(recipe, list, CAPAS_INVALID_ARGUMENT,
                                 "fit: callbacks must be a list, as [EarlyStopping], found %s",
                                 capas_value_describe(list, found, sizeof found));
    for (size_t i = 0; i < list->count; i++)
        CAPAS_TRY(add_callback(recipe, list->items[i]));
    return CAPAS_OK;
}

void capas_recipe_free_callbacks(capas_recipe *recipe)
{
    for (int i = 0; i < recipe->callback_count; i++)
        recipe->callback_frees[i](recipe->callbacks[i]);
    recipe->callback_count = 0;
}

static capas_status check_keys(const capas_recipe *recipe, const capas_value *fit)
{
    const char *names[MOST_NAMES] = {"validation", "callbacks"};
    size_t count = 2;
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

capas_status capas_recipe_read_fit(capas_recipe *recipe, const capas_value *fit)
{
    CAPAS_TRY(check_keys(recipe, fit));
    if (fit && fit->kind == CAPAS_VALUE_NULL) fit = NULL;
    CAPAS_TRY(read_numbers(recipe, fit));
    CAPAS_TRY(read_validation(recipe, fit));
    return read_callbacks(recipe, capas_value_get(fit, "callbacks"));
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
                   recipe->callback_count > 0
                       ? ", and callbacks choose by it: the test result will look better than it is"
                       : "");
    return CAPAS_OK;
}
