/* XXH64; see checksum.h. Words are read as the machine has them: what is summed up here is compared
 * on the machine where it was. */
#include "base/checksum.h"
#include <string.h>

static const uint64_t prime_1 = 0x9E3779B185EBCA87, prime_2 = 0xC2B2AE3D27D4EB4F,
                      prime_3 = 0x165667B19E3779F9, prime_4 = 0x85EBCA77C2B2AE63,
                      prime_5 = 0x27D4EB2F165667C5;

static uint64_t turn(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static uint64_t word_64(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static uint32_t word_32(const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static uint64_t mix(uint64_t lane, uint64_t word)
{
    return turn(lane + word * prime_2, 31) * prime_1;
}

static uint64_t join(uint64_t sum, uint64_t lane)
{
    return (sum ^ mix(0, lane)) * prime_1 + prime_4;
}

/* The part in blocks of 32 bytes. */
static uint64_t sum_blocks(uint64_t seed, const uint8_t *bytes, size_t size)
{
    uint64_t a = seed + prime_1 + prime_2, b = seed + prime_2, c = seed, d = seed - prime_1;
    for (; size >= 32; size -= 32, bytes += 32) {
        a = mix(a, word_64(bytes));
        b = mix(b, word_64(bytes + 8));
        c = mix(c, word_64(bytes + 16));
        d = mix(d, word_64(bytes + 24));
    }
    uint64_t sum = turn(a, 1) + turn(b, 7) + turn(c, 12) + turn(d, 18);
    return join(join(join(join(sum, a), b), c), d);
}

static uint64_t add_rest(uint64_t sum, const uint8_t *bytes, size_t size)
{
    for (; size >= 8; size -= 8, bytes += 8)
        sum = turn(sum ^ mix(0, word_64(bytes)), 27) * prime_1 + prime_4;
    if (size >= 4) {
        sum = turn(sum ^ word_32(bytes) * prime_1, 23) * prime_2 + prime_3;
        size -= 4, bytes += 4;
    }
    for (; size > 0; size--, bytes++)
        sum = turn(sum ^ *bytes * prime_5, 11) * prime_1;
    return sum;
}

uint64_t capas_checksum(uint64_t seed, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t blocks = size & ~(size_t)31;
    uint64_t sum = size >= 32 ? sum_blocks(seed, bytes, size) : seed + prime_5;
    sum += size;
    if (size > blocks) sum = add_rest(sum, bytes + blocks, size - blocks);
    sum = (sum ^ sum >> 33) * prime_2;
    sum = (sum ^ sum >> 29) * prime_3;
    return sum ^ sum >> 32;
}
