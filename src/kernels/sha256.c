/* The rounds of SHA-256; see sha256.h. The plain ones are letter by letter after FIPS 180-4. */
#include "kernels/sha256.h"
#include <stdbool.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

/* The first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t turn(uint32_t word, int bits)
{
    return word >> bits | word << (32 - bits);
}

static inline uint32_t read_word(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* One round; what FIPS calls h becomes the new a, and d the new e: the callers' order turns instead
 * of the values. */
static inline void mix(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e, uint32_t f,
                       uint32_t g, uint32_t *h, uint32_t word)
{
    uint32_t first = *h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (g ^ (e & (f ^ g))) + word;
    *d += first;
    *h = first + (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) | (c & (a | b)));
}

/* w[i] + constants[i], w spread from the block's 16 words. */
static void spread(const uint8_t *block, uint32_t words[64])
{
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] = read_word(block + 4 * i);
    for (int i = 16; i < 64; i++) {
        uint32_t near = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t far = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + near + w[i - 7] + far;
    }
    for (int i = 0; i < 64; i++)
        words[i] = w[i] + constants[i];
}

static void add_block(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[64];
    spread(block, w);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i += 8) {
        mix(a, b, c, &d, e, f, g, &h, w[i]);
        mix(h, a, b, &c, d, e, f, &g, w[i + 1]);
        mix(g, h, a, &b, c, d, e, &f, w[i + 2]);
        mix(f, g, h, &a, b, c, d, &e, w[i + 3]);
        mix(e, f, g, &h, a, b, c, &d, w[i + 4]);
        mix(d, e, f, &g, h, a, b, &c, w[i + 5]);
        mix(c, d, e, &f, g, h, a, &b, w[i + 6]);
        mix(b, c, d, &e, f, g, h, &a, w[i + 7]);
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void capas_sha256_blocks_plain(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    for (; count > 0; count--, blocks += 64)
        add_block(state, blocks);
}

#if defined(__x86_64__)

/* Four words of the block, which is big-endian. */
__attribute__((target("ssse3"))) static inline __m128i load_words(const uint8_t *bytes)
{
    const __m128i turned = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)bytes), turned);
}

/* The instructions keep a, b, e, f in one register and c, d, g, h in another, the highest first.
 * Each turn makes four rounds, and the four words of the message that are wanted four turns later:
 * w[t] = w[t-16] + near(w[t-15]) + w[t-7] + far(w[t-2]). */
__attribute__((target("sha,sse4.1"))) static void add_block_fast(__m128i *abef, __m128i *cdgh,
                                                                 const uint8_t *block)
{
    __m128i w[4], first = *abef, second = *cdgh;
    for (int i = 0; i < 4; i++)
        w[i] = load_words(block + 16 * i);
    for (int i = 0; i < 16; i++) {
        __m128i k = _mm_loadu_si128((const __m128i *)(const void *)(constants + 4 * i));
        __m128i words = _mm_add_epi32(w[i % 4], k);
        *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, words);
        *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(words, 0x0e));
        __m128i last = w[(i + 3) % 4], next = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);
        next = _mm_add_epi32(next, _mm_alignr_epi8(last, w[(i + 2) % 4], 4));
        w[i % 4] = _mm_sha256msg2_epu32(next, last);
    }
    *abef = _mm_add_epi32(*abef, first);
    *cdgh = _mm_add_epi32(*cdgh, second);
}

__attribute__((target("sha,sse4.1"))) static void add_blocks_fast(uint32_t state[8],
                                                                  const uint8_t *blocks,
                                                                  size_t count)
{
    __m128i *places = (__m128i *)(void *)state;
    __m128i dcba = _mm_loadu_si128(places), hgfe = _mm_loadu_si128(places + 1);
    __m128i badc = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    __m128i abef = _mm_alignr_epi8(badc, efgh, 8), cdgh = _mm_blend_epi16(efgh, badc, 0xf0);
    for (; count > 0; count--, blocks += 64)
        add_block_fast(&abef, &cdgh, blocks);
    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128(places, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(places + 1, _mm_alignr_epi8(dchg, feba, 8));
}

static bool has_instructions(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* Asked once: in a virtual machine the answer takes its time. */
static bool is_fast(void)
{
    enum { UNKNOWN, NO, YES };
    static _Atomic int known = UNKNOWN;
    if (known == UNKNOWN) known = has_instructions() ? YES : NO;
    return known == YES;
}

void capas_sha256_blocks(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    if (count > 0 && is_fast())
        add_blocks_fast(state, blocks, count);
    else
        capas_sha256_blocks_plain(state, blocks, count);
}

#else

void capas_sha256_blocks(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    capas_sha256_blocks_plain(state, blocks, count);
}

#endif
