/* Measures the peak with the loop of the level in force; see peak.h. */
#include "kernels/peak.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "base/pool.h"
#include <stddef.h>
#include <stdint.h>

typedef float peak_loop(int64_t turns);

#define DECLARE(level)                                                                             \
    extern const int capas_peak_flops_##level;                                                     \
    float capas_peak_loop_##level(int64_t turns);
#if CAPAS_HAVE_SSE2
DECLARE(sse2)
#endif
#if CAPAS_HAVE_AVX2
DECLARE(avx2)
#endif
#if CAPAS_HAVE_AVX512
DECLARE(avx512)
#endif
#if CAPAS_HAVE_NEON
DECLARE(neon)
#endif

static peak_loop *loop_in_force(int *flops)
{
#define USE(level)                                                                                 \
    do {                                                                                           \
        *flops = capas_peak_flops_##level;                                                         \
        return capas_peak_loop_##level;                                                            \
    } while (0)
#if CAPAS_HAVE_AVX512
    if (capas_cpu() == CAPAS_CPU_AVX512) USE(avx512);
#endif
#if CAPAS_HAVE_AVX2
    if (capas_cpu() == CAPAS_CPU_AVX2) USE(avx2);
#endif
#if CAPAS_HAVE_NEON
    USE(neon);
#endif
#if CAPAS_HAVE_SSE2
    USE(sse2);
#endif
    *flops = 0;
    return NULL;
#undef USE
}

typedef struct work {
    peak_loop *loop;
    int64_t turns;
    volatile float sink[CAPAS_MAX_THREADS];
} work;

static void run_shard(void *context, int shard, int worker)
{
    (void)worker;
    work *work = context;
    work->sink[shard] = work->loop(work->turns);
}

double capas_measure_peak(int threads, double seconds)
{
    int flops;
    work work = {.loop = loop_in_force(&flops), .turns = 200000};
    if (work.loop == NULL) return 0;
    if (threads > CAPAS_MAX_THREADS) threads = CAPAS_MAX_THREADS;
    double best = 0, end = capas_seconds() + seconds;
    do {
        double began = capas_seconds();
        capas_parallel(threads, threads, run_shard, &work);
        double rate = (double)flops * (double)work.turns * threads / (capas_seconds() - began);
        if (rate > best) best = rate;
    } while (capas_seconds() < end);
    return best;
}
