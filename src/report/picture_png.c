/* A picture as a small PNG file, for what is drawn inside an SVG: 8 bits, gray or RGB, no filter,
 * no date. Deflate and checksum are zlib's. */
#include "base/memory.h"
#include "report/figure.h"
#include <limits.h>
#include <string.h>
#include <zlib.h>

enum { CHUNK_OVERHEAD = 12, HEADER = 13 };

static const unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

static unsigned char *put_number(unsigned char *at, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (unsigned char)(number >> shift);
    return at;
}

/* The data may lie where they are to be. */
static unsigned char *put_chunk(unsigned char *at, const char *type, const void *data, size_t size)
{
    at = put_number(at, (uint32_t)size);
    unsigned char *begin = at;
    memcpy(at, type, 4);
    if (size > 0) memmove(at + 4, data, size);
    at += 4 + size;
    return put_number(at, (uint32_t)crc32(0, begin, (uInt)(size + 4)));
}

/* Rows, each behind the number of its filter (none). */
static capas_status make_rows(const capas_picture *picture, unsigned char **rows, size_t *size)
{
    size_t row = (size_t)picture->width * (size_t)picture->channels;
    *size = (row + 1) * (size_t)picture->height;
    if (*size > INT_MAX / 2)
        return capas_fail(CAPAS_UNSUPPORTED, "plot: a picture of %d x %d is too large to draw",
                          picture->width, picture->height);
    *rows = capas_allocate(*size, 1);
    if (!*rows) return CAPAS_NO_MEMORY;
    for (int y = 0; y < picture->height; y++) {
        unsigned char *to = *rows + (size_t)y * (row + 1);
        *to = 0;
        memcpy(to + 1, picture->pixels + (size_t)y * row, row);
    }
    return CAPAS_OK;
}

static char *finish(const capas_picture *picture, unsigned char *file, const unsigned char *packed,
                    size_t packed_size, size_t *size)
{
    unsigned char header[HEADER], *at = file;
    put_number(put_number(header, (uint32_t)picture->width), (uint32_t)picture->height);
    const unsigned char kind[] = {8, picture->channels == 1 ? 0 : 2, 0, 0, 0};
    memcpy(header + 8, kind, sizeof kind);
    memcpy(at, signature, sizeof signature);
    at = put_chunk(at + sizeof signature, "IHDR", header, sizeof header);
    at = put_chunk(at, "IDAT", packed, packed_size);
    at = put_chunk(at, "IEND", NULL, 0);
    *size = (size_t)(at - file);
    return (char *)file;
}

capas_status capas_picture_png(const capas_picture *picture, char **data, size_t *size)
{
    unsigned char *rows = NULL;
    size_t raw_size, before = sizeof signature + 2 * CHUNK_OVERHEAD + HEADER;
    CAPAS_TRY(make_rows(picture, &rows, &raw_size));
    uLongf packed_size = compressBound((uLong)raw_size);
    unsigned char *file = capas_allocate(before + packed_size + CHUNK_OVERHEAD, 1);
    unsigned char *packed = file ? file + before - 4 : NULL; /* where its chunk will have them */
    int result = file ? compress2(packed, &packed_size, rows, (uLong)raw_size, 9) : Z_MEM_ERROR;
    capas_release(rows);
    if (!file) return CAPAS_NO_MEMORY;
    if (result != Z_OK) {
        capas_release(file);
        return capas_fail(CAPAS_NO_MEMORY, "plot: memory ran out while a picture was packed");
    }
    *data = finish(picture, file, packed, packed_size, size);
    return CAPAS_OK;
}
