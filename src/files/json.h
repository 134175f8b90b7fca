/* JSON to capas_value and back. Reading is jansson's (CAPAS_UNSUPPORTED without it); writing is
 * ours, and gives what Python's json.dumps gives for the same tree, character by character. */
#ifndef CAPAS_FILES_JSON_H
#define CAPAS_FILES_JSON_H

#include "base/value.h"

enum { CAPAS_JSON_DEPTH = 100 };

/* One document; NULL with a sentence that starts with `where` and says line and column. Keys said
 * twice, numbers that do not fit and nesting deeper than CAPAS_JSON_DEPTH are refused. */
capas_value *capas_json_read(const char *text, size_t size, const char *where);

/* On one line, with ", " and ": " between, only ASCII; released with capas_release. NULL when
 * memory runs out, a number is not finite or a text is not UTF-8. */
char *capas_json_write(const capas_value *value);

#endif
