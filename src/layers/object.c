/* Reading and writing Keras's {"class_name", "config"} objects; see object.h. */
#include "layers/object.h"
#include <string.h>

bool capas_object_read(const capas_value *value, capas_object *object)
{
    *object = (capas_object){0};
    if (value->kind == CAPAS_VALUE_STRING) {
        object->name = value->string;
        return true;
    }
    if (value->kind != CAPAS_VALUE_MAP) return false;
    const capas_value *name = capas_value_get(value, "class_name");
    const capas_value *inner = capas_value_get(value, "config");
    if (name) {
        if (name->kind != CAPAS_VALUE_STRING) return false;
        object->name = name->string;
    } else {
        if (value->count != 1) return false;
        object->name = value->keys[0];
        inner = value->items[0];
    }
    if (!inner || inner->kind == CAPAS_VALUE_NULL) return true;
    if (inner->kind == CAPAS_VALUE_MAP)
        object->settings = inner;
    else if (name)
        return false;
    else
        object->value = inner;
    return true;
}

capas_value *capas_object_write(const char *module, const char *class_name, capas_value *config)
{
    capas_value *map = capas_value_map();
    /* Each takes its value over also when it fails: all are called. */
    bool written = capas_value_set(map, "module", capas_value_string(module)) == CAPAS_OK;
    written &= capas_value_set(map, "class_name", capas_value_string(class_name)) == CAPAS_OK;
    written &= capas_value_set(map, "config", config) == CAPAS_OK;
    written &= capas_value_set(map, "registered_name", capas_value_null()) == CAPAS_OK;
    if (written) return map;
    capas_value_free(map);
    return NULL;
}

capas_value *capas_object_write_registered(const char *registered_name, const char *class_name,
                                           capas_value *config)
{
    capas_value *map = capas_object_write("", class_name, config);
    if (capas_value_set(map, "module", capas_value_null()) == CAPAS_OK &&
        capas_value_set(map, "registered_name", capas_value_string(registered_name)) == CAPAS_OK)
        return map;
    capas_value_free(map);
    return NULL;
}

static const char function[] = "function";

capas_value *capas_object_write_function(const char *name)
{
    capas_value *map = capas_object_write("builtins", function, capas_value_string(name));
    if (capas_value_set(map, "registered_name", capas_value_string(function)) == CAPAS_OK)
        return map;
    capas_value_free(map);
    return NULL;
}

const char *capas_object_function(const capas_value *value)
{
    const char *class_name = capas_value_get_text(value, "class_name");
    return class_name && strcmp(class_name, function) == 0 ? capas_value_get_text(value, "config")
                                                           : NULL;
}

const char *capas_object_registered(const capas_value *value)
{
    const char *name = capas_value_get_text(value, "registered_name"),
               *module = capas_value_get_text(value, "module");
    bool keras = module && strncmp(module, "keras", 5) == 0;
    return name && strcmp(name, function) != 0 && !keras ? name : NULL;
}

capas_value *capas_policy_write(void)
{
    capas_value *config = capas_value_map();
    if (capas_value_set(config, "name", capas_value_string("float32")) == CAPAS_OK)
        return capas_object_write("keras", "DTypePolicy", config);
    capas_value_free(config);
    return NULL;
}

static char plain_letter(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

bool capas_same_name(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '_')
            a++;
        while (*b == '_')
            b++;
        if (plain_letter(*a) != plain_letter(*b)) return false;
        if (!*a) return true;
    }
}
