/* A file seen as memory, to be read only: nothing is copied, and processes that have it open share
 * it. Whoever changes the file in place changes the memory, and who cuts it takes the program down;
 * capas itself never writes a file in place. */
#ifndef CAPAS_BASE_MAPPING_H
#define CAPAS_BASE_MAPPING_H

#include "base/status.h"
#include <stddef.h>

typedef struct capas_mapping {
    const void *data; /* a page's beginning */
    size_t size;      /* 0: there is none */
} capas_mapping;

/* A file that is empty, or no regular one, is refused. */
capas_status capas_map_file(const char *path, capas_mapping *mapping);
void capas_unmap(capas_mapping *mapping);

#endif
