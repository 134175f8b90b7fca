/* A capas_value as bytes, and back, without a text's parsing: what a flat model (model/flat.h) says
 * of itself. Numbers have the byte order of the machine; whoever keeps the bytes says which. */
#ifndef CAPAS_BASE_VALUE_PACK_H
#define CAPAS_BASE_VALUE_PACK_H

#include "base/builder.h"
#include "base/value.h"

/* Adds the bytes of a tree; a value of NULL is a failure, which the builder keeps. */
void capas_value_pack(const capas_value *value, capas_builder *builder);

/* The tree of `size` bytes, which may be damaged or hostile: NULL with a sentence that says at
 * which byte. Deeper than 100 levels is refused, as in JSON, and so is a map of more than 4096
 * keys. */
capas_value *capas_value_unpack(const void *data, size_t size);

#endif
