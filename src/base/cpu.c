/* Which kernel sets this processor and build can run, and which is in force. How many processors
 * there are is in processors.c. */
#include "base/cpu.h"
#include "base/status.h"
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = CAPAS_CPU_NEON + 1, UNDECIDED = -1 };

static const char *const names[LEVELS] = {"plain", "sse2", "avx2", "avx512", "neon"};

static _Atomic int level_in_force = UNDECIDED;

const char *capas_cpu_level_name(capas_cpu_level level)
{
    return (int)level >= 0 && (int)level < LEVELS ? names[level] : "?";
}

#if defined(__x86_64__)
/* __builtin_cpu_supports also asks the operating system whether it saves the registers. */
static bool has(capas_cpu_level level)
{
    __builtin_cpu_init();
    switch (level) {
    case CAPAS_CPU_SSE2:
        return __builtin_cpu_supports("sse2");
    case CAPAS_CPU_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case CAPAS_CPU_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    default:
        return false;
    }
}
#elif defined(__aarch64__)
/* Every 64-bit ARM has it. */
static bool has(capas_cpu_level level)
{
    return level == CAPAS_CPU_NEON;
}
#else
/* No tuned kernels are built for anything else. */
static bool has(capas_cpu_level level)
{
    (void)level;
    return false;
}
#endif

bool capas_cpu_has(capas_cpu_level level)
{
    return level == CAPAS_CPU_PLAIN || has(level);
}

static capas_cpu_level best_level(void)
{
    for (int level = LEVELS - 1; level > CAPAS_CPU_PLAIN; level--)
        if (capas_cpu_has((capas_cpu_level)level)) return (capas_cpu_level)level;
    return CAPAS_CPU_PLAIN;
}

static capas_cpu_level decide_level(void)
{
    capas_cpu_level best = best_level();
    const char *asked = getenv("CAPAS_KERNELS");
    if (!asked || !*asked) return best;
    for (int level = 0; level < LEVELS; level++) {
        if (strcmp(asked, names[level]) != 0) continue;
        if (capas_cpu_has((capas_cpu_level)level)) return (capas_cpu_level)level;
        capas_warn(
            "CAPAS_KERNELS asks for \"%s\", which this processor does not have; using \"%s\"",
            asked, names[best]);
        return best;
    }
    capas_warn(
        "CAPAS_KERNELS must be plain, sse2, avx2, avx512 or neon, found \"%s\"; using \"%s\"",
        asked, names[best]);
    return best;
}

capas_cpu_level capas_cpu(void)
{
    int level = atomic_load(&level_in_force);
    if (level != UNDECIDED) return (capas_cpu_level)level;
    int decided = (int)decide_level();
    /* A thread that decided first, or a force, stays. */
    return atomic_compare_exchange_strong(&level_in_force, &level, decided)
               ? (capas_cpu_level)decided
               : (capas_cpu_level)level;
}

bool capas_cpu_force(capas_cpu_level level)
{
    if ((int)level < 0 || (int)level >= LEVELS || !capas_cpu_has(level)) return false;
    atomic_store(&level_in_force, (int)level);
    return true;
}
