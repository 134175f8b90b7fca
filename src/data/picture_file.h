/* Decoders of pictures: each reads one format from memory and hands the rows on, one after another,
 * to whoever keeps or resizes them, so that a large picture need not lie in memory as a whole.
 * Levels are taken as they are stored, without gamma or colour profiles, as TensorFlow and Pillow
 * do. Failures are CAPAS_BAD_FILE with the file's name and the place, or CAPAS_NO_MEMORY. */
#ifndef CAPAS_DATA_PICTURE_FILE_H
#define CAPAS_DATA_PICTURE_FILE_H

#include "base/status.h"
#include <capas/pictures.h>
#include <stdbool.h>
#include <stddef.h>

/* What a header may announce. */
enum { CAPAS_PICTURE_SIDE = 65535, CAPAS_PICTURE_PIXELS = 128 << 20 };

typedef struct capas_picture_file {
    const char *path;
    const unsigned char *data;
    size_t size;
    int channels; /* wanted: 1 lets a decoder make gray in its own way; it need not */
    bool fast_dct;
} capas_picture_file;

typedef struct capas_picture_info {
    int height, width, channels; /* of the rows: 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha */
    int orientation;             /* EXIF's 1 to 8; 1: as it is */
} capas_picture_info;

/* Rows go here: `begin` once, then `take` for each row from the top. */
typedef struct capas_picture_sink capas_picture_sink;
struct capas_picture_sink {
    capas_status (*begin)(capas_picture_sink *sink, const capas_picture_info *info);
    void (*take)(capas_picture_sink *sink, const uint8_t *row);
};

bool capas_is_png(const capas_picture_file *file);
bool capas_is_jpeg(const capas_picture_file *file);
bool capas_is_webp(const capas_picture_file *file);
capas_status capas_decode_png(const capas_picture_file *file, capas_picture_sink *sink);
capas_status capas_decode_jpeg(const capas_picture_file *file, capas_picture_sink *sink);
capas_status capas_decode_webp(const capas_picture_file *file, capas_picture_sink *sink);

/* Whether pictures of this size are read; fails with the file's name. */
capas_status capas_check_picture_size(const capas_picture_file *file, int64_t height,
                                      int64_t width);

/* The orientation in an EXIF block (a TIFF header and what follows); 1 when there is none. */
int capas_exif_orientation(const unsigned char *exif, size_t size);

#endif
