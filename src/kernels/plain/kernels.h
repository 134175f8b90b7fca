/* The names of the plain kernels: capas_FAMILY_plain_f32 and _f64, one of each for every family. */
#ifndef CAPAS_KERNELS_PLAIN_KERNELS_H
#define CAPAS_KERNELS_PLAIN_KERNELS_H

#include "kernels/kernel.h"

#define CAPAS_DECLARE_PLAIN(name)                                                                  \
    extern const capas_kernel capas_##name##_plain_f32;                                            \
    extern const capas_kernel capas_##name##_plain_f64;
CAPAS_KERNEL_FAMILIES(CAPAS_DECLARE_PLAIN)
#undef CAPAS_DECLARE_PLAIN

/* Those that prediction needs, in float; libcapas-predict.a has no others. A transposed convolution
 * is a convolution's way back. */
#define CAPAS_PREDICTION_FAMILIES(X)                                                               \
    X(conv_forward)                                                                                \
    X(conv_backward)                                                                               \
    X(dense_forward)                                                                               \
    X(pool_forward)                                                                                \
    X(activate_forward)                                                                            \
    X(softmax_forward)                                                                             \
    X(log_softmax_forward)                                                                         \
    X(sparsemax_forward)                                                                           \
    X(rectify_forward)                                                                             \
    X(normalise_forward)                                                                           \
    X(standardise_forward)                                                                         \
    X(rescale)                                                                                     \
    X(resize_forward)                                                                              \
    X(product_forward)                                                                             \
    X(combine_forward)                                                                             \
    X(join)                                                                                        \
    X(repeat_forward)                                                                              \
    X(affine)                                                                                      \
    X(move)                                                                                        \
    X(pad)                                                                                         \
    X(stack)                                                                                       \
    X(unstack)                                                                                     \
    X(custom)                                                                                      \
    X(scan_forward)                                                                                \
    X(lookup)                                                                                      \
    X(mask)                                                                                        \
    X(penalty)                                                                                     \
    X(share)

#endif
