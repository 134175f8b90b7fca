/* A data set around another one, whose pictures it gives augmented. The other set fills a batch of
 * its own; the picture at place i of the epoch's order then draws by i (augment_draw.c), and is
 * warped into the caller's batch (kernels/warp.h). */
#include "data/augment.h"
#include "base/checksum.h"
#include "base/memory.h"
#include "base/text.h"
#include "kernels/warp.h"
#include "training/dataset.h"
#include "training/evaluate.h"
#include "training/trainer.h"

enum { LARGEST_SIDE = 4096, TEXT_SIZE = 128, GRAIN = 32 /* pictures a shard, without bending */ };

/* Memory for a number of pictures and threads. */
typedef struct room {
    int64_t capacity;
    int workers;
    void *pictures;
    float *maps, *shifts, *scratch; /* the last two with elastic distortion only */
    void *workspace;
} room;

typedef struct augmented_dataset {
    capas_dataset base;
    capas_dataset *plain;
    capas_dataset *owned; /* what a slice rests on; NULL: nothing */
    capas_augment_options options;
    capas_elastic elastic;
    capas_dataset_place place; /* of the next sample */
    const capas_kernel *kernel;
    capas_warp_problem problem;
    room room;
} augmented_dataset;

static void free_room(room *room)
{
    capas_release(room->pictures);
    capas_release(room->maps);
    capas_release(room->shifts);
    capas_release(room->scratch);
    capas_release(room->workspace);
    *room = (struct room){0};
}

static int64_t pixels_of(const augmented_dataset *set)
{
    return (int64_t)set->problem.height * set->problem.width;
}

static capas_status allocate_room(augmented_dataset *set, int64_t capacity, int workers)
{
    room *room = &set->room;
    const size_t n = (size_t)capacity, pixels = (size_t)pixels_of(set);
    const capas_dataset_spec *spec = &set->base.spec;
    room->pictures =
        capas_allocate(n, capas_sample_size(&spec->input_shapes[0], spec->input_elements[0]));
    room->maps = capas_allocate(n, 6 * sizeof(float));
    room->workspace = capas_allocate(capas_kernel_workspace(set->kernel, &set->problem), 1);
    if (!room->pictures || !room->maps || !room->workspace) return CAPAS_NO_MEMORY;
    if (set->options.elastic_alpha > 0) {
        room->shifts = capas_allocate(n, 2 * pixels * sizeof(float));
        room->scratch = capas_allocate((size_t)workers, pixels * sizeof(float));
        if (!room->shifts || !room->scratch) return CAPAS_NO_MEMORY;
    }
    room->capacity = capacity;
    room->workers = workers;
    return CAPAS_OK;
}

/* Kernel and memory for batches of this size, with the threads that there are now. */
static capas_status make_room(augmented_dataset *set, int64_t capacity)
{
    const int workers = capas_threads();
    if (set->room.capacity >= capacity && set->room.workers == workers) return CAPAS_OK;
    free_room(&set->room);
    set->problem.workers = workers;
    set->kernel = capas_choose_kernel(CAPAS_FAMILY_warp, CAPAS_FLOAT32, &set->problem);
    capas_status status = allocate_room(set, capacity, workers);
    if (status != CAPAS_OK) free_room(&set->room);
    return status;
}

static capas_status seek_augmented(capas_dataset *dataset, const capas_dataset_place *place)
{
    augmented_dataset *set = (augmented_dataset *)dataset;
    CAPAS_TRY(set->plain->type->seek(set->plain, place));
    set->place = *place;
    return CAPAS_OK;
}

/* The draws of a batch. */
typedef struct drawing {
    augmented_dataset *set;
    int64_t count;
    int shards;
} drawing;

