/* .npz: a zip archive of .npy files. The header of one is a line of Python, a dict of descr,
 * fortran_order and shape, behind a version and a length. */
#include "base/memory.h"
#include "base/text.h"
#include "files/array_file.h"
#include "files/keras.h"
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
enum { MOST_HEADER = 1 << 16, START = 12 };

/* What stands behind a key of the dict, blanks skipped; NULL when there is no such key. */
static const char *value_of(const char *header, const char *key)
{
    const char *at = strstr(header, key);
    return at ? at + strlen(key) + strspn(at + strlen(key), " ") : NULL;
}

static capas_status parse_element(const char *header, capas_array *array)
{
    const char *at = value_of(header, "'descr':");
    size_t length = at && *at == '\'' ? strcspn(at + 1, "'") : 0;
    if (length > 0 && capas_array_element_named(at + 1, length, &array->element)) return CAPAS_OK;
    return capas_fail(CAPAS_BAD_FILE, "its numbers must be %s, found descr %.*s",
                      capas_array_element_list(), at ? (int)strcspn(at, ",}") : 7,
                      at ? at : "missing");
}

static capas_status parse_order(const char *header, capas_array *array)
{
    const char *at = value_of(header, "'fortran_order':");
    array->columns_first = at && strncmp(at, "True", 4) == 0;
    if (array->columns_first || (at && strncmp(at, "False", 5) == 0)) return CAPAS_OK;
    return capas_fail(CAPAS_BAD_FILE, "its header must say fortran_order, True or False");
}

/* "(3, 3, 64,)"; digits, so that nothing overflows on the way. */
static capas_status parse_shape(const char *header, capas_array *array)
{
    const char *at = value_of(header, "'shape':");
    capas_shape *shape = &array->shape;
    *shape = (capas_shape){0};
    bool right = at && *at++ == '(';
    while (right && *at != ')') {
        size_t digits = strspn(at, "0123456789");
        right = digits > 0 && digits < 16 && shape->rank < CAPAS_MAX_RANK;
        if (!right) break;
        int64_t size = 0;
        for (size_t i = 0; i < digits; i++)
            size = size * 10 + (at[i] - '0');
        shape->dims[shape->rank++] = size;
        at += digits;
        at += strspn(at, ", ");
    }
    if (right && capas_array_measure(array)) return CAPAS_OK;
    return capas_fail(CAPAS_BAD_FILE, "its header has no shape of at most %d sizes",
                      CAPAS_MAX_RANK);
}

capas_status capas_npy_parse(const char *data, size_t size, capas_array *array)
{
    char header[MOST_HEADER];
    const unsigned char *start = (const unsigned char *)data;
    if (size < START || memcmp(data, "\x93NUMPY", 6) != 0 || start[6] < 1 || start[6] > 3)
        return capas_fail(CAPAS_BAD_FILE, "it is no .npy array of version 1 to 3");
    size_t length = (size_t)start[8] | (size_t)start[9] << 8, begin = 10;
    if (start[6] > 1) {
        length |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
        begin = START;
    }
    if (length >= MOST_HEADER || length > size - begin)
        return capas_fail(CAPAS_BAD_FILE, "its header of %zu bytes does not fit into it", length);
    memcpy(header, data + begin, length);
    header[length] = '\0';
    CAPAS_TRY(parse_element(header, array));
    CAPAS_TRY(parse_order(header, array));
    CAPAS_TRY(parse_shape(header, array));
    array->begin = begin + length;
    if (array->size == size - array->begin) return CAPAS_OK;
    char text[128];
    return capas_fail(CAPAS_BAD_FILE, "its shape %s needs %zu bytes, found %zu",
                      capas_shape_text(&array->shape, text, sizeof text), array->size,
                      size - array->begin);
}

static capas_status add_names(capas_array_file *file)
{
    const char *name;
    for (size_t i = 0; (name = capas_archive_name(file->archive, i)) != NULL; i++) {
        if (!capas_path_ends_in(name, ".npy")) continue;
        if (!capas_array_file_add(file, name)) return CAPAS_NO_MEMORY;
    }
    if (file->count > 0) return CAPAS_OK;
    return capas_fail(CAPAS_BAD_FILE,
                      "%s is neither a model of Keras (.keras) nor arrays of NumPy (.npz)",
                      file->path);
}

capas_array_file *capas_npz_open(capas_archive *archive, const char *path)
{
    capas_array_file *file = capas_array_file_new(path);
    if (!file) {
        capas_archive_close(archive);
        return NULL;
    }
    file->archive = archive;
    if (add_names(file) == CAPAS_OK) return file;
    capas_array_file_close(file);
    return NULL;
}
#endif
