/* The callbacks of a recipe: names, or maps of one name and its options. */
#include "base/text.h"
#include "recipe/parts.h"
#include "training/callback.h"
#include <stdio.h>
#include <string.h>

enum { FOUND_SIZE = 96, WHERE_SIZE = 600 };

/* What a recipe can name. A new one is one line here. */
static const capas_callback_type *const known[] = {
    &capas_early_stopping_type,   &capas_reduce_lr_on_plateau_type,
    &capas_model_checkpoint_type, &capas_csv_logger_type,
    &capas_logging_tensor_type,   &capas_learning_rate_scheduler_type,
    &capas_terminate_on_nan_type, &capas_backup_and_restore_type,
    &capas_swap_ema_weights_type,
};

const capas_option_table *capas_recipe_callback_table(size_t index)
{
    return index < CAPAS_COUNT(known) ? &known[index]->table : NULL;
}

static capas_status fail_name(const capas_recipe *recipe, const capas_value *item, const char *name)
{
    const char *names[CAPAS_COUNT(known)];
    char list[256] = "";
    int used = 0;
    for (size_t i = 0; i < CAPAS_COUNT(known); i++) {
        const char *before = i == 0 ? "" : i + 1 == CAPAS_COUNT(known) ? " and " : ", ";
        names[i] = known[i]->table.owner;
        used += snprintf(list + used, sizeof list - (size_t)used, "%s%s", before, names[i]);
    }
    const char *nearest = capas_nearest_name(name, names, CAPAS_COUNT(names));
    if (nearest)
        return capas_recipe_fail(recipe, item, CAPAS_UNKNOWN_NAME,
                                 "no callback \"%s\"; did you mean \"%s\"?", name, nearest);
    return capas_recipe_fail(recipe, item, CAPAS_UNKNOWN_NAME, "no callback \"%s\"; there are %s",
                             name, list);
}

static capas_status add(capas_recipe *recipe, const capas_value *item)
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
    for (size_t i = 0; i < CAPAS_COUNT(known); i++) {
        if (strcmp(name, known[i]->table.owner) != 0) continue;
        capas_cut_text(where, sizeof where,
                       snprintf(where, sizeof where, "%s: %s", recipe->path, name));
        capas_callback *callback =
            capas_callback_read(known[i], is_map ? item->items[0] : NULL, where);
        if (!callback) return capas_error_status();
        recipe->callbacks[recipe->callback_count++] = callback;
        recipe->decides |= ((const capas_own_callback *)callback->context)->decides;
        return CAPAS_OK;
    }
    return fail_name(recipe, item, name);
}

capas_status capas_recipe_read_callbacks(capas_recipe *recipe, const capas_value *list)
{
    char found[FOUND_SIZE];
    if (!list || list->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    if (list->kind != CAPAS_VALUE_LIST)
        return capas_recipe_fail(recipe, list, CAPAS_INVALID_ARGUMENT,
                                 "fit: callbacks must be a list, as [EarlyStopping], found %s",
                                 capas_value_describe(list, found, sizeof found));
    for (size_t i = 0; i < list->count; i++)
        CAPAS_TRY(add(recipe, list->items[i]));
    return CAPAS_OK;
}

void capas_recipe_free_callbacks(capas_recipe *recipe)
{
    for (int i = 0; i < recipe->callback_count; i++)
        capas_callback_free(recipe->callbacks[i]);
    recipe->callback_count = 0;
}
