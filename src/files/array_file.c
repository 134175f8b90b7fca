/* Files of named arrays: what npz and safetensors share. See array_file.h. */
#include "files/array_file.h"
#include "base/memory.h"
#include "base/option.h"
#include "base/text.h"
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#if CAPAS_WITH_KERAS_FILES
static const struct {
    const char *numpy, *safetensors;
    size_t size;
} elements[] = {
    [CAPAS_ARRAY_F16] = {"<f2", "F16", 2}, [CAPAS_ARRAY_BF16] = {NULL, "BF16", 2},
    [CAPAS_ARRAY_F32] = {"<f4", "F32", 4}, [CAPAS_ARRAY_F64] = {"<f8", "F64", 8},
    [CAPAS_ARRAY_I32] = {"<i4", "I32", 4}, [CAPAS_ARRAY_I64] = {"<i8", "I64", 8},
    [CAPAS_ARRAY_U8] = {"|u1", "U8", 1},
};

static bool is_word(const char *word, const char *name, size_t length)
{
    return word && strlen(word) == length && memcmp(word, name, length) == 0;
}

bool capas_array_element_named(const char *name, size_t length, capas_array_element *element)
{
    for (size_t i = 0; i < CAPAS_COUNT(elements); i++) {
        *element = (capas_array_element)i;
        if (is_word(elements[i].numpy, name, length) ||
            is_word(elements[i].safetensors, name, length))
            return true;
    }
    return false;
}

const char *capas_array_element_list(void)
{
    return "float16, bfloat16, float32, float64, int32, int64 or uint8, little-endian";
}

bool capas_array_measure(capas_array *array)
{
    int64_t count = capas_shape_count(&array->shape, 0);
    if (count < 0 || (uint64_t)count > SIZE_MAX / 2 / sizeof(double)) return false;
    array->size = (size_t)count * elements[array->element].size;
    return true;
}

capas_array_file *capas_array_file_new(const char *path)
{
    capas_array_file *file = capas_allocate_zeroed(1, sizeof *file);
    if (!file) return NULL;
    file->descriptor = -1;
    file->path = capas_copy_string(path);
    if (file->path) return file;
    capas_array_file_close(file);
    return NULL;
}

void capas_array_file_close(capas_array_file *file)
{
    if (!file) return;
    for (size_t i = 0; i < file->count; i++)
        capas_release(file->arrays[i].name);
    capas_release(file->arrays);
    capas_archive_close(file->archive);
    if (file->descriptor >= 0) close(file->descriptor);
    capas_release(file->path);
    capas_release(file);
}

capas_array *capas_array_file_add(capas_array_file *file, const char *name)
{
    if (capas_grow((void **)&file->arrays, file->count, &file->capacity, sizeof *file->arrays) !=
        CAPAS_OK)
        return NULL;
    capas_array *array = &file->arrays[file->count];
    *array = (capas_array){.name = capas_copy_string(name)};
    if (!array->name) return NULL;
    file->count++;
    return array;
}

/* Numbers. */

/* 1 sign, 5 exponent, 10 fraction. */
static float half(uint16_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    float value = exponent == 31  ? (fraction ? NAN : INFINITY)
                  : exponent == 0 ? ldexpf((float)fraction, -24)
                                  : ldexpf((float)(fraction + 1024), exponent - 25);
    return bits >> 15 ? -value : value;
}

static float number_at(capas_array_element element, const char *at)
{
    union {
        uint16_t bits16;
        uint32_t bits32;
        float single;
        double real;
        int32_t int32;
        int64_t int64;
    } number;
    memcpy(&number, at, elements[element].size);
    switch (element) {
    case CAPAS_ARRAY_F16:
        return half(number.bits16);
    case CAPAS_ARRAY_BF16:
        number.bits32 = (uint32_t)number.bits16 << 16;
        return number.single;
    case CAPAS_ARRAY_F32:
        return number.single;
    case CAPAS_ARRAY_F64:
        return (float)number.real;
    case CAPAS_ARRAY_I32:
        return (float)number.int32;
    case CAPAS_ARRAY_I64:
        return (float)number.int64;
    case CAPAS_ARRAY_U8:
        break;
    }
    return *(const unsigned char *)at;
}

/* Where the number at a place in C order lies in a file whose first index runs fastest. */
static int64_t place_by_columns(const capas_shape *shape, int64_t place)
{
    int64_t index[CAPAS_MAX_RANK], found = 0;
    for (int d = shape->rank - 1; d >= 0; d--) {
        index[d] = place % shape->dims[d];
        place /= shape->dims[d];
    }
    for (int d = shape->rank - 1; d >= 0; d--)
        found = found * shape->dims[d] + index[d];
    return found;
}

static float *floats_of(const capas_array *array, const char *data)
{
    int64_t count = capas_shape_count(&array->shape, 0);
    size_t size = elements[array->element].size;
    float *values = capas_allocate((size_t)count, sizeof *values);
    for (int64_t i = 0; values && i < count; i++) {
        int64_t place = array->columns_first ? place_by_columns(&array->shape, i) : i;
        values[i] = number_at(array->element, data + (size_t)place * size);
    }
    return values;
}

/* Reading one. */

static capas_status read_entry(capas_array_file *file, capas_array *array, size_t limit,
                               char **data)
{
    size_t size;
    CAPAS_TRY(capas_archive_read(file->archive, array->name, limit, data, &size));
    capas_status status = capas_npy_parse(*data, size, array);
    return status == CAPAS_OK ? status : capas_fail_in("array %s", array->name);
}

static capas_status read_piece(capas_array_file *file, const capas_array *array, size_t limit,
                               char **data)
{
    size_t got = 0;
    if (array->size > limit)
        return capas_fail(CAPAS_BAD_FILE,
                          "array %s has %zu bytes, which is more than the %zu that can be right",
                          array->name, array->size, limit);
    *data = capas_allocate(array->size, 1);
    if (!*data) return CAPAS_NO_MEMORY;
    while (got < array->size) {
        ssize_t more =
            pread(file->descriptor, *data + got, array->size - got, (off_t)(array->begin + got));
        if (more < 0 && errno == EINTR) continue;
        if (more <= 0)
            return capas_fail(CAPAS_BAD_FILE, "array %s cannot be read: %s", array->name,
                              more < 0 ? strerror(errno) : "the file ends before it does");
        got += (size_t)more;
    }
    return CAPAS_OK;
}

capas_status capas_array_file_read(capas_array_file *file, size_t index, size_t limit,
                                   capas_shape *shape, float **values)
{
    capas_array *array = &file->arrays[index];
    char *data = NULL;
    *values = NULL;
    capas_status status = file->archive ? read_entry(file, array, limit, &data)
                                        : read_piece(file, array, limit, &data);
    if (status == CAPAS_OK) {
        *shape = array->shape;
        *values = floats_of(array, data + (file->archive ? array->begin : 0));
        if (!*values) status = CAPAS_NO_MEMORY;
    }
    capas_release(data);
    return status;
}
#endif
