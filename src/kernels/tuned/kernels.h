/* What a tuned kernel starts with, and the names of them all.
 *
 * The files of this folder are compiled once for each level of the processor; a kernel is the
 * constant capas_NAME_avx2, and so on for the other levels, which list.c lists. */
#ifndef CAPAS_KERNELS_TUNED_KERNELS_H
#define CAPAS_KERNELS_TUNED_KERNELS_H

#include "kernels/kernel.h"
#include "kernels/tuned/vector.h"

#define CAPAS_LEVEL_OF_sse2   CAPAS_CPU_SSE2
#define CAPAS_LEVEL_OF_avx2   CAPAS_CPU_AVX2
#define CAPAS_LEVEL_OF_avx512 CAPAS_CPU_AVX512
#define CAPAS_LEVEL_OF_neon   CAPAS_CPU_NEON
#define CAPAS_LEVEL           CAPAS_PASTE(CAPAS_LEVEL_OF, CAPAS_LEVEL_NAME)

/* Defines the kernel capas_NAME_LEVEL; `how` says in a word or two how it works. Functions that are
 * not needed are NULL. */
#define CAPAS_TUNED_KERNEL_OF(family_name, name_, how, accepts_function, workspace_function,       \
                              run_function)                                                        \
    static unsigned long name_##_runs;                                                             \
    const capas_kernel CAPAS_TUNED(capas_##name_) = {                                              \
        .name = #family_name " " how " " CAPAS_LEVEL_STRING,                                       \
        .family = CAPAS_FAMILY_##family_name,                                                      \
        .level = CAPAS_LEVEL,                                                                      \
        .element = CAPAS_FLOAT32,                                                                  \
        .accepts = accepts_function,                                                               \
        .workspace = workspace_function,                                                           \
        .run = run_function,                                                                       \
        .runs = &name_##_runs,                                                                     \
    }

/* The only one of its family. */
#define CAPAS_TUNED_KERNEL(family_name, how, accepts_function, workspace_function, run_function)   \
    CAPAS_TUNED_KERNEL_OF(family_name, family_name, how, accepts_function, workspace_function,     \
                          run_function)

/* All kernels of this level and of one family, in order of preference; `count` may become 0
 * (list.c). */
const capas_kernel *const *CAPAS_TUNED(capas_tuned_kernels)(capas_kernel_family family,
                                                            size_t *count);
/* The first of them that accepts the problem; NULL: none. For kernels that prepare a problem for
 * others. */
const capas_kernel *CAPAS_TUNED(capas_tuned_kernel)(capas_kernel_family family,
                                                    const void *problem);

extern const capas_kernel CAPAS_TUNED(capas_conv_forward_windows);
extern const capas_kernel CAPAS_TUNED(capas_conv_forward_winograd);
extern const capas_kernel CAPAS_TUNED(capas_conv_forward_points);
extern const capas_kernel CAPAS_TUNED(capas_conv_forward_direct);
extern const capas_kernel CAPAS_TUNED(capas_conv_forward_depthwise);
extern const capas_kernel CAPAS_TUNED(capas_conv_forward_groups);
extern const capas_kernel CAPAS_TUNED(capas_conv_forward_phases);
extern const capas_kernel CAPAS_TUNED(capas_conv_backward_few);
extern const capas_kernel CAPAS_TUNED(capas_conv_backward_input);
extern const capas_kernel CAPAS_TUNED(capas_conv_backward_live);
extern const capas_kernel CAPAS_TUNED(capas_conv_backward_depthwise);
extern const capas_kernel CAPAS_TUNED(capas_conv_backward_groups);
extern const capas_kernel CAPAS_TUNED(capas_conv_backward_phases);
extern const capas_kernel CAPAS_TUNED(capas_dense_forward);
extern const capas_kernel CAPAS_TUNED(capas_dense_backward);
extern const capas_kernel CAPAS_TUNED(capas_scan_forward);
extern const capas_kernel CAPAS_TUNED(capas_scan_backward);
extern const capas_kernel CAPAS_TUNED(capas_update);
extern const capas_kernel CAPAS_TUNED(capas_loss);
extern const capas_kernel CAPAS_TUNED(capas_activate_forward);
extern const capas_kernel CAPAS_TUNED(capas_activate_backward);
extern const capas_kernel CAPAS_TUNED(capas_softmax_forward);
extern const capas_kernel CAPAS_TUNED(capas_softmax_backward);
extern const capas_kernel CAPAS_TUNED(capas_rectify_forward);
extern const capas_kernel CAPAS_TUNED(capas_rectify_backward);
extern const capas_kernel CAPAS_TUNED(capas_affine);
extern const capas_kernel CAPAS_TUNED(capas_combine_forward);
extern const capas_kernel CAPAS_TUNED(capas_combine_backward);
extern const capas_kernel CAPAS_TUNED(capas_combine_forward_rows);
extern const capas_kernel CAPAS_TUNED(capas_combine_backward_rows);
extern const capas_kernel CAPAS_TUNED(capas_dropout);
extern const capas_kernel CAPAS_TUNED(capas_warp);
extern const capas_kernel CAPAS_TUNED(capas_pool_forward);
extern const capas_kernel CAPAS_TUNED(capas_pool_backward);
extern const capas_kernel CAPAS_TUNED(capas_normalise_forward);
extern const capas_kernel CAPAS_TUNED(capas_normalise_backward);
extern const capas_kernel CAPAS_TUNED(capas_standardise_forward);
extern const capas_kernel CAPAS_TUNED(capas_standardise_backward);

#endif
