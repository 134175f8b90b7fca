/* Trees of values as lines of text, to tell what two runs are made of and where they differ. */
#ifndef CAPAS_BASE_LINES_H
#define CAPAS_BASE_LINES_H

#include "base/builder.h"
#include "base/value.h"

/* A line for each leaf of the tree: "NAME.fit.batch_size: 32"; items of lists are counted from 0.
 * An empty `name` is left out. */
void capas_lines_add(capas_builder *lines, const char *name, const capas_value *value);
void capas_lines_add_text(capas_builder *lines, const char *name, const char *text);
void capas_lines_add_integer(capas_builder *lines, const char *name, int64_t integer);

/* Whether two texts of lines differ, whatever their order; then the first difference in words:
 * "fit.batch_size is 32 there and 64 here". */
bool capas_lines_differ(const char *there, const char *here, char *text, size_t size);

#endif
