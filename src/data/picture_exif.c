/* The one thing that is read from a picture's EXIF block: how the camera was held. */
#include "data/picture_file.h"
#include <string.h>

enum { ORIENTATION = 0x0112, SHORT = 3, ENTRY = 12 };

typedef struct block {
    const unsigned char *bytes;
    size_t size;
    bool little; /* the last byte is the highest */
} block;

/* `count` bytes at a place as a number; 0 behind the end. */
static uint32_t number_at(const block *block, size_t at, size_t count)
{
    uint32_t number = 0;
    if (at > block->size || count > block->size - at) return 0;
    for (size_t i = 0; i < count; i++)
        number = number << 8 | block->bytes[at + (block->little ? count - 1 - i : i)];
    return number;
}

int capas_exif_orientation(const unsigned char *exif, size_t size)
{
    if (size < 8 || (memcmp(exif, "II*\0", 4) != 0 && memcmp(exif, "MM\0*", 4) != 0)) return 1;
    const block block = {exif, size, exif[0] == 'I'};
    const size_t first = number_at(&block, 4, 4);
    const uint32_t count = number_at(&block, first, 2);
    for (uint32_t i = 0; i < count; i++) {
        const size_t entry = first + 2 + (size_t)i * ENTRY;
        if (entry + ENTRY > size) break;
        if (number_at(&block, entry, 2) != ORIENTATION || number_at(&block, entry + 2, 2) != SHORT)
            continue;
        const uint32_t said = number_at(&block, entry + 8, 2);
        return said >= 1 && said <= 8 ? (int)said : 1;
    }
    return 1;
}
