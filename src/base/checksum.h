/* XXH64: a fast checksum of 64 bits, by its published description. It finds damage and tells data
 * apart; it does not protect against someone who wants to deceive. */
#ifndef CAPAS_BASE_CHECKSUM_H
#define CAPAS_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* A chain over several pieces: each piece's seed is the checksum of the one before. */
uint64_t capas_checksum(uint64_t seed, const void *data, size_t size);

#endif
