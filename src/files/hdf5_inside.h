/* What the files around libhdf5 share: the lock, and closing whatever has an identifier. */
#ifndef CAPAS_FILES_HDF5_INSIDE_H
#define CAPAS_FILES_HDF5_INSIDE_H

#include "files/hdf5.h"

#if CAPAS_WITH_KERAS_FILES
#include <hdf5.h>

struct capas_hdf5 {
    hid_t file;
    void *image; /* of an opened file: borrowed */
    size_t size;
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

#endif
#endif
