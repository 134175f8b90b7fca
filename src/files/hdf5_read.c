/* Reading: what was extracted from a file (hdf5_guard.c), checked and put in order once, then found
 * by path. Nothing of libhdf5 is called here. */
#include "base/memory.h"
#include "base/text.h"
#include "files/hdf5_inside.h"

#if CAPAS_WITH_KERAS_FILES
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LONGEST_PATH = 1024 };

typedef struct entry {
    char *path;
    const capas_record *record;
} entry;

struct capas_hdf5_contents {
    capas_extract *room;
    size_t size;
    entry *entries; /* sorted by path */
    size_t count, capacity;
};

static size_t round_up(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static const char *data_of(const capas_record *record)
{
    return (const char *)(record + 1) + round_up((size_t)record->path_size);
}

static bool holds_numbers(const capas_record *record)
{
    const capas_shape *shape = &record->shape;
    if (record->count > SIZE_MAX / 8 || record->data_size != record->count * sizeof(float))
        return false;
    if (shape->rank < 0 || shape->rank > CAPAS_MAX_RANK) return false;
    return capas_shape_count(shape, 0) == (int64_t)record->count;
}

static bool holds_texts(const capas_record *record)
{
    const char *at = data_of(record), *end = at + record->data_size;
    for (uint64_t i = 0; i < record->count; i++) {
        const char *zero = at < end ? memchr(at, '\0', (size_t)(end - at)) : NULL;
        if (!zero) return false;
        at = zero + 1;
    }
    return at == end;
}

/* Whether a record keeps within its `left` bytes and is what it says. */
static bool is_whole(const capas_record *record, size_t left)
{
    if (left < sizeof *record || record->size > left || record->size < sizeof *record ||
        record->size % 8 != 0)
        return false;
    size_t rest = (size_t)record->size - sizeof *record;
    if (record->path_size == 0 || record->path_size > rest) return false;
    const char *path = (const char *)(record + 1);
    if (memchr(path, '\0', (size_t)record->path_size) != path + record->path_size - 1) return false;
    if (round_up((size_t)record->path_size) > rest) return false;
    if (record->data_size > rest - round_up((size_t)record->path_size)) return false;
    if (record->kind == CAPAS_RECORD_NUMBERS) return holds_numbers(record);
    return record->kind != CAPAS_RECORD_TEXTS || holds_texts(record);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->path, ((const entry *)b)->path);
}

static capas_status put_in_order(capas_hdf5_contents *contents)
{
    char *at = (char *)(contents->room + 1);
    size_t left = contents->room->used;
    if (left > contents->size - sizeof *contents->room) left = contents->size + 1;
    while (left > 0) {
        capas_record *record = (capas_record *)(void *)at;
        if (left > contents->size || !is_whole(record, left))
            return capas_fail(CAPAS_BAD_FILE, "it is damaged: it could not be read whole");
        CAPAS_TRY(capas_grow((void **)&contents->entries, contents->count, &contents->capacity,
                             sizeof *contents->entries));
        contents->entries[contents->count++] = (entry){(char *)(record + 1), record};
        at += record->size;
        left -= (size_t)record->size;
    }
    qsort(contents->entries, contents->count, sizeof *contents->entries, compare);
    return CAPAS_OK;
}

capas_hdf5_contents *capas_hdf5_open(const capas_hdf5_bytes *image)
{
    capas_hdf5_contents *contents = capas_allocate_zeroed(1, sizeof *contents);
    if (!contents) return NULL;
    contents->room = capas_hdf5_guarded(image, &contents->size);
    if (contents->room && put_in_order(contents) == CAPAS_OK) return contents;
    capas_hdf5_close_contents(contents);
    return NULL;
}

void capas_hdf5_close_contents(capas_hdf5_contents *contents)
{
    if (!contents) return;
    if (contents->room) munmap(contents->room, contents->size);
    capas_release(contents->entries);
    capas_release(contents);
}

/* The path is in our memory by now. */
static void rename_parts(char *path, const char *old, const char *new)
{
    size_t length = strlen(old), new_length = strlen(new);
    for (char *at = path; (at = strstr(at, old)) != NULL; at += new_length) {
        bool whole = (at == path || at[-1] == '/') && (at[length] == '\0' || at[length] == '/' ||
                                                       at[length] == CAPAS_HDF5_ATTRIBUTE);
        if (!whole) continue;
        memmove(at + new_length, at + length, strlen(at + length) + 1);
        memcpy(at, new, new_length);
    }
}

