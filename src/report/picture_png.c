/* A picture as a small PNG file, for what is drawn inside an SVG: 8 bits, gray or RGB, no date.
 * Deflate and checksum are zlib's. */
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

/* A row of pixels, each `factor` times. */
static void widen_row(const uint8_t *from, int width, int channels, int factor, uint8_t *to)
{
    for (int x = 0; x < width; x++)
        for (int f = 0; f < factor; f++)
            for (int c = 0; c < channels; c++)
                *to++ = from[x * channels + c];
}

/* Rows, each behind the number of its filter: the first of `factor` equal ones as it is (0), the
 * others as what they have more than the one above (2), which is nothing. */
static capas_status make_rows(const capas_picture *picture, int factor, uint8_t **rows,
                              size_t *size)
{
    size_t row = (size_t)picture->width * (size_t)picture->channels * (size_t)factor;
    *size = (row + 1) * (size_t)picture->height * (size_t)factor;
    if (*size > INT_MAX / 2)
        return capas_fail(CAPAS_UNSUPPORTED, "plot: a picture of %d x %d is too large to draw",
                          picture->width, picture->height);
    *rows = capas_allocate_zeroed(*size, 1);
    if (!*rows) return CAPAS_NO_MEMORY;
    uint8_t *to = *rows;
    for (int y = 0; y < picture->height * factor; y++, to += row + 1)
        if (y % factor == 0)
            widen_row(picture->pixels + (size_t)(y / factor) * (row / (size_t)factor),
                      picture->width, picture->channels, factor, to + 1);
        else
            *to = 2;
    return CAPAS_OK;
}

static char *finish(const capas_picture *picture, int factor, unsigned char *file,
                    const unsigned char *packed, size_t packed_size, size_t *size)
{
    unsigned char header[HEADER], *at = file;
    put_number(put_number(header, (uint32_t)(picture->width * factor)),
               (uint32_t)(picture->height * factor));
    const unsigned char kind[] = {8, picture->channels == 1 ? 0 : 2, 0, 0, 0};
    memcpy(header + 8, kind, sizeof kind);
    memcpy(at, signature, sizeof signature);
    at = put_chunk(at + sizeof signature, "IHDR", header, sizeof header);
    at = put_chunk(at, "IDAT", packed, packed_size);
    at = put_chunk(at, "IEND", NULL, 0);
    *size = (size_t)(at - file);
    return (char *)file;
}

capas_status capas_picture_png(const capas_picture *picture, int factor, char **data, size_t *size)
{
    unsigned char *rows = NULL;
    size_t raw_size, before = sizeof signature + 2 * CHUNK_OVERHEAD + HEADER;
    CAPAS_TRY(make_rows(picture, factor, &rows, &raw_size));
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
    *data = finish(picture, factor, file, packed, packed_size, size);
    return CAPAS_OK;
}
