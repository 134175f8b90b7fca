/* The cache of unpacked data; see cache.h. An entry is a page that says what it is, and the bytes;
 * it is written beside its place and renamed. Nothing waits for the disk: what a power cut leaves
 * half written does not add up and is written anew. */
#include "data/cache.h"
#include "base/checksum.h"
#include "base/file.h"
#include "base/pool.h"
#include "base/status.h"
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Below SMALLEST unpacking takes no time. */
enum { SMALLEST = 1 << 20, PIECES = 32, HEADER = 4096, SUFFIX = 24 };

static const char magic[8] = "CAPASDA1";
static const uint64_t byte_order = 0x0102030405060708;

typedef struct entry_header {
    char magic[8];
    uint64_t order;
    capas_cache_key key;
    int64_t levels[CAPAS_LEVELS];
    uint64_t sums[PIECES]; /* of the bytes */
    uint64_t reserved[22]; /* 0 */
    uint64_t sum;          /* of all before */
} entry_header;

_Static_assert(sizeof(entry_header) == HEADER, "the bytes begin at a page");

/* Where entries are ------------------------------------------------------------------------------
 */

static bool join(char path[PATH_MAX], const char *folder, const char *name)
{
    int length = snprintf(path, PATH_MAX, "%s%s", folder, name);
    return length > 0 && length < PATH_MAX - SUFFIX;
}

/* As the XDG base directory specification has it: a path that is not absolute is ignored. */
static bool find_folder(char folder[PATH_MAX])
{
    const char *said = getenv("CAPAS_CACHE"), *caches = getenv("XDG_CACHE_HOME"),
               *home = getenv("HOME");
    if (said) return *said && join(folder, said, "");
    if (caches && *caches == '/') return join(folder, caches, "/capas");
    return home && *home == '/' && join(folder, home, "/.cache/capas");
}

/* A source keeps its place, so that one that changes replaces its entry. */
static bool find_place(const capas_cache_key *key, char path[PATH_MAX])
{
    char folder[PATH_MAX], name[NAME_MAX];
    const char *last = strrchr(key->source, '/');
    uint64_t sum = capas_checksum(0, key->source, strlen(key->source));
    int length = snprintf(name, sizeof name, "/%.180s-%016" PRIx64, last ? last + 1 : "", sum);
    return length > 0 && find_folder(folder) && join(path, folder, name);
}

/* Sources ----------------------------------------------------------------------------------------
 */

static bool look_at(const char *path, capas_cache_key *key)
{
    struct stat found;
    if (stat(path, &found) != 0 || !S_ISREG(found.st_mode)) return false;
    key->source_size = found.st_size;
    key->modified[0] = found.st_mtim.tv_sec, key->modified[1] = found.st_mtim.tv_nsec;
    key->changed[0] = found.st_ctim.tv_sec, key->changed[1] = found.st_ctim.tv_nsec;
    return true;
}

bool capas_cache_key_of(const char *path, const uint8_t *begin, size_t begin_size, int64_t size,
                        const char *sum, capas_cache_key *key)
{
    char real[PATH_MAX], folder[PATH_MAX];
    memset(key, 0, sizeof *key);
    if (size < SMALLEST || begin_size > sizeof key->begin || !find_folder(folder)) return false;
    if (!realpath(path, real) || strlen(real) >= sizeof key->source) return false;
    if (sum && strlen(sum) >= sizeof key->sum) return false;
    memcpy(key->source, real, strlen(real));
    if (sum) memcpy(key->sum, sum, strlen(sum));
    memcpy(key->begin, begin, begin_size);
    key->size = size;
    return look_at(real, key);
}

/* Whether an entry with `have` serves who asks for `wanted`: any sum is as good as none. */
static bool serves(const capas_cache_key *have, const capas_cache_key *wanted)
{
    capas_cache_key same = *wanted;
    if (!*wanted->sum) memcpy(same.sum, have->sum, sizeof same.sum);
    return memcmp(have, &same, sizeof same) == 0;
}

