/* capas_value: making, changing, comparing and freeing the tree. Reading text into it and writing
 * it out belong to whoever knows the format (files, recipe).
 *
 * Trees are walked by recursion: readers limit the depth of what they read. */
#include "base/value.h"
#include "base/memory.h"
#include <string.h>

static capas_value *make(capas_value_kind kind)
{
    capas_value *value = capas_allocate_zeroed(1, sizeof *value);
    if (value) value->kind = kind;
    return value;
}

capas_value *capas_value_null(void)
{
    return make(CAPAS_VALUE_NULL);
}

capas_value *capas_value_bool(bool boolean)
{
    capas_value *value = make(CAPAS_VALUE_BOOL);
    if (value) value->boolean = boolean;
    return value;
}

capas_value *capas_value_integer(int64_t integer)
{
    capas_value *value = make(CAPAS_VALUE_INTEGER);
    if (!value) return NULL;
    value->integer = integer;
    value->real = (double)integer;
    return value;
}

capas_value *capas_value_real(double real)
{
    capas_value *value = make(CAPAS_VALUE_REAL);
    if (value) value->real = real;
    return value;
}

/* A missing item or container comes from a failure before, whose sentence tells more. */
static capas_status fail_missing(const char *what)
{
    if (capas_error_status() != CAPAS_OK) return capas_error_status();
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s is missing", what);
}

capas_value *capas_value_string(const char *text)
{
    if (!text) {
        fail_missing("the text of a string");
        return NULL;
    }
    capas_value *value = make(CAPAS_VALUE_STRING);
    if (!value) return NULL;
    value->string = capas_copy_string(text);
    if (value->string) return value;
    capas_value_free(value);
    return NULL;
}

capas_value *capas_value_list(void)
{
    return make(CAPAS_VALUE_LIST);
}

capas_value *capas_value_map(void)
{
    return make(CAPAS_VALUE_MAP);
}

static capas_status clone_items(const capas_value *value, capas_value *copy)
{
    for (size_t i = 0; i < value->count; i++) {
        capas_value *item = capas_value_clone(value->items[i]);
        if (value->kind == CAPAS_VALUE_MAP)
            CAPAS_TRY(capas_value_set(copy, value->keys[i], item));
        else
            CAPAS_TRY(capas_value_append(copy, item));
    }
    return CAPAS_OK;
}

capas_value *capas_value_clone(const capas_value *value)
{
    if (!value) {
        fail_missing("the value to copy");
        return NULL;
    }
    capas_value *copy = make(value->kind);
    if (!copy) return NULL;
    copy->line = value->line;
    copy->column = value->column;
    copy->boolean = value->boolean;
    copy->integer = value->integer;
    copy->real = value->real;
    copy->string = capas_copy_string(value->string);
    bool whole = copy->string || !value->string;
    if (whole && clone_items(value, copy) == CAPAS_OK) return copy;
    capas_value_free(copy);
    return NULL;
}

void capas_value_free(capas_value *value)
{
    if (!value) return;
    for (size_t i = 0; i < value->count; i++) {
        capas_value_free(value->items[i]);
        if (value->keys) capas_release(value->keys[i]);
    }
    capas_release(value->items);
    capas_release(value->keys);
    capas_release(value->string);
    capas_release(value);
}

/* Room for one more item, and for its key in a map; one capacity serves both arrays, so it moves on
 * only when both have grown. */
static capas_status make_room(capas_value *container)
{
    size_t capacity = container->capacity;
    if (container->kind == CAPAS_VALUE_MAP) {
        size_t key_capacity = capacity;
        CAPAS_TRY(capas_grow((void **)&container->keys, container->count, &key_capacity,
                             sizeof container->keys[0]));
    }
    CAPAS_TRY(capas_grow((void **)&container->items, container->count, &capacity,
                         sizeof container->items[0]));
    container->capacity = capacity;
    return CAPAS_OK;
}

