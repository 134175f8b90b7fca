/* Philox 4x32-10 against the known answers that its authors publish with Random123 (kat_vectors),
 * and the mapping to floats. */
#include "base/philox.h"
#include "support/cmocka.h"

static void gives(uint64_t key, uint64_t block, uint32_t step, uint32_t stream, uint32_t a,
                  uint32_t b, uint32_t c, uint32_t d)
{
    uint32_t word[4];
    capas_philox((capas_random){.seed = key, .stream = stream, .step = step}, block, word);
    assert_int_equal(word[0], a);
    assert_int_equal(word[1], b);
    assert_int_equal(word[2], c);
    assert_int_equal(word[3], d);
}

static void knows_the_answers(void **state)
{
    (void)state;
    gives(0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    gives(UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX, 0x408f276d, 0x41c83b0e, 0xa20bc7c6,
          0x6d5451fd);
    /* counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0: the digits of pi */
    gives(UINT64_C(0x299f31d0a4093822), UINT64_C(0x85a308d3243f6a88), 0x13198a2e, 0x03707344,
          0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
}

/* Any word of the place changes all four words of the result. */
static void every_part_of_the_place_counts(void **state)
{
    (void)state;
    const capas_random places[] = {{1, 0, 0}, {UINT64_C(1) << 32, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    uint32_t base[4], word[4];
    capas_philox((capas_random){0}, 0, base);
    for (int i = 0; i < 6; i++) {
        uint64_t block = i == 4 ? 1 : i == 5 ? UINT64_C(1) << 32 : 0;
        capas_philox(i < 4 ? places[i] : (capas_random){0}, block, word);
        for (int j = 0; j < 4; j++)
            assert_int_not_equal(word[j], base[j]);
    }
}

static void uniform_is_below_one(void **state)
{
    (void)state;
    assert_true(capas_uniform(0) == 0.0f);
    assert_true(capas_uniform(0x80000000u) == 0.5f);
    assert_true(capas_uniform(UINT32_MAX) == 1.0f - 0x1p-24f);
    assert_true(capas_uniform(0xFF) == 0.0f);
}

static void uniform_is_spread_evenly(void **state)
{
    (void)state;
    enum { BLOCKS = 25000, BINS = 16 };
    int bins[BINS] = {0};
    double sum = 0;
    for (uint64_t block = 0; block < BLOCKS; block++) {
        uint32_t word[4];
        capas_philox((capas_random){.seed = 7, .stream = CAPAS_STREAM_SHUFFLE}, block, word);
        for (int i = 0; i < 4; i++) {
            sum += capas_uniform(word[i]);
            bins[(int)(capas_uniform(word[i]) * BINS)]++;
        }
    }
    assert_true(sum / (4 * BLOCKS) > 0.495 && sum / (4 * BLOCKS) < 0.505);
    for (int i = 0; i < BINS; i++) /* 6250 expected, deviation 77 */
        assert_true(bins[i] > 5850 && bins[i] < 6650);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_answers),
        cmocka_unit_test(every_part_of_the_place_counts),
        cmocka_unit_test(uniform_is_below_one),
        cmocka_unit_test(uniform_is_spread_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
