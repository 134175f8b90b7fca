/* The thread pool: how a region's shards get to the threads.
 *
 * Each thread has a part of the shards, always about the same share in the same place, so that what
 * it wrote in one region is in its own cache when the next one reads it. It takes its part from the
 * front; when that is empty it helps others from their backs.
 *
 * A part is one atomic word: how many threads may take part, and the range of shards that nobody
 * has taken. A thread takes a shard by making the range smaller with compare-and-swap; having taken
 * one it may read the region's function and context, since the region cannot end before the shard
 * is done. So nobody waits for a thread that woke too late to take anything.
 *
 * What is not here: how many threads there should be (threads.c), and whether sharing pays at the
 * moment (gain.c). */
#include "base/pool.h"
#include "base/cpu.h"
#include "base/float_mode.h"
#include "base/gain.h"
#include "base/status.h"
#include "base/system.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

/* How long a thread looks for work before it sleeps, and the caller for the last shards. Waking
 * costs some tens of microseconds, on a virtual machine some hundreds; the gaps between the regions
 * of a training step, and between its steps, are shorter than this. */
enum { SPIN_NS = 500000, PAUSES_PER_LOOK = 32 };

enum { THREADS_SHIFT = 56, BEGIN_SHIFT = 28, MOST_SHARDS = 1 << BEGIN_SHIFT };

/* threads << 56 | begin << 28 | end */
typedef struct part {
    _Alignas(64) _Atomic uint64_t word;
} part;

typedef struct sleeper {
    _Alignas(64) pthread_mutex_t lock;
    pthread_cond_t wake;
    _Atomic bool asleep;
} sleeper;

typedef struct worker {
    sleeper sleeper;
    pthread_t thread;
    int number; /* 1 and up; the caller of a region is 0 */
} worker;

static struct {
    part parts[CAPAS_MAX_THREADS];
    _Alignas(64) _Atomic int done; /* shards finished */
    _Alignas(64) capas_shard_function *function;
    void *context;
    int shards;
    _Atomic bool spin; /* there is a processor for every thread */
    _Alignas(64) _Atomic bool busy;
    _Atomic bool quit, creation_failed, forget_gain;
    capas_gain gain; /* the owner of `busy`'s */
    sleeper caller;
    worker workers[CAPAS_MAX_THREADS]; /* [0] is not used */
    int threads;                       /* made, and the caller; 0 before the first region */
    int processors;
} pool;

static void init_sleeper(sleeper *sleeper)
{
    pthread_mutex_init(&sleeper->lock, NULL);
    pthread_cond_init(&sleeper->wake, NULL);
    atomic_store(&sleeper->asleep, false);
}

static void wake(sleeper *sleeper)
{
    if (!atomic_load(&sleeper->asleep)) return;
    pthread_mutex_lock(&sleeper->lock); /* now it waits, or will look once more */
    pthread_mutex_unlock(&sleeper->lock);
    pthread_cond_signal(&sleeper->wake);
}

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Waits until ready(number) holds, awake for a while and then asleep. `asleep` is set before
 * `ready` is looked at for the last time, and whoever makes it ready looks at `asleep` afterwards
 * (both sequentially consistent), so no wake-up is lost. */
static void wait_until(bool (*ready)(int), int number, sleeper *sleeper)
{
    if (ready(number)) return;
    if (atomic_load_explicit(&pool.spin, memory_order_relaxed)) {
        int64_t end = nanoseconds() + SPIN_NS;
        do {
            for (int i = 0; i < PAUSES_PER_LOOK; i++) {
                if (ready(number)) return;
                pause_briefly();
            }
        } while (nanoseconds() < end);
    }
    pthread_mutex_lock(&sleeper->lock);
    atomic_store(&sleeper->asleep, true);
    while (!ready(number))
        pthread_cond_wait(&sleeper->wake, &sleeper->lock);
    atomic_store(&sleeper->asleep, false);
    pthread_mutex_unlock(&sleeper->lock);
}

static int begin_of(uint64_t word)
{
    return (int)(word >> BEGIN_SHIFT & (MOST_SHARDS - 1));
}

static int end_of(uint64_t word)
{
    return (int)(word & (MOST_SHARDS - 1));
}

static bool may_take(uint64_t word, int number)
{
    return begin_of(word) < end_of(word) && number < (int)(word >> THREADS_SHIFT);
}

static bool worker_is_wanted(int number)
{
    return may_take(atomic_load(&pool.parts[number].word), number) || atomic_load(&pool.quit);
}

static bool shards_are_done(int shards)
{
    return atomic_load(&pool.done) == shards;
}

/* Takes the first shard of a thread's own part, or the last of another's; -1 when there is none. */
static int take_from(int owner, int number)
{
    _Atomic uint64_t *word = &pool.parts[owner].word;
    uint64_t seen = atomic_load_explicit(word, memory_order_acquire);
    while (may_take(seen, number)) {
        if (owner == number) {
            if (atomic_compare_exchange_weak(word, &seen, seen + MOST_SHARDS))
                return begin_of(seen);
        } else if (atomic_compare_exchange_weak(word, &seen, seen - 1)) {
            return end_of(seen) - 1;
        }
    }
    return -1;
}

/* Takes one shard; -1 when there is none for this thread. */
static int take_shard(int number)
{
    int shard = take_from(number, number);
    const int threads =
        (int)(atomic_load_explicit(&pool.parts[number].word, memory_order_relaxed) >>
              THREADS_SHIFT);
    for (int i = 1; shard < 0 && i < threads; i++)
        shard = take_from((number + i) % threads, number);
    return shard;
}

