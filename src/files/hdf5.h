/* HDF5 files in memory, as far as Keras's weights need them: groups, one text attribute, numbers.
 * All calls go under one lock, and HDF5 prints nothing. Sentences say the path inside the file; the
 * caller puts its name in front. Only there when CAPAS_WITH_KERAS_FILES. */
#ifndef CAPAS_FILES_HDF5_H
#define CAPAS_FILES_HDF5_H

#include "base/status.h"
#include <capas/tensor.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct capas_hdf5 capas_hdf5;

/* A new, empty file. The same calls in the same order give the same bytes: no times are kept. */
capas_hdf5 *capas_hdf5_create(void);
/* The file's bytes, released with capas_release. */
capas_status capas_hdf5_image(capas_hdf5 *file, void **image, size_t *size);

/* A file from its bytes, which are borrowed until it is closed and not changed. */
capas_hdf5 *capas_hdf5_open(void *image, size_t size);
void capas_hdf5_close(capas_hdf5 *file);

/* The group above must be there. */
capas_status capas_hdf5_make_group(capas_hdf5 *file, const char *path);
capas_status capas_hdf5_set_text(capas_hdf5 *file, const char *group, const char *name,
                                 const char *text);
/* Rank 0 is a single number. */
capas_status capas_hdf5_write_floats(capas_hdf5 *file, const char *path, const capas_shape *shape,
                                     const float *values);
capas_status capas_hdf5_write_integer(capas_hdf5 *file, const char *path, int64_t value);

/* Whether there is something under a path. Links that lead out of the file are not followed. */
bool capas_hdf5_has(capas_hdf5 *file, const char *path);
/* The shape of an array of numbers. */
capas_status capas_hdf5_shape(capas_hdf5 *file, const char *path, capas_shape *shape);
/* `count` numbers, of any kind, as floats; `count` must be the shape's product. */
capas_status capas_hdf5_read_floats(capas_hdf5 *file, const char *path, float *values,
                                    int64_t count);
capas_status capas_hdf5_read_integer(capas_hdf5 *file, const char *path, int64_t *value);

#endif
