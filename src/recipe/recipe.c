/* Loading a recipe: found, read, changed by settings, and every part checked. The parts are
 * model.c's, data.c's and fit.c's. */
#include "base/file.h"
#include "base/memory.h"
#include "base/option.h"
#include "base/text.h"
#include "recipe/parts.h"
#include "recipe/yaml.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LARGEST_FILE = 1 << 20, TEXT_SIZE = 600, FOUND_SIZE = 96 };

capas_status capas_recipe_fail(const capas_recipe *recipe, const capas_value *at,
                               capas_status status, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    capas_cut_text(text, sizeof text, length);
    if (!at || at->line < 1) return capas_fail(status, "%s: %s", recipe->path, text);
    return capas_fail(status, "%s, line %d: %s", recipe->path, at->line, text);
}

static capas_status fail_key(const capas_recipe *recipe, const capas_value *at, const char *what,
                             const char *key, const char *const *names, size_t count)
{
    const char *nearest = capas_nearest_name(key, names, count);
    char list[TEXT_SIZE / 2] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof list; i++)
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
    capas_cut_text(list, sizeof list, (int)used);
    if (nearest)
        return capas_recipe_fail(recipe, at, CAPAS_UNKNOWN_NAME,
                                 "%s has no \"%s\"; did you mean \"%s\"?", what, key, nearest);
    return capas_recipe_fail(recipe, at, CAPAS_UNKNOWN_NAME, "%s has no \"%s\"; there are %s", what,
                             key, list);
}

static bool is_known(const char *key, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(key, names[i]) == 0) return true;
    return false;
}

