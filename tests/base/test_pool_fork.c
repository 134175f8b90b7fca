/* The pool across fork and exit: a child makes threads of its own, also when the parent was in a
 * region at that moment, and a process ends although a region is still running. */
#include "base/pool.h"
#include "support/cmocka.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void nap(long milliseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000}, NULL);
}

typedef struct tally {
    _Atomic int shards, others;
} tally;

static void count(void *context, int shard, int worker)
{
    (void)shard;
    tally *tally = context;
    tally->shards++;
    if (worker > 0) tally->others++;
    nap(1);
}

/* Whether a region runs whole, and not in the caller alone. */
static bool pool_works(void)
{
    tally tally = {0};
    for (int i = 0; i < 10; i++)
        capas_parallel(20, 4, count, &tally);
    return tally.shards == 200 && tally.others > 0;
}

/* The child's exit status; -1 when it was killed, by the alarm that ends one that hangs. */
static int wait_for(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static pid_t fork_with_alarm(void)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) alarm(60);
    return child;
}

static void a_child_has_a_pool_of_its_own(void **state)
{
    (void)state;
    capas_set_threads(3);
    assert_true(pool_works());
    pid_t child = fork_with_alarm();
    if (child == 0) _exit(pool_works() ? 7 : 8);
    assert_true(pool_works());
    assert_int_equal(wait_for(child), 7);
}

static void a_grandchild_too(void **state)
{
    (void)state;
    pid_t child = fork_with_alarm();
    if (child == 0) {
        bool works = pool_works();
        pid_t grandchild = fork();
        if (grandchild == 0) _exit(works && pool_works() ? 7 : 8);
        int status = 0;
        waitpid(grandchild, &status, 0);
        _exit(WEXITSTATUS(status));
    }
    assert_int_equal(wait_for(child), 7);
}

static _Atomic bool in_region, let_go;

static void hold(void *context, int shard, int worker)
{
    (void)context, (void)shard, (void)worker;
    atomic_store(&in_region, true);
    while (!atomic_load(&let_go))
        nap(1);
}

static void *hold_the_pool(void *argument)
{
    capas_parallel(2, 2, hold, argument);
    return NULL;
}

static pthread_t start_holding(void)
{
    pthread_t holder;
    atomic_store(&in_region, false);
    atomic_store(&let_go, false);
    if (pthread_create(&holder, NULL, hold_the_pool, NULL) != 0) _exit(9);
    while (!atomic_load(&in_region))
        nap(1);
    return holder;
}

static void a_busy_pool_is_free_in_the_child(void **state)
{
    (void)state;
    pthread_t holder = start_holding();
    pid_t child = fork_with_alarm();
    if (child == 0) _exit(pool_works() ? 7 : 8);
    assert_int_equal(wait_for(child), 7);
    atomic_store(&let_go, true);
    pthread_join(holder, NULL);
    assert_true(pool_works());
}

static void exits_with_sleeping_threads(void **state)
{
    (void)state;
    pid_t child = fork_with_alarm();
    if (child == 0) {
        bool works = pool_works();
        nap(5);
        exit(works ? 7 : 8);
    }
    assert_int_equal(wait_for(child), 7);
}

static void exits_while_a_region_runs(void **state)
{
    (void)state;
    pid_t child = fork_with_alarm();
    if (child == 0) {
        start_holding();
        exit(7);
    }
    assert_int_equal(wait_for(child), 7);
}

static void exit_from_shard(void *context, int shard, int worker)
{
    (void)context, (void)worker;
    if (shard == 3) exit(7);
    nap(1);
}

static void exits_from_inside_a_shard(void **state)
{
    (void)state;
    pid_t child = fork_with_alarm();
    if (child == 0) {
        capas_parallel(20, 3, exit_from_shard, NULL);
        _exit(8);
    }
    assert_int_equal(wait_for(child), 7);
}

static void run_at_exit(void)
{
    if (!pool_works()) _exit(8);
}

static void may_be_used_while_exiting(void **state)
{
    (void)state;
    pid_t child = fork_with_alarm();
    if (child == 0) {
        atexit(run_at_exit);
        exit(7);
    }
    assert_int_equal(wait_for(child), 7);
}

int main(void)
{
#if defined(__SANITIZE_THREAD__)
    return 0; /* the thread sanitizer does not follow threads into a child */
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_has_a_pool_of_its_own),
        cmocka_unit_test(a_grandchild_too),
        cmocka_unit_test(a_busy_pool_is_free_in_the_child),
        cmocka_unit_test(exits_with_sleeping_threads),
        cmocka_unit_test(exits_while_a_region_runs),
        cmocka_unit_test(exits_from_inside_a_shard),
        cmocka_unit_test(may_be_used_while_exiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
