/* Random fills, sums and conversions: ranges, means and deviations, element i independent of the
 * count, true permutations without bias, saturation, and the same bits for any number of threads.
 */
#include "kernels/fill.h"
#include "support/cmocka.h"
#include "support/kernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 200000 };

static const capas_random somewhere = {.seed = 42, .stream = CAPAS_STREAM_WEIGHTS, .step = 3};

static void mean_and_deviation(const float *value, int64_t count, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += value[i];
        squares += (double)value[i] * value[i];
    }
    *mean = sum / (double)count;
    *deviation = sqrt(squares / (double)count - *mean * *mean);
}

static void uniform_fills(void **state)
{
    (void)state;
    float *value = unwritten(MANY, sizeof *value);
    double mean, deviation;
    capas_fill_uniform(value, MANY, somewhere, -.3, .5);
    mean_and_deviation(value, MANY, &mean, &deviation);
    for (int i = 0; i < MANY; i++) {
        uint32_t word[4];
        assert_true(value[i] >= -.3f && value[i] < .5f);
        if (i % 1000) continue;
        capas_philox(somewhere, (uint64_t)i / 4, word);
        assert_true(fabs(value[i] - (-.3 + .8 * capas_uniform(word[i % 4]))) < 1e-7);
    }
    assert_true(fabs(mean - .1) < .003 && fabs(deviation - .8 / sqrt(12)) < .003);
    capas_fill_uniform(value, MANY, somewhere, 1000000, 1000001); /* few floats in between */
    for (int i = 0; i < MANY; i++)
        assert_true(value[i] >= 1000000 && value[i] < 1000001);
    free(value);
}

static void truncated_normal_fills(void **state)
{
    (void)state;
    float *value = unwritten(MANY, sizeof *value);
    double mean, deviation;
    int outer = 0;
    capas_fill_truncated_normal(value, MANY, somewhere, 1, .05);
    mean_and_deviation(value, MANY, &mean, &deviation);
    for (int i = 0; i < MANY; i++) {
        assert_true(value[i] >= .9f && value[i] <= 1.1f);
        outer += fabsf(value[i] - 1) > .05f;
    }
    assert_true(fabs(mean - 1) < 5e-4);
    assert_true(fabs(deviation / .05 - .87962566) < .005);
    /* (P(2) - P(1)) / P(2) of a normal lie outside one deviation */
    assert_true(fabs((double)outer / MANY - .2847598) < .005);
    free(value);
}

/* The first elements of a long fill are those of a short one. */
static void count_does_not_matter(void **state)
{
    (void)state;
    float *all = unwritten(MANY, sizeof *all), few[13];
    capas_fill_uniform(all, MANY, somewhere, 0, 1);
    capas_fill_uniform(few, 13, somewhere, 0, 1);
    assert_memory_equal(all, few, sizeof few);
    capas_fill_truncated_normal(all, MANY, somewhere, 0, 1);
    capas_fill_truncated_normal(few, 13, somewhere, 0, 1);
    assert_memory_equal(all, few, sizeof few);
    capas_fill_uniform(few, 0, somewhere, 0, 1);
    assert_memory_equal(all, few, sizeof few);
    free(all);
}

static void permutations(void **state)
{
    (void)state;
    const int64_t counts[] = {0, 1, 2, 3, 1000};
    for (int i = 0; i < 5; i++) {
        int64_t *index = unwritten(counts[i], sizeof *index), sum = 0;
        bool seen[1000] = {false};
        capas_fill_permutation(index, counts[i], somewhere);
        for (int64_t at = 0; at < counts[i]; at++) {
            assert_true(index[at] >= 0 && index[at] < counts[i] && !seen[index[at]]);
            seen[index[at]] = true;
            sum += llabs(index[at] - at);
        }
        if (counts[i] == 1000) assert_true(sum > 280000 && sum < 390000); /* 333,000 +- 13,000 */
        free(index);
    }
}

/* All 6 orders of 3 come up equally often. */
static void permutations_without_bias(void **state)
{
    (void)state;
    int seen[9] = {0};
    for (uint32_t step = 0; step < 12000; step++) {
        int64_t index[3];
        capas_fill_permutation(index, 3, (capas_random){.seed = 1, .stream = 1, .step = step});
        seen[index[0] * 3 + index[1]]++;
    }
    for (int order = 0; order < 9; order++)
        assert_true(order % 4 == 0 ? seen[order] == 0 : abs(seen[order] - 2000) < 200);
}

