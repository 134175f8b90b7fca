/* How many threads share the work of one call: what capas_set_threads said, otherwise
 * CAPAS_THREADS, otherwise the processors this process may use. The threads themselves are in
 * pool.c, which looks here when a region starts; so nothing waits for anything in this file. */
#include "base/cpu.h"
#include "base/pool.h"
#include "base/status.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

static _Atomic int thread_count; /* 0: the default, not worked out yet */

static int count_from_environment(void)
{
    const char *text = getenv("CAPAS_THREADS");
    if (!text || !*text) return 0;
    char *end;
    long count = strtol(text, &end, 10);
    if (*end == '\0' && count >= 1 && count <= CAPAS_MAX_THREADS) return (int)count;
    capas_warn("CAPAS_THREADS must be a number from 1 to %d, found \"%s\"; it is ignored",
               CAPAS_MAX_THREADS, text);
    return 0;
}

static int default_count(void)
{
    int count = count_from_environment();
    if (count == 0) count = capas_cpu_processors();
    return count < CAPAS_MAX_THREADS ? count : CAPAS_MAX_THREADS;
}

int capas_threads(void)
{
    int count = atomic_load(&thread_count);
    if (count > 0) return count;
    int found = default_count();
    /* What another thread's capas_set_threads said in between stays. */
    bool stored = atomic_compare_exchange_strong(&thread_count, &count, found);
    return stored ? found : count;
}

capas_status capas_set_threads(int threads)
{
    if (threads < 0 || threads > CAPAS_MAX_THREADS)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "threads must be a number from 1 to %d, or 0 for the default, found %d",
                          CAPAS_MAX_THREADS, threads);
    atomic_store(&thread_count, threads);
    capas_pool_retry();
    return CAPAS_OK;
}
