/* Option tables: going through a table to resolve, check, read and write an option struct. What a
 * field of one type looks like is its kind's matter (option_kinds.c, and folders to the right of
 * base).
 *
 * Sentences are the interface: `layer conv2d: filters must be an integer of at least 1, found
 * "many"`. */
#include "base/option.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

enum { PLACE_SIZE = 32, FOUND_SIZE = 96, MOST_NAMES = 64 };

/* " (line 12)" for a value that was read from a text. */
static const char *place_text(const capas_value *value, char text[PLACE_SIZE])
{
    text[0] = '\0';
    if (value && value->line > 0) snprintf(text, PLACE_SIZE, " (line %d)", value->line);
    return text;
}

/* Makes a whole sentence of what a kind said: "an integer, found ...". Memory that ran out is no
 * fault of the option's. */
static capas_status fail_option(capas_status status, const char *where, const capas_option *option,
                                const capas_value *value)
{
    char place[PLACE_SIZE];
    if (status == CAPAS_NO_MEMORY) return capas_fail_in("%s: %s", where, option->name);
    return capas_fail(status, "%s: %s must be %s%s", where, option->name, capas_error(),
                      place_text(value, place));
}

static void *field_of(const capas_option *option, void *options)
{
    return (char *)options + option->offset;
}

static const void *constant_field_of(const capas_option *option, const void *options)
{
    return (const char *)options + option->offset;
}

static capas_status check_field(const capas_option *option, const void *field)
{
    return option->kind->check ? option->kind->check(option, field) : CAPAS_OK;
}

void capas_options_fill(const capas_option_table *table, void *options)
{
    for (size_t i = 0; i < table->count; i++) {
        const capas_option *option = &table->options[i];
        if (option->kind->resolve) option->kind->resolve(option, field_of(option, options));
    }
}

capas_status capas_options_check(const capas_option_table *table, const void *options,
                                 const char *where)
{
    for (size_t i = 0; i < table->count; i++) {
        const capas_option *option = &table->options[i];
        capas_status status = check_field(option, constant_field_of(option, options));
        if (status != CAPAS_OK) return fail_option(status, where, option, NULL);
    }
    return CAPAS_OK;
}

capas_status capas_options_resolve(const capas_option_table *table, void *options,
                                   const char *where)
{
    capas_options_fill(table, options);
    return capas_options_check(table, options, where);
}

static const capas_option *find_option(const capas_option_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        const capas_option *option = &table->options[i];
        if (strcmp(option->name, name) == 0) return option;
        if (option->former && strcmp(option->former, name) == 0) return option;
    }
    return NULL;
}

static capas_status fail_unknown(const capas_option_table *table, const char *name,
                                 const capas_value *value, const char *where)
{
    const char *names[MOST_NAMES];
    size_t count = table->count < MOST_NAMES ? table->count : MOST_NAMES;
    for (size_t i = 0; i < count; i++)
        names[i] = table->options[i].name;
    const char *nearest = capas_nearest_name(name, names, count);
    char place[PLACE_SIZE];
    place_text(value, place);
    if (!nearest)
        return capas_fail(CAPAS_UNKNOWN_NAME, "%s: no option \"%s\"%s", where, name, place);
    return capas_fail(CAPAS_UNKNOWN_NAME, "%s: no option \"%s\"%s; did you mean \"%s\"?", where,
                      name, place, nearest);
}

capas_status capas_options_read(const capas_option_table *table, void *options,
                                const capas_value *map, const char *where)
{
    if (!map || map->kind == CAPAS_VALUE_NULL) return CAPAS_OK; /* "Flatten:" gives no options */
    if (map->kind != CAPAS_VALUE_MAP) {
        char found[FOUND_SIZE], place[PLACE_SIZE];
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: the options must be a map of names and values, found %s%s", where,
                          capas_value_describe(map, found, sizeof found), place_text(map, place));
    }
    for (size_t i = 0; i < map->count; i++) {
        const capas_value *value = map->items[i];
        const capas_option *option = find_option(table, map->keys[i]);
        if (!option) return fail_unknown(table, map->keys[i], value, where);
        void *field = field_of(option, options);
        capas_status status = option->kind->read(option, value, field);
        if (status == CAPAS_OK) status = check_field(option, field);
        if (status != CAPAS_OK) return fail_option(status, where, option, value);
    }
    return CAPAS_OK;
}

capas_status capas_options_write(const capas_option_table *table, const void *options,
                                 capas_value *map)
{
    for (size_t i = 0; i < table->count; i++) {
        const capas_option *option = &table->options[i];
        const void *field = constant_field_of(option, options);
        capas_value *value = option->kind->write(option, field);
        if (value && value->kind == CAPAS_VALUE_NULL && option->omit_none)
            capas_value_free(value);
        else
            CAPAS_TRY(capas_value_set(map, option->name, value));
    }
    return CAPAS_OK;
}
