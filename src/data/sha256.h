/* SHA-256 (FIPS 180-4), to know that data is what it is said to be. Not for secrets: nothing here
 * runs in constant time. */
#ifndef CAPAS_DATA_SHA256_H
#define CAPAS_DATA_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { CAPAS_SHA256_TEXT = 65 };

typedef struct capas_sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes so far */
    uint8_t block[64];
} capas_sha256;

void capas_sha256_start(capas_sha256 *sum);
void capas_sha256_add(capas_sha256 *sum, const void *data, size_t size);
/* The sum as 64 small hexadecimal digits and a 0. `sum` is used up. */
void capas_sha256_finish(capas_sha256 *sum, char text[CAPAS_SHA256_TEXT]);

#endif
