/* The thread pool: every shard once, the same bits for any number of threads, callers that meet,
 * regions in regions, threads that cannot be made, sleep, and the floating-point mode.
 *
 * Labels: threads */
#include "base/pool.h"
#include "base/system.h"
#include "support/cmocka.h"
#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

enum { MOST_SHARDS = 500 };

typedef struct tally {
    int workers;
    _Atomic int runs[MOST_SHARDS];
    _Atomic bool occupied[CAPAS_MAX_THREADS]; /* a worker number that runs a shard */
    _Atomic int faults;
} tally;

static void nap(long microseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = microseconds * 1000}, NULL);
}

static void count(void *context, int shard, int worker)
{
    tally *tally = context;
    if (worker < 0 || worker >= tally->workers || atomic_exchange(&tally->occupied[worker], true))
        tally->faults++;
    tally->runs[shard]++;
    atomic_store(&tally->occupied[worker], false);
}

static void run_and_check(int shards, int workers)
{
    tally tally = {.workers = workers};
    capas_parallel(shards, workers, count, &tally);
    assert_int_equal(tally.faults, 0);
    for (int i = 0; i < MOST_SHARDS; i++)
        assert_int_equal(tally.runs[i], i < shards);
}

/* Thread creation -------------------------------------------------------------------------------
 */

static int threads_left;
static capas_system_calls system_calls;

static int create_some(pthread_t *thread, void *(*start)(void *), void *argument)
{
    if (threads_left-- <= 0) return EAGAIN;
    return system_calls.create_thread(thread, start, argument);
}

static void hear(capas_log_level level, const char *message, void *context)
{
    (void)level;
    strncpy(context, message, 99);
}

/* Runs first, while there are no threads. */
static void works_with_fewer_threads(void **state)
{
    (void)state;
    char heard[100] = "";
    capas_set_log(hear, heard);
    assert_int_equal(capas_set_threads(4), CAPAS_OK);
    system_calls = capas_system;
    capas_system.create_thread = create_some;
    threads_left = 0;
    run_and_check(100, 8);
    assert_string_equal(heard, "thread 2 of 4 could not be made; the work goes on with 1");
    assert_int_equal(threads_left, -1);
    run_and_check(100, 8); /* it does not try at every region */
    assert_int_equal(threads_left, -1);

    threads_left = 1;
    capas_set_threads(4);
    run_and_check(100, 8);
    assert_string_equal(heard, "thread 3 of 4 could not be made; the work goes on with 2");
    run_and_check(100, 8);

    capas_system = system_calls;
    capas_set_threads(4);
    strcpy(heard, "");
    run_and_check(100, 8);
    assert_string_equal(heard, "");
    capas_set_log(NULL, NULL);
}

/* Regions ---------------------------------------------------------------------------------------
 */

static void runs_every_shard_once(void **state)
{
    (void)state;
    static const int shards[] = {0, 1, 2, 3, 7, 64, MOST_SHARDS};
    for (int threads = 1; threads <= 5; threads++) {
        assert_int_equal(capas_set_threads(threads), CAPAS_OK);
        for (size_t i = 0; i < sizeof shards / sizeof shards[0]; i++)
            for (int workers = 1; workers <= 6; workers++)
                run_and_check(shards[i], workers);
    }
    run_and_check(-1, 3);
}

static void many_small_regions(void **state)
{
    (void)state;
    for (int threads = 2; threads <= 4; threads++) {
        capas_set_threads(threads);
        tally tally = {.workers = threads};
        for (int i = 0; i < 3000; i++)
            capas_parallel(1 + i % 5, threads, count, &tally);
        assert_int_equal(tally.faults, 0);
        assert_int_equal(tally.runs[0], 3000);
        assert_int_equal(tally.runs[4], 600);
    }
}

static void wakes_sleeping_workers(void **state)
{
    (void)state;
    for (int threads = 2; threads <= 4; threads += 2) {
        capas_set_threads(threads);
        for (int i = 0; i < 10; i++) {
            nap(2000);
            run_and_check(50, threads);
        }
    }
}

static void slow_shard(void *context, int shard, int worker)
{
    (void)worker;
    if (shard == 0) nap(3000);
    atomic_fetch_add((_Atomic int *)context, 1);
}

/* The last shard outlasts the caller's patience: it sleeps and must be woken. */
static void waits_for_the_slowest(void **state)
{
    (void)state;
    for (int threads = 2; threads <= 4; threads += 2) {
        capas_set_threads(threads);
        for (int i = 0; i < 10; i++) {
            _Atomic int done = 0;
            capas_parallel(8, threads, slow_shard, (void *)&done);
            assert_int_equal(done, 8);
        }
    }
}

/* Results ---------------------------------------------------------------------------------------
 */

static void sum_shard(void *context, int shard, int worker)
{
    (void)worker;
    double sum = 0;
    for (int i = 1; i < 1000; i++)
        sum += 1.0 / (shard * 1000 + i);
    ((double *)context)[shard] = sum;
}

