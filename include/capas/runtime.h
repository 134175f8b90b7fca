/* The process: version, threads, memory, log. Everything here is optional to call. */
#ifndef CAPAS_RUNTIME_H
#define CAPAS_RUNTIME_H

#include <capas/status.h>
#include <stddef.h>
#include <stdint.h>

CAPAS_BEGIN

#define CAPAS_VERSION_MAJOR 0
#define CAPAS_VERSION_MINOR 1
#define CAPAS_VERSION_PATCH 0

/* The version of the library that runs, "0.1.0". */
CAPAS_API const char *capas_version(void);

/* Threads that share the work of one call; 0 goes back to the default: the environment's
 * CAPAS_THREADS, otherwise the processors that this process may use (affinity mask and the
 * container's quota). The results do not depend on it, bit for bit. At most 64; more is
 * CAPAS_INVALID_ARGUMENT. Holds for calls that start from now on. */
CAPAS_API capas_status capas_set_threads(int threads);
CAPAS_API int capas_threads(void);

/* The kernel set in use: "plain", "sse2", "avx2", "avx512" or "neon". The environment's
 * CAPAS_KERNELS forces one of those the processor has. Results differ in the last bits between
 * kernel sets. */
CAPAS_API const char *capas_kernel_set(void);

/* The seed of models made from now on (their weights, dropout and shuffling); 0 at the start. */
CAPAS_API void capas_set_random_seed(uint64_t seed);

/* Where memory comes from. `allocate` returns NULL when there is none, and must align to
 * `alignment` (a power of two, at most 4096). Set it before anything else is called; NULL goes back
 * to the default. */
typedef struct capas_allocator {
    void *(*allocate)(size_t size, size_t alignment, void *context);
    void (*release)(void *memory, void *context);
    void *context;
} capas_allocator;
CAPAS_API void capas_set_allocator(const capas_allocator *allocator);

/* Where warnings and notes go: one sentence each, without a newline. NULL (the default): nowhere.
 * Set it while no other thread is in a call of capas; the function may be called from any thread.
 */
typedef enum capas_log_level { CAPAS_LOG_NOTE, CAPAS_LOG_WARNING } capas_log_level;
typedef void capas_log_function(capas_log_level level, const char *message, void *context);
CAPAS_API void capas_set_log(capas_log_function *function, void *context);

CAPAS_END

#endif
