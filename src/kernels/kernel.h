/* Kernels: arithmetic on pointers and explicit sizes. No allocation, no errors, no layers.
 *
 * A family is one piece of arithmetic (a convolution forward, ...), with a `problem` (all sizes,
 * fixed when a plan is made) and `arguments` (pointers and the number of samples, new in every
 * call). For each family there is an ordered list of kernels: the first that accepts the problem on
 * this processor wins, and the plain reference, which accepts everything in float and double, comes
 * last.
 *
 * A kernel cuts its work into shards itself, as a function of the problem and the number of samples
 * only, and calls capas_parallel; so its result is the same bits for any number of threads. Scratch
 * memory comes from `workspace`, whose size the kernel tells beforehand; its contents need not be
 * kept between calls. */
#ifndef CAPAS_KERNELS_KERNEL_H
#define CAPAS_KERNELS_KERNEL_H

#include "base/cpu.h"
#include "base/philox.h"
#include "base/pool.h"
#include <capas/tensor.h>
#include <stdbool.h>
#include <stddef.h>

#define CAPAS_KERNEL_FAMILIES(X)                                                                   \
    X(conv_forward)                                                                                \
    X(conv_backward)                                                                               \
    X(dense_forward)                                                                               \
    X(dense_backward)                                                                              \
    X(pool_forward)                                                                                \
    X(pool_backward)                                                                               \
    X(activate_forward)                                                                            \
    X(activate_backward)                                                                           \
    X(softmax_forward)                                                                             \
    X(softmax_backward)                                                                            \
    X(log_softmax_forward)                                                                         \
    X(log_softmax_backward)                                                                        \
    X(sparsemax_forward)                                                                           \
    X(sparsemax_backward)                                                                          \
    X(rectify_forward)                                                                             \
    X(rectify_backward)                                                                            \
    X(normalise_forward)                                                                           \
    X(normalise_backward)                                                                          \
    X(standardise_forward)                                                                         \
    X(standardise_backward)                                                                        \
    X(rescale)                                                                                     \
    X(resize_forward)                                                                              \
    X(resize_backward)                                                                             \
    X(product_forward)                                                                             \
    X(product_backward)                                                                            \
    X(noise)                                                                                       \
    X(combine_forward)                                                                             \
    X(combine_backward)                                                                            \
    X(join)                                                                                        \
    X(split)                                                                                       \
    X(repeat_forward)                                                                              \
    X(repeat_backward)                                                                             \
    X(affine)                                                                                      \
    X(move)                                                                                        \
    X(pad)                                                                                         \
    X(stack)                                                                                       \
    X(unstack)                                                                                     \
    X(dropout)                                                                                     \
    X(penalty)                                                                                     \
    X(warp)                                                                                        \
    X(warp_backward)                                                                               \
    X(adjust)                                                                                      \
    X(adjust_backward)                                                                             \
    X(custom)                                                                                      \
    X(scan_forward)                                                                                \
    X(scan_backward)                                                                               \
    X(lookup)                                                                                      \
    X(lookup_backward)                                                                             \
    X(mask)                                                                                        \
    X(share)                                                                                       \
    X(loss)                                                                                        \
    X(update)

typedef enum capas_kernel_family {
#define CAPAS_FAMILY_ENUM(name) CAPAS_FAMILY_##name,
    CAPAS_KERNEL_FAMILIES(CAPAS_FAMILY_ENUM)
#undef CAPAS_FAMILY_ENUM
        CAPAS_FAMILY_COUNT
} capas_kernel_family;

typedef struct capas_kernel {
    const char *name; /* "conv_forward direct 6x16 avx2" */
    capas_kernel_family family;
    capas_cpu_level level;
    capas_element element;                    /* float32 or float64 */
    bool (*accepts)(const void *problem);     /* NULL: everything */
    size_t (*workspace)(const void *problem); /* bytes; NULL: none */
    void (*run)(const void *problem, const void *arguments);
    /* Weights made ready once and for all, where many calls have the same ones: the bytes of that
     * copy (NULL or 0: there is nothing to be had), and making it of the weights in `arguments`,
     * which need hold nothing else. `run` then gets it in its arguments, or packs them itself. */
    size_t (*prepared)(const void *problem);
    void (*prepare)(const void *problem, const void *arguments, void *prepared);
    unsigned long *runs; /* how often it ran (atomic); tests print it */
} capas_kernel;

/* The first kernel of the family that this processor runs and that accepts the problem; never NULL.
 */
const capas_kernel *capas_choose_kernel(capas_kernel_family family, capas_element element,
                                        const void *problem);

/* Runs it and counts it. With the environment's CAPAS_VERBOSE=1 notes its name, time and rate;
 * `flops` is for that rate only (0: none). */
void capas_run_kernel(const capas_kernel *kernel, const void *problem, const void *arguments,
                      double flops);

size_t capas_kernel_workspace(const capas_kernel *kernel, const void *problem);
size_t capas_kernel_prepared(const capas_kernel *kernel, const void *problem);

/* All kernels of a family in their order, for tests and the bench. */
const capas_kernel *const *capas_kernels_of(capas_kernel_family family, size_t *count);
const char *capas_kernel_family_name(capas_kernel_family family);

enum { CAPAS_MAX_SHARDS = 16 };

/* Shards for `count` equal pieces of work: at most CAPAS_MAX_SHARDS, at least `grain` pieces each,
 * and one (empty) when there is no work. The one rule. */
int capas_shard_count(int64_t count, int64_t grain);
/* First piece of shard `shard` of `shards` over `count` pieces (shard == shards: count). */
int64_t capas_shard_begin(int64_t count, int shards, int shard);

/* One shard of a kernel: its pieces begin .. end-1. No two shards have the same number, so it may
 * index scratch memory. */
typedef void capas_range_function(const void *problem, const void *arguments, int64_t begin,
                                  int64_t end, int shard);

/* Cuts `count` pieces by the rule above and runs them on at most `workers` threads. */
void capas_parallel_ranges(int64_t count, int64_t grain, int workers,
                           capas_range_function *function, const void *problem,
                           const void *arguments);

#endif
