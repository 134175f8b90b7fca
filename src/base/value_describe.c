/* A value in a few words, for messages: what was found where something else was expected. This is
 * not JSON: long texts are cut, and what is below a container is only counted. */
#include "base/text.h"
#include "base/value.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_STRING = 60, LONGEST_LIST = 60 };

/* The shortest digits that give the same number again. */
static void describe_real(double real, char *text, size_t size)
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, real);
        if (strtod(text, NULL) == real) return;
    }
}

static void describe_string(const char *string, char *text, size_t size)
{
    char shown[LONGEST_STRING];
    capas_cut_text(shown, sizeof shown, snprintf(shown, sizeof shown, "%s", string));
    for (char *c = shown; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F) *c = '?'; /* a message is one line */
    capas_cut_text(text, size, snprintf(text, size, "\"%s\"", shown));
}

/* "[3, 2, 1]" when the items are plain and few; false when they are not. */
static bool describe_plain_list(const capas_value *list, char *text, size_t size)
{
    size_t length = (size_t)snprintf(text, size, "[");
    for (size_t i = 0; i < list->count; i++) {
        char item[LONGEST_STRING + 8];
        if (list->items[i]->kind >= CAPAS_VALUE_LIST) return false;
        capas_value_describe(list->items[i], item, sizeof item);
        if (length + strlen(item) + 4 > size) return false;
        length += (size_t)snprintf(text + length, size - length, "%s%s", i > 0 ? ", " : "", item);
    }
    snprintf(text + length, size - length, "]");
    return true;
}

static void describe_list(const capas_value *list, char *text, size_t size)
{
    char items[LONGEST_LIST];
    if (list->count == 0)
        snprintf(text, size, "an empty list");
    else if (describe_plain_list(list, items, sizeof items))
        capas_cut_text(text, size, snprintf(text, size, "%s", items));
    else
        capas_cut_text(
            text, size,
            snprintf(text, size, "a list of %zu item%s", list->count, list->count == 1 ? "" : "s"));
}

const char *capas_value_describe(const capas_value *value, char *text, size_t size)
{
    if (!value) {
        snprintf(text, size, "nothing");
        return text;
    }
    switch (value->kind) {
    case CAPAS_VALUE_NULL:
        snprintf(text, size, "null");
        break;
    case CAPAS_VALUE_BOOL:
        snprintf(text, size, "%s", value->boolean ? "true" : "false");
        break;
    case CAPAS_VALUE_INTEGER:
        snprintf(text, size, "%" PRId64, value->integer);
        break;
    case CAPAS_VALUE_REAL:
        describe_real(value->real, text, size);
        break;
    case CAPAS_VALUE_STRING:
        describe_string(value->string, text, size);
        break;
    case CAPAS_VALUE_LIST:
        describe_list(value, text, size);
        break;
    case CAPAS_VALUE_MAP:
        snprintf(text, size, "a map");
        break;
    }
    return text;
}
