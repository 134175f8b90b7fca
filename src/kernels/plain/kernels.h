/* The names of the plain kernels: capas_FAMILY_plain_f32 and _f64, one of each for every family. */
#ifndef CAPAS_KERNELS_PLAIN_KERNELS_H
#define CAPAS_KERNELS_PLAIN_KERNELS_H

#include "kernels/kernel.h"

#define CAPAS_DECLARE_PLAIN(name)                                                                  \
    extern const capas_kernel capas_##name##_plain_f32;                                            \
    extern const capas_kernel capas_##name##_plain_f64;
CAPAS_KERNEL_FAMILIES(CAPAS_DECLARE_PLAIN)
#undef CAPAS_DECLARE_PLAIN

#endif
