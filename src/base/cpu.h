/* The processor: which kernel sets it can run, and which is in force. */
#ifndef CAPAS_BASE_CPU_H
#define CAPAS_BASE_CPU_H

#include <stdbool.h>

/* Ordered: a level can run what is before it in its own family (NEON stands alone). */
typedef enum capas_cpu_level {
    CAPAS_CPU_PLAIN, /* the reference kernels, no tuned code */
    CAPAS_CPU_SSE2,
    CAPAS_CPU_AVX2, /* with FMA */
    CAPAS_CPU_AVX512,
    CAPAS_CPU_NEON,
} capas_cpu_level;

/* The level in force: the best the processor and this build have, or what CAPAS_KERNELS or a test
 * asks. */
capas_cpu_level capas_cpu(void);

/* Whether this processor and build can run a level. */
bool capas_cpu_has(capas_cpu_level level);

/* Forces a level that it has, for tests; false (and nothing changes) when it has not. Plans made
 * before keep their kernels. */
bool capas_cpu_force(capas_cpu_level level);

const char *capas_cpu_level_name(capas_cpu_level level); /* "avx2" */

/* Processors this process may use: affinity mask and cgroup quota (rounded up), at least 1. */
int capas_cpu_processors(void);

/* Processors that the cgroup quota allows, rounded up; 0 when there is no quota. `root` stands
 * before /proc and /sys: "", but in tests. */
int capas_cpu_quota(const char *root);

#endif
