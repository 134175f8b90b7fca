/* SHA-256's rounds: what this processor runs against the plain ones, and these against the sums
 * that are published (tests/data/test_idx.c). */
#include "kernels/sha256.h"
#include "support/cmocka.h"

enum { BLOCKS = 9, OFFSETS = 3 };

static void gives_what_the_plain_rounds_give(void **state)
{
    (void)state;
    uint8_t bytes[BLOCKS * 64 + OFFSETS];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i * 31 + i * 7 + (i >> 3));
    for (size_t count = 0; count <= BLOCKS; count++)
        for (size_t offset = 0; offset < OFFSETS; offset++) {
            uint32_t plain[8], fast[8];
            for (uint32_t i = 0; i < 8; i++)
                plain[i] = fast[i] = 0x9e3779b9u * (i + 1) ^ (uint32_t)count << 20;
            capas_sha256_blocks_plain(plain, bytes + offset, count);
            capas_sha256_blocks(fast, bytes + offset, count);
            assert_memory_equal(fast, plain, sizeof plain);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gives_what_the_plain_rounds_give)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
