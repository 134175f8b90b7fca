/* The registry: every family has its plain kernels, last; a kernel of a level that is not in force
 * is never chosen; runs are counted and noted; shards cover their work. */
#include "base/cpu.h"
#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/plain/kernels.h"
#include "support/cmocka.h"
#include <capas/runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const capas_cpu_level levels[] = {CAPAS_CPU_PLAIN, CAPAS_CPU_SSE2, CAPAS_CPU_AVX2,
                                         CAPAS_CPU_AVX512, CAPAS_CPU_NEON};

static void families_end_in_plain(void **state)
{
    (void)state;
    for (int family = 0; family < CAPAS_FAMILY_COUNT; family++) {
        const char *name = capas_kernel_family_name((capas_kernel_family)family);
        size_t count;
        const capas_kernel *const *kernels = capas_kernels_of((capas_kernel_family)family, &count);
        assert_true(count >= 2 && count < 60);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(kernels[i]->family, family);
            assert_memory_equal(kernels[i]->name, name, strlen(name));
            assert_non_null(kernels[i]->run);
            assert_non_null(kernels[i]->runs);
            assert_int_equal(kernels[i]->level == CAPAS_CPU_PLAIN, i >= count - 2);
            if (i > 0) assert_true(kernels[i]->level <= kernels[i - 1]->level);
        }
        assert_int_equal(kernels[count - 2]->element, CAPAS_FLOAT32);
        assert_int_equal(kernels[count - 1]->element, CAPAS_FLOAT64);
        assert_null(kernels[count - 1]->accepts);
    }
}

/* Names tell kernels apart, and so do their counters. */
static void names_differ(void **state)
{
    (void)state;
    const capas_kernel *all[CAPAS_FAMILY_COUNT * 64];
    size_t known = 0;
    for (int family = 0; family < CAPAS_FAMILY_COUNT; family++) {
        size_t count;
        const capas_kernel *const *kernels = capas_kernels_of((capas_kernel_family)family, &count);
        for (size_t i = 0; i < count; i++) {
            for (size_t k = 0; k < known; k++) {
                assert_string_not_equal(all[k]->name, kernels[i]->name);
                assert_ptr_not_equal(all[k]->runs, kernels[i]->runs);
            }
            all[known++] = kernels[i];
        }
    }
}

/* Under each level that this processor has: double is plain, and nothing is above the level. */
static void level_in_force_decides(void **state)
{
    (void)state;
    const capas_cpu_level before = capas_cpu();
    const capas_activate_problem problem = {1, CAPAS_RELU};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (!capas_cpu_has(levels[i])) {
            assert_false(capas_cpu_force(levels[i]));
            continue;
        }
        assert_true(capas_cpu_force(levels[i]));
        const capas_kernel *narrow =
            capas_choose_kernel(CAPAS_FAMILY_activate_forward, CAPAS_FLOAT32, &problem);
        const capas_kernel *wide =
            capas_choose_kernel(CAPAS_FAMILY_activate_forward, CAPAS_FLOAT64, &problem);
        assert_ptr_equal(wide, &capas_activate_forward_plain_f64);
        assert_true(narrow->level <= levels[i]);
        if (levels[i] == CAPAS_CPU_PLAIN)
            assert_ptr_equal(narrow, &capas_activate_forward_plain_f32);
    }
    assert_true(capas_cpu_force(before));
}

static void keep_note(capas_log_level level, const char *message, void *context)
{
    (void)level;
    snprintf(context, 200, "%s", message);
}

/* main sets CAPAS_VERBOSE before the registry is first asked. */
static void runs_are_counted_and_noted(void **state)
{
    (void)state;
    char note[200] = "";
    const float x[2] = {-1, 2};
    float y[2];
    const capas_activate_problem problem = {1, CAPAS_RELU};
    const capas_activate_arguments arguments = {.count = 2, .input = x, .output = y};
    const unsigned long before = *capas_activate_forward_plain_f32.runs;
    capas_set_log(keep_note, note);
    capas_run_kernel(&capas_activate_forward_plain_f32, &problem, &arguments, 2e6);
    assert_int_equal(*capas_activate_forward_plain_f32.runs, before + 1);
    assert_true(y[0] == 0 && y[1] == 2);
    assert_non_null(strstr(note, "activate_forward plain f32"));
    assert_non_null(strstr(note, "GFLOP/s"));
    capas_run_kernel(&capas_activate_forward_plain_f32, &problem, &arguments, 0);
    assert_null(strstr(note, "GFLOP/s"));
    assert_non_null(strstr(note, " ms"));
    capas_set_log(NULL, NULL);
    assert_int_equal(capas_kernel_workspace(&capas_activate_forward_plain_f32, &problem), 0);
}

/* Shards follow each other without gaps, differ by one piece at most, and keep to the grain. */
static void shards_cover_the_work(void **state)
{
    (void)state;
    const int64_t counts[] = {0, 1, 2, 15, 16, 17, 100, 12345, (int64_t)1 << 58};
    const int64_t grains[] = {0, 1, 7, 4096};
    for (int i = 0; i < 9; i++)
        for (int g = 0; g < 4; g++) {
            const int shards = capas_shard_count(counts[i], grains[g]);
            assert_true(shards >= 1 && shards <= CAPAS_MAX_SHARDS);
            assert_int_equal(capas_shard_begin(counts[i], shards, 0), 0);
            assert_true(capas_shard_begin(counts[i], shards, shards) == counts[i]);
            for (int shard = 0; shard < shards; shard++) {
                int64_t size = capas_shard_begin(counts[i], shards, shard + 1) -
                               capas_shard_begin(counts[i], shards, shard);
                assert_true(size >= counts[i] / shards && size <= counts[i] / shards + 1);
                if (shards > 1) assert_true(size >= grains[g]);
            }
        }
    assert_int_equal(capas_shard_count(1 << 20, 1), CAPAS_MAX_SHARDS);
}

/* Counts how often each piece comes, in a shard that may be and with the problem that was given. */
static void count_pieces(const void *problem, const void *arguments, int64_t begin, int64_t end,
                         int shard)
{
    int *times = *(int *const *)arguments;
    const bool right = *(const int *)problem == 7 && shard >= 0 && shard < CAPAS_MAX_SHARDS;
    for (int64_t i = begin; i < end; i++)
        times[i] += right;
}

static void every_piece_once(void **state)
{
    (void)state;
    const int problem = 7, counts[] = {0, 1, 5, 333};
    for (int i = 0; i < 4; i++) {
        int times[333] = {0}, *const pieces = times;
        capas_parallel_ranges(counts[i], 2, 3, count_pieces, &problem, &pieces);
        for (int piece = 0; piece < 333; piece++)
            assert_int_equal(times[piece], piece < counts[i]);
    }
}

int main(void)
{
    setenv("CAPAS_VERBOSE", "1", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_end_in_plain),  cmocka_unit_test(names_differ),
        cmocka_unit_test(level_in_force_decides), cmocka_unit_test(runs_are_counted_and_noted),
        cmocka_unit_test(shards_cover_the_work),  cmocka_unit_test(every_piece_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