void capas_hdf5_rename(capas_hdf5_contents *contents, const char *old, const char *new)
{
    for (size_t i = 0; i < contents->count; i++)
        rename_parts(contents->entries[i].path, old, new);
    qsort(contents->entries, contents->count, sizeof *contents->entries, compare);
}

static const capas_record *find(const capas_hdf5_contents *contents, const char *path)
{
    size_t low = 0, high = contents->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(path, contents->entries[middle].path);
        if (order == 0) return contents->entries[middle].record;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

bool capas_hdf5_has(const capas_hdf5_contents *contents, const char *path)
{
    return find(contents, path) != NULL;
}

const float *capas_hdf5_floats(const capas_hdf5_contents *contents, const char *path,
                               capas_shape *shape)
{
    const capas_record *record = find(contents, path);
    if (!record || record->kind != CAPAS_RECORD_NUMBERS) {
        capas_fail(CAPAS_BAD_FILE, "%s is no array of numbers that can be read", path);
        return NULL;
    }
    *shape = record->shape;
    return (const float *)(const void *)data_of(record);
}

/* The whole pages in it: those at its ends hold other records too. */
void capas_hdf5_let_go(const capas_hdf5_contents *contents, const char *path)
{
    capas_record *record = (capas_record *)(uintptr_t)find(contents, path);
    if (!record || record->kind != CAPAS_RECORD_NUMBERS) return;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), data = (uintptr_t)data_of(record);
    const uintptr_t begin = (data + page - 1) / page * page,
                    end = (data + (size_t)record->data_size) / page * page;
    record->kind = CAPAS_RECORD_BROKEN;
    if (begin < end) madvise((void *)begin, end - begin, MADV_REMOVE);
}

capas_status capas_hdf5_read_integer(const capas_hdf5_contents *contents, const char *path,
                                     int64_t *value)
{
    const capas_record *record = find(contents, path);
    if (!record || record->kind != CAPAS_RECORD_NUMBERS || record->count != 1)
        return capas_fail(CAPAS_BAD_FILE, "%s cannot be read as a number", path);
    *value = record->integer;
    return CAPAS_OK;
}

static const capas_record *find_texts(const capas_hdf5_contents *contents, const char *group,
                                      const char *name)
{
    char path[LONGEST_PATH];
    int length = snprintf(path, sizeof path, "%s%c%s", group, CAPAS_HDF5_ATTRIBUTE, name);
    if (length < 0 || (size_t)length >= sizeof path) return NULL;
    const capas_record *record = find(contents, path);
    return record && record->kind == CAPAS_RECORD_TEXTS ? record : NULL;
}

const char *capas_hdf5_text(const capas_hdf5_contents *contents, const char *group,
                            const char *name)
{
    const capas_record *record = find_texts(contents, group, name);
    return record && record->count == 1 ? data_of(record) : NULL;
}

static capas_status append_texts(const capas_record *record, capas_texts *texts)
{
    const char *at = data_of(record);
    for (uint64_t i = 0; i < record->count; i++) {
        CAPAS_TRY(capas_grow((void **)&texts->items, texts->count, &texts->capacity,
                             sizeof *texts->items));
        texts->items[texts->count++] = at;
        at += strlen(at) + 1;
    }
    return CAPAS_OK;
}

/* Lists too long for an attribute are in several: name0, name1, ... */
static capas_status read_parts(const capas_hdf5_contents *contents, const char *group,
                               const char *name, capas_texts *texts)
{
    char part[64];
    for (int i = 0;; i++) {
        snprintf(part, sizeof part, "%.40s%d", name, i);
        const capas_record *record = find_texts(contents, group, part);
        if (record)
            CAPAS_TRY(append_texts(record, texts));
        else
            return i > 0 ? CAPAS_OK
                         : capas_fail(CAPAS_BAD_FILE, "%s%s has no list of %s",
                                      *group ? "" : "the file", group, name);
    }
}

capas_status capas_hdf5_read_texts(const capas_hdf5_contents *contents, const char *group,
                                   const char *name, capas_texts *texts)
{
    *texts = (capas_texts){0};
    const capas_record *record = find_texts(contents, group, name);
    capas_status status =
        record ? append_texts(record, texts) : read_parts(contents, group, name, texts);
    if (status != CAPAS_OK) capas_hdf5_release_texts(texts);
    return status;
}

void capas_hdf5_release_texts(capas_texts *texts)
{
    capas_release(texts->items);
    *texts = (capas_texts){0};
}
#endif
