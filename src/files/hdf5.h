/* HDF5 files in memory, as far as Keras's files need them: groups, attributes of text, numbers.
 * Writing calls libhdf5 under one lock, and it prints nothing. Reading has a process of its own
 * copy out what is in the file, so that a damaged one cannot harm this one, and then needs libhdf5
 * no more. Sentences say the path inside the file; the caller puts its name in front. Only there
 * when CAPAS_WITH_KERAS_FILES. */
#ifndef CAPAS_FILES_HDF5_H
#define CAPAS_FILES_HDF5_H

#include "base/status.h"
#include <capas/tensor.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct capas_hdf5 capas_hdf5;

/* A new, empty file. The same calls in the same order give the same bytes: no times are kept. */
capas_hdf5 *capas_hdf5_create(void);
void capas_hdf5_close(capas_hdf5 *file);
/* The file's bytes, released with capas_release. */
capas_status capas_hdf5_image(capas_hdf5 *file, void **image, size_t *size);

/* With those above it that are missing; one that is there stays as it is. */
capas_status capas_hdf5_make_group(capas_hdf5 *file, const char *path);
/* Only those above it: for an array. */
capas_status capas_hdf5_make_parents(capas_hdf5 *file, const char *path);
/* An attribute; group "/" is the file's. */
capas_status capas_hdf5_set_text(capas_hdf5 *file, const char *group, const char *name,
                                 const char *text);
/* A list of texts as h5py keeps one; none is an empty list of reals, as Keras has it. */
capas_status capas_hdf5_set_texts(capas_hdf5 *file, const char *group, const char *name,
                                  const char *const *texts, size_t count);
/* Rank 0 is a single number. */
capas_status capas_hdf5_write_floats(capas_hdf5 *file, const char *path, const capas_shape *shape,
                                     const float *values);
capas_status capas_hdf5_write_integer(capas_hdf5 *file, const char *path, int64_t value);

/* A file's bytes. Where they are a mapping of it, pages that were read are let go on the way. */
typedef struct capas_hdf5_bytes {
    const void *data;
    size_t size;
    bool mapped;
} capas_hdf5_bytes;

/* What is in a file, from its bytes, which are only needed until this returns. Links that lead out
 * of the file are not followed. Paths have no "/" in front; the file's own group is "". */
typedef struct capas_hdf5_contents capas_hdf5_contents;
capas_hdf5_contents *capas_hdf5_open(const capas_hdf5_bytes *image);
void capas_hdf5_close_contents(capas_hdf5_contents *contents);

/* Gives every part of a path that is called `old` a name that is not longer. */
void capas_hdf5_rename(capas_hdf5_contents *contents, const char *old, const char *new);

/* Whether there is a group or array under a path. */
bool capas_hdf5_has(const capas_hdf5_contents *contents, const char *path);
/* An array of numbers of any kind, as floats, which belong to the contents; NULL: there is none. */
const float *capas_hdf5_floats(const capas_hdf5_contents *contents, const char *path,
                               capas_shape *shape);
/* Gives the memory of an array back, which cannot be read again. */
void capas_hdf5_let_go(const capas_hdf5_contents *contents, const char *path);
capas_status capas_hdf5_read_integer(const capas_hdf5_contents *contents, const char *path,
                                     int64_t *value);
/* An attribute, which belongs to the contents; NULL: there is none. */
const char *capas_hdf5_text(const capas_hdf5_contents *contents, const char *group,
                            const char *name);

typedef struct capas_texts {
    const char **items; /* which belong to the contents */
    size_t count, capacity;
} capas_texts;
/* A list of texts, in one attribute or several, as Keras splits long ones. */
capas_status capas_hdf5_read_texts(const capas_hdf5_contents *contents, const char *group,
                                   const char *name, capas_texts *texts);
void capas_hdf5_release_texts(capas_texts *texts);

#endif
