/* A data set that lies in memory: one array for each input and target, borrowed or copied. Shuffled
 * access goes through the epoch's order (order.h). */
#include "base/checksum.h"
#include "base/memory.h"
#include "base/text.h"
#include "training/order.h"
#include <string.h>

typedef struct array_tensor {
    const char *data;
    size_t size; /* bytes of a sample */
    void *copy;  /* what to release, or NULL */
} array_tensor;

typedef struct array_dataset {
    capas_dataset base;
    array_tensor inputs[CAPAS_DATASET_TENSORS], targets[CAPAS_DATASET_TENSORS];
    array_tensor weights[CAPAS_DATASET_TENSORS];
    int64_t index; /* of the next sample in this epoch */
    bool shuffle;  /* this epoch goes by `order` */
    capas_order order;
} array_dataset;

static capas_status seek_arrays(capas_dataset *dataset, const capas_dataset_place *place)
{
    array_dataset *set = (array_dataset *)dataset;
    CAPAS_TRY(capas_check_place(place, dataset->spec.count));
    if (place->shuffle) CAPAS_TRY(capas_order_draw(&set->order, place, dataset->spec.count));
    set->shuffle = place->shuffle;
    set->index = place->index;
    return CAPAS_OK;
}

static void take(const array_dataset *set, const array_tensor *tensor, int64_t count, void *to)
{
    size_t size = tensor->size;
    if (!set->shuffle) {
        memcpy(to, tensor->data + (size_t)set->index * size, (size_t)count * size);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        memcpy((char *)to + (size_t)i * size,
               tensor->data + (size_t)set->order.order[set->index + i] * size, size);
}

static capas_status next_arrays(capas_dataset *dataset, capas_batch *batch)
{
    array_dataset *set = (array_dataset *)dataset;
    int64_t left = dataset->spec.count - set->index;
    int64_t count = left < batch->capacity ? left : batch->capacity;
    for (int i = 0; i < dataset->spec.input_count; i++)
        take(set, &set->inputs[i], count, batch->inputs[i]);
    for (int i = 0; i < dataset->spec.target_count; i++)
        take(set, &set->targets[i], count, batch->targets[i]);
    for (int i = 0; i < dataset->spec.target_count; i++)
        if (dataset->spec.weighted[i]) take(set, &set->weights[i], count, batch->weights[i]);
    set->index += count;
    batch->count = count;
    return CAPAS_OK;
}

static void free_arrays(capas_dataset *dataset)
{
    array_dataset *set = (array_dataset *)dataset;
    for (int i = 0; i < CAPAS_DATASET_TENSORS; i++) {
        capas_release(set->inputs[i].copy);
        capas_release(set->targets[i].copy);
        capas_release(set->weights[i].copy);
    }
    capas_release(set->order.order);
    capas_release(set);
}

static const void *target_array(const capas_dataset *dataset, int target)
{
    return ((const array_dataset *)dataset)->targets[target].data;
}

static const void *input_array(const capas_dataset *dataset, int input)
{
    return ((const array_dataset *)dataset)->inputs[input].data;
}

static uint64_t fingerprint_arrays(const capas_dataset *dataset)
{
    const array_dataset *set = (const array_dataset *)dataset;
    size_t count = (size_t)dataset->spec.count;
    uint64_t sum = 0;
    for (int i = 0; i < dataset->spec.input_count; i++)
        sum = capas_checksum(sum, set->inputs[i].data, count * set->inputs[i].size);
    for (int i = 0; i < dataset->spec.target_count; i++)
        sum = capas_checksum(sum, set->targets[i].data, count * set->targets[i].size);
    for (int i = 0; i < dataset->spec.target_count; i++)
        if (dataset->spec.weighted[i])
            sum = capas_checksum(sum, set->weights[i].data, count * set->weights[i].size);
    return sum;
}

static capas_dataset *slice_arrays(capas_dataset *dataset, int64_t first, int64_t count);
static capas_status weigh_arrays(capas_dataset *dataset, int target, const capas_tensor *weights,
                                 bool copy);

static const capas_dataset_type array_type = {
    .seek = seek_arrays,
    .next = next_arrays,
    .free = free_arrays,
    .slice = slice_arrays,
    .target = target_array,
    .input = input_array,
    .fingerprint = fingerprint_arrays,
    .weigh = weigh_arrays,
};

static array_tensor part_of(const array_tensor *tensor, int64_t first)
{
    return (array_tensor){tensor->data + (size_t)first * tensor->size, tensor->size, NULL};
}

static capas_dataset *slice_arrays(capas_dataset *dataset, int64_t first, int64_t count)
{
    const array_dataset *whole = (const array_dataset *)dataset;
    array_dataset *set = capas_allocate_zeroed(1, sizeof *set);
    if (!set) return NULL;
    capas_dataset_init(&set->base, &array_type, &dataset->spec);
    set->base.spec.count = count;
    for (int i = 0; i < dataset->spec.input_count; i++)
        set->inputs[i] = part_of(&whole->inputs[i], first);
    for (int i = 0; i < dataset->spec.target_count; i++) {
        set->targets[i] = part_of(&whole->targets[i], first);
        if (dataset->spec.weighted[i]) set->weights[i] = part_of(&whole->weights[i], first);
    }
    return &set->base;
}

/* Splits [n, ...] into n and the sample's shape. */
static capas_status describe(const char *what, int index, const capas_tensor *tensor, int64_t *n,
                             capas_shape *shape, capas_element *element)
{
    char text[128];
    if (tensor->shape.rank < 1 || tensor->shape.rank > CAPAS_MAX_RANK)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "data set: %s %d must have the shape (samples, ...), found %d dimensions",
                          what, index, tensor->shape.rank);
    if (!tensor->data)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "data set: %s %d has no data (NULL)", what,
                          index);
    if (*n != CAPAS_ANY && tensor->shape.dims[0] != *n)
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "data set: %s %d has %lld samples, input 0 has %lld; its shape is %s",
                          what, index, (long long)tensor->shape.dims[0], (long long)*n,
                          capas_shape_text(&tensor->shape, text, sizeof text));
    *n = tensor->shape.dims[0];
    *element = tensor->element;
    shape->rank = tensor->shape.rank - 1;
    memcpy(shape->dims, tensor->shape.dims + 1, (size_t)shape->rank * sizeof shape->dims[0]);
    return CAPAS_OK;
}