static void draw_shard(void *context, int shard, int worker)
{
    const drawing *d = context;
    const augmented_dataset *set = d->set;
    const int height = set->problem.height, width = set->problem.width;
    const size_t pixels = (size_t)pixels_of(set);
    capas_random random = {set->place.seed, CAPAS_STREAM_AUGMENT, (uint32_t)set->place.epoch};
    const int64_t end = capas_shard_begin(d->count, d->shards, shard + 1);
    for (int64_t i = capas_shard_begin(d->count, d->shards, shard); i < end; i++) {
        const int64_t index = set->place.index + i;
        random.stream = CAPAS_STREAM_AUGMENT;
        capas_augment_draw draw =
            capas_augment_draw_of(&set->options, random, index, height, width);
        capas_augment_map(&draw, height, width, set->room.maps + 6 * i);
        random.stream = CAPAS_STREAM_ELASTIC;
        if (set->room.shifts)
            capas_elastic_fill(&set->elastic, random, index, height, width,
                               set->room.shifts + 2 * pixels * (size_t)i,
                               set->room.scratch + pixels * (size_t)worker);
    }
}

static void augment(augmented_dataset *set, int64_t count, void *to)
{
    drawing d = {set, count, capas_shard_count(count, set->room.shifts ? 1 : GRAIN)};
    capas_parallel(d.shards, set->room.workers, draw_shard, &d);
    capas_warp_arguments arguments = {
        .n = (int)count,
        .input = set->room.pictures,
        .output = to,
        .map = set->room.maps,
        .shift = set->room.shifts,
        .workspace = set->room.workspace,
    };
    capas_run_kernel(set->kernel, &set->problem, &arguments, 0);
}

static capas_status next_augmented(capas_dataset *dataset, capas_batch *batch)
{
    augmented_dataset *set = (augmented_dataset *)dataset;
    CAPAS_TRY(make_room(set, batch->capacity));
    capas_batch plain = *batch;
    plain.inputs[0] = set->room.pictures;
    CAPAS_TRY(set->plain->type->next(set->plain, &plain));
    batch->count = plain.count;
    if (plain.count > 0) augment(set, plain.count, batch->inputs[0]);
    set->place.index += plain.count;
    return CAPAS_OK;
}

static void free_augmented(capas_dataset *dataset)
{
    augmented_dataset *set = (augmented_dataset *)dataset;
    free_room(&set->room);
    capas_dataset_free(set->owned);
    capas_release(set);
}

static const void *target_augmented(const capas_dataset *dataset, int target)
{
    const capas_dataset *plain = ((const augmented_dataset *)dataset)->plain;
    return plain->type->target ? plain->type->target(plain, target) : NULL;
}

static const void *input_augmented(const capas_dataset *dataset, int input)
{
    const capas_dataset *plain = ((const augmented_dataset *)dataset)->plain;
    return plain->type->input ? plain->type->input(plain, input) : NULL;
}

/* Of the samples and of what changes them. */
static uint64_t fingerprint(const capas_dataset *dataset)
{
    const augmented_dataset *set = (const augmented_dataset *)dataset;
    const capas_augment_options *o = &set->options;
    const double settings[] = {
        o->rotation_range,  o->width_shift_range, o->height_shift_range,  o->shear_range,
        o->zoom_range.low,  o->zoom_range.high,   o->fill_mode,           o->cval,
        o->horizontal_flip, o->vertical_flip,     o->interpolation_order, o->elastic_alpha,
        o->elastic_sigma,
    };
    uint64_t sum = set->plain->type->fingerprint ? set->plain->type->fingerprint(set->plain) : 0;
    return capas_checksum(sum, settings, sizeof settings);
}

static capas_dataset *unchanged(capas_dataset *dataset)
{
    return capas_dataset_unchanged(((augmented_dataset *)dataset)->plain);
}

/* A part, augmented by its own order. */
static capas_dataset *slice_augmented(capas_dataset *dataset, int64_t first, int64_t count)
{
    augmented_dataset *set = (augmented_dataset *)dataset;
    capas_dataset *part = capas_dataset_slice(set->plain, first, count);
    if (!part) return NULL;
    augmented_dataset *slice = (augmented_dataset *)capas_augmented_new(part, &set->options);
    if (!slice) {
        capas_dataset_free(part);
        return NULL;
    }
    slice->owned = part;
    return &slice->base;
}

