/* The form of a packed value: a byte for its kind, then
 *
 *   bool               a byte, 0 or 1
 *   integer, real      8 bytes
 *   string             u32 length, the bytes without a 0
 *   list               u32 count, the items
 *   map                u32 count, for each a key (as a string without its kind) and the item
 *
 * Every length and count is held against what is left before it is used: an item is one byte at
 * least. */
#include "base/value_pack.h"
#include "base/memory.h"
#include <string.h>

enum { DEEPEST = 100, MOST_KEYS = 4096 };

static void put(capas_builder *builder, const void *data, size_t size)
{
    capas_builder_add_bytes(builder, data, size);
}

static void put_count(capas_builder *builder, size_t count)
{
    const uint32_t word = (uint32_t)count;
    put(builder, &word, sizeof word);
}

static void put_text(capas_builder *builder, const char *text)
{
    put_count(builder, strlen(text));
    put(builder, text, strlen(text));
}

void capas_value_pack(const capas_value *value, capas_builder *builder)
{
    if (!value) {
        if (builder->status == CAPAS_OK) builder->status = capas_error_status();
        return;
    }
    const char kind = (char)value->kind, boolean = value->boolean;
    put(builder, &kind, 1);
    if (value->kind == CAPAS_VALUE_BOOL) put(builder, &boolean, 1);
    if (value->kind == CAPAS_VALUE_INTEGER) put(builder, &value->integer, sizeof value->integer);
    if (value->kind == CAPAS_VALUE_REAL) put(builder, &value->real, sizeof value->real);
    if (value->kind == CAPAS_VALUE_STRING) put_text(builder, value->string);
    if (value->kind < CAPAS_VALUE_LIST) return;
    put_count(builder, value->count);
    for (size_t i = 0; i < value->count; i++) {
        if (value->kind == CAPAS_VALUE_MAP) put_text(builder, value->keys[i]);
        capas_value_pack(value->items[i], builder);
    }
}

typedef struct reader {
    const char *data;
    size_t size, at;
    int depth;
} reader;

static capas_status fail_at(const reader *reader, const char *what)
{
    return capas_fail(CAPAS_BAD_FILE, "byte %zu of its description: %s", reader->at, what);
}

static capas_status get(reader *reader, void *to, size_t size)
{
    if (size > reader->size - reader->at) return fail_at(reader, "it ends too early");
    memcpy(to, reader->data + reader->at, size);
    reader->at += size;
    return CAPAS_OK;
}

static capas_status get_count(reader *reader, uint32_t *count)
{
    CAPAS_TRY(get(reader, count, sizeof *count));
    if (*count <= reader->size - reader->at) return CAPAS_OK;
    return fail_at(reader, "it says that there is more than is left");
}

static capas_status get_text(reader *reader, char **text)
{
    uint32_t length = 0;
    CAPAS_TRY(get_count(reader, &length));
    if (memchr(reader->data + reader->at, '\0', length))
        return fail_at(reader, "a text has a 0 in it");
    *text = capas_allocate((size_t)length + 1, 1);
    if (!*text) return CAPAS_NO_MEMORY;
    (*text)[length] = '\0';
    return get(reader, *text, length);
}

static capas_status get_value(reader *reader, capas_value **value);

static capas_status get_string(reader *reader, capas_value **value)
{
    char *text = NULL;
    capas_status status = get_text(reader, &text);
    if (status == CAPAS_OK) *value = capas_value_string(text);
    capas_release(text);
    return status;
}

static capas_status get_entry(reader *reader, capas_value *map)
{
    char *key = NULL;
    capas_value *item = NULL;
    capas_status status = get_text(reader, &key);
    if (status == CAPAS_OK && capas_value_get(map, key))
        status = fail_at(reader, "a key is there twice");
    if (status == CAPAS_OK) status = get_value(reader, &item);
    if (status == CAPAS_OK) status = capas_value_set(map, key, item);
    capas_release(key);
    return status;
}

static capas_status get_item(reader *reader, capas_value *list)
{
    capas_value *item = NULL;
    CAPAS_TRY(get_value(reader, &item));
    return capas_value_append(list, item);
}

static capas_status get_items(reader *reader, capas_value *container)
{
    uint32_t count = 0;
    CAPAS_TRY(get_count(reader, &count));
    if (++reader->depth > DEEPEST) return fail_at(reader, "it goes deeper than 100 levels");
    if (container->kind == CAPAS_VALUE_MAP && count > MOST_KEYS)
        return fail_at(reader, "a map has more than 4096 keys");
    for (uint32_t i = 0; i < count; i++)
        CAPAS_TRY(container->kind == CAPAS_VALUE_MAP ? get_entry(reader, container)
                                                     : get_item(reader, container));
    reader->depth--;
    return CAPAS_OK;
}

/* What is in a value of a known kind; *value is made, also when what is in it fails. */
static capas_status get_content(reader *reader, int kind, capas_value **value)
{
    char boolean = 0;
    int64_t integer = 0;
    double real = 0;
    switch (kind) {
    case CAPAS_VALUE_NULL:
        *value = capas_value_null();
        return CAPAS_OK;
    case CAPAS_VALUE_BOOL:
        CAPAS_TRY(get(reader, &boolean, sizeof boolean));
        *value = capas_value_bool(boolean != 0);
        return CAPAS_OK;
    case CAPAS_VALUE_INTEGER:
        CAPAS_TRY(get(reader, &integer, sizeof integer));
        *value = capas_value_integer(integer);
        return CAPAS_OK;
    case CAPAS_VALUE_REAL:
        CAPAS_TRY(get(reader, &real, sizeof real));
        *value = capas_value_real(real);
        return CAPAS_OK;
    case CAPAS_VALUE_STRING:
        return get_string(reader, value);
    case CAPAS_VALUE_LIST:
    case CAPAS_VALUE_MAP:
        *value = kind == CAPAS_VALUE_LIST ? capas_value_list() : capas_value_map();
        return *value ? get_items(reader, *value) : CAPAS_NO_MEMORY;
    default:
        return fail_at(reader, "there is no such kind of value");
    }
}

static capas_status get_value(reader *reader, capas_value **value)
{
    char kind = 0;
    *value = NULL;
    CAPAS_TRY(get(reader, &kind, sizeof kind));
    capas_status status = get_content(reader, kind, value);
    if (status == CAPAS_OK && !*value) status = CAPAS_NO_MEMORY;
    if (status == CAPAS_OK) return CAPAS_OK;
    capas_value_free(*value);
    *value = NULL;
    return status;
}

capas_value *capas_value_unpack(const void *data, size_t size)
{
    reader reader = {.data = data, .size = size};
    capas_value *value;
    capas_status status = get_value(&reader, &value);
    if (status == CAPAS_OK && reader.at < size) {
        fail_at(&reader, "there is more behind its end");
        capas_value_free(value);
        value = NULL;
    }
    return value;
}