static double sum_with(int threads)
{
    double parts[37], sum = 0;
    capas_set_threads(threads);
    capas_parallel(37, 16, sum_shard, parts);
    for (int i = 0; i < 37; i++)
        sum += parts[i];
    return sum;
}

static void gives_the_same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    double alone = sum_with(1);
    for (int threads = 2; threads <= 8; threads++) {
        double sum = sum_with(threads);
        assert_memory_equal(&sum, &alone, sizeof sum);
    }
}

/* Regions that meet -----------------------------------------------------------------------------
 */

static void region_in_region(void *context, int shard, int worker)
{
    (void)shard, (void)worker;
    tally inner = {.workers = 3};
    capas_parallel(20, 3, count, &inner);
    for (int i = 0; i < 20; i++)
        if (inner.runs[i] != 1) inner.faults++;
    atomic_fetch_add((_Atomic int *)context, inner.faults + 1);
}

static void a_region_in_a_region_runs_in_its_caller(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        _Atomic int done = 0;
        capas_set_threads(threads);
        capas_parallel(12, 4, region_in_region, (void *)&done);
        assert_int_equal(done, 12);
    }
}

static void *call_often(void *faults)
{
    for (int i = 0; i < 200; i++) {
        tally tally = {.workers = 4};
        capas_parallel(1 + i % 9, 4, count, &tally);
        for (int j = 0; j < MOST_SHARDS; j++)
            if (tally.runs[j] != (j < 1 + i % 9)) tally.faults++;
        atomic_fetch_add((_Atomic int *)faults, tally.faults);
    }
    return NULL;
}

static void callers_do_not_wait_for_each_other(void **state)
{
    (void)state;
    pthread_t callers[4];
    _Atomic int faults = 0;
    capas_set_threads(3);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&callers[i], NULL, call_often, (void *)&faults), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(callers[i], NULL);
    assert_int_equal(faults, 0);
}

static void change_threads(void *context, int shard, int worker)
{
    (void)worker;
    capas_set_threads(1 + shard % 6);
    capas_threads();
    atomic_fetch_add((_Atomic int *)context, 1);
}

static void threads_may_change_inside_a_region(void **state)
{
    (void)state;
    _Atomic int done = 0;
    capas_set_threads(4);
    for (int i = 0; i < 50; i++)
        capas_parallel(10, 6, change_threads, (void *)&done);
    assert_int_equal(done, 500);
}

/* What a thread is like inside ------------------------------------------------------------------
 */

typedef struct inside {
    _Atomic int rounding_up, denormals, deaf, others;
    volatile float tiny, half;
} inside;

static void look_inside(void *context, int shard, int worker)
{
    (void)shard;
    inside *inside = context;
    sigset_t mask;
    if (1.0f + inside->tiny != 1.0f) inside->rounding_up++;
    if (inside->tiny * inside->half != 0) inside->denormals++;
    nap(200); /* so that others come to take shards too */
    if (worker == 0) return;
    inside->others++;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    if (sigismember(&mask, SIGINT)) inside->deaf++;
}

static void every_shard_runs_in_one_floating_point_mode(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        inside inside = {.tiny = 0x1p-126f, .half = 0.5f};
        capas_set_threads(threads);
        fesetround(FE_UPWARD);
        capas_parallel(16, 4, look_inside, &inside);
        int rounding = fegetround();
        bool denormal = inside.tiny * inside.half != 0;
        fesetround(FE_TONEAREST);
        assert_int_equal(rounding, FE_UPWARD);
        assert_true(denormal);
        assert_int_equal(inside.rounding_up, 0);
#if defined(__SSE__) || defined(__aarch64__)
        assert_int_equal(inside.denormals, 0);
#endif
        assert_int_equal(inside.deaf, inside.others);
    }
}

static void raise_flags(void *context, int shard, int worker)
{
    (void)worker;
    volatile float zero = 0;
    ((float *)context)[shard] = 1 / zero;
}

static void the_callers_exception_flags_stay(void **state)
{
    (void)state;
    float results[4];
    capas_set_threads(1);
    feclearexcept(FE_ALL_EXCEPT);
    capas_parallel(4, 4, raise_flags, results);
#if defined(__SSE__)
    assert_int_equal(fetestexcept(FE_DIVBYZERO), 0);
#endif
    assert_true(results[3] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(works_with_fewer_threads),
        cmocka_unit_test(runs_every_shard_once),
        cmocka_unit_test(many_small_regions),
        cmocka_unit_test(wakes_sleeping_workers),
        cmocka_unit_test(waits_for_the_slowest),
        cmocka_unit_test(gives_the_same_bits_for_any_number_of_threads),
        cmocka_unit_test(a_region_in_a_region_runs_in_its_caller),
        cmocka_unit_test(callers_do_not_wait_for_each_other),
        cmocka_unit_test(threads_may_change_inside_a_region),
        cmocka_unit_test(every_shard_runs_in_one_floating_point_mode),
        cmocka_unit_test(the_callers_exception_flags_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
