/* The rounds of SHA-256 (FIPS 180-4) over whole blocks: in plain C, and with the instructions that
 * x86 processors since 2017 have for them. Both give the same bits. */
#ifndef CAPAS_KERNELS_SHA256_H
#define CAPAS_KERNELS_SHA256_H

#include <stddef.h>
#include <stdint.h>

/* Adds `count` blocks of 64 bytes to the state. */
void capas_sha256_blocks(uint32_t state[8], const uint8_t *blocks, size_t count);

/* The plain one, whatever the processor has. */
void capas_sha256_blocks_plain(uint32_t state[8], const uint8_t *blocks, size_t count);

#endif
