/* Philox 4x32-10: random numbers by counting (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). The same (seed, stream, step, block) gives the same four words on every
 * machine, in every order, on any number of threads; no state is kept. */
#ifndef CAPAS_BASE_PHILOX_H
#define CAPAS_BASE_PHILOX_H

#include <stdint.h>

/* What a sequence is for; layers get CAPAS_STREAM_LAYERS + their index. */
enum {
    CAPAS_STREAM_SHUFFLE = 1,
    CAPAS_STREAM_AUGMENT = 2,
    CAPAS_STREAM_ELASTIC = 3,
    CAPAS_STREAM_WEIGHTS = 0x10000,
    CAPAS_STREAM_LAYERS = 0x20000,
};

/* Where a sequence starts: element i of it is word i % 4 of block i / 4. */
typedef struct capas_random {
    uint64_t seed;
    uint32_t stream;
    uint32_t step;
} capas_random;

static inline void capas_philox(capas_random random, uint64_t block, uint32_t word[4])
{
    uint32_t k0 = (uint32_t)random.seed, k1 = (uint32_t)(random.seed >> 32);
    uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32), c2 = random.step,
             c3 = random.stream;
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    word[0] = c0;
    word[1] = c1;
    word[2] = c2;
    word[3] = c3;
}

/* A word as a float in [0, 1): its upper 24 bits. */
static inline float capas_uniform(uint32_t word)
{
    return (float)(word >> 8) * 0x1p-24f;
}

#endif