/* Sums -------------------------------------------------------------------------------------------
 */

typedef struct summing {
    const uint8_t *bytes;
    int64_t size;
    uint64_t sums[PIECES];
} summing;

static void sum_piece(void *context, int piece, int worker)
{
    summing *summing = context;
    (void)worker;
    int64_t first = summing->size * piece / PIECES, end = summing->size * (piece + 1) / PIECES;
    summing->sums[piece] = capas_checksum(0, summing->bytes + first, (size_t)(end - first));
}

static void sum_up(const uint8_t *bytes, int64_t size, uint64_t sums[PIECES])
{
    summing summing = {.bytes = bytes, .size = size};
    capas_parallel(PIECES, CAPAS_MAX_THREADS, sum_piece, &summing);
    memcpy(sums, summing.sums, sizeof summing.sums);
}

static uint64_t header_sum(const entry_header *header)
{
    return capas_checksum(0, header, offsetof(entry_header, sum));
}

/* Reading ----------------------------------------------------------------------------------------
 */

static bool is_ours(const struct stat *found)
{
    return S_ISREG(found->st_mode) && (found->st_uid == geteuid() || found->st_uid == 0);
}

static bool is_right(const capas_cache_key *key, const capas_cache_map *map)
{
    const entry_header *header = map->memory;
    uint64_t sums[PIECES];
    if (memcmp(header->magic, magic, sizeof magic) != 0 || header->order != byte_order ||
        header->sum != header_sum(header) || !serves(&header->key, key))
        return false;
    sum_up(map->bytes, key->size, sums);
    return memcmp(header->sums, sums, sizeof sums) == 0;
}

static bool map_file(int file, const capas_cache_key *key, capas_cache_map *map)
{
    struct stat found;
    if (fstat(file, &found) != 0 || !is_ours(&found) || found.st_size != HEADER + key->size)
        return false;
    map->size = (size_t)found.st_size;
    void *memory = mmap(NULL, map->size, PROT_READ, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED) return false;
    map->memory = memory;
    map->bytes = (const uint8_t *)memory + HEADER;
    map->levels = ((const entry_header *)memory)->levels;
    return true;
}

bool capas_cache_open(const capas_cache_key *key, capas_cache_map *map)
{
    char path[PATH_MAX];
    *map = (capas_cache_map){0};
    if (!find_place(key, path)) return false;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool right = map_file(file, key, map) && is_right(key, map);
    close(file);
    if (!right) capas_cache_close(map);
    return right;
}

void capas_cache_close(capas_cache_map *map)
{
    if (map->memory) munmap(map->memory, map->size);
    *map = (capas_cache_map){0};
}

/* Writing ----------------------------------------------------------------------------------------
 */

static bool is_as_it_was(const capas_cache_key *key)
{
    capas_cache_key now = *key;
    return look_at(key->source, &now) && memcmp(&now, key, sizeof now) == 0;
}

static void write_entry(const capas_cache_key *key, const uint8_t *bytes, const int64_t *levels)
{
    char path[PATH_MAX];
    entry_header header = {.order = byte_order, .key = *key};
    if (!find_place(key, path) || capas_make_folder_of(path) != CAPAS_OK) return;
    memcpy(header.magic, magic, sizeof magic);
    memcpy(header.levels, levels, sizeof header.levels);
    sum_up(bytes, key->size, header.sums);
    header.sum = header_sum(&header);
    const capas_piece pieces[] = {{&header, sizeof header}, {bytes, (size_t)key->size}};
    capas_remove_leftovers(path);
    capas_write_in_passing(path, pieces, 2);
}

void capas_cache_keep(const capas_cache_key *key, const uint8_t *bytes,
                      const int64_t levels[CAPAS_LEVELS])
{
    capas_kept_error before;
    if (!is_as_it_was(key)) return;
    capas_error_keep(&before);
    write_entry(key, bytes, levels);
    capas_error_give_back(&before);
}
