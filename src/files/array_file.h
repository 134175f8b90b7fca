/* Files of named arrays: .npz (NumPy's, through the zip library) and .safetensors. What a file says
 * of itself is held against its size before anything of it is believed; numbers come out as floats,
 * in C order. Little-endian files only. */
#ifndef CAPAS_FILES_ARRAY_FILE_H
#define CAPAS_FILES_ARRAY_FILE_H

#include "files/archive.h"
#include <capas/tensor.h>
#include <stdbool.h>

typedef enum capas_array_element {
    CAPAS_ARRAY_F16,
    CAPAS_ARRAY_BF16,
    CAPAS_ARRAY_F32,
    CAPAS_ARRAY_F64,
    CAPAS_ARRAY_I32,
    CAPAS_ARRAY_I64,
    CAPAS_ARRAY_U8,
} capas_array_element;

/* One array: what its numbers are, and where they lie in its file (npz: in its entry). */
typedef struct capas_array {
    char *name;
    capas_array_element element;
    bool columns_first; /* the first index runs fastest */
    capas_shape shape;
    size_t begin, size;
} capas_array;

typedef struct capas_array_file {
    char *path;
    capas_array *arrays; /* in the order of the file; npz: only the names until they are read */
    size_t count, capacity;
    capas_archive *archive; /* npz */
    int descriptor;         /* safetensors; -1: none */
} capas_array_file;

/* By its first bytes. */
bool capas_is_safetensors(const char *path);
/* NULL with the sentence. The archive is taken over, also on failure. */
capas_array_file *capas_npz_open(capas_archive *archive, const char *path);
capas_array_file *capas_safetensors_open(const char *path);
void capas_array_file_close(capas_array_file *file);

/* The numbers of array `index`, to be released with capas_release, and its shape. An array over
 * `limit` bytes is refused. */
capas_status capas_array_file_read(capas_array_file *file, size_t index, size_t limit,
                                   capas_shape *shape, float **values);

/* Between the parts. */

capas_array_file *capas_array_file_new(const char *path);
/* Another array, all but its name zero; NULL without memory. */
capas_array *capas_array_file_add(capas_array_file *file, const char *name);
/* By the name that a kind of file has for it: "<f4", "F32"; false when it is none. */
bool capas_array_element_named(const char *name, size_t length, capas_array_element *element);
const char *capas_array_element_list(void); /* those names, for messages */
/* Sets `size` from element and shape; false when it does not fit. */
bool capas_array_measure(capas_array *array);
/* The header of the .npy in `data`. */
capas_status capas_npy_parse(const char *data, size_t size, capas_array *array);

#endif
