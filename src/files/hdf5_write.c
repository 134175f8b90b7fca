/* Writing groups and numbers. Arrays are contiguous and uncompressed, as h5py writes them by
 * default; no object keeps a time. */
#include "files/hdf5_inside.h"

#if CAPAS_WITH_KERAS_FILES
static capas_status fail_write(const char *path)
{
    return capas_fail(CAPAS_NO_MEMORY, "HDF5 could not write %s", path);
}

static hid_t timeless(hid_t kind)
{
    hid_t list = H5Pcreate(kind);
    if (list < 0 || H5Pset_obj_track_times(list, false) >= 0) return list;
    capas_hdf5_release(list);
    return H5I_INVALID_HID;
}

capas_status capas_hdf5_make_group(capas_hdf5 *file, const char *path)
{
    capas_hdf5_silence silence;
    capas_hdf5_enter(&silence);
    hid_t list = timeless(H5P_GROUP_CREATE), group = H5I_INVALID_HID;
    if (list >= 0) group = H5Gcreate2(file->file, path, H5P_DEFAULT, list, H5P_DEFAULT);
    capas_hdf5_release(group);
    capas_hdf5_release(list);
    capas_hdf5_leave(&silence);
    return group >= 0 ? CAPAS_OK : fail_write(path);
}

/* A string of variable length in UTF-8, as h5py writes str. */
static hid_t text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type < 0) return type;
    if (H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0) return type;
    capas_hdf5_release(type);
    return H5I_INVALID_HID;
}

static bool set_text(hid_t file, const char *group, const char *name, const char *text)
{
    hid_t type = text_type(), space = H5Screate(H5S_SCALAR), attribute = H5I_INVALID_HID;
    if (type >= 0 && space >= 0)
        attribute = H5Acreate_by_name(file, group, name, type, space, H5P_DEFAULT, H5P_DEFAULT,
                                      H5P_DEFAULT);
    bool done = attribute >= 0 && H5Awrite(attribute, type, &text) >= 0;
    capas_hdf5_release(attribute);
    capas_hdf5_release(space);
    capas_hdf5_release(type);
    return done;
}

capas_status capas_hdf5_set_text(capas_hdf5 *file, const char *group, const char *name,
                                 const char *text)
{
    capas_hdf5_silence silence;
    capas_hdf5_enter(&silence);
    bool done = set_text(file->file, group, name, text);
    capas_hdf5_leave(&silence);
    return done ? CAPAS_OK : fail_write(group);
}

static hid_t make_space(const capas_shape *shape)
{
    hsize_t dims[CAPAS_MAX_RANK];
    if (shape->rank == 0) return H5Screate(H5S_SCALAR);
    for (int i = 0; i < shape->rank; i++)
        dims[i] = (hsize_t)shape->dims[i];
    return H5Screate_simple(shape->rank, dims, NULL);
}

/* `stored` is the numbers' form in the file, `held` in memory. */
static bool write_numbers(hid_t file, const char *path, const capas_shape *shape, hid_t stored,
                          hid_t held, const void *numbers)
{
    hid_t list = timeless(H5P_DATASET_CREATE), space = make_space(shape), array = H5I_INVALID_HID;
    if (list >= 0 && space >= 0 && H5Pset_layout(list, H5D_CONTIGUOUS) >= 0)
        array = H5Dcreate2(file, path, stored, space, H5P_DEFAULT, list, H5P_DEFAULT);
    bool done = array >= 0 && H5Dwrite(array, held, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0;
    capas_hdf5_release(array);
    capas_hdf5_release(space);
    capas_hdf5_release(list);
    return done;
}

capas_status capas_hdf5_write_floats(capas_hdf5 *file, const char *path, const capas_shape *shape,
                                     const float *values)
{
    capas_hdf5_silence silence;
    capas_hdf5_enter(&silence);
    bool done = write_numbers(file->file, path, shape, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values);
    capas_hdf5_leave(&silence);
    return done ? CAPAS_OK : fail_write(path);
}

capas_status capas_hdf5_write_integer(capas_hdf5 *file, const char *path, int64_t value)
{
    capas_hdf5_silence silence;
    capas_shape scalar = {0};
    capas_hdf5_enter(&silence);
    bool done = write_numbers(file->file, path, &scalar, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
    capas_hdf5_leave(&silence);
    return done ? CAPAS_OK : fail_write(path);
}
#endif
