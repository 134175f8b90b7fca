/* Lines "name: value"; see lines.h. */
#include "base/lines.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 256, VALUE_SIZE = 96, SHOWN = 60 };

void capas_lines_add_text(capas_builder *lines, const char *name, const char *text)
{
    capas_builder_print(lines, "%s: ", name);
    for (; *text; text++) {
        char letter[2] = {(unsigned char)*text < ' ' ? ' ' : *text, '\0'};
        capas_builder_add(lines, letter);
    }
    capas_builder_add(lines, "\n");
}

void capas_lines_add_integer(capas_builder *lines, const char *name, int64_t integer)
{
    capas_builder_print(lines, "%s: %" PRId64 "\n", name, integer);
}

static void add_items(capas_builder *lines, const char *name, const capas_value *value)
{
    char inner[NAME_SIZE], number[24];
    for (size_t i = 0; i < value->count; i++) {
        snprintf(number, sizeof number, "%zu", i);
        const char *key = value->kind == CAPAS_VALUE_MAP ? value->keys[i] : number;
        capas_cut_text(inner, sizeof inner,
                       snprintf(inner, sizeof inner, "%s%s%s", name, *name ? "." : "", key));
        capas_lines_add(lines, inner, value->items[i]);
    }
}

void capas_lines_add(capas_builder *lines, const char *name, const capas_value *value)
{
    char text[VALUE_SIZE];
    bool has_items = value && value->count > 0 &&
                     (value->kind == CAPAS_VALUE_LIST || value->kind == CAPAS_VALUE_MAP);
    if (has_items)
        add_items(lines, name, value);
    else if (value && value->kind == CAPAS_VALUE_STRING)
        capas_lines_add_text(lines, name, value->string);
    else
        capas_lines_add_text(lines, name, capas_value_describe(value, text, sizeof text));
}

/* A line of a text: its name and value, neither ended by 0. */
typedef struct line {
    const char *name, *value;
    int name_length, value_length;
} line;

/* Takes the next line off; false at the end. */
static bool next_line(const char **text, line *line)
{
    if (**text == '\0') return false;
    size_t length = strcspn(*text, "\n");
    const char *colon = memchr(*text, ':', length);
    size_t name = colon ? (size_t)(colon - *text) : length;
    size_t value = name + 2 < length ? name + 2 : length;
    line->name = *text;
    line->name_length = (int)name;
    line->value = *text + value;
    line->value_length = (int)(length - value);
    *text += length + ((*text)[length] == '\n');
    return true;
}

static bool find_line(const char *text, const line *wanted, line *found)
{
    while (next_line(&text, found))
        if (found->name_length == wanted->name_length &&
            memcmp(found->name, wanted->name, (size_t)wanted->name_length) == 0)
            return true;
    return false;
}

static int shown(int length)
{
    return length < SHOWN ? length : SHOWN;
}

static bool tell_missing(const line *line, const char *where, char *text, size_t size)
{
    int length = snprintf(text, size, "%.*s is %.*s %s", line->name_length, line->name,
                          shown(line->value_length), line->value, where);
    capas_cut_text(text, size, length);
    return true;
}

bool capas_lines_differ(const char *there, const char *here, char *text, size_t size)
{
    line old, new;
    if (strcmp(there, here) == 0) return false;
    for (const char *at = there; next_line(&at, &old);) {
        if (!find_line(here, &old, &new))
            return tell_missing(&old, "there and not said here", text, size);
        if (old.value_length == new.value_length &&
            memcmp(old.value, new.value, (size_t)old.value_length) == 0)
            continue;
        int length =
            snprintf(text, size, "%.*s is %.*s there and %.*s here", old.name_length, old.name,
                     shown(old.value_length), old.value, shown(new.value_length), new.value);
        capas_cut_text(text, size, length);
        return true;
    }
    for (const char *at = here; next_line(&at, &new);)
        if (!find_line(there, &new, &old))
            return tell_missing(&new, "here and not said there", text, size);
    return false;
}
