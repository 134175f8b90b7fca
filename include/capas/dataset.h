/* Data sets: samples with their labels, handed out in batches. Made from arrays, from a function,
 * or read from files (capas/data.h). A data set is used by one call at a time. */
#ifndef CAPAS_DATASET_H
#define CAPAS_DATASET_H

#include <capas/tensor.h>

CAPAS_BEGIN

typedef struct capas_dataset capas_dataset;

enum { CAPAS_DATASET_TENSORS = 8 }; /* at most so many inputs, and so many targets */

/* What one sample is: the shapes are without the batch. */
typedef struct capas_dataset_spec {
    int input_count, target_count;
    capas_shape input_shapes[CAPAS_DATASET_TENSORS], target_shapes[CAPAS_DATASET_TENSORS];
    capas_element input_elements[CAPAS_DATASET_TENSORS], target_elements[CAPAS_DATASET_TENSORS];
    int64_t count; /* samples; CAPAS_ANY when a function gives them and nobody knows */
    int weighted[CAPAS_DATASET_TENSORS]; /* whether there are sample weights for a target, float32
                                            of this shape: rank 0 for one a sample, or one for each
                                            value of the loss (each step of a sequence) */
    capas_shape weight_shapes[CAPAS_DATASET_TENSORS];
} capas_dataset_spec;

/* One input and one target. `x` is [n, ...] of uint8 or float32, `y` is [n] or [n, ...] of uint8,
 * int32 or float32; y.data NULL: no targets. With `copy` 0 the arrays are borrowed and must outlive
 * the set. */
CAPAS_API capas_dataset *capas_dataset_from_arrays(capas_tensor x, capas_tensor y, int copy);
/* Several inputs and targets. */
CAPAS_API capas_dataset *capas_dataset_from_tensors(const capas_tensor *inputs, int input_count,
                                                    const capas_tensor *targets, int target_count,
                                                    int copy);

/* A generator. Fills up to `n` samples into `inputs` and `targets` (memory is there, laid out as
 * the spec says, sample after sample) and returns how many; 0 at the end of the epoch, negative to
 * stop with an error. Sample weights, where the spec says that there are some, go to
 * targets[target_count + i] for target i. `restart` non-zero: begin the epoch `epoch` anew before
 * filling. A training that goes on after a kill (capas_backup_and_restore) has the epoch filled
 * again from its beginning and throws away what was used: the same epoch must give the same
 * samples. */
typedef int64_t capas_generate_function(void *context, int restart, int epoch, int64_t n,
                                        void *const *inputs, void *const *targets);
CAPAS_API capas_dataset *capas_dataset_from_function(const capas_dataset_spec *spec,
                                                     capas_generate_function *function,
                                                     void *context);

/* Keras's sample_weight: what each sample (or each step of its target) counts for in the loss of
 * target `target` and in weighted metrics, [n] or [n, ...] of float32; with `copy` 0 borrowed. For
 * a set of arrays, before it is cut or augmented; weights.data NULL takes them away. */
CAPAS_API capas_status capas_dataset_set_sample_weight(capas_dataset *dataset, int target,
                                                       capas_tensor weights, int copy);

/* Samples first .. first + count - 1 of another set, which must outlive this one. */
CAPAS_API capas_dataset *capas_dataset_slice(capas_dataset *dataset, int64_t first, int64_t count);

CAPAS_API void capas_dataset_free(capas_dataset *dataset);
CAPAS_API capas_status capas_dataset_describe(const capas_dataset *dataset,
                                              capas_dataset_spec *spec);

/* Names of the classes, copied; borrowed back. NULL when there are none. */
CAPAS_API capas_status capas_dataset_set_class_names(capas_dataset *dataset,
                                                     const char *const *names, int count);
CAPAS_API const char *const *capas_dataset_class_names(const capas_dataset *dataset, int *count);

CAPAS_END

#endif
