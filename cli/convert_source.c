/* The C source that `capas convert` wrote, read as a compiler would: the bytes in its strings. */
#include "convert.h"

#include "base/file.h"
#include "base/memory.h"
#include <string.h>

static const size_t most_source = (size_t)1 << 32;

/* What stands for one byte: itself, or three octal digits behind a backslash. */
static char take_byte(const char **at)
{
    if (**at != '\\') return *(*at)++;
    char byte = 0;
    for (int i = 1; i <= 3; i++)
        byte = (char)(byte * 8 + (*at)[i] - '0');
    *at += 4;
    return byte;
}

/* Each line of strings begins and ends with a quotation mark, and nothing else does. */
static size_t take_strings(const char *text, char *bytes)
{
    size_t size = 0;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (*line != '"') continue;
        for (line++; *line != '"' && *line != '\0';)
            bytes[size++] = take_byte(&line);
    }
    return size;
}

capas_status cli_read_source(const char *path, capas_flat *flat)
{
    char *text;
    size_t size;
    CAPAS_TRY(capas_read_file(path, most_source, &text, &size));
    char *bytes = capas_allocate(size, 1);
    if (bytes) *flat = (capas_flat){bytes, take_strings(text, bytes)};
    capas_release(text);
    return bytes ? CAPAS_OK : CAPAS_NO_MEMORY;
}
