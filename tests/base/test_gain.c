/* The account of shared work and the comparison, on a clock of the test's: they end sharing where
 * that only costs time, try again ever more seldom, and go on where it pays. */
#include "base/gain.h"
#include "support/cmocka.h"

enum { MICROSECOND = 1000, MILLISECOND = 1000000 };

/* One run of a program with regions of `shards` shards of `shard` nanoseconds, `between` apart:
 * half of each region's shards go to a helper, who is `late` by that much. Returns the time per
 * region as percent of what the caller alone would need, over a second. */
static int64_t percent_of_alone(int shards, int64_t shard, int64_t between, int64_t late)
{
    capas_gain gain = {0};
    int64_t now = 1, regions = 0;
    for (; now < 1000 * MILLISECOND; regions++) {
        now += between;
        if (capas_gain_alone(&gain, now)) {
            now += shards * shard;
            continue;
        }
        int64_t working = shards / 2 * shard;
        now += working + late;
        capas_gain_add(&gain, now, shards / 2, shards, working, late);
    }
    return now * 100 / (regions * (shards * shard + between));
}

static void goes_on_where_it_pays(void **state)
{
    (void)state;
    assert_int_equal(percent_of_alone(16, 10 * MICROSECOND, 0, 0), 50);
    assert_in_range(percent_of_alone(2, MICROSECOND, 0, MICROSECOND / 5), 50, 61);
    assert_in_range(percent_of_alone(16, 20 * MICROSECOND, 300 * MICROSECOND, 70 * MICROSECOND), 80,
                    90);
}

static void ends_what_only_costs(void **state)
{
    (void)state;
    static const int64_t late[] = {3, 20, 100, 1000, 4000}; /* microseconds */
    for (int i = 0; i < 5; i++) {
        assert_in_range(percent_of_alone(2, MICROSECOND, 10 * MICROSECOND, late[i] * MICROSECOND),
                        99, 106);
        assert_in_range(percent_of_alone(2, MICROSECOND, 200 * MICROSECOND, late[i] * MICROSECOND),
                        99, 106);
    }
}

/* Each thread waits for what is in the other's cache: a region takes `shared`, with shards that look
 * slow, and would take `alone` in its caller. Returns how many of a second's regions were shared,
 * as percent. */
static int64_t percent_shared(int64_t shared, int64_t alone)
{
    capas_gain gain = {0};
    int64_t regions = 0, together = 0;
    for (int64_t now = 1; now < 1000 * MILLISECOND; regions++) {
        if (capas_gain_alone(&gain, now)) {
            now += alone;
            continue;
        }
        now += shared;
        together++;
        capas_gain_add(&gain, now, 2, 4, shared, 0);
    }
    return together * 100 / regions;
}

static void sees_what_helpers_slow_down(void **state)
{
    (void)state;
    for (int64_t alone = 2; alone <= 80; alone *= 2) {
        const int64_t time = alone * MICROSECOND;
        assert_in_range(percent_shared(time * 13 / 10, time), 0, 5);
        assert_in_range(percent_shared(time * 10 / 13, time), 96, 100);
    }
    assert_int_equal(percent_shared(300 * MICROSECOND, 200 * MICROSECOND), 100); /* not compared */
}

/* A helper that is stopped now and then, as by another program, and works well in between. */
static void bears_a_single_stop(void **state)
{
    (void)state;
    capas_gain gain = {0};
    int64_t now = 1, alone = 0;
    for (int i = 0; i < 20000; i++) {
        now += 100 * MICROSECOND;
        if (capas_gain_alone(&gain, now)) {
            alone++;
            now += 100 * MICROSECOND;
        } else {
            capas_gain_add(&gain, now, 8, 16, 100 * MICROSECOND,
                           i % 1000 == 999 ? 4 * MILLISECOND : 0);
        }
    }
    assert_in_range(alone, 1, 400);
}

/* Helpers asleep, who take as long as ten regions to wake and are then there in time: the attempt
 * goes on, also when the processors are busy now and then. */
static void bears_slow_wakers(void **state)
{
    (void)state;
    capas_gain gain = {0};
    int64_t now = 1, alone = 0, awake_until = 0;
    for (int i = 0; i < 20000; i++) {
        now += 50 * MICROSECOND;
        if (capas_gain_alone(&gain, now)) {
            alone++;
            continue;
        }
        int64_t late = now > awake_until ? 300 * MICROSECOND : MICROSECOND;
        if (i % 2000 == 1999) late = 4 * MILLISECOND;
        awake_until = now + 500 * MICROSECOND;
        capas_gain_add(&gain, now, 8, 16, 25 * MICROSECOND, late);
    }
    assert_in_range(alone, 1, 1000);
}

static void tries_again_when_all_is_quiet(void **state)
{
    (void)state;
    capas_gain gain = {0};
    int64_t now = 1;
    for (int i = 0; i < 100; i++) {
        now += 300 * MILLISECOND;
        assert_false(capas_gain_alone(&gain, now));
        capas_gain_add(&gain, now, 8, 16, MICROSECOND, 5 * MILLISECOND);
        assert_true(capas_gain_alone(&gain, now + 1));
    }
    now += 300 * MILLISECOND;
    for (int i = 0; i < 100; i++) {
        assert_false(capas_gain_alone(&gain, now));
        capas_gain_add(&gain, now, 8, 16, 50 * MICROSECOND, 0);
    }
    capas_gain_add(&gain, now, 8, 16, 0, 5 * MILLISECOND); /* the pauses are short again */
    assert_true(capas_gain_alone(&gain, now + 1));
    assert_false(capas_gain_alone(&gain, now + 2 * MILLISECOND));
}

/* Regions so small that they are over before the caller has woken the others. */
static void waking_for_nothing_ends(void **state)
{
    (void)state;
    capas_gain gain = {0};
    for (int i = 0; i < 14; i++) {
        capas_gain_add(&gain, 2 * i + 1, 0, 2, 0, 70 * MICROSECOND);
        assert_false(capas_gain_alone(&gain, 2 * i + 2));
    }
    capas_gain_add(&gain, 29, 0, 2, 0, 70 * MICROSECOND);
    assert_true(capas_gain_alone(&gain, 30));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_what_helpers_slow_down),
        cmocka_unit_test(goes_on_where_it_pays),
        cmocka_unit_test(ends_what_only_costs),
        cmocka_unit_test(bears_a_single_stop),
        cmocka_unit_test(bears_slow_wakers),
        cmocka_unit_test(tries_again_when_all_is_quiet),
        cmocka_unit_test(waking_for_nothing_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
