/* A data set over the pictures in a folder: listed once (folder_list.c), decoded and resized ahead
 * of the batches (ahead.c), in each epoch anew unless they are cached: only the list and the labels
 * stay in memory. */
#include "data/folder.h"
#include "base/checksum.h"
#include "base/file.h"
#include "base/memory.h"
#include "data/ahead.h"
#include "data/folder_list.h"
#include "data/picture.h"
#include "training/order.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/* Twice the batch is made ahead, within MOST_AHEAD bytes. */
enum { MOST_AHEAD = 256 << 20, FEWEST_AHEAD = 4 };

/* What all parts of a set share. */
typedef struct shared {
    capas_folder_list list;
    capas_picture_options picture;
    capas_label_mode label_mode;
    capas_element element;
    char *cache;              /* of all pictures; NULL: they are not kept */
    _Atomic(bool) *is_cached; /* which of them lie there */
    void *labels; /* of all files, as targets; NULL: none, or made from the list (categorical) */
} shared;

typedef struct folder_dataset {
    capas_dataset base;
    shared *shared;
    bool owns_shared;
    int64_t first; /* of the list */
    int64_t index; /* of the next sample */
    bool shuffle;
    capas_order order;
    capas_ahead *ahead; /* NULL until the first batch is wanted */
    bool begun;         /* it makes what comes from `index` on */
} folder_dataset;

static const capas_folder_file *file_at(const folder_dataset *set, int64_t index)
{
    const int64_t place = set->shuffle ? set->order.order[index] : index;
    return &set->shared->list.files[set->first + place];
}

static size_t size_of_picture(const folder_dataset *set)
{
    return capas_sample_size(&set->base.spec.input_shapes[0], set->base.spec.input_elements[0]);
}

/* Samples -----------------------------------------------------------------------------------------
 */

static capas_status make_bytes(const char *path, const capas_picture_options *options, void *pixels)
{
    capas_picture picture;
    CAPAS_TRY(capas_load_picture_with(path, options, &picture));
    memcpy(pixels, picture.pixels,
           (size_t)picture.height * (size_t)picture.width * (size_t)picture.channels);
    capas_release(picture.pixels);
    return CAPAS_OK;
}

static capas_status decode_picture(const shared *shared, const char *path, void *place)
{
    if (shared->element == CAPAS_UINT8) return make_bytes(path, &shared->picture, place);
    return capas_load_picture_levels(path, &shared->picture, place);
}

/* No two threads make the same picture at once: an epoch has each of them once. */
static capas_status make_picture(const void *context, int64_t index, void *place)
{
    const folder_dataset *set = context;
    const shared *shared = set->shared;
    const capas_folder_file *file = file_at(set, index);
    const size_t number = (size_t)(file - shared->list.files), size = size_of_picture(set);
    if (!shared->cache) return decode_picture(shared, file->path, place);
    char *kept = shared->cache + number * size;
    if (!atomic_load(&shared->is_cached[number])) {
        CAPAS_TRY(decode_picture(shared, file->path, kept));
        atomic_store(&shared->is_cached[number], true);
    }
    memcpy(place, kept, size);
    return CAPAS_OK;
}

static void make_target(const folder_dataset *set, int64_t index, void *target)
{
    const int32_t label = file_at(set, index)->label;
    const size_t classes = set->shared->list.class_count;
    float *numbers = target;
    switch (set->shared->label_mode) {
    case CAPAS_LABELS_CATEGORICAL:
        memset(numbers, 0, classes * sizeof *numbers);
        numbers[label] = 1;
        break;
    case CAPAS_LABELS_BINARY:
        numbers[0] = (float)label;
        break;
    default:
        memcpy(target, &label, sizeof label);
    }
}

/* The data set's interface ------------------------------------------------------------------------
 */

static capas_status seek_folder(capas_dataset *dataset, const capas_dataset_place *place)
{
    folder_dataset *set = (folder_dataset *)dataset;
    CAPAS_TRY(capas_check_place(place, dataset->spec.count));
    capas_ahead_rest(set->ahead);
    set->begun = false;
    if (place->shuffle) CAPAS_TRY(capas_order_draw(&set->order, place, dataset->spec.count));
    set->shuffle = place->shuffle;
    set->index = place->index;
    return CAPAS_OK;
}

static int64_t room_for(const folder_dataset *set, int64_t capacity)
{
    const int64_t fits = (int64_t)((size_t)MOST_AHEAD / size_of_picture(set));
    int64_t room = 2 * capacity < fits ? 2 * capacity : fits;
    if (room < FEWEST_AHEAD) room = FEWEST_AHEAD;
    return room < set->base.spec.count ? room : set->base.spec.count;
}

