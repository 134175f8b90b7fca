/* Data sets: what all kinds have in common. The kinds are arrays.c and generator.c, and what data/
 * adds; a batch is plain memory for a number of samples. */
#include "training/dataset.h"
#include "base/memory.h"
#include "base/text.h"
#include <string.h>

void capas_dataset_init(capas_dataset *dataset, const capas_dataset_type *type,
                        const capas_dataset_spec *spec)
{
    *dataset = (capas_dataset){.type = type, .spec = *spec};
}

/* NULL data sets come from constructors that failed: their sentence stays. */
static capas_status fail_no_dataset(void)
{
    if (capas_error_status() != CAPAS_OK) return capas_error_status();
    return capas_fail(CAPAS_INVALID_ARGUMENT, "data set: none was given (NULL)");
}

size_t capas_sample_size(const capas_shape *shape, capas_element element)
{
    return (size_t)capas_shape_count(shape, 0) * (size_t)capas_element_size(element);
}

size_t capas_weight_size(const capas_dataset_spec *spec, int target)
{
    return capas_sample_size(&spec->weight_shapes[target], CAPAS_FLOAT32);
}

static capas_status check_tensor(const char *what, int index, const capas_shape *shape,
                                 capas_element element)
{
    if (shape->rank < 0 || shape->rank >= CAPAS_MAX_RANK)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "data set: %s %d has %d dimensions, at most %d are possible", what, index,
                          shape->rank, CAPAS_MAX_RANK - 1);
    char text[128];
    int64_t count = capas_shape_count(shape, 0);
    if (count <= 0 || count > INT64_MAX / 64)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "data set: a sample of %s %d must have a size above 0 in each dimension, "
                          "found %s",
                          what, index, capas_shape_text(shape, text, sizeof text));
    if (element < CAPAS_FLOAT32 || element > CAPAS_UINT8)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "data set: %s %d has no known element type (number %d)", what, index,
                          (int)element);
    return CAPAS_OK;
}

capas_status capas_dataset_check_spec(const capas_dataset_spec *spec)
{
    if (spec->input_count < 1 || spec->input_count > CAPAS_DATASET_TENSORS ||
        spec->target_count < 0 || spec->target_count > CAPAS_DATASET_TENSORS)
        return capas_fail(
            CAPAS_INVALID_ARGUMENT,
            "data set: needs from 1 to %d inputs and at most %d targets, found %d and "
            "%d",
            CAPAS_DATASET_TENSORS, CAPAS_DATASET_TENSORS, spec->input_count, spec->target_count);
    if (spec->count < 1 && spec->count != CAPAS_ANY)
        return capas_fail(CAPAS_BAD_DATA, "data set: needs at least one sample, found %lld",
                          (long long)spec->count);
    for (int i = 0; i < spec->input_count; i++)
        CAPAS_TRY(check_tensor("input", i, &spec->input_shapes[i], spec->input_elements[i]));
    for (int i = 0; i < spec->target_count; i++)
        CAPAS_TRY(check_tensor("target", i, &spec->target_shapes[i], spec->target_elements[i]));
    for (int i = 0; i < CAPAS_DATASET_TENSORS; i++) {
        if (!spec->weighted[i]) continue;
        if (i >= spec->target_count)
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "data set: sample weights are given for target %d, of %d", i,
                              spec->target_count);
        CAPAS_TRY(check_tensor("the weight of target", i, &spec->weight_shapes[i], CAPAS_FLOAT32));
    }
    return CAPAS_OK;
}

capas_status capas_dataset_set_sample_weight(capas_dataset *dataset, int target,
                                             capas_tensor weights, int copy)
{
    if (!dataset) return fail_no_dataset();
    capas_dataset_spec *spec = &dataset->spec;
    if (target < 0 || target >= spec->target_count)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "data set: sample weights for target %d, the set has %d targets", target,
                          spec->target_count);
    if (!dataset->type->weigh)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "data set: only a set of arrays takes sample weights; give them before "
                          "it is cut or augmented, a generator says them in its spec");
    char text[128];
    const capas_shape *shape = &weights.shape;
    if (weights.data && (weights.element != CAPAS_FLOAT32 || shape->rank < 1 ||
                         shape->rank > CAPAS_MAX_RANK || shape->dims[0] != spec->count))
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "data set: sample weights must be float32 of the shape (%lld) or (%lld, "
                          "...), found %s",
                          (long long)spec->count, (long long)spec->count,
                          capas_shape_text(shape, text, sizeof text));
    capas_dataset_spec changed = *spec;
    capas_shape *sample = &changed.weight_shapes[target];
    changed.weighted[target] = weights.data != NULL;
    *sample = (capas_shape){.rank = weights.data ? shape->rank - 1 : 0};
    memcpy(sample->dims, shape->dims + 1, (size_t)sample->rank * sizeof sample->dims[0]);
    CAPAS_TRY(capas_dataset_check_spec(&changed));
    CAPAS_TRY(dataset->type->weigh(dataset, target, &weights, copy != 0));
    *spec = changed;
    return CAPAS_OK;
}