static const capas_dataset_type augmented_type = {
    .seek = seek_augmented,
    .next = next_augmented,
    .free = free_augmented,
    .slice = slice_augmented,
    .target = target_augmented,
    .input = input_augmented,
    .fingerprint = fingerprint,
    .unchanged = unchanged,
};

static capas_status check_pictures(const capas_dataset_spec *spec,
                                   const capas_augment_options *options)
{
    const capas_shape *shape = &spec->input_shapes[0];
    const capas_element element = spec->input_elements[0];
    char text[TEXT_SIZE];
    bool picture = shape->rank == 2 || shape->rank == 3;
    for (int i = 0; picture && i < shape->rank; i++)
        picture = shape->dims[i] <= LARGEST_SIDE;
    if (!picture)
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "augment: the first input must be pictures, (height, width) or (height, "
                          "width, channels) with sides of at most %d, found samples of %s",
                          LARGEST_SIDE, capas_shape_text(shape, text, sizeof text));
    if (element != CAPAS_UINT8 && element != CAPAS_FLOAT32)
        return capas_fail(
            CAPAS_UNSUPPORTED,
            "augment: pictures must be uint8 or float32, found %s; convert them first",
            element == CAPAS_INT32 ? "int32" : "float64");
    bool byte = options->cval >= 0 && options->cval <= 255;
    if (element == CAPAS_UINT8 && !byte)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "augment: cval must be from 0 to 255 for uint8 pictures, found %.15g",
                          options->cval);
    return CAPAS_OK;
}

static void set_problem(augmented_dataset *set)
{
    const capas_shape *shape = &set->base.spec.input_shapes[0];
    const int height = (int)shape->dims[0], width = (int)shape->dims[1];
    set->problem = (capas_warp_problem){
        .height = height,
        .width = width,
        .channels = shape->rank == 3 ? (int)shape->dims[2] : 1,
        .out_height = height,
        .out_width = width,
        .fill_mode = set->options.fill_mode,
        .interpolation = set->options.interpolation_order == 0 ? CAPAS_INTERPOLATE_NEAREST
                                                               : CAPAS_INTERPOLATE_BILINEAR,
        .fill_value = set->options.cval,
        .bytes = set->base.spec.input_elements[0] == CAPAS_UINT8,
    };
    if (set->options.elastic_alpha > 0)
        capas_elastic_prepare(&set->elastic, set->options.elastic_alpha,
                              set->options.elastic_sigma);
}

capas_dataset *capas_augmented_new(capas_dataset *dataset, const capas_augment_options *options)
{
    if (check_pictures(&dataset->spec, options) != CAPAS_OK) return NULL;
    augmented_dataset *set = capas_allocate_zeroed(1, sizeof *set);
    if (!set) return NULL;
    capas_dataset_init(&set->base, &augmented_type, &dataset->spec);
    set->plain = dataset;
    set->options = *options;
    set_problem(set);
    if (capas_dataset_set_class_names(&set->base, (const char *const *)dataset->class_names,
                                      dataset->class_count) == CAPAS_OK)
        return &set->base;
    capas_dataset_free(&set->base);
    return NULL;
}

capas_dataset *capas_dataset_augmented_with(capas_dataset *dataset,
                                            const capas_augment_options *options)
{
    capas_augment_options resolved = {0};
    if (capas_check_dataset(dataset, "augment") != CAPAS_OK) return NULL;
    if (capas_copy_options(&resolved, sizeof resolved, options, "augment") != CAPAS_OK) return NULL;
    if (capas_options_resolve(&capas_augment_table, &resolved, "augment") != CAPAS_OK) return NULL;
    return capas_augmented_new(dataset, &resolved);
}
