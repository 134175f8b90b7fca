/* SHA-256 of bytes that come in pieces; its rounds are in kernels/sha256.c. Without instructions
 * for them some 200 MB a second: whoever loads much hashes on one thread while another unpacks
 * (idx_file.c). */
#include "data/sha256.h"
#include "kernels/sha256.h"
#include <stdio.h>
#include <string.h>

static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

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
        capas_sha256_blocks(sum->state, sum->block, 1);
    }
    capas_sha256_blocks(sum->state, bytes, size / 64);
    memcpy(sum->block, bytes + size / 64 * 64, size % 64);
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
