/* IDX sets: two pairs of files, each pair read into one piece of memory, or its pictures mapped
 * from the cache, and given to a data set. One IDX file is idx_file.c's matter, where the folders
 * are idx_place.c's. */
#include "data/idx.h"
#include "base/memory.h"
#include "data/cache.h"
#include "data/idx_file.h"
#include "training/dataset.h"
#include <inttypes.h>

static const char *const file_names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                         "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

/* The two files of one part, and what the cache knows the pictures by. */
typedef struct pair {
    capas_idx_file images, labels;
    const char *image_sum, *label_sum; /* NULL: not known */
    bool cached;                       /* there is a key */
    capas_cache_key key;
} pair;

/* What a set rests on: labels and pictures lie behind it, but pictures that are mapped. */
typedef struct capas_idx_memory {
    capas_cache_map map;
    int64_t levels[CAPAS_LEVELS];
    uint8_t bytes[];
} capas_idx_memory;

static void close_pair(pair *pair)
{
    capas_idx_close(&pair->images);
    capas_idx_close(&pair->labels);
}

static capas_status check_counts(const pair *pair)
{
    if (pair->images.dims[0] == pair->labels.dims[0]) return CAPAS_OK;
    return capas_fail(CAPAS_BAD_FILE,
                      "%s holds %" PRId64 " pictures, but %s holds %" PRId64
                      " labels; they do not belong together",
                      pair->images.path, pair->images.dims[0], pair->labels.path,
                      pair->labels.dims[0]);
}

/* After a failure nothing is open. */
static capas_status open_pair(const capas_idx_place *place, capas_idx_part part, pair *pair)
{
    pair->labels.stream = NULL;
    CAPAS_TRY(capas_idx_open(&pair->images, place->folder, file_names[2 * part], 3));
    capas_status status = capas_idx_open(&pair->labels, place->folder, file_names[2 * part + 1], 1);
    if (status == CAPAS_OK) status = check_counts(pair);
    if (status != CAPAS_OK) close_pair(pair);
    return status;
}

static void take_dims(const pair *pair, capas_idx *idx)
{
    *idx = (capas_idx){.count = pair->images.dims[0],
                       .height = pair->images.dims[1],
                       .width = pair->images.dims[2]};
}

capas_status capas_idx_describe(const capas_idx_place *place, capas_idx_part part, capas_idx *idx)
{
    pair pair;
    CAPAS_TRY(open_pair(place, part, &pair));
    take_dims(&pair, idx);
    close_pair(&pair);
    return CAPAS_OK;
}

/* Maps the pictures, or else leaves the key that they are to be kept by. */
static bool find_images(pair *pair, capas_cache_map *map)
{
    const capas_idx_file *images = &pair->images;
    pair->cached = capas_cache_key_of(images->path, images->header, sizeof images->header,
                                      images->size, pair->image_sum, &pair->key);
    *map = (capas_cache_map){0};
    return pair->cached && capas_cache_open(&pair->key, map);
}

static capas_status read_images(pair *pair, uint8_t *bytes, capas_idx *idx)
{
    int64_t *levels = idx->memory->levels;
    idx->images = bytes;
    CAPAS_TRY(capas_idx_read(&pair->images, bytes, pair->image_sum));
    if (!pair->cached) return CAPAS_OK;
    capas_count_levels(bytes, pair->images.size, levels);
    capas_cache_keep(&pair->key, bytes, levels);
    idx->levels = levels;
    return CAPAS_OK;
}

static capas_status read_pair(pair *pair, capas_idx *idx)
{
    capas_cache_map map;
    bool mapped = find_images(pair, &map);
    int64_t size = pair->labels.size + (mapped ? 0 : pair->images.size);
    idx->memory = capas_allocate(sizeof *idx->memory + (size_t)size, 1);
    if (!idx->memory) {
        capas_cache_close(&map);
        return capas_fail_in("%s", pair->images.path);
    }
    idx->memory->map = map;
    idx->images = map.bytes;
    idx->levels = map.levels;
    uint8_t *labels = idx->memory->bytes;
    idx->labels = labels;
    if (!mapped) CAPAS_TRY(read_images(pair, labels + pair->labels.size, idx));
    return capas_idx_read(&pair->labels, labels, pair->label_sum);
}

capas_status capas_idx_load(const capas_idx_place *place, capas_idx_part part, capas_idx *idx)
{
    pair pair;
    *idx = (capas_idx){0};
    CAPAS_TRY(open_pair(place, part, &pair));
    take_dims(&pair, idx);
    pair.image_sum = place->sums ? place->sums[2 * part] : NULL;
    pair.label_sum = place->sums ? place->sums[2 * part + 1] : NULL;
    capas_status status = read_pair(&pair, idx);
    close_pair(&pair);
    if (status != CAPAS_OK) capas_idx_free(idx);
    return status;
}

static void release_memory(void *of)
{
    capas_idx_memory *memory = of;
    capas_cache_close(&memory->map);
    capas_release(memory);
}

void capas_idx_free(capas_idx *idx)
{
    if (idx->memory) release_memory(idx->memory);
    *idx = (capas_idx){0};
}

static capas_status name_classes(const capas_idx_place *place, capas_dataset *dataset)
{
    if (!place->class_names) return CAPAS_OK;
    return capas_dataset_set_class_names(dataset, place->class_names, CAPAS_IDX_CLASSES);
}

capas_dataset *capas_idx_dataset(const capas_idx_place *place, capas_idx *idx,
                                 const capas_tensor *targets)
{
    capas_tensor x = {
        CAPAS_UINT8, {4, {idx->count, idx->height, idx->width, 1}}, (void *)idx->images};
    capas_tensor y = {CAPAS_UINT8, {1, {idx->count}}, (void *)idx->labels};
    capas_dataset *dataset = capas_dataset_from_arrays(x, targets ? *targets : y, 0);
    if (!dataset) {
        capas_idx_free(idx);
        return NULL;
    }
    dataset->memory = idx->memory;
    dataset->release_memory = release_memory;
    *idx = (capas_idx){0};
    if (name_classes(place, dataset) == CAPAS_OK) return dataset;
    capas_dataset_free(dataset);
    return NULL;
}

static capas_status load_part(const capas_idx_place *place, capas_idx_part part,
                              capas_dataset **dataset)
{
    capas_idx idx;
    CAPAS_TRY(capas_idx_load(place, part, &idx));
    *dataset = capas_idx_dataset(place, &idx, NULL);
    return *dataset ? CAPAS_OK : capas_error_status();
}

capas_status capas_load_idx(const char *folder, capas_dataset **train, capas_dataset **test)
{
    capas_idx_place place;
    if (train) *train = NULL;
    if (test) *test = NULL;
    CAPAS_TRY(capas_idx_find(folder, &place));
    if (train) CAPAS_TRY(load_part(&place, CAPAS_IDX_TRAIN, train));
    capas_status status = test ? load_part(&place, CAPAS_IDX_TEST, test) : CAPAS_OK;
    if (status == CAPAS_OK || !train) return status;
    capas_dataset_free(*train);
    *train = NULL;
    return status;
}

capas_dataset *capas_mnist(void)
{
    capas_dataset *train = NULL;
    capas_load_idx(NULL, &train, NULL);
    return train;
}

capas_dataset *capas_mnist_test(void)
{
    capas_dataset *test = NULL;
    capas_load_idx(NULL, NULL, &test);
    return test;
}