static capas_status next_folder(capas_dataset *dataset, capas_batch *batch)
{
    folder_dataset *set = (folder_dataset *)dataset;
    const int64_t left = dataset->spec.count - set->index;
    const int64_t count = left < batch->capacity ? left : batch->capacity;
    const size_t size = size_of_picture(set);
    if (!set->ahead)
        set->ahead = capas_ahead_new(make_picture, set, size, room_for(set, batch->capacity));
    if (!set->ahead) return CAPAS_NO_MEMORY;
    if (!set->begun) capas_ahead_begin(set->ahead, set->index, dataset->spec.count);
    set->begun = true;
    batch->count = 0;
    for (int64_t i = 0; i < count; i++) {
        if (dataset->spec.target_count > 0)
            make_target(set, set->index,
                        (char *)batch->targets[0] +
                            (size_t)i * capas_sample_size(&dataset->spec.target_shapes[0],
                                                          dataset->spec.target_elements[0]));
        set->index++;
        CAPAS_TRY(capas_ahead_take(set->ahead, (char *)batch->inputs[0] + (size_t)i * size));
    }
    batch->count = count;
    return CAPAS_OK;
}

static void free_shared(shared *shared)
{
    capas_folder_list_free(&shared->list);
    capas_release(shared->labels);
    capas_release(shared->cache);
    capas_release(shared->is_cached);
    capas_release(shared);
}

static void free_folder(capas_dataset *dataset)
{
    folder_dataset *set = (folder_dataset *)dataset;
    capas_ahead_free(set->ahead);
    capas_release(set->order.order);
    if (set->owns_shared) free_shared(set->shared);
    capas_release(set);
}

/* In the set's own order. */
static const void *folder_targets(const capas_dataset *dataset, int target)
{
    const folder_dataset *set = (const folder_dataset *)dataset;
    (void)target;
    if (!set->shared->labels) return NULL;
    return (const char *)set->shared->labels + (size_t)set->first * sizeof(int32_t);
}

/* Of what the files are called below the folder, how large they are and what is made of them. */
static uint64_t fingerprint_folder(const capas_dataset *dataset)
{
    const folder_dataset *set = (const folder_dataset *)dataset;
    const capas_picture_options *picture = &set->shared->picture;
    const int64_t made[] = {picture->channels,
                            picture->height,
                            picture->width,
                            picture->interpolation,
                            picture->antialias != 0,
                            picture->crop_to_aspect_ratio != 0,
                            picture->pad_to_aspect_ratio != 0,
                            picture->upright != 0,
                            picture->fast_dct != 0,
                            set->shared->label_mode,
                            set->shared->element};
    uint64_t sum = capas_checksum(0, made, sizeof made);
    for (int64_t i = 0; i < dataset->spec.count; i++) {
        const capas_folder_file *file = &set->shared->list.files[set->first + i];
        const char *name = file->path + set->shared->list.root_length;
        const int64_t known[] = {capas_file_size(file->path), file->label};
        sum = capas_checksum(capas_checksum(sum, name, strlen(name)), known, sizeof known);
    }
    return sum;
}

static capas_dataset *slice_folder(capas_dataset *dataset, int64_t first, int64_t count);

static const capas_dataset_type folder_type = {
    .seek = seek_folder,
    .next = next_folder,
    .free = free_folder,
    .slice = slice_folder,
    .target = folder_targets,
    .fingerprint = fingerprint_folder,
};

static capas_dataset *slice_folder(capas_dataset *dataset, int64_t first, int64_t count)
{
    const folder_dataset *whole = (const folder_dataset *)dataset;
    folder_dataset *set = capas_allocate_zeroed(1, sizeof *set);
    if (!set) return NULL;
    capas_dataset_init(&set->base, &folder_type, &dataset->spec);
    set->base.spec.count = count;
    set->shared = whole->shared;
    set->first = whole->first + first;
    return &set->base;
}

/* Making one --------------------------------------------------------------------------------------
 */

static capas_status take_picture_options(shared *shared, const capas_folder_options *options,
                                         const char *folder)
{
    const capas_picture_options picture = {
        .struct_size = sizeof picture,
        .channels = options->channels,
        .height = options->height,
        .width = options->width,
        .interpolation = options->interpolation,
        .antialias = options->antialias,
        .crop_to_aspect_ratio = options->crop_to_aspect_ratio,
        .pad_to_aspect_ratio = options->pad_to_aspect_ratio,
        .upright = options->upright,
        .fast_dct = !options->accurate_dct,
    };
    return capas_picture_options_take(&shared->picture, &picture, folder);
}

