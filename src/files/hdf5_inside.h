/* What the files around libhdf5 share: the lock, closing whatever has an identifier, and the form
 * in which the contents of a file come back from the process that reads it. */
#ifndef CAPAS_FILES_HDF5_INSIDE_H
#define CAPAS_FILES_HDF5_INSIDE_H

#include "files/hdf5.h"

#if CAPAS_WITH_KERAS_FILES
#include <hdf5.h>

struct capas_hdf5 {
    hid_t file;
};

/* What HDF5 did with its errors before. */
typedef struct capas_hdf5_silence {
    H5E_auto2_t print;
    void *context;
} capas_hdf5_silence;

/* Takes the one lock and switches HDF5's printing off; leave gives the lock back. */
void capas_hdf5_enter(capas_hdf5_silence *before);
void capas_hdf5_leave(const capas_hdf5_silence *before);

/* A file, group, type, ...; negative: nothing. */
void capas_hdf5_release(hid_t id);

/* How files in memory are opened, closing one closes what is open in it; and a name for the next.
 */
enum { CAPAS_HDF5_NAME = 40 };
hid_t capas_hdf5_access(void);
void capas_hdf5_next_name(char name[CAPAS_HDF5_NAME]);

/* What is in a file: records one after another, each of a multiple of 8 bytes. It was written by a
 * process that a hostile file may have taken over, so that nothing in it is believed. */
typedef enum capas_record_kind {
    CAPAS_RECORD_GROUP,
    CAPAS_RECORD_NUMBERS, /* data: `count` floats */
    CAPAS_RECORD_BROKEN,  /* an array that could not be read, or holds no numbers */
    CAPAS_RECORD_TEXTS,   /* an attribute; data: `count` texts, each ended by a 0 */
} capas_record_kind;

typedef struct capas_record {
    uint64_t size; /* with path and data */
    uint64_t kind, path_size, data_size;
    uint64_t count;
    int64_t integer; /* a single number, without its fraction */
    capas_shape shape;
    /* the path with its 0; zeros up to a multiple of 8; data */
} capas_record;

/* Ahead of the records. */
typedef struct capas_extract {
    uint64_t state; /* CAPAS_EXTRACT_... */
    uint64_t used;  /* bytes of the records */
} capas_extract;

enum {
    CAPAS_EXTRACT_UNDONE,
    CAPAS_EXTRACT_DONE,
    CAPAS_EXTRACT_NO_FILE,  /* libhdf5 would not open it */
    CAPAS_EXTRACT_TOO_MUCH, /* more than there is room for */
};

/* "group" and an attribute's name are one path, with this between them. */
#define CAPAS_HDF5_ATTRIBUTE '\1'

/* Puts everything that capas reads of a file into `room` of `size` bytes. Called in a process of
 * its own. */
void capas_hdf5_extract(const capas_hdf5_bytes *image, capas_extract *room, size_t size);
/* Makes that process and waits for it: the room, to be unmapped, or NULL with the sentence. */
capas_extract *capas_hdf5_guarded(const capas_hdf5_bytes *image, size_t *size);

#endif
#endif
