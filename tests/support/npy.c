/* See npy.h. The header of a .npy file is a line of Python: a dict of descr, fortran_order and
 * shape. */
#include "support/npy.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} elements[] = {
    [NPY_F4] = {"<f4", 4}, [NPY_F8] = {"<f8", 8}, [NPY_I4] = {"<i4", 4},
    [NPY_I8] = {"<i8", 8}, [NPY_U1] = {"|u1", 1}, [NPY_U2] = {"<u2", 2},
};

__attribute__((format(printf, 2, 3))) static bool fail(npy *array, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(array->error, sizeof array->error, format, arguments);
    va_end(arguments);
    free(array->data);
    array->data = NULL;
    return false;
}

static bool parse_element(npy *array, const char *header)
{
    const char *place = strstr(header, "'descr': '");
    if (!place) return fail(array, "no descr in the header");
    place += strlen("'descr': '");
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        size_t length = strlen(elements[i].name);
        if (strncmp(place, elements[i].name, length) == 0 && place[length] == '\'') {
            array->element = (npy_element)i;
            array->element_size = elements[i].size;
            return true;
        }
    }
    return fail(array, "element type %.8s is not known here", place);
}

static bool parse_shape(npy *array, const char *header)
{
    const char *place = strstr(header, "'shape': (");
    if (!place) return fail(array, "no shape in the header");
    place += strlen("'shape': (");
    array->rank = 0;
    array->count = 1;
    while (*place && *place != ')') {
        char *end;
        int64_t size = strtoll(place, &end, 10);
        if (end == place || size < 0 || array->rank == NPY_MAX_RANK)
            return fail(array, "bad shape in the header");
        if (size > 0 && array->count > ((size_t)1 << 40) / (size_t)size)
            return fail(array, "the shape is too large");
        array->shape[array->rank++] = size;
        array->count *= (size_t)size;
        place = end + strspn(end, ", ");
    }
    return true;
}

static bool read_open(FILE *file, npy *array)
{
    unsigned char start[10];
    if (fread(start, 1, sizeof start, file) != sizeof start || memcmp(start, "\x93NUMPY\1\0", 8))
        return fail(array, "not a .npy file of format 1.0");
    size_t length = start[8] | (size_t)start[9] << 8;
    char header[65536];
    if (fread(header, 1, length, file) != length) return fail(array, "the header is cut off");
    header[length] = 0;
    if (!strstr(header, "'fortran_order': False")) return fail(array, "not in C order");
    if (!parse_element(array, header) || !parse_shape(array, header)) return false;

    size_t bytes = array->count * array->element_size;
    array->data = malloc(bytes ? bytes : 1);
    if (!array->data) return fail(array, "no memory for %zu bytes", bytes);
    if (fread(array->data, 1, bytes, file) != bytes)
        return fail(array, "ends before its %zu bytes of values", bytes);
    if (fgetc(file) != EOF) return fail(array, "goes on after its %zu bytes of values", bytes);
    return true;
}

bool npy_read(const char *path, npy *array)
{
    *array = (npy){0};
    FILE *file = fopen(path, "rb");
    if (!file) return fail(array, "%s cannot be opened", path);
    bool done = read_open(file, array);
    fclose(file);
    if (!done) {
        char reason[sizeof array->error];
        memcpy(reason, array->error, sizeof reason);
        snprintf(array->error, sizeof array->error, "%.150s: %.100s", path, reason);
    }
    return done;
}

void npy_free(npy *array)
{
    free(array->data);
    *array = (npy){0};
}

double npy_at(const npy *array, size_t index)
{
    switch (array->element) {
    case NPY_F4:
        return ((const float *)array->data)[index];
    case NPY_F8:
        return ((const double *)array->data)[index];
    case NPY_I4:
        return ((const int32_t *)array->data)[index];
    case NPY_I8:
        return (double)((const int64_t *)array->data)[index];
    case NPY_U1:
        return ((const uint8_t *)array->data)[index];
    case NPY_U2:
        return ((const uint16_t *)array->data)[index];
    }
    return 0;
}

float *npy_floats(const npy *array)
{
    float *values = malloc((array->count ? array->count : 1) * sizeof *values);
    for (size_t i = 0; values && i < array->count; i++)
        values[i] = (float)npy_at(array, i);
    return values;
}

double *npy_doubles(const npy *array)
{
    double *values = malloc((array->count ? array->count : 1) * sizeof *values);
    for (size_t i = 0; values && i < array->count; i++)
        values[i] = npy_at(array, i);
    return values;
}