/* Labels in one piece, so that they can be checked before training. */
static capas_status lay_labels(shared *shared)
{
    const bool binary = shared->label_mode == CAPAS_LABELS_BINARY;
    if (shared->label_mode != CAPAS_LABELS_INT && !binary) return CAPAS_OK;
    shared->labels = capas_allocate(shared->list.count, sizeof(int32_t));
    if (!shared->labels) return CAPAS_NO_MEMORY;
    for (size_t i = 0; i < shared->list.count; i++)
        if (binary)
            ((float *)shared->labels)[i] = (float)shared->list.files[i].label;
        else
            ((int32_t *)shared->labels)[i] = shared->list.files[i].label;
    return CAPAS_OK;
}

static capas_status make_cache(shared *shared)
{
    const capas_shape shape = {
        3, {shared->picture.height, shared->picture.width, shared->picture.channels}};
    shared->cache = capas_allocate(shared->list.count, capas_sample_size(&shape, shared->element));
    shared->is_cached = capas_allocate_zeroed(shared->list.count, sizeof *shared->is_cached);
    return shared->cache && shared->is_cached ? CAPAS_OK : capas_fail_in("data set: cache");
}

static capas_status fill_shared(shared *shared, const char *folder,
                                const capas_folder_options *given)
{
    capas_folder_options options;
    CAPAS_TRY(capas_folder_options_take(&options, given, folder));
    CAPAS_TRY(take_picture_options(shared, &options, folder));
    shared->label_mode = options.label_mode;
    shared->element = options.element;
    CAPAS_TRY(capas_folder_list_read(folder, &options, &shared->list));
    if (options.label_mode == CAPAS_LABELS_BINARY && shared->list.class_count != 2)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: label_mode binary needs exactly 2 classes, found %zu", folder,
                          shared->list.class_count);
    if (options.cache) CAPAS_TRY(make_cache(shared));
    return lay_labels(shared);
}

static capas_dataset_spec spec_of(const shared *shared)
{
    capas_dataset_spec spec = {.input_count = 1, .count = (int64_t)shared->list.count};
    spec.input_shapes[0] =
        (capas_shape){3, {shared->picture.height, shared->picture.width, shared->picture.channels}};
    spec.input_elements[0] = shared->element;
    spec.target_count = shared->label_mode != CAPAS_LABELS_NONE;
    spec.target_elements[0] = CAPAS_FLOAT32;
    if (shared->label_mode == CAPAS_LABELS_INT)
        spec.target_elements[0] = CAPAS_INT32;
    else if (spec.target_count > 0)
        spec.target_shapes[0] = (capas_shape){
            1, {shared->label_mode == CAPAS_LABELS_BINARY ? 1 : (int64_t)shared->list.class_count}};
    return spec;
}

static capas_dataset *dataset_of(shared *shared)
{
    const capas_dataset_spec spec = spec_of(shared);
    folder_dataset *set =
        capas_dataset_check_spec(&spec) == CAPAS_OK ? capas_allocate_zeroed(1, sizeof *set) : NULL;
    if (!set) {
        free_shared(shared);
        return NULL;
    }
    capas_dataset_init(&set->base, &folder_type, &spec);
    set->shared = shared;
    set->owns_shared = true;
    if (capas_dataset_set_class_names(&set->base, (const char *const *)shared->list.class_names,
                                      (int)shared->list.class_count) == CAPAS_OK)
        return &set->base;
    capas_dataset_free(&set->base);
    return NULL;
}

capas_dataset *capas_dataset_from_folder_with(const char *folder,
                                              const capas_folder_options *options)
{
    if (!folder || !*folder) {
        capas_fail(CAPAS_INVALID_ARGUMENT, "data set: the path of a folder is missing");
        return NULL;
    }
    shared *shared = capas_allocate_zeroed(1, sizeof *shared);
    if (!shared) return NULL;
    if (fill_shared(shared, folder, options) == CAPAS_OK) return dataset_of(shared);
    free_shared(shared);
    return NULL;
}

capas_status capas_folder_count_levels(const capas_dataset *dataset, int64_t levels[CAPAS_LEVELS])
{
    enum { LOOKED_AT = 16 };
    const folder_dataset *set = (const folder_dataset *)dataset;
    const int64_t count = dataset->spec.count, step = (count + LOOKED_AT - 1) / LOOKED_AT;
    memset(levels, 0, CAPAS_LEVELS * sizeof *levels);
    for (int64_t i = 0; i < count; i += step) {
        int64_t counted[CAPAS_LEVELS];
        capas_picture picture;
        CAPAS_TRY(capas_load_picture_with(set->shared->list.files[set->first + i].path,
                                          &set->shared->picture, &picture));
        capas_count_levels(picture.pixels,
                           (int64_t)picture.height * picture.width * picture.channels, counted);
        capas_release(picture.pixels);
        for (int level = 0; level < CAPAS_LEVELS; level++)
            levels[level] += counted[level];
    }
    return CAPAS_OK;
}
