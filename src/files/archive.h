/* The zip container of .keras files, through libzip: a handful of entries, stored, dated
 * 1980-01-01, so that equal contents give equal bytes. Only there when CAPAS_WITH_KERAS_FILES. */
#ifndef CAPAS_FILES_ARCHIVE_H
#define CAPAS_FILES_ARCHIVE_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct capas_archive_entry {
    const char *name;
    const void *data;
    size_t size;
} capas_archive_entry;

/* Made in memory, then written beside and renamed. */
capas_status capas_archive_write(const char *path, const capas_archive_entry *entries,
                                 size_t count);

typedef struct capas_archive capas_archive;

/* NULL on failure. */
capas_archive *capas_archive_open(const char *path);
void capas_archive_close(capas_archive *archive);
/* Of entry `index`, borrowed; NULL past the last. */
const char *capas_archive_name(const capas_archive *archive, size_t index);
bool capas_archive_has(const capas_archive *archive, const char *name);

/* An entry, unpacked; a 0 follows it. Released by the caller with capas_release. An entry over
 * `limit` bytes or with a wrong checksum is refused. */
capas_status capas_archive_read(capas_archive *archive, const char *name, size_t limit, char **data,
                                size_t *size);

#endif
