/* Reads .npy files (format 1.0, C order, little-endian): the arrays of the golden answers.
 * Used by the tests only. It does not write, and knows no structured or complex types. */
#ifndef CAPAS_TESTS_NPY_H
#define CAPAS_TESTS_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NPY_MAX_RANK 8

typedef enum npy_element { NPY_F4, NPY_F8, NPY_I4, NPY_I8, NPY_U1, NPY_U2 } npy_element;

typedef struct npy {
    npy_element element;
    int rank; /* 0: one value */
    int64_t shape[NPY_MAX_RANK];
    size_t count;        /* values */
    size_t element_size; /* bytes of one */
    void *data;          /* malloc'ed; aligned for every type */
    char error[256];     /* why npy_read gave false */
} npy;

/* Fills *array, which npy_free empties. False: see array->error; nothing is to be freed. */
bool npy_read(const char *path, npy *array);
void npy_free(npy *array); /* an empty one ({0}) is fine */

/* Value `index` in C order, whatever the type. */
double npy_at(const npy *array, size_t index);

/* The values as the caller wants them, malloc'ed; NULL when memory runs out. */
float *npy_floats(const npy *array);
double *npy_doubles(const npy *array);

#endif
