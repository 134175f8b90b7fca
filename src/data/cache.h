/* The cache of unpacked data: large IDX files are unpacked and checked once, and mapped from then
 * on. One entry a source, a file in CAPAS_CACHE, or $XDG_CACHE_HOME/capas, or ~/.cache/capas; an
 * empty CAPAS_CACHE, or none of these there: no cache. What cannot be written or read is as if it
 * were not there; nobody is told.
 *
 * What is promised. An entry is taken only for the file at the same path with the same size, times
 * of modification and of change (to the nanosecond) and IDX header, for which the same SHA-256 was
 * asked or a stronger check was made; and every byte of it is summed up each time it is mapped
 * (XXH64 in pieces), so truncation, a lost block and any accidental change are found, and the
 * source is unpacked anew. Not promised: protection from who writes into the cache on purpose
 * (entries must belong to this user or to root), nor from a source that is changed and has its
 * clock turned back. Whoever truncates an entry while it is mapped ends the process (SIGBUS);
 * capas itself only ever renames whole files into their places. */
#ifndef CAPAS_DATA_CACHE_H
#define CAPAS_DATA_CACHE_H

#include "data/statistics.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CAPAS_CACHE_SOURCE = 1456, CAPAS_CACHE_SUM = 72, CAPAS_CACHE_BEGIN = 16 };

/* What an entry is made of. All bytes that are not used are 0. */
typedef struct capas_cache_key {
    char source[CAPAS_CACHE_SOURCE];              /* its real path */
    char sum[CAPAS_CACHE_SUM];                    /* the SHA-256 that was found, or empty */
    uint8_t begin[CAPAS_CACHE_BEGIN];             /* the header of the unpacked file */
    int64_t source_size, modified[2], changed[2]; /* seconds and nanoseconds */
    int64_t size;                                 /* unpacked, without the header */
} capas_cache_key;

/* An entry in memory. */
typedef struct capas_cache_map {
    const uint8_t *bytes;  /* key.size of them */
    const int64_t *levels; /* CAPAS_LEVELS: how often each occurs among them */
    void *memory;          /* what is mapped, whole */
    size_t size;
} capas_cache_map;

/* The key of a source as it is now; false when it is not to be cached: small, or nowhere to put it.
 * `sum` may be NULL. */
bool capas_cache_key_of(const char *path, const uint8_t *begin, size_t begin_size, int64_t size,
                        const char *sum, capas_cache_key *key);

/* Maps the entry, and sums it up; false when there is none that is right. */
bool capas_cache_open(const capas_cache_key *key, capas_cache_map *map);
void capas_cache_close(capas_cache_map *map); /* one that is all zero is fine */

/* Writes the entry, unless its source has changed since the key was made. */
void capas_cache_keep(const capas_cache_key *key, const uint8_t *bytes,
                      const int64_t levels[CAPAS_LEVELS]);

#endif
