/* Reading numbers. A file may come from anywhere: links and arrays that lead to other files are
 * not followed, and sizes are known before anything is read. */
#include "files/hdf5_inside.h"

#if CAPAS_WITH_KERAS_FILES
#include <string.h>

enum { LONGEST_PATH = 512 };

/* Each part of the path must be a link within the file; HDF5 itself fails on a part whose parent is
 * missing. */
static bool has_path(hid_t file, const char *path)
{
    char part[LONGEST_PATH];
    size_t length = strlen(path);
    if (length >= sizeof part) return false;
    memcpy(part, path, length + 1);
    for (char *slash = part; slash; slash = strchr(slash + 1, '/')) {
        H5L_info_t link;
        char *end = strchr(slash + 1, '/');
        if (end) *end = '\0';
        if (H5Lexists(file, part, H5P_DEFAULT) <= 0) return false;
        if (H5Lget_info(file, part, &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD)
            return false;
        if (end) *end = '/';
    }
    return true;
}

bool capas_hdf5_has(capas_hdf5 *file, const char *path)
{
    capas_hdf5_silence silence;
    capas_hdf5_enter(&silence);
    bool has = has_path(file->file, path);
    capas_hdf5_leave(&silence);
    return has;
}

/* Whether the numbers themselves are in this file. */
static bool is_inside(hid_t array)
{
    hid_t list = H5Dget_create_plist(array);
    bool inside = list >= 0 && H5Pget_external_count(list) == 0 &&
                  H5Pget_layout(list) != H5D_VIRTUAL && H5Pget_layout(list) != H5D_LAYOUT_ERROR;
    capas_hdf5_release(list);
    return inside;
}

static bool holds_numbers(hid_t array)
{
    hid_t type = H5Dget_type(array);
    H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    capas_hdf5_release(type);
    return class == H5T_FLOAT || class == H5T_INTEGER;
}

static hid_t open_array(hid_t file, const char *path)
{
    if (!has_path(file, path)) return H5I_INVALID_HID;
    hid_t array = H5Dopen2(file, path, H5P_DEFAULT);
    if (array >= 0 && is_inside(array) && holds_numbers(array)) return array;
    capas_hdf5_release(array);
    return H5I_INVALID_HID;
}

static bool shape_of(hid_t array, capas_shape *shape)
{
    hsize_t dims[CAPAS_MAX_RANK];
    hid_t space = H5Dget_space(array);
    int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    bool done =
        rank >= 0 && rank <= CAPAS_MAX_RANK && H5Sget_simple_extent_dims(space, dims, NULL) == rank;
    memset(shape, 0, sizeof *shape);
    for (int i = 0; done && i < rank; i++)
        shape->dims[i] = (int64_t)dims[i];
    if (done) shape->rank = rank;
    capas_hdf5_release(space);
    return done;
}

capas_status capas_hdf5_shape(capas_hdf5 *file, const char *path, capas_shape *shape)
{
    capas_hdf5_silence silence;
    capas_hdf5_enter(&silence);
    hid_t array = open_array(file->file, path);
    bool done = array >= 0 && shape_of(array, shape);
    capas_hdf5_release(array);
    capas_hdf5_leave(&silence);
    return done ? CAPAS_OK : capas_fail(CAPAS_BAD_FILE, "%s is no array of numbers", path);
}

static bool read_numbers(hid_t file, const char *path, hid_t held, void *numbers, int64_t count)
{
    hid_t array = open_array(file, path);
    hid_t space = array < 0 ? array : H5Dget_space(array);
    bool done = space >= 0 && H5Sget_simple_extent_npoints(space) == count &&
                H5Dread(array, held, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0;
    capas_hdf5_release(space);
    capas_hdf5_release(array);
    return done;
}

capas_status capas_hdf5_read_floats(capas_hdf5 *file, const char *path, float *values,
                                    int64_t count)
{
    capas_hdf5_silence silence;
    capas_hdf5_enter(&silence);
    bool done = read_numbers(file->file, path, H5T_NATIVE_FLOAT, values, count);
    capas_hdf5_leave(&silence);
    return done ? CAPAS_OK : capas_fail(CAPAS_BAD_FILE, "%s cannot be read", path);
}

capas_status capas_hdf5_read_integer(capas_hdf5 *file, const char *path, int64_t *value)
{
    capas_hdf5_silence silence;
    capas_hdf5_enter(&silence);
    bool done = read_numbers(file->file, path, H5T_NATIVE_INT64, value, 1);
    capas_hdf5_leave(&silence);
    return done ? CAPAS_OK : capas_fail(CAPAS_BAD_FILE, "%s cannot be read", path);
}
#endif
