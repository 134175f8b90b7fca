/* What every plain kernel starts with. The files of this folder are compiled twice, with CAPAS_REAL
 * float and double and CAPAS_REAL_NAME f32 and f64. They are the reference: loops that read like
 * the formula, not fast.
 *
 * CAPAS_PLAIN(name) is the name with _f32 or _f64 at its end. */
#ifndef CAPAS_KERNELS_PLAIN_REAL_H
#define CAPAS_KERNELS_PLAIN_REAL_H

#include "kernels/kernel.h"
#include "kernels/math.h"
#include "kernels/plain/kernels.h"

typedef CAPAS_REAL capas_real;

#define CAPAS_PLAIN_PASTE_(a, b) a##_##b
#define CAPAS_PLAIN_PASTE(a, b)  CAPAS_PLAIN_PASTE_(a, b)
#define CAPAS_PLAIN(name)        CAPAS_PLAIN_PASTE(name, CAPAS_REAL_NAME)
#define CAPAS_PLAIN_STRING_(a)   #a
#define CAPAS_PLAIN_STRING(a)    CAPAS_PLAIN_STRING_(a)

/* Defines capas_FAMILY_plain_f32 (or _f64): `workspace_of` may be NULL. */
#define CAPAS_PLAIN_KERNEL(family_name, workspace_of, run_function)                                \
    static unsigned long family_name##_runs;                                                       \
    const capas_kernel CAPAS_PLAIN(capas_##family_name##_plain) = {                                \
        .name = #family_name " plain " CAPAS_PLAIN_STRING(CAPAS_REAL_NAME),                        \
        .family = CAPAS_FAMILY_##family_name,                                                      \
        .level = CAPAS_CPU_PLAIN,                                                                  \
        .element = sizeof(capas_real) == sizeof(float) ? CAPAS_FLOAT32 : CAPAS_FLOAT64,            \
        .workspace = workspace_of,                                                                 \
        .run = run_function,                                                                       \
        .runs = &family_name##_runs,                                                               \
    }

/* Pieces of a shard when a piece is one cheap element. */
enum { CAPAS_PLAIN_GRAIN = 4096 };

static inline capas_real capas_real_sqrt(capas_real x)
{
    return (capas_real)sqrt((double)x);
}

#endif