capas_status capas_value_append(capas_value *list, capas_value *item)
{
    capas_status status = CAPAS_OK;
    if (!list || !item)
        status = fail_missing(list ? "the item for a list" : "the list for an item");
    else if (list->kind != CAPAS_VALUE_LIST)
        status = capas_fail(CAPAS_INVALID_ARGUMENT, "an item can only be appended to a list");
    else
        status = make_room(list);
    if (status != CAPAS_OK) {
        capas_value_free(item);
        return status;
    }
    list->items[list->count++] = item;
    return CAPAS_OK;
}

/* The place of a key; `count` when it is not there. */
static size_t find(const capas_value *map, const char *key)
{
    size_t i = 0;
    while (i < map->count && strcmp(map->keys[i], key) != 0)
        i++;
    return i;
}

static capas_status add_key(capas_value *map, const char *key, capas_value *item)
{
    CAPAS_TRY(make_room(map));
    char *copy = capas_copy_string(key);
    if (!copy) return CAPAS_NO_MEMORY;
    map->keys[map->count] = copy;
    map->items[map->count++] = item;
    return CAPAS_OK;
}

capas_status capas_value_set(capas_value *map, const char *key, capas_value *item)
{
    capas_status status = CAPAS_OK;
    if (!map || !key || !item)
        status = fail_missing(item ? "the map or key for a value" : "the value for a map");
    else if (map->kind != CAPAS_VALUE_MAP)
        status = capas_fail(CAPAS_INVALID_ARGUMENT, "the key \"%s\" can only be set in a map", key);
    if (status == CAPAS_OK) {
        size_t place = find(map, key);
        if (place < map->count) {
            capas_value_free(map->items[place]);
            map->items[place] = item;
            return CAPAS_OK;
        }
        status = add_key(map, key, item);
    }
    if (status != CAPAS_OK) capas_value_free(item);
    return status;
}

capas_value *capas_value_get(const capas_value *map, const char *key)
{
    if (!map || map->kind != CAPAS_VALUE_MAP) return NULL;
    size_t place = find(map, key);
    return place < map->count ? map->items[place] : NULL;
}

const char *capas_value_get_text(const capas_value *map, const char *key)
{
    const capas_value *value = capas_value_get(map, key);
    return value && value->kind == CAPAS_VALUE_STRING ? value->string : NULL;
}

capas_value *capas_value_take(capas_value *map, const char *key)
{
    if (!map || map->kind != CAPAS_VALUE_MAP) return NULL;
    size_t place = find(map, key);
    if (place == map->count) return NULL;
    capas_value *item = map->items[place];
    capas_release(map->keys[place]);
    size_t after = map->count - place - 1;
    memmove(map->items + place, map->items + place + 1, after * sizeof map->items[0]);
    memmove(map->keys + place, map->keys + place + 1, after * sizeof map->keys[0]);
    map->count--;
    return item;
}

static bool equal_lists(const capas_value *a, const capas_value *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (!capas_value_equal(a->items[i], b->items[i])) return false;
    return true;
}

static bool equal_maps(const capas_value *a, const capas_value *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (!capas_value_equal(a->items[i], capas_value_get(b, a->keys[i]))) return false;
    return true;
}

bool capas_value_equal(const capas_value *a, const capas_value *b)
{
    if (a == b) return true;
    if (!a || !b || a->kind != b->kind || a->count != b->count) return false;
    switch (a->kind) {
    case CAPAS_VALUE_NULL:
        return true;
    case CAPAS_VALUE_BOOL:
        return a->boolean == b->boolean;
    case CAPAS_VALUE_INTEGER:
        return a->integer == b->integer;
    case CAPAS_VALUE_REAL: /* NaN equals NaN, so that a copy equals its original */
        return a->real == b->real || (a->real != a->real && b->real != b->real);
    case CAPAS_VALUE_STRING:
        return strcmp(a->string, b->string) == 0;
    case CAPAS_VALUE_LIST:
        return equal_lists(a, b);
    case CAPAS_VALUE_MAP:
        return equal_maps(a, b);
    }
    return false;
}