static void sums(void **state)
{
    (void)state;
    for (int count = 0; count < 30; count++) {
        float *value = random_floats(count, 3);
        double absolute = 0, squares = 0, got_absolute, got_squares;
        for (int i = 0; i < count; i++) {
            absolute += fabs((double)value[i]);
            squares += (double)value[i] * value[i];
        }
        capas_sum_absolute_and_squares(value, count, &got_absolute, &got_squares);
        assert_true(fabs(got_absolute - absolute) < 1e-12 && fabs(got_squares - squares) < 1e-12);
        free(value);
    }
}

static void weight_penalty(void **state)
{
    (void)state;
    float gradient[3] = {1, 1, 1};
    const float weights[3] = {2, -3, 0};
    capas_add_weight_penalty(gradient, weights, 3, .5, .25);
    assert_true(gradient[0] == 2.5f && gradient[1] == -1 && gradient[2] == 1);
}

static void finite_or_not(void **state)
{
    (void)state;
    const float bad[3] = {NAN, INFINITY, -INFINITY};
    float value[40];
    for (int i = 0; i < 40; i++)
        value[i] = i % 2 ? 3.4e38f : -1e-40f;
    assert_true(capas_all_finite(value, 40) && capas_all_finite(value, 0));
    for (int i = 0; i < 40; i++) {
        float kept = value[i];
        value[i] = bad[i % 3];
        assert_false(capas_all_finite(value, 40));
        assert_true(capas_all_finite(value, i));
        value[i] = kept;
    }
}

static void bytes_and_sums(void **state)
{
    (void)state;
    const uint8_t pixel[3] = {0, 128, 255};
    float output[3];
    capas_scale_bytes(output, pixel, 3, 2, -1);
    assert_true(output[0] == -1 && output[1] == 255 && output[2] == 509);
    const float one[3] = {1, 2, 3};
    capas_accumulate(CAPAS_FLOAT32, output, one, 3);
    assert_true(output[0] == 0 && output[1] == 257 && output[2] == 512);
    double wide[2] = {1, 2};
    capas_accumulate(CAPAS_FLOAT64, wide, wide, 2);
    assert_true(wide[0] == 2 && wide[1] == 4);
}

/* Toward zero; what does not fit becomes the nearest that does; NaN becomes 0. */
static void conversions(void **state)
{
    (void)state;
    const float from[8] = {1.9f, -1.9f, 300, -300, 1e20f, -INFINITY, NAN, 255};
    const uint8_t bytes[8] = {1, 0, 255, 0, 255, 0, 0, 255};
    const int32_t wholes[8] = {1, -1, 300, -300, INT32_MAX, INT32_MIN, 0, 255};
    uint8_t got_bytes[8];
    int32_t got_wholes[8];
    double got_doubles[8];
    float back[8];
    capas_convert(CAPAS_UINT8, got_bytes, CAPAS_FLOAT32, from, 8);
    assert_memory_equal(got_bytes, bytes, sizeof bytes);
    capas_convert(CAPAS_INT32, got_wholes, CAPAS_FLOAT32, from, 8);
    assert_memory_equal(got_wholes, wholes, sizeof wholes);
    capas_convert(CAPAS_UINT8, got_bytes, CAPAS_INT32, wholes, 8);
    assert_memory_equal(got_bytes, bytes, sizeof bytes);
    capas_convert(CAPAS_FLOAT64, got_doubles, CAPAS_UINT8, bytes, 8);
    capas_convert(CAPAS_FLOAT32, back, CAPAS_FLOAT64, got_doubles, 8);
    for (int i = 0; i < 8; i++)
        assert_true(back[i] == bytes[i]);
}

/* Everything that runs in shards. */
static void run_all(void *context, int workers)
{
    float *to = context;
    (void)workers;
    capas_fill_uniform(to, MANY, somewhere, -1, 1);
    capas_fill_truncated_normal(to + MANY, MANY, somewhere, 0, 1);
    capas_add_weight_penalty(to, to + MANY, MANY, .1, .1);
    double sum[2];
    capas_sum_absolute_and_squares(to, MANY, &sum[0], &sum[1]);
    memcpy(to + 2 * MANY, sum, sizeof sum);
}

static void same_bits(void **state)
{
    (void)state;
    float *to = unwritten(2 * MANY + 4, sizeof *to);
    assert_true(same_bits_for_any_threads(run_all, to, to, (2 * MANY + 4) * sizeof *to));
    free(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_fills),
        cmocka_unit_test(truncated_normal_fills),
        cmocka_unit_test(count_does_not_matter),
        cmocka_unit_test(permutations),
        cmocka_unit_test(permutations_without_bias),
        cmocka_unit_test(sums),
        cmocka_unit_test(weight_penalty),
        cmocka_unit_test(finite_or_not),
        cmocka_unit_test(bytes_and_sums),
        cmocka_unit_test(conversions),
        cmocka_unit_test(same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