/* Runs shards until none is left. They are reported as done together, at the end: one write to a
 * line that all share. Shards taken in one go may belong to two regions only if the first was over,
 * and it is not over before its shards were reported; so they all belong to one. Returns how many
 * they were. */
static int run_shards(int number)
{
    int finished = 0, shards = 0;
    for (int shard; (shard = take_shard(number)) >= 0; finished++) {
        shards = pool.shards;
        pool.function(pool.context, shard, number);
    }
    if (finished == 0) return 0;
    bool last = atomic_fetch_add(&pool.done, finished) + finished == shards;
    if (last && number > 0) wake(&pool.caller);
    return finished;
}

static void *work(void *argument)
{
    worker *self = argument;
    capas_float_mode_enter();
    while (!atomic_load(&pool.quit)) {
        run_shards(self->number);
        wait_until(worker_is_wanted, self->number, &self->sleeper);
    }
    return NULL;
}

/* A forked child has none of its parent's threads: it starts again from nothing. */
static void forget_threads(void)
{
    for (int i = 0; i < CAPAS_MAX_THREADS; i++)
        atomic_store(&pool.parts[i].word, 0);
    atomic_store(&pool.done, 0);
    atomic_store(&pool.busy, false);
    atomic_store(&pool.creation_failed, false);
    pool.threads = 0;
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forget_threads);
}

/* Signals are for the program's own threads. */
static int create_deaf_thread(worker *worker)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = capas_system.create_thread(&worker->thread, work, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static void start_pool(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    init_sleeper(&pool.caller);
    pool.processors = capas_cpu_processors();
    pool.threads = 1;
}

/* Makes threads until there are `wanted`, or no more can be made; after a failure only
 * capas_pool_retry brings another attempt. Called by the owner of `busy`. Returns how many may
 * work. */
static int make_threads(int wanted)
{
    if (pool.threads == 0) start_pool();
    while (pool.threads < wanted && !atomic_load(&pool.creation_failed)) {
        worker *next = &pool.workers[pool.threads];
        next->number = pool.threads;
        init_sleeper(&next->sleeper);
        if (create_deaf_thread(next) != 0) {
            atomic_store(&pool.creation_failed, true);
            capas_warn("thread %d of %d could not be made; the work goes on with %d",
                       pool.threads + 1, wanted, pool.threads);
            break;
        }
        pool.threads++;
    }
    int threads = wanted < pool.threads ? wanted : pool.threads;
    atomic_store_explicit(&pool.spin, capas_threads() <= pool.processors, memory_order_relaxed);
    return threads;
}

void capas_pool_retry(void)
{
    atomic_store(&pool.creation_failed, false);
    atomic_store(&pool.forget_gain, true);
}

static void run_alone(int shards, capas_shard_function *function, void *context)
{
    for (int shard = 0; shard < shards; shard++)
        function(context, shard, 0);
}

/* The region's fields are written while no shard of the last one is left, and published by the
 * parts. */
static void run_together(int shards, int threads, capas_shard_function *function, void *context)
{
    pool.function = function;
    pool.context = context;
    pool.shards = shards;
    atomic_store_explicit(&pool.done, 0, memory_order_relaxed);
    for (int i = threads - 1; i >= 0; i--)
        atomic_store(&pool.parts[i].word, (uint64_t)threads << THREADS_SHIFT |
                                              (uint64_t)((int64_t)shards * i / threads)
                                                  << BEGIN_SHIFT |
                                              (uint64_t)((int64_t)shards * (i + 1) / threads));
    int64_t begun = nanoseconds();
    for (int i = 1; i < threads; i++)
        wake(&pool.workers[i].sleeper);
    int64_t woken = nanoseconds();
    int own = run_shards(0);
    int64_t worked = nanoseconds();
    wait_until(shards_are_done, shards, &pool.caller);
    int64_t now = nanoseconds();
    capas_gain_add(&pool.gain, now, own, shards, worked - woken, now - worked + woken - begun);
}

static bool sharing_pays(void)
{
    if (atomic_load_explicit(&pool.forget_gain, memory_order_relaxed)) {
        atomic_store(&pool.forget_gain, false);
        pool.gain = (capas_gain){0};
    }
    return !capas_gain_alone(&pool.gain, nanoseconds());
}

void capas_parallel(int shards, int workers, capas_shard_function *function, void *context)
{
    if (shards <= 0) return;
    capas_float_mode before = capas_float_mode_enter();
    int wanted = capas_threads();
    if (wanted > workers) wanted = workers;
    if (wanted > shards) wanted = shards;
    if (wanted <= 1 || shards >= MOST_SHARDS || atomic_exchange(&pool.busy, true)) {
        run_alone(shards, function, context);
    } else {
        int threads = make_threads(wanted);
        if (threads > 1 && sharing_pays())
            run_together(shards, threads, function, context);
        else
            run_alone(shards, function, context);
        atomic_store(&pool.busy, false);
    }
    capas_float_mode_leave(before);
}

/* At exit or dlclose. While another thread is in a region the threads are left to the process's
 * end; and regions that start later run in their callers. */
__attribute__((destructor)) static void join_threads(void)
{
    if (atomic_exchange(&pool.busy, true)) return;
    atomic_store(&pool.quit, true);
    for (int i = 1; i < pool.threads; i++) {
        wake(&pool.workers[i].sleeper);
        pthread_join(pool.workers[i].thread, NULL);
    }
    pool.threads = 0;
}
