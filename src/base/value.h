/* capas_value: the tree that JSON and YAML are read into, and that configurations are written from.
 * Maps keep the order of their keys. Each value knows the line it came from, for messages. */
#ifndef CAPAS_BASE_VALUE_H
#define CAPAS_BASE_VALUE_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum capas_value_kind {
    CAPAS_VALUE_NULL,
    CAPAS_VALUE_BOOL,
    CAPAS_VALUE_INTEGER,
    CAPAS_VALUE_REAL,
    CAPAS_VALUE_STRING,
    CAPAS_VALUE_LIST,
    CAPAS_VALUE_MAP,
} capas_value_kind;

typedef struct capas_value {
    capas_value_kind kind;
    int line, column; /* 1-based place in the text it was read from; 0 when it was not */
    bool boolean;
    int64_t integer;
    double real;                /* also set for an integer */
    char *string;               /* UTF-8 */
    struct capas_value **items; /* of a list or map, `count` of them */
    char **keys;                /* of a map */
    size_t count, capacity;
} capas_value;

/* All return NULL, with the sentence, when memory runs out. */
capas_value *capas_value_null(void);
capas_value *capas_value_bool(bool boolean);
capas_value *capas_value_integer(int64_t integer);
capas_value *capas_value_real(double real);
capas_value *capas_value_string(const char *text);
capas_value *capas_value_list(void);
capas_value *capas_value_map(void);
capas_value *capas_value_clone(const capas_value *value);
void capas_value_free(capas_value *value); /* with everything below it */

/* Both take `item` over, also when they fail; an `item` or container of NULL is a failure, so that
 * calls may be nested and checked once. Setting a key that exists replaces its value. */
capas_status capas_value_append(capas_value *list, capas_value *item);
capas_status capas_value_set(capas_value *map, const char *key, capas_value *item);

/* The value under a key, or NULL; the map may be NULL or no map. Borrowed. */
capas_value *capas_value_get(const capas_value *map, const char *key);

/* The text under a key, or NULL where there is none or another kind of value. Borrowed. */
const char *capas_value_get_text(const capas_value *map, const char *key);

/* Removes a key and gives its value to the caller; NULL when it is not there. */
capas_value *capas_value_take(capas_value *map, const char *key);

/* The same kinds and contents, whatever the order of keys in a map. 1 and 1.0 differ; NaN equals
 * NaN. */
bool capas_value_equal(const capas_value *a, const capas_value *b);

/* "a map", "[3, 2]", "a list of 40 items", "\"same\"", "3": for messages, on one line and not long.
 * Writes at most `size` bytes; returns `text`. */
const char *capas_value_describe(const capas_value *value, char *text, size_t size);

#endif
