/* Kernel sets and CAPAS_KERNELS; processors by affinity and by control groups of both versions. */
#define _GNU_SOURCE
#include "base/cpu.h"
#include "support/cmocka.h"
#include <capas/runtime.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const capas_cpu_level levels[] = {CAPAS_CPU_PLAIN, CAPAS_CPU_SSE2, CAPAS_CPU_AVX2,
                                         CAPAS_CPU_AVX512, CAPAS_CPU_NEON};
enum { LEVELS = sizeof levels / sizeof levels[0] };

static char heard[200];

static void hear(capas_log_level level, const char *message, void *context)
{
    (void)level, (void)context;
    snprintf(heard, sizeof heard, "%s", message);
}

/* The level that a process decides on is decided once, so each case is a process of its own: its
 * exit status is the level, and 100 more when it warned of `asked`. */
static int decided_with(const char *asked)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("CAPAS_KERNELS", asked, 1);
        capas_set_log(hear, NULL);
        int level = (int)capas_cpu();
        bool warned = *asked && strstr(heard, asked) && strstr(heard, capas_kernel_set());
        _exit(level + (warned ? 100 : 0));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Runs before this process has decided. */
static void heeds_the_environment(void **state)
{
    (void)state;
    int best = decided_with("");
    assert_true(capas_cpu_has((capas_cpu_level)best));
    for (int i = 0; i < LEVELS; i++) {
        int decided = decided_with(capas_cpu_level_name(levels[i]));
        assert_int_equal(decided, capas_cpu_has(levels[i]) ? (int)levels[i] : best + 100);
    }
    assert_int_equal(decided_with("avx3"), best + 100);
    assert_int_equal(decided_with("AVX2 "), best + 100);
}

static void takes_the_best_that_it_has(void **state)
{
    (void)state;
    unsetenv("CAPAS_KERNELS");
    for (int i = LEVELS - 1; i >= 0; i--) {
        if (!capas_cpu_has(levels[i])) continue;
        assert_int_equal(capas_cpu(), levels[i]);
        return;
    }
    fail_msg("not even the plain kernels");
}

static void is_forced_to_what_it_has(void **state)
{
    (void)state;
    for (int i = 0; i < LEVELS; i++) {
        capas_cpu_level before = capas_cpu();
        bool forced = capas_cpu_force(levels[i]);
        assert_int_equal(forced, capas_cpu_has(levels[i]));
        assert_int_equal(capas_cpu(), forced ? levels[i] : before);
        assert_string_equal(capas_kernel_set(), capas_cpu_level_name(capas_cpu()));
    }
    assert_false(capas_cpu_force((capas_cpu_level)17));
    assert_false(capas_cpu_has((capas_cpu_level)17));
    assert_true(capas_cpu_has(CAPAS_CPU_PLAIN));
#if defined(__x86_64__)
    assert_true(capas_cpu_has(CAPAS_CPU_SSE2));
    assert_false(capas_cpu_has(CAPAS_CPU_NEON));
    assert_true(capas_cpu_has(CAPAS_CPU_AVX2) || !capas_cpu_has(CAPAS_CPU_AVX512));
#endif
}

static void names_its_levels(void **state)
{
    (void)state;
    assert_string_equal(capas_cpu_level_name(CAPAS_CPU_PLAIN), "plain");
    assert_string_equal(capas_cpu_level_name(CAPAS_CPU_AVX512), "avx512");
    assert_string_equal(capas_cpu_level_name(CAPAS_CPU_NEON), "neon");
    assert_string_equal(capas_cpu_level_name((capas_cpu_level)5), "?");
    assert_string_equal(capas_cpu_level_name((capas_cpu_level)-1), "?");
}

static void counts_the_affinity_mask(void **state)
{
    (void)state;
    assert_true(capas_cpu_processors() >= 1);
#ifdef __linux__
    cpu_set_t before, one;
    if (sched_getaffinity(0, sizeof before, &before) != 0) skip();
    int first = 0;
    while (!CPU_ISSET(first, &before))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(capas_cpu_processors(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_true(capas_cpu_processors() <= CPU_COUNT(&before));
#endif
}

#ifdef __linux__

/* A small copy of /proc and /sys: put("root", "sys/fs/cgroup/cpu.max", "50000 100000"). */
static void put(const char *root, const char *path, const char *text)
{
    char whole[500];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    for (char *slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(whole, 0777);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static char root[64];
static int roots;

static void new_root(const char *groups)
{
    snprintf(root, sizeof root, "cgroup-%ld-%d", (long)getpid(), roots++);
    mkdir(root, 0777);
    if (groups) put(root, "proc/self/cgroup", groups);
}

static void reads_quotas_of_version_2(void **state)
{
    (void)state;
    new_root("0::/a/b\n");
    assert_int_equal(capas_cpu_quota(root), 0);
    put(root, "sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    assert_int_equal(capas_cpu_quota(root), 0);
    put(root, "sys/fs/cgroup/a/b/cpu.max", "250000 100000\n");
    assert_int_equal(capas_cpu_quota(root), 3);
    put(root, "sys/fs/cgroup/a/cpu.max", "200000 100000\n"); /* a level above says less */
    assert_int_equal(capas_cpu_quota(root), 2);
    put(root, "sys/fs/cgroup/cpu.max", "10000 100000\n");
    assert_int_equal(capas_cpu_quota(root), 1);
}

static void reads_quotas_of_version_1(void **state)
{
    (void)state;
    new_root("12:cpuset:/\n4:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n");
    assert_int_equal(capas_cpu_quota(root), 0);
    put(root, "sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "-1\n");
    put(root, "sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us", "100000\n");
    assert_int_equal(capas_cpu_quota(root), 0);
    put(root, "sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "400000\n");
    assert_int_equal(capas_cpu_quota(root), 4);
}

/* In a container the path is the host's, and its own group is the mount. */
static void finds_the_containers_own_group(void **state)
{
    (void)state;
    new_root("4:cpuacct,cpu:/docker/not-there\n");
    put(root, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n");
    put(root, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    assert_int_equal(capas_cpu_quota(root), 2);
    new_root("0::/\n");
    put(root, "sys/fs/cgroup/cpu.max", "100001 100000\n");
    assert_int_equal(capas_cpu_quota(root), 2);
}

static void ignores_what_makes_no_sense(void **state)
{
    (void)state;
    new_root(NULL);
    assert_int_equal(capas_cpu_quota(root), 0);
    new_root("no colons\n1:cpu\n::\n");
    assert_int_equal(capas_cpu_quota(root), 0);
    static const char *const nonsense[] = {"",          "nonsense", "100000",  "100000 0",
                                           "100000 -5", "nan nan",  "1e300 1", "0 100000"};
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        new_root("0::/\n");
        put(root, "sys/fs/cgroup/cpu.max", nonsense[i]);
        assert_int_equal(capas_cpu_quota(root), 0);
    }
    char longest[3000] = "0::/";
    memset(longest + 4, 'x', sizeof longest - 5);
    new_root(longest);
    assert_int_equal(capas_cpu_quota(root), 0);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heeds_the_environment),
        cmocka_unit_test(takes_the_best_that_it_has),
        cmocka_unit_test(is_forced_to_what_it_has),
        cmocka_unit_test(names_its_levels),
        cmocka_unit_test(counts_the_affinity_mask),
#ifdef __linux__
        cmocka_unit_test(reads_quotas_of_version_2),
        cmocka_unit_test(reads_quotas_of_version_1),
        cmocka_unit_test(finds_the_containers_own_group),
        cmocka_unit_test(ignores_what_makes_no_sense),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
