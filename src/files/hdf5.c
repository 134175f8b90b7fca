/* Making HDF5 files in memory, through the core driver: nothing touches the disk. Reading is
 * hdf5_extract.c's.
 *
 * The names given to the driver cannot exist as files, and differ, because HDF5 takes two open
 * files of one name for the same. */
#include "base/memory.h"
#include "files/hdf5_inside.h"

#if CAPAS_WITH_KERAS_FILES
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { IMAGE_STEP = 1 << 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* HDF5's own way of printing, which a new stack of errors begins with. */
static H5E_auto2_t own_printing(void)
{
    H5E_auto2_t print = NULL;
    void *context;
    hid_t stack = H5Ecreate_stack();
    if (stack < 0) return NULL;
    H5Eget_auto2(stack, &print, &context);
    H5Eclose_stack(stack);
    return print;
}

void capas_hdf5_enter(capas_hdf5_silence *before)
{
    pthread_mutex_lock(&lock);
    *before = (capas_hdf5_silence){0};
    H5Eget_auto2(H5E_DEFAULT, &before->print, &before->context);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    if (before->print && before->print == own_printing()) before->print = NULL;
}

/* A function of the program's own is given back; HDF5's printing stays off, because it also speaks
 * when the process ends, of files that it could not close. */
void capas_hdf5_leave(const capas_hdf5_silence *before)
{
    if (before->print) H5Eset_auto2(H5E_DEFAULT, before->print, before->context);
    pthread_mutex_unlock(&lock);
}

void capas_hdf5_release(hid_t id)
{
    if (id >= 0) H5Idec_ref(id);
}

void capas_hdf5_next_name(char name[CAPAS_HDF5_NAME])
{
    static atomic_uint count;
    snprintf(name, CAPAS_HDF5_NAME, "/dev/null/capas-%u.h5", atomic_fetch_add(&count, 1));
}

/* How files in memory are opened: closing one closes what is open in it. */
hid_t capas_hdf5_access(void)
{
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    if (list < 0) return list;
    if (H5Pset_fapl_core(list, IMAGE_STEP, 0) >= 0 &&
        H5Pset_fclose_degree(list, H5F_CLOSE_STRONG) >= 0)
        return list;
    capas_hdf5_release(list);
    return H5I_INVALID_HID;
}

static hid_t create_file(void)
{
    char name[CAPAS_HDF5_NAME];
    capas_hdf5_next_name(name);
    hid_t list = capas_hdf5_access();
    hid_t file = list < 0 ? list : H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, list);
    capas_hdf5_release(list);
    return file;
}

capas_hdf5 *capas_hdf5_create(void)
{
    capas_hdf5_silence silence;
    capas_hdf5 *file = capas_allocate_zeroed(1, sizeof *file);
    if (!file) return NULL;
    capas_hdf5_enter(&silence);
    file->file = create_file();
    capas_hdf5_leave(&silence);
    if (file->file >= 0) return file;
    capas_fail(CAPAS_NO_MEMORY, "HDF5 could not make a file in memory");
    capas_release(file);
    return NULL;
}

static capas_status copy_image(hid_t file, void **image, size_t *size)
{
    ssize_t needed = H5Fflush(file, H5F_SCOPE_LOCAL) < 0 ? -1 : H5Fget_file_image(file, NULL, 0);
    if (needed <= 0) return capas_fail(CAPAS_NO_MEMORY, "HDF5 could not put the file together");
    void *memory = capas_allocate((size_t)needed, 1);
    if (!memory) return CAPAS_NO_MEMORY;
    if (H5Fget_file_image(file, memory, (size_t)needed) == needed) {
        *image = memory;
        *size = (size_t)needed;
        return CAPAS_OK;
    }
    capas_release(memory);
    return capas_fail(CAPAS_NO_MEMORY, "HDF5 could not put the file together");
}

capas_status capas_hdf5_image(capas_hdf5 *file, void **image, size_t *size)
{
    capas_hdf5_silence silence;
    *image = NULL;
    capas_hdf5_enter(&silence);
    capas_status status = copy_image(file->file, image, size);
    capas_hdf5_leave(&silence);
    return status;
}

void capas_hdf5_close(capas_hdf5 *file)
{
    capas_hdf5_silence silence;
    if (!file) return;
    capas_hdf5_enter(&silence);
    H5Fclose(file->file);
    capas_hdf5_leave(&silence);
    capas_release(file);
}
#endif
