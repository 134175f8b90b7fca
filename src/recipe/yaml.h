/* YAML 1.2 into capas_value, with line and column of every value. Plain scalars become null,
 * booleans, numbers or text as the core schema says. What recipes do not need is refused with a
 * sentence: aliases, tags, several documents, keys that are no text or are said twice. */
#ifndef CAPAS_RECIPE_YAML_H
#define CAPAS_RECIPE_YAML_H

#include "base/value.h"

enum { CAPAS_YAML_DEPTH = 64, CAPAS_YAML_NODES = 100000 };

/* One document; an empty one is null. NULL on failure: "WHERE, line 3, column 5: ...". */
capas_value *capas_yaml_read(const char *text, size_t size, const char *where);

#endif