capas_status capas_recipe_check_keys(const capas_recipe *recipe, const capas_value *map,
                                     const char *what, const char *const *names, size_t count)
{
    char found[FOUND_SIZE];
    if (!map || map->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    if (map->kind != CAPAS_VALUE_MAP)
        return capas_recipe_fail(recipe, map, CAPAS_INVALID_ARGUMENT,
                                 "%s must be a map of names and values, found %s", what,
                                 capas_value_describe(map, found, sizeof found));
    for (size_t i = 0; i < map->count; i++)
        if (!is_known(map->keys[i], names, count))
            return fail_key(recipe, map->items[i], what, map->keys[i], names, count);
    return CAPAS_OK;
}

static capas_status read_name(capas_recipe *recipe, const capas_value *name)
{
    const char *slash = strrchr(recipe->path, '/');
    const char *text = slash ? slash + 1 : recipe->path;
    char found[FOUND_SIZE];
    if (name && name->kind == CAPAS_VALUE_STRING) text = name->string;
    bool is_right =
        !name || (name->kind == CAPAS_VALUE_STRING && *text && *text != '.' && !strchr(text, '/'));
    if (!is_right)
        return capas_recipe_fail(recipe, name, CAPAS_INVALID_ARGUMENT,
                                 "name must be a word that a folder can have, found %s",
                                 capas_value_describe(name, found, sizeof found));
    recipe->name = capas_copy_string(text);
    if (!recipe->name) return CAPAS_NO_MEMORY;
    char *point = name ? NULL : strrchr(recipe->name, '.'); /* of a file's ending */
    if (point && point > recipe->name) *point = '\0';
    return CAPAS_OK;
}

/* One number of `expect`; NaN when it is left out. */
static capas_status read_share(const capas_recipe *recipe, const capas_value *value,
                               const char *name, double *share)
{
    char found[FOUND_SIZE];
    *share = NAN;
    if (!value) return CAPAS_OK;
    bool is_number = value->kind == CAPAS_VALUE_REAL || value->kind == CAPAS_VALUE_INTEGER;
    if (!is_number || !(value->real >= 0 && value->real <= 1))
        return capas_recipe_fail(recipe, value, CAPAS_INVALID_ARGUMENT,
                                 "expect: %s must be a number from 0 to 1, found %s", name,
                                 capas_value_describe(value, found, sizeof found));
    *share = value->real;
    return CAPAS_OK;
}

/* One number, or a list of several runs'. */
static capas_status read_keras_runs(capas_recipe *recipe, const capas_value *runs)
{
    double share;
    bool many = runs && runs->kind == CAPAS_VALUE_LIST;
    CAPAS_TRY(read_share(recipe, many ? NULL : runs, "keras", &share));
    recipe->keras_lowest = recipe->keras_highest = share;
    for (size_t i = 0; many && i < runs->count; i++) {
        CAPAS_TRY(read_share(recipe, runs->items[i], "keras", &share));
        recipe->keras_lowest = fmin(recipe->keras_lowest, share);
        recipe->keras_highest = fmax(recipe->keras_highest, share);
    }
    return CAPAS_OK;
}

static capas_status read_expect(capas_recipe *recipe, const capas_value *expect)
{
    static const char *const names[] = {"test_accuracy", "published", "keras"};
    CAPAS_TRY(capas_recipe_check_keys(recipe, expect, "expect", names, CAPAS_COUNT(names)));
    CAPAS_TRY(read_share(recipe, capas_value_get(expect, names[0]), names[0],
                         &recipe->expected_accuracy));
    CAPAS_TRY(read_share(recipe, capas_value_get(expect, names[1]), names[1],
                         &recipe->published_accuracy));
    return read_keras_runs(recipe, capas_value_get(expect, names[2]));
}

/* What only a built model can check is checked then; that it is a map, and that there is one,
 * here. */
static capas_status read_compile(const capas_recipe *recipe, const capas_value *compile)
{
    char found[FOUND_SIZE];
    bool in_keras = recipe->keras && capas_value_get(recipe->keras, "compile_config");
    if (!compile && in_keras) return CAPAS_OK;
    if (!compile)
        return capas_recipe_fail(recipe, NULL, CAPAS_INVALID_ARGUMENT,
                                 "compile is missing: a map with optimizer, loss and metrics");
    if (compile->kind == CAPAS_VALUE_MAP) return CAPAS_OK;
    return capas_recipe_fail(recipe, compile, CAPAS_INVALID_ARGUMENT,
                             "compile must be a map with optimizer, loss and metrics, found %s",
                             capas_value_describe(compile, found, sizeof found));
}

static capas_status read_parts(capas_recipe *recipe)
{
    static const char *const names[] = {"name", "data", "model", "compile", "fit", "expect"};
    const capas_value *tree = recipe->tree;
    if (tree->kind != CAPAS_VALUE_MAP)
        return capas_recipe_fail(recipe, tree, CAPAS_INVALID_ARGUMENT,
                                 "a recipe must be a map with data, model, compile and fit");
    CAPAS_TRY(capas_recipe_check_keys(recipe, tree, "a recipe", names, CAPAS_COUNT(names)));
    CAPAS_TRY(read_name(recipe, capas_value_get(tree, "name")));
    CAPAS_TRY(capas_recipe_read_data(recipe, capas_value_get(tree, "data")));
    CAPAS_TRY(capas_recipe_read_model(recipe, capas_value_get(tree, "model")));
    CAPAS_TRY(read_compile(recipe, capas_value_get(tree, "compile")));
    CAPAS_TRY(capas_recipe_read_fit(recipe, capas_value_get(tree, "fit")));
    return read_expect(recipe, capas_value_get(tree, "expect"));
}

static capas_status read_file(capas_recipe *recipe)
{
    char *text;
    size_t size;
    CAPAS_TRY(capas_read_file(recipe->path, LARGEST_FILE, &text, &size));
    if (memchr(text, '\0', size))
        capas_fail(CAPAS_BAD_FILE, "%s is no text, and so no recipe", recipe->path);
    else
        recipe->tree = capas_yaml_read(text, size, recipe->path);
    capas_release(text);
    return recipe->tree ? CAPAS_OK : capas_error_status();
}

static capas_status load(capas_recipe *recipe, const char *name, const char *const *settings,
                         int setting_count)
{
    recipe->path = capas_recipe_find(name);
    if (!recipe->path) return capas_error_status();
    CAPAS_TRY(read_file(recipe));
    for (int i = 0; i < setting_count; i++)
        CAPAS_TRY(capas_recipe_set(recipe, settings[i]));
    return read_parts(recipe);
}

capas_recipe *capas_recipe_load(const char *name_or_path, const char *const *settings,
                                int setting_count)
{
    if (!name_or_path || !*name_or_path || (setting_count > 0 && !settings)) {
        capas_fail(CAPAS_INVALID_ARGUMENT, "the name or path of a recipe is missing");
        return NULL;
    }
    capas_recipe *recipe = capas_allocate_zeroed(1, sizeof *recipe);
    if (!recipe) return NULL;
    if (load(recipe, name_or_path, settings, setting_count) == CAPAS_OK) return recipe;
    capas_recipe_free(recipe);
    return NULL;
}

void capas_recipe_free(capas_recipe *recipe)
{
    if (!recipe) return;
    capas_recipe_free_callbacks(recipe);
    capas_recipe_keep_classes(recipe, NULL, 0);
    capas_release(recipe->class_weights);
    capas_release(recipe->validation_epochs);
    capas_value_free(recipe->keras);
    capas_value_free(recipe->tree);
    capas_release(recipe->name);
    capas_release(recipe->path);
    capas_release(recipe);
}

const char *capas_recipe_name(const capas_recipe *recipe)
{
    return recipe ? recipe->name : "";
}

double capas_recipe_expected_accuracy(const capas_recipe *recipe)
{
    return recipe ? recipe->expected_accuracy : NAN;
}

double capas_recipe_published_accuracy(const capas_recipe *recipe)
{
    return recipe ? recipe->published_accuracy : NAN;
}

void capas_recipe_keras_accuracy(const capas_recipe *recipe, double *lowest, double *highest)
{
    *lowest = recipe ? recipe->keras_lowest : NAN;
    *highest = recipe ? recipe->keras_highest : NAN;
}

int capas_recipe_validates_on_test(const capas_recipe *recipe)
{
    return recipe && recipe->validates_on_test;
}
