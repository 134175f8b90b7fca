/* Settings that change a recipe: "fit.epochs=1", "compile.optimizer={SGD: {learning_rate: 0.1}}",
 * "model.0.Conv2D.filters=16". The value is read as YAML; maps that are missing on the way are
 * made, items of lists are counted from 0. */
#include "base/memory.h"
#include "base/text.h"
#include "recipe/parts.h"
#include "recipe/yaml.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOUND_SIZE = 96, WHERE_SIZE = 200 };

/* Lines of the setting are no lines of the recipe. */
static void forget_lines(capas_value *value)
{
    value->line = value->column = 0;
    for (size_t i = 0; i < value->count; i++)
        forget_lines(value->items[i]);
}

static capas_status fail_setting(const char *setting, const capas_value *at, const char *key)
{
    char found[FOUND_SIZE];
    capas_value_describe(at, found, sizeof found);
    if (at->kind == CAPAS_VALUE_LIST)
        return capas_fail(CAPAS_UNKNOWN_NAME,
                          "setting %s: \"%s\" is no item of a list of %zu; they are counted from 0",
                          setting, key, at->count);
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "setting %s: what \"%s\" is to be set in is %s and no map; set it whole",
                      setting, key, found);
}

/* The item of a list under "0", "1", ...; NULL when there is none. */
static capas_value **item_of(const capas_value *list, const char *key)
{
    char *end;
    unsigned long number = strtoul(key, &end, 10);
    bool is_number = *key >= '0' && *key <= '9' && *end == '\0';
    return is_number && number < list->count ? &list->items[number] : NULL;
}

/* The container under a key, made when it is missing. */
static capas_status step_into(capas_value **at, const char *key, const char *setting)
{
    if ((*at)->kind == CAPAS_VALUE_LIST) {
        capas_value **item = item_of(*at, key);
        if (!item) return fail_setting(setting, *at, key);
        *at = *item;
        return CAPAS_OK;
    }
    if ((*at)->kind != CAPAS_VALUE_MAP) return fail_setting(setting, *at, key);
    capas_value *next = capas_value_get(*at, key);
    if (!next || next->kind == CAPAS_VALUE_NULL) {
        CAPAS_TRY(capas_value_set(*at, key, capas_value_map()));
        next = capas_value_get(*at, key);
    }
    *at = next;
    return CAPAS_OK;
}

/* Takes `value` over. */
static capas_status put(capas_value *at, const char *key, capas_value *value, const char *setting)
{
    if (at->kind == CAPAS_VALUE_MAP) return capas_value_set(at, key, value);
    capas_value **item = at->kind == CAPAS_VALUE_LIST ? item_of(at, key) : NULL;
    if (!item) {
        capas_value_free(value);
        return fail_setting(setting, at, key);
    }
    capas_value_free(*item);
    *item = value;
    return CAPAS_OK;
}

/* Takes `value` over; `keys` is cut at its points. */
static capas_status set_path(capas_value *at, char *keys, capas_value *value, const char *setting)
{
    char *key = keys;
    for (char *point; (point = strchr(key, '.')); key = point + 1) {
        *point = '\0';
        capas_status status = step_into(&at, key, setting);
        if (status == CAPAS_OK) continue;
        capas_value_free(value);
        return status;
    }
    return put(at, key, value, setting);
}

static capas_value *read_setting(const char *text, const char *setting)
{
    char where[WHERE_SIZE];
    capas_cut_text(where, sizeof where, snprintf(where, sizeof where, "setting %s", setting));
    capas_value *value = capas_yaml_read(text, strlen(text), where);
    if (value) forget_lines(value);
    return value;
}

capas_status capas_recipe_set(capas_recipe *recipe, const char *setting)
{
    const char *equals = setting ? strchr(setting, '=') : NULL;
    if (!equals || equals == setting)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "a setting must be KEY=VALUE, as fit.epochs=1; found \"%s\"",
                          setting ? setting : "");
    char *keys = capas_copy_string(setting);
    if (!keys) return CAPAS_NO_MEMORY;
    keys[equals - setting] = '\0';
    capas_value *value = read_setting(equals + 1, setting);
    capas_status status =
        value ? set_path(recipe->tree, keys, value, setting) : capas_error_status();
    capas_release(keys);
    return status;
}
