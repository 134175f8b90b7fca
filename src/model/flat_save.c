/* Writing flat models (flat.h): the bytes, or C source with them in it as one string, which
 * compilers read some twenty times faster than a list of numbers. */
#include "base/checksum.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/value_pack.h"
#include "model/flat.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 64, MOST_FOR_BYTE = 4, NAME_SIZE = 64, TEXT_SIZE = 1024 };

static const char first_line[] = "/* A model as C source, written by capas; change nothing here.";
static const char zeros[CAPAS_ALIGNMENT];

/* The parts of one; the description is released by the caller. */
typedef struct parts {
    capas_flat_head head;
    char *description;
    capas_piece pieces[4];
} parts;

enum { PIECE_COUNT = 4 };

static capas_value *describe(const capas_model *model)
{
    capas_value *map = capas_value_map();
    if (map && capas_value_set(map, "config", capas_model_config(model)) == CAPAS_OK &&
        capas_value_set(map, "capas", capas_model_extra(model)) == CAPAS_OK)
        return map;
    capas_value_free(map);
    return NULL;
}

static capas_status pack_description(const capas_model *model, parts *parts)
{
    capas_builder builder = {0};
    capas_value *description = describe(model);
    capas_value_pack(description, &builder);
    capas_value_free(description);
    parts->head.description_size = builder.length;
    CAPAS_TRY(capas_builder_finish(&builder, &parts->description));
    if (parts->head.description_size <= CAPAS_FLAT_MOST_DESCRIPTION) return CAPAS_OK;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "model %s is too large for a flat file: its description has "
                      "more than %d bytes",
                      capas_model_name(model), CAPAS_FLAT_MOST_DESCRIPTION);
}

static capas_status make_parts(const capas_model *model, parts *parts)
{
    capas_flat_head *head = &parts->head;
    const size_t values_size = (size_t)model->value_count * sizeof(float);
    CAPAS_TRY(pack_description(model, parts));
    const size_t before = sizeof *head + (size_t)head->description_size;
    const size_t padding = (CAPAS_ALIGNMENT - before % CAPAS_ALIGNMENT) % CAPAS_ALIGNMENT;
    capas_flat_magic(head->magic);
    head->values_offset = before + padding;
    head->value_count = (uint64_t)model->value_count;
    head->size = head->values_offset + values_size;
    head->layout = capas_flat_layout(model);
    head->values_checksum = capas_checksum(0, model->values, values_size);
    head->checksum = capas_flat_checksum(head, parts->description);
    parts->pieces[0] = (capas_piece){head, sizeof *head};
    parts->pieces[1] = (capas_piece){parts->description, (size_t)head->description_size};
    parts->pieces[2] = (capas_piece){zeros, padding};
    parts->pieces[3] = (capas_piece){model->values, values_size};
    return CAPAS_OK;
}

/* C source. */

/* "runs/digits-2.c" to "digits_2". */
static capas_status name_of(const char *path, char name[NAME_SIZE])
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const size_t length = strlen(base) - strlen(".c");
    if (length == 0 || length >= NAME_SIZE || isdigit((unsigned char)base[0]))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: the source's name becomes a name in C, so it must begin with a "
                          "letter and have less than %d",
                          path, NAME_SIZE);
    for (size_t i = 0; i < length; i++)
        name[i] = (char)(isalnum((unsigned char)base[i]) ? base[i] : '_');
    name[length] = '\0';
    return CAPAS_OK;
}

/* Somebody's own source is not written over. */
static capas_status check_place(const char *path)
{
    char start[sizeof first_line] = "";
    FILE *file = fopen(path, "re");
    if (!file) return CAPAS_OK;
    size_t got = fread(start, 1, sizeof first_line - 1, file);
    fclose(file);
    if (got == 0 || strcmp(start, first_line) == 0) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "%s is there, and capas did not write it; take another name, or remove it",
                      path);
}

/* Adds the escaped form of a byte; ? could begin a trigraph. */
static char *escape(char *to, unsigned char byte)
{
    if (byte >= ' ' && byte < 127 && byte != '"' && byte != '\\' && byte != '?') {
        *to++ = (char)byte;
        return to;
    }
    *to++ = '\\';
    *to++ = (char)('0' + (byte >> 6));
    *to++ = (char)('0' + (byte >> 3 & 7));
    *to++ = (char)('0' + (byte & 7));
    return to;
}

/* Everything as strings of LINE bytes; returns the end. */
static char *write_strings(char *to, const parts *parts)
{
    size_t column = 0;
    for (int i = 0; i < PIECE_COUNT; i++) {
        const unsigned char *bytes = parts->pieces[i].data;
        for (size_t k = 0; k < parts->pieces[i].size; k++) {
            if (column == 0) *to++ = '"';
            to = escape(to, bytes[k]);
            if (++column < LINE) continue;
            *to++ = '"', *to++ = '\n';
            column = 0;
        }
    }
    if (column > 0) *to++ = '"';
    return to;
}

static capas_status write_source(const parts *parts, const char *path)
{
    char name[NAME_SIZE], head[TEXT_SIZE], end[TEXT_SIZE];
    const size_t size = (size_t)parts->head.size;
    CAPAS_TRY(name_of(path, name));
    CAPAS_TRY(check_place(path));
    snprintf(head, sizeof head,
             "%s\n * In a program:  extern const capas_flat %s;\n"
             " *                capas_model *model = capas_model_from_flat(&%s); */\n"
             "#include <capas/flat.h>\n\nextern const capas_flat %s;\n\n"
             "static const _Alignas(64) char bytes[%zu + 1] =\n",
             first_line, name, name, name, size);
    snprintf(end, sizeof end, ";\n\nconst capas_flat %s = {bytes, %zu};\n", name, size);
    char *strings = capas_allocate(size * MOST_FOR_BYTE + (size / LINE + 1) * 3, 1);
    if (!strings) return CAPAS_NO_MEMORY;
    const capas_piece pieces[] = {
        {head, strlen(head)},
        {strings, (size_t)(write_strings(strings, parts) - strings)},
        {end, strlen(end)},
    };
    capas_status status = capas_write_pieces(path, pieces, CAPAS_COUNT(pieces));
    capas_release(strings);
    return status;
}

capas_status capas_save_flat(capas_model *model, const char *path)
{
    parts parts = {0};
    CAPAS_TRY(capas_model_check(model));
    const size_t length = path ? strlen(path) : 0;
    if (length == 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "the path to save the model at is missing");
    const bool source = length > 2 && strcmp(path + length - 2, ".c") == 0;
    capas_status status = make_parts(model, &parts);
    if (status == CAPAS_OK)
        status = source ? write_source(&parts, path)
                        : capas_write_pieces(path, parts.pieces, PIECE_COUNT);
    capas_release(parts.description);
    return status;
}
