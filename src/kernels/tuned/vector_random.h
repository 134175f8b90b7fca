/* Philox 4x32-10 (base/philox.h) over vectors: CAPAS_VECTOR blocks at once, one in each lane.
 * Besides vector.h the only file that knows an instruction set. */
#ifndef CAPAS_KERNELS_TUNED_VECTOR_RANDOM_H
#define CAPAS_KERNELS_TUNED_VECTOR_RANDOM_H

#include "base/philox.h"
#include "kernels/tuned/vector.h"

/* The 64 bits of a * m: *high and *low. Processors multiply every second lane; the products of the
 * others are shifted in. */
CAPAS_INLINE void v_multiply_wide(vuint a, uint32_t m, vuint *high, vuint *low)
{
#if CAPAS_VECTOR == 16 && defined(__AVX512F__)
    const __m512i factor = _mm512_set1_epi32((int)m);
    __m512i even = _mm512_mul_epu32((__m512i)a, factor);
    __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64((__m512i)a, 32), factor);
    *low = (vuint)_mm512_mask_mov_epi32(even, 0xaaaa, _mm512_slli_epi64(odd, 32));
    *high = (vuint)_mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), 0xaaaa, odd);
#elif CAPAS_VECTOR == 8 && defined(__AVX2__)
    const __m256i factor = _mm256_set1_epi32((int)m);
    __m256i even = _mm256_mul_epu32((__m256i)a, factor);
    __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)a, 32), factor);
    *low = (vuint)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
    *high = (vuint)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
#elif CAPAS_VECTOR == 4 && defined(__SSE2__)
    const __m128i factor = _mm_set1_epi32((int)m), odd_lanes = _mm_set_epi32(-1, 0, -1, 0);
    __m128i even = _mm_mul_epu32((__m128i)a, factor);
    __m128i odd = _mm_mul_epu32(_mm_srli_epi64((__m128i)a, 32), factor);
    *low = (vuint)_mm_or_si128(_mm_andnot_si128(odd_lanes, even), _mm_slli_epi64(odd, 32));
    *high = (vuint)_mm_or_si128(_mm_srli_epi64(even, 32), _mm_and_si128(odd_lanes, odd));
#else
    for (int i = 0; i < CAPAS_VECTOR; i++) {
        uint64_t product = (uint64_t)a[i] * m;
        (*high)[i] = (uint32_t)(product >> 32);
        (*low)[i] = (uint32_t)product;
    }
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

/* Words 4 * block .. 4 * block + 4 * CAPAS_VECTOR - 1 of the sequence, in order. Lane 4 q + i has
 * the block that comes to quarter q of word[i] in the end. */
CAPAS_INLINE void v_philox(capas_random random, uint64_t block, vuint *word)
{
    enum { QUADS = CAPAS_VECTOR / 4 };
    uint32_t k0 = (uint32_t)random.seed, k1 = (uint32_t)(random.seed >> 32);
    const vuint place = (vuint)((v_lanes() & 3) * QUADS + (v_lanes() >> 2));
    vuint c0 = place + (uint32_t)block;
    vuint c1 = (uint32_t)(block >> 32) - (vuint)(c0 < place); /* the carry */
    vuint c2 = (vuint)v_set_int((int32_t)random.step),
          c3 = (vuint)v_set_int((int32_t)random.stream);
    CAPAS_UNROLL
    for (int round = 0; round < 10; round++) {
        vuint high0, low0, high1, low1;
        v_multiply_wide(c0, 0xD2511F53u, &high0, &low0);
        v_multiply_wide(c2, 0xCD9E8D57u, &high1, &low1);
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    word[0] = c0;
    word[1] = c1;
    word[2] = c2;
    word[3] = c3;
    v_transpose_quads(word);
}

#endif
