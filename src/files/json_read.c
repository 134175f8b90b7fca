/* JSON text into capas_value, through jansson. Its tree is copied: capas_value is what all of capas
 * reads. jansson knows no lines once it is done, so that values have none. */
#include "base/status.h"
#include "files/json.h"

#if CAPAS_WITH_JANSSON
#include <jansson.h>
#include <string.h>

static capas_value *convert(const json_t *json, int depth);

static capas_value *convert_list(const json_t *json, int depth)
{
    capas_value *list = capas_value_list();
    for (size_t i = 0; list && i < json_array_size(json); i++) {
        capas_value *item = convert(json_array_get(json, i), depth + 1);
        if (capas_value_append(list, item) == CAPAS_OK) continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

/* jansson keeps the order of keys; its iterator is not const, though it changes nothing. */
static capas_value *convert_map(const json_t *json, int depth)
{
    capas_value *map = capas_value_map();
    json_t *object = (json_t *)json;
    for (void *at = json_object_iter(object); map && at; at = json_object_iter_next(object, at)) {
        capas_value *item = convert(json_object_iter_value(at), depth + 1);
        if (capas_value_set(map, json_object_iter_key(at), item) == CAPAS_OK) continue;
        capas_value_free(map);
        return NULL;
    }
    return map;
}

static capas_value *convert(const json_t *json, int depth)
{
    if (depth > CAPAS_JSON_DEPTH) {
        capas_fail(CAPAS_BAD_FILE, "lists and maps are nested deeper than %d", CAPAS_JSON_DEPTH);
        return NULL;
    }
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return convert_map(json, depth);
    case JSON_ARRAY:
        return convert_list(json, depth);
    case JSON_STRING:
        return capas_value_string(json_string_value(json));
    case JSON_INTEGER:
        return capas_value_integer(json_integer_value(json));
    case JSON_REAL:
        return capas_value_real(json_real_value(json));
    case JSON_TRUE:
    case JSON_FALSE:
        return capas_value_bool(json_is_true(json));
    case JSON_NULL:
        break;
    }
    return capas_value_null();
}

static void fail_syntax(const char *where, const json_error_t *error)
{
    char text[sizeof error->text];
    memcpy(text, error->text, sizeof text);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ') *c = '?';
    capas_fail(CAPAS_BAD_FILE, "%s, line %d, column %d: this is not JSON: %s", where, error->line,
               error->column, text);
}

capas_value *capas_json_read(const char *text, size_t size, const char *where)
{
    json_error_t error;
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!json) {
        fail_syntax(where, &error);
        return NULL;
    }
    capas_value *value = convert(json, 0);
    if (!value) capas_fail_in("%s", where);
    json_decref(json);
    return value;
}
#else
capas_value *capas_json_read(const char *text, size_t size, const char *where)
{
    (void)text;
    (void)size;
    capas_fail(CAPAS_UNSUPPORTED,
               "%s cannot be read: capas was built without JSON; build it with "
               "-DCAPAS_WITH_JANSSON=ON (package libjansson-dev)",
               where);
    return NULL;
}
#endif
