/* Which kernels there are, in which order, and which is taken; and how work is cut into shards.
 * The order of a family: the levels from the widest down, each in the order of its own list, then
 * plain float, then plain double. Only kernels of the level in force or below run. */
#include "base/clock.h"
#include "base/status.h"
#include "kernels/kernel.h"
#include "kernels/plain/kernels.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The tuned kernels of a level, best first (kernels/tuned/list.c, compiled once a level). */
typedef const capas_kernel *const *tuned_list(capas_kernel_family family, size_t *count);

/* A program that only predicts has those for AVX-512, a quarter of a megabyte, when its linker is
 * told to take them along (docs/embedding.md); otherwise this is NULL. */
#if CAPAS_HAVE_AVX512 && CAPAS_PREDICTION_HALF
tuned_list capas_tuned_kernels_avx512 __attribute__((weak));
#elif CAPAS_HAVE_AVX512
tuned_list capas_tuned_kernels_avx512;
#endif
#if CAPAS_HAVE_AVX2
tuned_list capas_tuned_kernels_avx2;
#endif
#if CAPAS_HAVE_SSE2
tuned_list capas_tuned_kernels_sse2;
#endif
#if CAPAS_HAVE_NEON
tuned_list capas_tuned_kernels_neon;
#endif

static tuned_list *const tuned_lists[] = {
#if CAPAS_HAVE_AVX512
    capas_tuned_kernels_avx512,
#endif
#if CAPAS_HAVE_AVX2
    capas_tuned_kernels_avx2,
#endif
#if CAPAS_HAVE_SSE2
    capas_tuned_kernels_sse2,
#endif
#if CAPAS_HAVE_NEON
    capas_tuned_kernels_neon,
#endif
    NULL,
};

