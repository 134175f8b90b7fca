/* The checksum gives the numbers that XXH64's description promises, and every byte counts. */
#include "support/cmocka.h"

#include "base/checksum.h"
#include <string.h>

static void gives_the_published_numbers(void **state)
{
    (void)state;
    assert_true(capas_checksum(0, "", 0) == 0xEF46DB3751D8E999);
    assert_true(capas_checksum(0, "abc", 3) == 0x44BC2CF5AD770999);
    const char *text = "Nobody inspects the spammish repetition";
    assert_true(capas_checksum(0, text, strlen(text)) == 0xFBCEA83C8A378BF1);
}

static void every_bit_counts(void **state)
{
    (void)state;
    unsigned char bytes[77];
    memset(bytes, 0, sizeof bytes);
    for (size_t size = 1; size <= sizeof bytes; size++) {
        uint64_t before = capas_checksum(5, bytes, size);
        assert_true(before != capas_checksum(6, bytes, size));
        assert_true(before != capas_checksum(5, bytes, size - 1));
        for (size_t i = 0; i < size; i++) {
            bytes[i] ^= 0x10;
            assert_true(before != capas_checksum(5, bytes, size));
            bytes[i] ^= 0x10;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_numbers),
        cmocka_unit_test(every_bit_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
