/* capas_value into JSON text, in the form of Python's json.dumps: ", " and ": ", numbers as repr,
 * only ASCII. What JSON cannot say (NaN, infinities, broken UTF-8) is a failure, because a reader
 * would find something else than was meant. */
#include "base/memory.h"
#include "base/text.h"
#include "files/json.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct writer {
    char *text;
    size_t used, capacity;
} writer;

static capas_status put(writer *writer, const char *text, size_t length)
{
    if (writer->used + length >= writer->capacity) {
        size_t capacity = 2 * (writer->capacity + length) + 256;
        char *grown = capas_allocate(capacity, 1);
        if (!grown) return CAPAS_NO_MEMORY;
        if (writer->used > 0) memcpy(grown, writer->text, writer->used);
        capas_release(writer->text);
        writer->text = grown;
        writer->capacity = capacity;
    }
    memcpy(writer->text + writer->used, text, length);
    writer->used += length;
    writer->text[writer->used] = '\0';
    return CAPAS_OK;
}

static capas_status put_text(writer *writer, const char *text)
{
    return put(writer, text, strlen(text));
}

static capas_status put_real(writer *writer, double real)
{
    char text[CAPAS_REAL_TEXT];
    capas_real_text(real, text);
    if (!isfinite(real)) return capas_fail(CAPAS_NOT_FINITE, "JSON has no number for %s", text);
    return put_text(writer, text);
}

/* One character of UTF-8: its number, and how many bytes it took; 0 when they are no UTF-8. */
static int read_character(const unsigned char *text, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int count = *text < 0x80             ? 1
                : (*text & 0xE0) == 0xC0 ? 2
                : (*text & 0xF0) == 0xE0 ? 3
                : (*text & 0xF8) == 0xF0 ? 4
                                         : 0;
    if (count < 2) {
        *character = *text;
        return count;
    }
    *character = *text & (0x7Fu >> count);
    for (int i = 1; i < count; i++) {
        if ((text[i] & 0xC0) != 0x80) return 0;
        *character = *character << 6 | (text[i] & 0x3Fu);
    }
    bool surrogate = *character >= 0xD800 && *character < 0xE000;
    return *character < least[count] || *character > 0x10FFFF || surrogate ? 0 : count;
}

static capas_status put_escaped(writer *writer, uint32_t character)
{
    static const char plain[] = "\"\\\n\r\t\f\b", letters[] = "\"\\nrtfb";
    char text[16];
    const char *found = character > 0 && character < 0x80 ? strchr(plain, (int)character) : NULL;
    if (found)
        snprintf(text, sizeof text, "\\%c", letters[found - plain]);
    else if (character < 0x10000)
        snprintf(text, sizeof text, "\\u%04" PRIx32, character);
    else
        snprintf(text, sizeof text, "\\u%04" PRIx32 "\\u%04" PRIx32,
                 0xD800 + ((character - 0x10000) >> 10), 0xDC00 + ((character - 0x10000) & 0x3FF));
    return put_text(writer, text);
}

static capas_status put_string(writer *writer, const char *string)
{
    CAPAS_TRY(put_text(writer, "\""));
    const unsigned char *text = (const unsigned char *)string;
    while (*text) {
        uint32_t character;
        int count = read_character(text, &character);
        if (count == 0)
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "a text is not UTF-8 and cannot be written as JSON");
        bool plain = character >= ' ' && character < 0x7F && character != '"' && character != '\\';
        CAPAS_TRY(plain ? put(writer, (const char *)text, 1) : put_escaped(writer, character));
        text += count;
    }
    return put_text(writer, "\"");
}

static capas_status put_value(writer *writer, const capas_value *value);

static capas_status put_items(writer *writer, const capas_value *value)
{
    bool is_map = value->kind == CAPAS_VALUE_MAP;
    CAPAS_TRY(put_text(writer, is_map ? "{" : "["));
    for (size_t i = 0; i < value->count; i++) {
        if (i > 0) CAPAS_TRY(put_text(writer, ", "));
        if (is_map) {
            CAPAS_TRY(put_string(writer, value->keys[i]));
            CAPAS_TRY(put_text(writer, ": "));
        }
        CAPAS_TRY(put_value(writer, value->items[i]));
    }
    return put_text(writer, is_map ? "}" : "]");
}

static capas_status put_integer(writer *writer, int64_t integer)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, integer);
    return put_text(writer, text);
}

static capas_status put_value(writer *writer, const capas_value *value)
{
    switch (value->kind) {
    case CAPAS_VALUE_NULL:
        break;
    case CAPAS_VALUE_BOOL:
        return put_text(writer, value->boolean ? "true" : "false");
    case CAPAS_VALUE_INTEGER:
        return put_integer(writer, value->integer);
    case CAPAS_VALUE_REAL:
        return put_real(writer, value->real);
    case CAPAS_VALUE_STRING:
        return put_string(writer, value->string);
    case CAPAS_VALUE_LIST:
    case CAPAS_VALUE_MAP:
        return put_items(writer, value);
    }
    return put_text(writer, "null");
}

char *capas_json_write(const capas_value *value)
{
    writer writer = {0};
    if (!value) {
        capas_fail(CAPAS_INVALID_ARGUMENT, "there is no value to write as JSON");
        return NULL;
    }
    if (put_value(&writer, value) == CAPAS_OK) return writer.text;
    capas_release(writer.text);
    return NULL;
}
