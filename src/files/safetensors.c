/* .safetensors: eight bytes of length, a header in JSON, {"name": {"dtype": "F32", "shape": [2, 3],
 * "data_offsets": [0, 24]}, ...}, and the numbers. Every offset is held against the file's size
 * before a byte is read, and every length against shape and type. */
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "files/array_file.h"
#include "files/json.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if CAPAS_WITH_KERAS_FILES
enum { START = 8, MOST_HEADER = 2 << 20 };

static uint64_t header_length(const unsigned char start[START])
{
    uint64_t length = 0;
    for (int i = START - 1; i >= 0; i--)
        length = length << 8 | start[i];
    return length;
}

bool capas_is_safetensors(const char *path)
{
    unsigned char start[START + 1];
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    bool whole = descriptor >= 0 && read(descriptor, start, sizeof start) == sizeof start;
    if (descriptor >= 0) close(descriptor);
    return whole && start[4] == 0 && start[5] == 0 && start[6] == 0 && start[7] == 0 &&
           start[START] == '{';
}

static capas_status fail_array(const char *name, const char *what, const capas_value *found)
{
    char text[96];
    return capas_fail(CAPAS_BAD_FILE, "array %s: %s, found %s", name, what,
                      found ? capas_value_describe(found, text, sizeof text) : "nothing");
}

static capas_status read_shape(const char *name, const capas_value *list, capas_shape *shape)
{
    bool right = list && list->kind == CAPAS_VALUE_LIST && list->count <= CAPAS_MAX_RANK;
    for (size_t i = 0; right && i < list->count; i++) {
        right = list->items[i]->kind == CAPAS_VALUE_INTEGER && list->items[i]->integer >= 0;
        if (right) shape->dims[shape->rank++] = list->items[i]->integer;
    }
    return right ? CAPAS_OK : fail_array(name, "shape must be at most 8 whole numbers", list);
}

/* `room`: bytes behind the header. */
static capas_status read_offsets(const char *name, const capas_value *list, size_t room,
                                 capas_array *array)
{
    bool right = list && list->kind == CAPAS_VALUE_LIST && list->count == 2 &&
                 list->items[0]->kind == CAPAS_VALUE_INTEGER &&
                 list->items[1]->kind == CAPAS_VALUE_INTEGER && list->items[0]->integer >= 0 &&
                 list->items[1]->integer >= list->items[0]->integer;
    if (!right) return fail_array(name, "data_offsets must be where it begins and ends", list);
    uint64_t begin = (uint64_t)list->items[0]->integer, end = (uint64_t)list->items[1]->integer;
    if (end > room)
        return capas_fail(CAPAS_BAD_FILE,
                          "array %s ends at byte %llu, but there are %zu; the file is truncated",
                          name, (unsigned long long)end, room);
    array->begin = (size_t)begin;
    if (capas_array_measure(array) && array->size == end - begin) return CAPAS_OK;
    char text[128];
    return capas_fail(CAPAS_BAD_FILE, "array %s: its shape %s does not need the %llu bytes it has",
                      name, capas_shape_text(&array->shape, text, sizeof text),
                      (unsigned long long)(end - begin));
}

static capas_status read_array(capas_array_file *file, const char *name, const capas_value *entry,
                               size_t room)
{
    if (entry->kind != CAPAS_VALUE_MAP) return fail_array(name, "it must be a map", entry);
    const capas_value *type = capas_value_get(entry, "dtype");
    capas_array *array = capas_array_file_add(file, name);
    if (!array) return CAPAS_NO_MEMORY;
    if (!type || type->kind != CAPAS_VALUE_STRING ||
        !capas_array_element_named(type->string, strlen(type->string), &array->element))
        return capas_fail(CAPAS_BAD_FILE, "array %s: its numbers must be %s, found dtype %s", name,
                          capas_array_element_list(),
                          type && type->kind == CAPAS_VALUE_STRING ? type->string : "missing");
    CAPAS_TRY(read_shape(name, capas_value_get(entry, "shape"), &array->shape));
    return read_offsets(name, capas_value_get(entry, "data_offsets"), room, array);
}

static int compare_places(const void *a, const void *b)
{
    const capas_array *first = a, *second = b;
    if (first->begin != second->begin) return first->begin < second->begin ? -1 : 1;
    return strcmp(first->name, second->name);
}

static capas_status read_arrays(capas_array_file *file, const capas_value *header, size_t begin,
                                size_t size)
{
    if (header->kind != CAPAS_VALUE_MAP)
        return capas_fail(CAPAS_BAD_FILE, "its header must be a map of arrays");
    for (size_t i = 0; i < header->count; i++)
        if (strcmp(header->keys[i], "__metadata__") != 0)
            CAPAS_TRY(read_array(file, header->keys[i], header->items[i], size - begin));
    if (file->count == 0) return capas_fail(CAPAS_BAD_FILE, "it holds no array");
    qsort(file->arrays, file->count, sizeof *file->arrays, compare_places);
    for (size_t i = 0; i < file->count; i++)
        file->arrays[i].begin += begin;
    return CAPAS_OK;
}

static capas_status read_header(capas_array_file *file, size_t size)
{
    unsigned char start[START];
    if (size < START || pread(file->descriptor, start, START, 0) != START)
        return capas_fail(CAPAS_BAD_FILE, "it is too short for a .safetensors file");
    uint64_t length = header_length(start);
    if (length > MOST_HEADER || length > size - START)
        return capas_fail(CAPAS_BAD_FILE,
                          "its header of %llu bytes does not fit into it; it is truncated, or no "
                          ".safetensors file",
                          (unsigned long long)length);
    char *text = capas_allocate((size_t)length, 1);
    if (!text) return CAPAS_NO_MEMORY;
    capas_value *header = NULL;
    if (pread(file->descriptor, text, (size_t)length, START) == (ssize_t)length)
        header = capas_json_read(text, (size_t)length, "its header");
    else
        capas_fail(CAPAS_BAD_FILE, "its header cannot be read");
    capas_release(text);
    if (!header) return capas_error_status();
    capas_status status = read_arrays(file, header, START + (size_t)length, size);
    capas_value_free(header);
    return status;
}

capas_array_file *capas_safetensors_open(const char *path)
{
    struct stat found;
    capas_array_file *file = capas_array_file_new(path);
    if (!file) return NULL;
    file->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (file->descriptor < 0 || fstat(file->descriptor, &found) != 0)
        capas_fail(CAPAS_NO_FILE, "%s cannot be opened: %s", path, strerror(errno));
    else if (read_header(file, (size_t)found.st_size) == CAPAS_OK)
        return file;
    else
        capas_fail_in("%s", path);
    capas_array_file_close(file);
    return NULL;
}
#endif
