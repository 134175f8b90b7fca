/* Golden JSON as a capas_value; see values.h. */
#include "support/values.h"
#include "files/json.h"
#include "support/cmocka.h"
#include "support/golden.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

capas_value *golden_value(const char *format, ...)
{
    char path[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    char *text = golden_text("%s", path);
    capas_value *value = capas_json_read(text, strlen(text), path);
    free(text);
    if (!value) fail_msg("%s", capas_error());
    return value;
}

const capas_value *value_find(const capas_value *value, const char *path)
{
    char key[128];
    while (value && *path) {
        size_t length = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        path += length + (path[length] == '.');
        if (value->kind == CAPAS_VALUE_LIST) {
            size_t index = strtoul(key, NULL, 10);
            value = index < value->count ? value->items[index] : NULL;
        } else {
            value = capas_value_get(value, key);
        }
    }
    return value;
}

const capas_value *value_at(const capas_value *value, const char *path)
{
    const capas_value *found = value_find(value, path);
    if (!found) fail_msg("there is no %s", path);
    return found;
}

const char *string_at(const capas_value *value, const char *path)
{
    const capas_value *found = value_at(value, path);
    if (found->kind != CAPAS_VALUE_STRING) fail_msg("%s is no text", path);
    return found->string;
}

double number_at(const capas_value *value, const char *path)
{
    const capas_value *found = value_at(value, path);
    if (found->kind != CAPAS_VALUE_INTEGER && found->kind != CAPAS_VALUE_REAL)
        fail_msg("%s is no number", path);
    return found->real;
}