#if CAPAS_PREDICTION_HALF
#define CAPAS_PLAIN_ENTRY(name) [CAPAS_FAMILY_##name] = {&capas_##name##_plain_f32},
#define CAPAS_PLAIN_FAMILIES    CAPAS_PREDICTION_FAMILIES
#else
#define CAPAS_PLAIN_ENTRY(name)                                                                    \
    [CAPAS_FAMILY_##name] = {&capas_##name##_plain_f32, &capas_##name##_plain_f64},
#define CAPAS_PLAIN_FAMILIES CAPAS_KERNEL_FAMILIES
#endif

static const capas_kernel *const plain_kernels[CAPAS_FAMILY_COUNT][2] = {
    CAPAS_PLAIN_FAMILIES(CAPAS_PLAIN_ENTRY)};

/* All kernels of a family in order, put together at the first use. */
enum { CAPAS_MOST_KERNELS = 64 };

typedef struct family_kernels {
    size_t count;
    const capas_kernel *kernels[CAPAS_MOST_KERNELS];
} family_kernels;

static family_kernels families[CAPAS_FAMILY_COUNT];
static bool verbose;
static pthread_once_t registry_once = PTHREAD_ONCE_INIT;

static void collect_family(capas_kernel_family family)
{
    family_kernels *all = &families[family];
    for (size_t list = 0; list < sizeof tuned_lists / sizeof tuned_lists[0]; list++) {
        size_t count = 0;
        if (!tuned_lists[list]) continue;
        const capas_kernel *const *kernels = tuned_lists[list](family, &count);
        for (size_t i = 0; i < count && all->count < CAPAS_MOST_KERNELS - 2; i++)
            all->kernels[all->count++] = kernels[i];
    }
    for (int i = 0; i < 2; i++)
        if (plain_kernels[family][i]) all->kernels[all->count++] = plain_kernels[family][i];
}

static void collect(void)
{
    for (int family = 0; family < CAPAS_FAMILY_COUNT; family++)
        collect_family((capas_kernel_family)family);
    const char *asked = getenv("CAPAS_VERBOSE");
    verbose = asked && asked[0] != '\0' && strcmp(asked, "0") != 0;
}

const capas_kernel *const *capas_kernels_of(capas_kernel_family family, size_t *count)
{
    pthread_once(&registry_once, collect);
    *count = families[family].count;
    return families[family].kernels;
}

/* Whether the level in force includes another. NEON stands alone. */
static bool level_includes(capas_cpu_level in_force, capas_cpu_level level)
{
    if (level == CAPAS_CPU_PLAIN || level == in_force) return true;
    return in_force != CAPAS_CPU_NEON && level < in_force;
}

const capas_kernel *capas_choose_kernel(capas_kernel_family family, capas_element element,
                                        const void *problem)
{
    size_t count;
    const capas_kernel *const *kernels = capas_kernels_of(family, &count);
    const capas_cpu_level in_force = capas_cpu();
    for (size_t i = 0; i < count; i++) {
        const capas_kernel *kernel = kernels[i];
        if (kernel->element != element || !level_includes(in_force, kernel->level)) continue;
        if (!kernel->accepts || kernel->accepts(problem)) return kernel;
    }
    return plain_kernels[family][element == CAPAS_FLOAT64];
}

static void run_and_note(const capas_kernel *kernel, const void *problem, const void *arguments,
                         double flops)
{
    const double start = capas_seconds();
    kernel->run(problem, arguments);
    const double seconds = capas_seconds() - start;
    if (flops > 0 && seconds > 0)
        capas_note("kernel %s: %.3f ms, %.1f GFLOP/s", kernel->name, 1e3 * seconds,
                   1e-9 * flops / seconds);
    else
        capas_note("kernel %s: %.3f ms", kernel->name, 1e3 * seconds);
}

void capas_run_kernel(const capas_kernel *kernel, const void *problem, const void *arguments,
                      double flops)
{
    pthread_once(&registry_once, collect);
    __atomic_fetch_add(kernel->runs, 1, __ATOMIC_RELAXED);
    if (verbose)
        run_and_note(kernel, problem, arguments, flops);
    else
        kernel->run(problem, arguments);
}

size_t capas_kernel_workspace(const capas_kernel *kernel, const void *problem)
{
    return kernel->workspace ? kernel->workspace(problem) : 0;
}

size_t capas_kernel_prepared(const capas_kernel *kernel, const void *problem)
{
    return kernel->prepared ? kernel->prepared(problem) : 0;
}

const char *capas_kernel_family_name(capas_kernel_family family)
{
    static const char *const names[CAPAS_FAMILY_COUNT] = {
#define CAPAS_FAMILY_NAME(name) #name,
        CAPAS_KERNEL_FAMILIES(CAPAS_FAMILY_NAME)
#undef CAPAS_FAMILY_NAME
    };
    return names[family];
}

int capas_shard_count(int64_t count, int64_t grain)
{
    int64_t shards = count / (grain > 0 ? grain : 1);
    if (shards > CAPAS_MAX_SHARDS) return CAPAS_MAX_SHARDS;
    return shards > 0 ? (int)shards : 1;
}

int64_t capas_shard_begin(int64_t count, int shards, int shard)
{
    return count / shards * shard + count % shards * shard / shards;
}

typedef struct ranges {
    int64_t count;
    int shards;
    capas_range_function *function;
    const void *problem, *arguments;
} ranges;

static void run_range(void *context, int shard, int worker)
{
    const ranges *r = context;
    (void)worker;
    r->function(r->problem, r->arguments, capas_shard_begin(r->count, r->shards, shard),
                capas_shard_begin(r->count, r->shards, shard + 1), shard);
}

void capas_parallel_ranges(int64_t count, int64_t grain, int workers,
                           capas_range_function *function, const void *problem,
                           const void *arguments)
{
    ranges r = {count, capas_shard_count(count, grain), function, problem, arguments};
    capas_parallel(r.shards, workers, run_range, &r);
}