static capas_status make_spec(const capas_tensor *inputs, int input_count,
                              const capas_tensor *targets, int target_count,
                              capas_dataset_spec *spec)
{
    *spec = (capas_dataset_spec){.input_count = input_count, .target_count = target_count};
    int64_t n = CAPAS_ANY;
    for (int i = 0; i < input_count && i < CAPAS_DATASET_TENSORS; i++)
        CAPAS_TRY(
            describe("input", i, &inputs[i], &n, &spec->input_shapes[i], &spec->input_elements[i]));
    for (int i = 0; i < target_count && i < CAPAS_DATASET_TENSORS; i++)
        CAPAS_TRY(describe("target", i, &targets[i], &n, &spec->target_shapes[i],
                           &spec->target_elements[i]));
    spec->count = n == CAPAS_ANY ? 0 : n;
    return capas_dataset_check_spec(spec);
}

static capas_status hold(array_tensor *held, const capas_tensor *tensor, int64_t n, size_t size,
                         bool copy)
{
    size_t bytes;
    if (__builtin_mul_overflow((size_t)n, size, &bytes))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "data set: %lld samples of %zu bytes are too large", (long long)n, size);
    *held = (array_tensor){tensor->data, size, NULL};
    if (!copy) return CAPAS_OK;
    held->copy = capas_copy_memory(tensor->data, bytes);
    held->data = held->copy;
    return held->copy ? CAPAS_OK : CAPAS_NO_MEMORY;
}

static capas_status weigh_arrays(capas_dataset *dataset, int target, const capas_tensor *weights,
                                 bool copy)
{
    array_dataset *set = (array_dataset *)dataset;
    array_tensor held = {0};
    if (weights->data) {
        int64_t n = weights->shape.dims[0];
        size_t size = (size_t)capas_shape_count(&weights->shape, 1) * sizeof(float);
        CAPAS_TRY(hold(&held, weights, n, size, copy));
    }
    capas_release(set->weights[target].copy);
    set->weights[target] = held;
    return CAPAS_OK;
}

capas_dataset *capas_dataset_from_tensors(const capas_tensor *inputs, int input_count,
                                          const capas_tensor *targets, int target_count, int copy)
{
    capas_dataset_spec spec;
    if (make_spec(inputs, input_count, targets, target_count, &spec) != CAPAS_OK) return NULL;
    array_dataset *set = capas_allocate_zeroed(1, sizeof *set);
    if (!set) return NULL;
    capas_dataset_init(&set->base, &array_type, &spec);
    capas_status status = CAPAS_OK;
    for (int i = 0; i < input_count && status == CAPAS_OK; i++)
        status = hold(&set->inputs[i], &inputs[i], spec.count,
                      capas_sample_size(&spec.input_shapes[i], spec.input_elements[i]), copy);
    for (int i = 0; i < target_count && status == CAPAS_OK; i++)
        status = hold(&set->targets[i], &targets[i], spec.count,
                      capas_sample_size(&spec.target_shapes[i], spec.target_elements[i]), copy);
    if (status == CAPAS_OK) return &set->base;
    capas_dataset_free(&set->base);
    return NULL;
}

capas_dataset *capas_dataset_from_arrays(capas_tensor x, capas_tensor y, int copy)
{
    return capas_dataset_from_tensors(&x, 1, &y, y.data ? 1 : 0, copy);
}
