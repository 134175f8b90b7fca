/* Text that grows as it is written. The first failure is kept, and nothing is written after it, so
 * that one check at the end does. */
#ifndef CAPAS_BASE_BUILDER_H
#define CAPAS_BASE_BUILDER_H

#include "base/status.h"
#include <stddef.h>

/* Zero before the first call. */
typedef struct capas_builder {
    char *data; /* NULL while empty, else ended by 0 */
    size_t length, capacity;
    capas_status status;
} capas_builder;

void capas_builder_add(capas_builder *builder, const char *text);
void capas_builder_add_bytes(capas_builder *builder, const char *text, size_t size);
void capas_builder_repeat(capas_builder *builder, const char *text, int times);
void capas_builder_print(capas_builder *builder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The text, the caller's from now on (capas_release); on failure that, and all memory is freed. */
capas_status capas_builder_finish(capas_builder *builder, char **text);

#endif
