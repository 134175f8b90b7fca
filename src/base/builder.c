/* Text that grows as it is written; see builder.h. */
#include "base/builder.h"
#include "base/memory.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Room for `size` more characters and the final 0. */
static bool reserve(capas_builder *builder, size_t size)
{
    if (builder->status != CAPAS_OK) return false;
    size_t needed = builder->length + size + 1;
    if (builder->data && needed <= builder->capacity) return true;
    size_t capacity = builder->capacity < 256 ? 256 : builder->capacity;
    while (capacity < needed)
        capacity *= 2;
    char *data = capas_allocate(capacity, 1);
    if (!data) {
        builder->status = CAPAS_NO_MEMORY;
        return false;
    }
    if (builder->data) memcpy(data, builder->data, builder->length);
    capas_release(builder->data);
    builder->data = data;
    builder->capacity = capacity;
    data[builder->length] = '\0';
    return true;
}

void capas_builder_add_bytes(capas_builder *builder, const char *text, size_t size)
{
    if (!reserve(builder, size)) return;
    memcpy(builder->data + builder->length, text, size);
    builder->length += size;
    builder->data[builder->length] = '\0';
}

void capas_builder_add(capas_builder *builder, const char *text)
{
    capas_builder_add_bytes(builder, text, strlen(text));
}

void capas_builder_repeat(capas_builder *builder, const char *text, int times)
{
    for (int i = 0; i < times; i++)
        capas_builder_add(builder, text);
}

void capas_builder_print(capas_builder *builder, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    if (size > 0 && reserve(builder, (size_t)size)) {
        vsnprintf(builder->data + builder->length, (size_t)size + 1, format, again);
        builder->length += (size_t)size;
    }
    va_end(again);
    va_end(arguments);
}

capas_status capas_builder_finish(capas_builder *builder, char **text)
{
    reserve(builder, 0); /* an empty text is a text */
    capas_status status = builder->status;
    *text = NULL;
    if (status == CAPAS_OK)
        *text = builder->data;
    else
        capas_release(builder->data);
    *builder = (capas_builder){0};
    return status;
}
