/* One IDX file, gzipped or not: big-endian magic, sizes, then bytes (keras-semantics 7.5). Only
 * unsigned bytes: pictures (three dimensions) and labels (one). */
#ifndef CAPAS_DATA_IDX_FILE_H
#define CAPAS_DATA_IDX_FILE_H

#include "base/status.h"
#include <stdint.h>
#include <zlib.h>

enum { CAPAS_IDX_DIMS = 3, CAPAS_IDX_PATH = 4096 };

typedef struct capas_idx_file {
    char path[CAPAS_IDX_PATH];
    gzFile stream;
    int rank;
    int64_t dims[CAPAS_IDX_DIMS];
    int64_t size; /* bytes after the header */
    uint8_t header[4 + 4 * CAPAS_IDX_DIMS];
} capas_idx_file;

/* Opens `folder`/`name`, or with .gz behind it, and reads the header, which must say `rank`
 * dimensions. After a failure there is nothing to close. */
capas_status capas_idx_open(capas_idx_file *file, const char *folder, const char *name, int rank);

/* Reads the `size` bytes, and sees that there are no more. With `sum` (64 hexadecimal digits) the
 * SHA-256 of header and bytes must be that one. */
capas_status capas_idx_read(capas_idx_file *file, uint8_t *bytes, const char *sum);

/* A file that was never opened (all zero) is fine. */
void capas_idx_close(capas_idx_file *file);

#endif
