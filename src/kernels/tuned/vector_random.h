/* Philox 4x32-10 (base/philox.h) over vectors: CAPAS_VECTOR blocks at once, one in each lane.
 * Besides vector.h the only file that knows an instruction set. */
#ifndef CAPAS_KERNELS_TUNED_VECTOR_RANDOM_H
#define CAPAS_KERNELS_TUNED_VECTOR_RANDOM_H

#include "base/philox.h"
#include "kernels/tuned/vector.h"

/* Half as many lanes, of 64 bits: what processors multiply 32 by 32 bits into. */
typedef uint64_t vwide __attribute__((vector_size(4 * CAPAS_VECTOR)));

/* The lower half of each lane times m. */
CAPAS_INLINE vwide v_multiply_wide(vwide a, uint32_t m)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    return (vwide)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi32((int)m));
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    return (vwide)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi32((int)m));
#elif CAPAS_VECTOR == 4 && defined(__SSE2__)
    return (vwide)_mm_mul_epu32((__m128i)a, _mm_set1_epi32((int)m));
#elif CAPAS_VECTOR == 4 && defined(__ARM_NEON)
    return (vwide)vmull_u32(vmovn_u64((uint64x2_t)a), vdup_n_u32(m));
#else
    return (a & UINT32_MAX) * m;
#endif
}

/* Four rows of lanes by fours: each square of four by four transposed. */
#if CAPAS_VECTOR == 16
#define CAPAS_QUADS_LOW(a, b)                                                                      \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define CAPAS_QUADS_HIGH(a, b)                                                                     \
    __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#else
#define CAPAS_QUADS_LOW(a, b)  CAPAS_ZIP_LOW(a, b)
#define CAPAS_QUADS_HIGH(a, b) CAPAS_ZIP_HIGH(a, b)
#endif

CAPAS_INLINE void v_transpose_quads(vuint *row)
{
    CAPAS_UNROLL
    for (int round = 0; round < 2; round++) {
        vuint a = row[0], b = row[1], c = row[2], d = row[3];
        row[0] = (vuint)CAPAS_QUADS_LOW(a, c);
        row[1] = (vuint)CAPAS_QUADS_HIGH(a, c);
        row[2] = (vuint)CAPAS_QUADS_LOW(b, d);
        row[3] = (vuint)CAPAS_QUADS_HIGH(b, d);
    }
}

/* Ten rounds over half of the blocks, a word of each in the lower half of a lane; what is in the
 * upper halves does not matter. */
CAPAS_INLINE void v_philox_rounds(uint64_t seed, vwide *c)
{
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    CAPAS_UNROLL
    for (int round = 0; round < 10; round++) {
        const vwide product0 = v_multiply_wide(c[0], 0xD2511F53u);
        const vwide product1 = v_multiply_wide(c[2], 0xCD9E8D57u);
        c[0] = product1 >> 32 ^ c[1] ^ k0;
        c[1] = product1;
        c[2] = product0 >> 32 ^ c[3] ^ k1;
        c[3] = product0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

/* Words 4 * block .. 4 * block + 4 * CAPAS_VECTOR - 1 of the sequence, in order. Lane 4 q + i has
 * the block that comes to quarter q of word[i] in the end. */
CAPAS_INLINE void v_philox(capas_random random, uint64_t block, vuint *word)
{
    enum { QUADS = CAPAS_VECTOR / 4 };
    const vuint place = (vuint)((v_lanes() & 3) * QUADS + (v_lanes() >> 2));
    word[0] = place + (uint32_t)block;
    word[1] = (uint32_t)(block >> 32) - (vuint)(word[0] < place); /* the carry */
    word[2] = (vuint)v_set_int((int32_t)random.step);
    word[3] = (vuint)v_set_int((int32_t)random.stream);
    vwide even[4], odd[4];
    CAPAS_UNROLL
    for (int i = 0; i < 4; i++) {
        even[i] = (vwide)word[i];
        odd[i] = (vwide)word[i] >> 32;
    }
    v_philox_rounds(random.seed, even);
    v_philox_rounds(random.seed, odd);
    CAPAS_UNROLL
    for (int i = 0; i < 4; i++)
        word[i] = (vuint)((even[i] & UINT32_MAX) | odd[i] << 32);
    v_transpose_quads(word);
}

#endif
