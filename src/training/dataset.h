/* The interface that data sets fill: training asks for the next batch, and may seek to any epoch
 * and sample. Arrays and generators are here in training/; files are data/'s. */
#ifndef CAPAS_TRAINING_DATASET_H
#define CAPAS_TRAINING_DATASET_H

#include "base/status.h"
#include <capas/dataset.h>
#include <stdbool.h>
#include <stddef.h>

/* Where the next batch starts. */
typedef struct capas_dataset_place {
    int epoch;
    int64_t index; /* samples already given in this epoch */
    bool shuffle;  /* a new permutation each epoch, from the seed and the epoch alone */
    uint64_t seed;
} capas_dataset_place;

/* Memory for up to `capacity` samples of each input and target, in the spec's elements. */
typedef struct capas_batch {
    int64_t capacity, count;
    void *inputs[CAPAS_DATASET_TENSORS], *targets[CAPAS_DATASET_TENSORS];
    float *weights[CAPAS_DATASET_TENSORS]; /* of targets that have some; NULL: 1 */
} capas_batch;

typedef struct capas_dataset_type {
    capas_status (*seek)(capas_dataset *dataset, const capas_dataset_place *place);
    /* Fills the batch; count 0 at the epoch's end. */
    capas_status (*next)(capas_dataset *dataset, capas_batch *batch);
    /* Releases all but class_names and memory, which capas_dataset_free does. */
    void (*free)(capas_dataset *dataset);
    /* Samples first .. first + count - 1 as a set of its own; it borrows this one. NULL: this kind
     * cannot be cut. */
    capas_dataset *(*slice)(capas_dataset *dataset, int64_t first, int64_t count);
    /* All of a target in the set's own order, when it lies in memory, so that labels can be checked
     * before training starts. NULL (or giving NULL): not in memory. */
    const void *(*target)(const capas_dataset *dataset, int target);
    /* The same of an input, so that its range can be looked at. */
    const void *(*input)(const capas_dataset *dataset, int input);
    /* A checksum of all samples, to tell data apart; NULL: they do not lie in memory. */
    uint64_t (*fingerprint)(const capas_dataset *dataset);
    /* The same samples as they are before chance changes them; validation takes them from there.
     * NULL: chance changes nothing. */
    capas_dataset *(*unchanged)(capas_dataset *dataset);
    /* Takes sample weights of a target, whose shape fits. NULL: this kind cannot. */
    capas_status (*weigh)(capas_dataset *dataset, int target, const capas_tensor *weights,
                          bool copy);
} capas_dataset_type;

struct capas_dataset {
    const capas_dataset_type *type;
    capas_dataset_spec spec;
    char **class_names;
    int class_count;
    void *memory; /* the arrays that it rests on, when they are its own: capas_dataset_free hands it
                     to release_memory last; NULL: none */
    void (*release_memory)(void *memory);
};

/* Sets what all kinds have in common. */
void capas_dataset_init(capas_dataset *dataset, const capas_dataset_type *type,
                        const capas_dataset_spec *spec);

capas_dataset *capas_dataset_unchanged(capas_dataset *dataset);

/* A spec that can be worked with: counts, ranks, dimensions, elements. Fails with a sentence. */
capas_status capas_dataset_check_spec(const capas_dataset_spec *spec);

/* Bytes of one sample of an input or target; its size fits memory once the spec is checked. */
size_t capas_sample_size(const capas_shape *shape, capas_element element);

size_t capas_weight_size(const capas_dataset_spec *spec, int target);

capas_status capas_batch_new(const capas_dataset_spec *spec, int64_t capacity, capas_batch *batch);
void capas_batch_free(capas_batch *batch);

#endif
