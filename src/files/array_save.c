/* Weights into .npz and .safetensors, called "layer/weight" as Keras 3 calls its variables, in the
 * order of Keras's get_weights. See array_weights.c for the way back. */
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "files/json.h"
#include "files/keras.h"
#include <stdio.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
enum { NPY_HEADER = 192, LENGTH = 8, ALIGNED = 64 };

typedef struct saved_array {
    char name[CAPAS_KERAS_PATH], header[NPY_HEADER]; /* the second of a .npy */
    capas_shape shape;
    int64_t count;
    size_t begin; /* its bytes in the block */
} saved_array;

typedef struct saver {
    const char *path;
    saved_array *arrays;
    int count;
    char *block;
    size_t size;
} saver;

static capas_status name_array(saver *saver, const capas_model_weight *weight, saved_array *array)
{
    int length = snprintf(array->name, sizeof array->name, "%s/%s", weight->layer->name,
                          weight->weight->name);
    bool taken = length < 0 || (size_t)length + sizeof ".npy" > sizeof array->name;
    for (const saved_array *other = saver->arrays; other < array && !taken; other++)
        taken = strcmp(other->name, array->name) == 0;
    array->shape = weight->weight->shape;
    array->count = capas_shape_count(&array->shape, 0);
    if (!taken) return CAPAS_OK;
    return capas_fail(
        CAPAS_UNSUPPORTED,
        "layer %s: its name cannot tell its weight %s from another; write .weights.h5",
        weight->layer->name, weight->weight->name);
}

/* A .npy's first line, filled up so that the numbers begin at a multiple of 64. */
static size_t write_npy_header(const capas_shape *shape, char header[NPY_HEADER])
{
    char text[NPY_HEADER - 16] = "";
    size_t used = 0;
    for (int d = 0; d < shape->rank; d++)
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%lld%s", (long long)shape->dims[d],
                             d + 1 < shape->rank ? ", "
                             : shape->rank == 1  ? ","
                                                 : "");
    memcpy(header, "\x93NUMPY\1\0", 8);
    int length = snprintf(header + 10, NPY_HEADER - 10,
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", text);
    size_t size = ((size_t)length + 11 + ALIGNED - 1) / ALIGNED * ALIGNED;
    memset(header + 10 + length, ' ', size - 10 - (size_t)length);
    header[size - 1] = '\n';
    header[8] = (char)(size - 10);
    header[9] = (char)((size - 10) >> 8);
    return size;
}

/* The block holds every array, behind its header when it is an npz. */
static capas_status collect(saver *saver, const capas_model *model, bool npz)
{
    saver->arrays = capas_allocate((size_t)model->weight_count, sizeof *saver->arrays);
    if (!saver->arrays) return CAPAS_NO_MEMORY;
    for (int i = 0; i < model->weight_count; i++) {
        saved_array *array = &saver->arrays[saver->count++];
        CAPAS_TRY(name_array(saver, &model->weights[i], array));
        array->begin = saver->size + (npz ? write_npy_header(&array->shape, array->header) : 0);
        saver->size = array->begin + (size_t)array->count * sizeof(float);
    }
    saver->block = capas_allocate(saver->size, 1);
    if (!saver->block) return CAPAS_NO_MEMORY;
    for (int i = 0; i < saver->count; i++)
        CAPAS_TRY(capas_model_get_weight(model, i,
                                         (float *)(void *)(saver->block + saver->arrays[i].begin)));
    return CAPAS_OK;
}

static capas_status write_npz(saver *saver)
{
    capas_archive_entry *entries = capas_allocate((size_t)saver->count, sizeof *entries);
    if (!entries) return CAPAS_NO_MEMORY;
    size_t begin = 0;
    for (int i = 0; i < saver->count; i++) {
        saved_array *array = &saver->arrays[i];
        size_t end = array->begin + (size_t)array->count * sizeof(float);
        memcpy(saver->block + begin, array->header, array->begin - begin);
        strcat(array->name, ".npy");
        entries[i] = (capas_archive_entry){array->name, saver->block + begin, end - begin};
        begin = end;
    }
    capas_status status = capas_archive_write(saver->path, entries, (size_t)saver->count);
    capas_release(entries);
    return status;
}

/* [first, second, ...] */
static capas_value *list_of(const int64_t *numbers, int count)
{
    capas_value *list = capas_value_list();
    for (int i = 0; i < count; i++) {
        if (capas_value_append(list, capas_value_integer(numbers[i])) == CAPAS_OK) continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

static capas_status add_array(capas_value *header, const saved_array *array)
{
    capas_value *entry = capas_value_map();
    int64_t offsets[] = {(int64_t)array->begin,
                         (int64_t)array->begin + array->count * (int64_t)sizeof(float)};
    capas_status status = capas_value_set(entry, "dtype", capas_value_string("F32"));
    if (status == CAPAS_OK)
        status = capas_value_set(entry, "shape", list_of(array->shape.dims, array->shape.rank));
    if (status == CAPAS_OK) status = capas_value_set(entry, "data_offsets", list_of(offsets, 2));
    if (status == CAPAS_OK) return capas_value_set(header, array->name, entry);
    capas_value_free(entry);
    return status;
}

static capas_status write_safetensors(saver *saver)
{
    unsigned char start[LENGTH];
    capas_value *header = capas_value_map();
    capas_status status = header ? CAPAS_OK : CAPAS_NO_MEMORY;
    for (int i = 0; i < saver->count && status == CAPAS_OK; i++)
        status = add_array(header, &saver->arrays[i]);
    char *text = status == CAPAS_OK ? capas_json_write(header) : NULL;
    capas_value_free(header);
    if (!text) return capas_error_status();
    size_t length = strlen(text);
    for (int i = 0; i < LENGTH; i++)
        start[i] = (unsigned char)((uint64_t)length >> 8 * i);
    const capas_piece pieces[] = {{start, LENGTH}, {text, length}, {saver->block, saver->size}};
    status = capas_write_pieces(saver->path, pieces, 3);
    capas_release(text);
    return status;
}

capas_status capas_array_write_weights(const capas_model *model, const char *path)
{
    saver saver = {.path = path};
    bool npz = capas_path_ends_in(path, ".npz");
    capas_status status = collect(&saver, model, npz);
    if (status != CAPAS_OK)
        capas_fail_in("%s cannot be made", path);
    else
        status = npz ? write_npz(&saver) : write_safetensors(&saver);
    capas_release(saver.arrays);
    capas_release(saver.block);
    return status;
}
#endif
