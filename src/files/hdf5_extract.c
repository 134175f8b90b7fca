/* Everything that capas reads of an HDF5 file, copied out of it: groups, arrays of numbers, and
 * attributes of text. Runs in a process of its own (hdf5_guard.c), because libhdf5 falls over some
 * damaged files. Links and arrays that lead to other files are not followed, and what cannot be
 * read is left out or marked as broken: whoever needs it says so. */
#include "files/hdf5_inside.h"

#if CAPAS_WITH_KERAS_FILES
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

enum {
    LARGE = 1 << 16,
    LONGEST_PATH = 1024,
    DEEPEST = 32,
    MOST_RECORDS = 1 << 18,
    MOST_TEXT = 1 << 28
};

/* Opening the image. */

/* HDF5 asks these for memory to copy an image into: it gets the image itself. It is opened only to
 * read, so that nobody writes there. */
static void *lend_image(size_t size, H5FD_file_image_op_t what, void *context)
{
    const capas_hdf5_bytes *lent = context;
    (void)what;
    return size == lent->size ? (void *)(uintptr_t)lent->data : NULL;
}

static void *keep_image(void *to, const void *from, size_t size, H5FD_file_image_op_t what,
                        void *context)
{
    (void)size;
    (void)what;
    (void)context;
    return to == from ? to : NULL;
}

static void *refuse_growing(void *image, size_t size, H5FD_file_image_op_t what, void *context)
{
    (void)image;
    (void)size;
    (void)what;
    (void)context;
    return NULL;
}

static herr_t leave_image(void *image, H5FD_file_image_op_t what, void *context)
{
    (void)image;
    (void)what;
    (void)context;
    return 0;
}

static void *same_context(void *context)
{
    return context;
}

static herr_t leave_context(void *context)
{
    (void)context;
    return 0;
}

static hid_t open_image(const capas_hdf5_bytes *lent)
{
    char name[CAPAS_HDF5_NAME];
    H5FD_file_image_callbacks_t lending = {
        lend_image,   keep_image,    refuse_growing,         leave_image,
        same_context, leave_context, (void *)(uintptr_t)lent};
    capas_hdf5_next_name(name);
    hid_t list = capas_hdf5_access(), opened = H5I_INVALID_HID;
    if (list >= 0 && H5Pset_file_image_callbacks(list, &lending) >= 0 &&
        H5Pset_file_image(list, (void *)(uintptr_t)lent->data, lent->size) >= 0)
        opened = H5Fopen(name, H5F_ACC_RDONLY, list);
    return opened;
}

/* Records. */

typedef struct extraction {
    const capas_hdf5_bytes *image;
    capas_extract *room;
    size_t size; /* of the room */
    size_t count;
    int depth;
    char path[LONGEST_PATH]; /* of what is looked at; "" for the root */
    bool too_much;
} extraction;

