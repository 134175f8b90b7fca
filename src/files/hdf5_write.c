/* Writing groups and numbers. Arrays are contiguous and uncompressed, as h5py writes them by
 * default; no object keeps a time. */
#include "files/hdf5_inside.h"

#if CAPAS_WITH_KERAS_FILES
#include <stdio.h>
#include <string.h>

/* An attribute has at most 64 KB, and a text takes 16 bytes in it. */
enum { LONGEST_PATH = 1024, LONGEST_LIST = 4000 };

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

static bool make_group(hid_t file, const char *path, hid_t list)
{
    if (H5Lexists(file, path, H5P_DEFAULT) > 0) return true;
    hid_t group = H5Gcreate2(file, path, H5P_DEFAULT, list, H5P_DEFAULT);
    capas_hdf5_release(group);
    return group >= 0;
}

/* All groups above the last part of a path. */
static bool make_parents(hid_t file, const char *path, hid_t list)
{
    char part[LONGEST_PATH];
    size_t length = strlen(path);
    if (length >= sizeof part) return false;
    memcpy(part, path, length + 1);
    for (char *slash = strchr(part, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make_group(file, part, list)) return false;
        *slash = '/';
    }
    return true;
}

static capas_status make_groups(capas_hdf5 *file, const char *path, bool itself)
{
    capas_hdf5_silence silence;
    capas_hdf5_enter(&silence);
    hid_t list = timeless(H5P_GROUP_CREATE);
    bool done = list >= 0 && make_parents(file->file, path, list);
    done = done && (!itself || make_group(file->file, path, list));
    capas_hdf5_release(list);
    capas_hdf5_leave(&silence);
    return done ? CAPAS_OK : fail_write(path);
}

capas_status capas_hdf5_make_group(capas_hdf5 *file, const char *path)
{
    return make_groups(file, path, true);
}

capas_status capas_hdf5_make_parents(capas_hdf5 *file, const char *path)
{
    return make_groups(file, path, false);
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

/* Takes `type` and `space` over. */
static bool set_attribute(hid_t file, const char *group, const char *name, hid_t type, hid_t space,
                          const void *data)
{
    hid_t attribute = H5I_INVALID_HID;
    if (type >= 0 && space >= 0)
        attribute = H5Acreate_by_name(file, group, name, type, space, H5P_DEFAULT, H5P_DEFAULT,
                                      H5P_DEFAULT);
    bool done = attribute >= 0 && (!data || H5Awrite(attribute, type, data) >= 0);
    capas_hdf5_release(attribute);
    capas_hdf5_release(space);
    capas_hdf5_release(type);
    return done;
}

static bool set_text(hid_t file, const char *group, const char *name, const char *text)
{
    return set_attribute(file, group, name, text_type(), H5Screate(H5S_SCALAR), &text);
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

static bool set_list(hid_t file, const char *group, const char *name, const char *const *texts,
                     size_t count)
{
    hsize_t length = count;
    hid_t type = count > 0 ? text_type() : H5Tcopy(H5T_IEEE_F64LE);
    return set_attribute(file, group, name, type, H5Screate_simple(1, &length, NULL),
                         count > 0 ? texts : NULL);
}

/* A list that does not fit into one attribute goes into name0, name1, ... */
static bool set_lists(hid_t file, const char *group, const char *name, const char *const *texts,
                      size_t count)
{
    char part[64];
    if (count <= LONGEST_LIST) return set_list(file, group, name, texts, count);
    for (size_t i = 0; i * LONGEST_LIST < count; i++) {
        size_t left = count - i * LONGEST_LIST;
        snprintf(part, sizeof part, "%.40s%zu", name, i);
        if (!set_list(file, group, part, texts + i * LONGEST_LIST,
                      left < LONGEST_LIST ? left : LONGEST_LIST))
            return false;
    }
    return true;
}

capas_status capas_hdf5_set_texts(capas_hdf5 *file, const char *group, const char *name,
                                  const char *const *texts, size_t count)
{
    capas_hdf5_silence silence;
    capas_hdf5_enter(&silence);
    bool done = set_lists(file->file, group, name, texts, count);
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