capas_dataset *capas_dataset_slice(capas_dataset *dataset, int64_t first, int64_t count)
{
    if (!dataset) {
        fail_no_dataset();
        return NULL;
    }
    int64_t have = dataset->spec.count;
    if (!dataset->type->slice) {
        capas_fail(CAPAS_UNSUPPORTED, "data set: only a set of arrays can be cut into parts");
        return NULL;
    }
    if (first < 0 || count < 1 || first > have || count > have - first) {
        capas_fail(
            CAPAS_INVALID_ARGUMENT,
            "data set: a part of %lld samples from sample %lld on is not in a set of %lld; it "
            "must have at least one",
            (long long)count, (long long)first, (long long)have);
        return NULL;
    }
    capas_dataset *slice = dataset->type->slice(dataset, first, count);
    if (!slice || dataset->class_count == 0) return slice;
    if (capas_dataset_set_class_names(slice, (const char *const *)dataset->class_names,
                                      dataset->class_count) == CAPAS_OK)
        return slice;
    capas_dataset_free(slice);
    return NULL;
}

capas_dataset *capas_dataset_unchanged(capas_dataset *dataset)
{
    return dataset->type->unchanged ? dataset->type->unchanged(dataset) : dataset;
}

static void free_names(char **names, int count)
{
    for (int i = 0; i < count; i++)
        capas_release(names[i]);
    capas_release(names);
}

void capas_dataset_free(capas_dataset *dataset)
{
    if (!dataset) return;
    void *memory = dataset->memory;
    void (*release_memory)(void *) = dataset->release_memory;
    free_names(dataset->class_names, dataset->class_count);
    dataset->type->free(dataset);
    if (memory) release_memory(memory);
}

capas_status capas_dataset_describe(const capas_dataset *dataset, capas_dataset_spec *spec)
{
    if (!dataset) return fail_no_dataset();
    *spec = dataset->spec;
    return CAPAS_OK;
}

capas_status capas_dataset_set_class_names(capas_dataset *dataset, const char *const *names,
                                           int count)
{
    if (!dataset) return fail_no_dataset();
    if (count < 0 || (count > 0 && !names))
        return capas_fail(CAPAS_INVALID_ARGUMENT, "data set: %d class names were given", count);
    char **copies = count > 0 ? capas_allocate_zeroed((size_t)count, sizeof *copies) : NULL;
    if (count > 0 && !copies) return CAPAS_NO_MEMORY;
    for (int i = 0; i < count; i++) {
        copies[i] = capas_copy_string(names[i] ? names[i] : "");
        if (copies[i]) continue;
        free_names(copies, i);
        return CAPAS_NO_MEMORY;
    }
    free_names(dataset->class_names, dataset->class_count);
    dataset->class_names = copies;
    dataset->class_count = count;
    return CAPAS_OK;
}

const char *const *capas_dataset_class_names(const capas_dataset *dataset, int *count)
{
    if (count) *count = dataset ? dataset->class_count : 0;
    return dataset ? (const char *const *)dataset->class_names : NULL;
}

static capas_status new_tensors(const capas_shape *shapes, const capas_element *elements, int count,
                                int64_t capacity, void **memory)
{
    for (int i = 0; i < count; i++) {
        memory[i] = capas_allocate((size_t)capacity, capas_sample_size(&shapes[i], elements[i]));
        if (!memory[i]) return CAPAS_NO_MEMORY;
    }
    return CAPAS_OK;
}

capas_status capas_batch_new(const capas_dataset_spec *spec, int64_t capacity, capas_batch *batch)
{
    *batch = (capas_batch){.capacity = capacity};
    capas_status status = new_tensors(spec->input_shapes, spec->input_elements, spec->input_count,
                                      capacity, batch->inputs);
    if (status == CAPAS_OK)
        status = new_tensors(spec->target_shapes, spec->target_elements, spec->target_count,
                             capacity, batch->targets);
    for (int i = 0; i < spec->target_count && status == CAPAS_OK; i++) {
        if (!spec->weighted[i]) continue;
        batch->weights[i] = capas_allocate((size_t)capacity, capas_weight_size(spec, i));
        if (!batch->weights[i]) status = CAPAS_NO_MEMORY;
    }
    if (status != CAPAS_OK) capas_batch_free(batch);
    return status;
}

void capas_batch_free(capas_batch *batch)
{
    for (int i = 0; i < CAPAS_DATASET_TENSORS; i++) {
        capas_release(batch->inputs[i]);
        capas_release(batch->targets[i]);
        capas_release(batch->weights[i]);
    }
    *batch = (capas_batch){0};
}