static size_t round_up(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static size_t room_left(const extraction *extraction)
{
    return extraction->size - sizeof(capas_extract) - extraction->room->used;
}

static capas_record *next_record(const extraction *extraction)
{
    return (capas_record *)((char *)(extraction->room + 1) + extraction->room->used);
}

/* The next record's head and path, with room for its data: where that goes, or NULL. It counts only
 * once keep_record is called. */
static char *begin_record(extraction *extraction, capas_record_kind kind, size_t data_size)
{
    size_t path_size = strlen(extraction->path) + 1, left = room_left(extraction);
    size_t head = sizeof(capas_record) + round_up(path_size);
    if (extraction->count >= MOST_RECORDS || head > left || data_size > left - head ||
        round_up(data_size) > left - head) {
        extraction->too_much = true;
        return NULL;
    }
    capas_record *record = next_record(extraction);
    *record = (capas_record){
        .size = head + round_up(data_size),
        .kind = kind,
        .path_size = path_size,
        .data_size = data_size,
    };
    memcpy(record + 1, extraction->path, path_size);
    return (char *)record + head;
}

static void keep_record(extraction *extraction)
{
    extraction->room->used += next_record(extraction)->size;
    extraction->count++;
}

static void add_empty(extraction *extraction, capas_record_kind kind)
{
    if (begin_record(extraction, kind, 0)) keep_record(extraction);
}

/* Arrays. */

/* Whether the numbers themselves are in this file. */
static bool is_inside(hid_t array)
{
    hid_t list = H5Dget_create_plist(array);
    bool inside = list >= 0 && H5Pget_external_count(list) == 0 &&
                  H5Pget_layout(list) != H5D_VIRTUAL && H5Pget_layout(list) != H5D_LAYOUT_ERROR;
    capas_hdf5_release(list);
    return inside;
}

static H5T_class_t class_of(hid_t array)
{
    hid_t type = H5Dget_type(array);
    H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    capas_hdf5_release(type);
    return class;
}

/* The shape and how many numbers; false when that is more than a shape or memory can hold. */
static bool shape_of(hid_t array, capas_shape *shape, size_t *count)
{
    hsize_t dims[CAPAS_MAX_RANK];
    hid_t space = H5Dget_space(array);
    int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    bool done = rank >= 0 && rank <= CAPAS_MAX_RANK && H5Sget_simple_extent_type(space) != H5S_NULL;
    done = done && H5Sget_simple_extent_dims(space, dims, NULL) == rank;
    capas_hdf5_release(space);
    *count = 1;
    *shape = (capas_shape){.rank = rank};
    for (int i = 0; done && i < rank; i++) {
        done = dims[i] <= INT64_MAX && (dims[i] == 0 || *count <= SIZE_MAX / 8 / dims[i]);
        shape->dims[i] = (int64_t)dims[i];
        *count *= (size_t)dims[i];
    }
    return done;
}

/* What was read of a mapped file needs no memory any more; what is needed again is mapped again. */
static void forget_image(const capas_hdf5_bytes *image)
{
    if (image->mapped) madvise((void *)(uintptr_t)image->data, image->size, MADV_DONTNEED);
}

static bool add_numbers(extraction *extraction, hid_t array)
{
    capas_shape shape;
    size_t count;
    H5T_class_t class = class_of(array);
    if ((class != H5T_FLOAT && class != H5T_INTEGER) || !is_inside(array) ||
        !shape_of(array, &shape, &count))
        return false;
    char *numbers = begin_record(extraction, CAPAS_RECORD_NUMBERS, count * sizeof(float));
    if (!numbers) return false;
    capas_record *record = next_record(extraction);
    record->shape = shape;
    record->count = count;
    if (count == 1 &&
        H5Dread(array, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, &record->integer) < 0)
        return false;
    if (count > 0 && H5Dread(array, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) < 0)
        return false;
    keep_record(extraction);
    if (record->data_size >= LARGE) forget_image(extraction->image);
    return true;
}

static void add_array(extraction *extraction, hid_t file)
{
    hid_t array = H5Dopen2(file, extraction->path, H5P_DEFAULT);
    if (array < 0 || !add_numbers(extraction, array)) add_empty(extraction, CAPAS_RECORD_BROKEN);
    capas_hdf5_release(array);
}

/* Attributes of text. */

/* One text behind the record's data so far. */
static bool append_text(extraction *extraction, const char *text, size_t length)
{
    capas_record *record = next_record(extraction);
    size_t head = sizeof *record + round_up(record->path_size), left = room_left(extraction);
    if (head + record->data_size + length + 8 > left) {
        extraction->too_much = true;
        return false;
    }
    char *to = (char *)record + head + record->data_size;
    memcpy(to, text, length);
    to[length] = '\0';
    record->data_size += length + 1;
    record->size = head + round_up(record->data_size);
    record->count++;
    return true;
}

/* Strings of any length each: libhdf5 allocates them, and this process does not live long. */
static bool read_long_texts(extraction *extraction, hid_t attribute, hid_t type, size_t count)
{
    char **texts = H5allocate_memory(count * sizeof *texts, true);
    if (!texts || H5Aread(attribute, type, texts) < 0) return false;
    for (size_t i = 0; i < count; i++) {
        const char *text = texts[i] ? texts[i] : "";
        if (!append_text(extraction, text, strlen(text))) return false;
    }
    return true;
}

/* Strings of one length, filled up with zeros or spaces. */
static bool read_short_texts(extraction *extraction, hid_t attribute, hid_t type, size_t count)
{
    size_t size = H5Tget_size(type);
    if (size == 0 || size > MOST_TEXT / count) return false;
    char *texts = H5allocate_memory(count * size, true);
    if (!texts || H5Aread(attribute, type, texts) < 0) return false;
    for (size_t i = 0; i < count; i++)
        if (!append_text(extraction, texts + i * size, strnlen(texts + i * size, size)))
            return false;
    return true;
}

static bool read_texts(extraction *extraction, hid_t attribute)
{
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    hssize_t count = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    if (type < 0 || count < 0 || count > MOST_RECORDS) return false;
    /* Keras's "no names" is an empty list of reals. */
    if (count == 0) return true;
    if (H5Tget_class(type) != H5T_STRING) return false;
    return H5Tis_variable_str(type) > 0
               ? read_long_texts(extraction, attribute, type, (size_t)count)
               : read_short_texts(extraction, attribute, type, (size_t)count);
}

/* Makes the path longer by one part; its old length, or 0 when that is too long. */
static size_t go_down(extraction *extraction, char between, const char *name)
{
    size_t length = strlen(extraction->path), more = strlen(name);
    if (more == 0 || length + more + 2 > sizeof extraction->path) return SIZE_MAX;
    char *end = extraction->path + length;
    if (length > 0 || between != '/') *end++ = between;
    memcpy(end, name, more + 1);
    return length;
}

static herr_t add_attribute(hid_t group, const char *name, const H5A_info_t *info, void *context)
{
    extraction *extraction = context;
    (void)info;
    size_t length = go_down(extraction, CAPAS_HDF5_ATTRIBUTE, name);
    if (length == SIZE_MAX) return 0;
    hid_t attribute = H5Aopen(group, name, H5P_DEFAULT);
    if (attribute >= 0 && begin_record(extraction, CAPAS_RECORD_TEXTS, 0) &&
        read_texts(extraction, attribute))
        keep_record(extraction);
    capas_hdf5_release(attribute);
    extraction->path[length] = '\0';
    return extraction->too_much;
}

/* Groups. */

static void add_group(extraction *extraction, hid_t group);

static herr_t add_link(hid_t group, const char *name, const H5L_info_t *info, void *context)
{
    extraction *extraction = context;
    (void)info;
    if (strchr(name, CAPAS_HDF5_ATTRIBUTE)) return 0;
    size_t length = go_down(extraction, '/', name);
    if (length == SIZE_MAX) return 0;
    H5L_info_t link;
    hid_t file = H5Iget_file_id(group), object = H5I_INVALID_HID;
    if (H5Lget_info(group, name, &link, H5P_DEFAULT) >= 0 && link.type == H5L_TYPE_HARD)
        object = H5Oopen(group, name, H5P_DEFAULT);
    if (object >= 0 && H5Iget_type(object) == H5I_DATASET)
        add_array(extraction, file);
    else if (object >= 0 && H5Iget_type(object) == H5I_GROUP)
        add_group(extraction, object);
    capas_hdf5_release(object);
    capas_hdf5_release(file);
    extraction->path[length] = '\0';
    return extraction->too_much;
}

static void add_group(extraction *extraction, hid_t group)
{
    if (extraction->depth >= DEEPEST) return;
    extraction->depth++;
    add_empty(extraction, CAPAS_RECORD_GROUP);
    H5Aiterate2(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, add_attribute, extraction);
    H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, add_link, extraction);
    extraction->depth--;
}

void capas_hdf5_extract(const capas_hdf5_bytes *image, capas_extract *room, size_t size)
{
    extraction extraction = {.image = image, .room = room, .size = size};
    hid_t file = open_image(image);
    hid_t root = file < 0 ? file : H5Gopen2(file, "/", H5P_DEFAULT);
    if (root >= 0) add_group(&extraction, root);
    room->state = root < 0              ? CAPAS_EXTRACT_NO_FILE
                  : extraction.too_much ? CAPAS_EXTRACT_TOO_MUCH
                                        : CAPAS_EXTRACT_DONE;
}
#endif
