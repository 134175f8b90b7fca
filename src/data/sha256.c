/* SHA-256 in plain C, letter by letter after FIPS 180-4. Some 200 MB a second: whoever loads much
 * hashes on one thread while another unpacks (idx_file.c). */
#include "data/sha256.h"
#include <stdio.h>
#include <string.h>

static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

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

void capas_sha256_start(capas_sha256 *sum)
{
    memcpy(sum->state, start, sizeof start);
    sum->size = 0;
}

void capas_sha256_add(capas_sha256 *sum, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t used = (size_t)(sum->size % 64);
    sum->size += size;
    if (used > 0) {
        size_t take = 64 - used < size ? 64 - used : size;
        memcpy(sum->block + used, bytes, take);
        bytes += take;
        size -= take;
        if (used + take < 64) return;
        add_block(sum->state, sum->block);
    }
    for (; size >= 64; bytes += 64, size -= 64)
        add_block(sum->state, bytes);
    memcpy(sum->block, bytes, size);
}

void capas_sha256_finish(capas_sha256 *sum, char text[CAPAS_SHA256_TEXT])
{
    static const uint8_t end[64] = {0x80};
    uint64_t bits = sum->size * 8;
    size_t used = (size_t)(sum->size % 64);
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    capas_sha256_add(sum, end, used < 56 ? 56 - used : 120 - used);
    capas_sha256_add(sum, length, sizeof length);
    for (int i = 0; i < 8; i++)
        snprintf(text + 8 * i, 9, "%08x", (unsigned)sum->state[i]);
}
