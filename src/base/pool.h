/* The thread pool: one a process, made at the first use, remade after fork.
 *
 * Work is cut into shards whose number depends on shapes only; a thread begins with its share of
 * them, always in the same place (so shards that work on the same part of a batch or of a matrix
 * find it in its cache), and then helps the others: a shard must write where no other does, and
 * sums over shards are made afterwards in shard order. Then the results are the same bits for any
 * number of threads.
 *
 * Workers spin some tens of microseconds after a region, then sleep. A caller that finds the pool
 * busy (another thread's region, or a region inside a region) runs its shards itself; so does one
 * that has found out that the others cost it more time than they save (gain.h). If a thread cannot
 * be made, fewer work. Every region runs in one floating-point mode (round to nearest,
 * denormals are zero); the caller's mode is given back. */
#ifndef CAPAS_BASE_POOL_H
#define CAPAS_BASE_POOL_H

#include <capas/runtime.h>

enum { CAPAS_MAX_THREADS = 64 };

/* One shard of the work. `worker` < the `workers` given: no two shards run with the same worker
 * number at once in one region, so it may index scratch memory; results must not depend on it. */
typedef void capas_shard_function(void *context, int shard, int worker);

/* Runs function(context, 0 .. shards-1, worker), on at most `workers` threads; returns when all are
 * done. One shard or one worker runs in the caller without a hand-off. */
void capas_parallel(int shards, int workers, capas_shard_function *function, void *context);

/* Lets the pool try again to make threads after one could not be made, and to share work after that
 * did not pay. */
void capas_pool_retry(void);

#endif
