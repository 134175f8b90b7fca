/* Golden JSON as a capas_value, and reaching into it by a path. A path that leads nowhere ends the
 * running test. Without jansson the readers do: guard tests with CAPAS_WITH_JANSSON. */
#ifndef CAPAS_TESTS_VALUES_H
#define CAPAS_TESTS_VALUES_H

#include "base/value.h"

/* A document of the golden folder; the caller calls capas_value_free. */
capas_value *golden_value(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The value at "optimizer.config.name" or "weights.0.file"; NULL when it is not there. */
const capas_value *value_find(const capas_value *value, const char *path);

/* The same, of a kind. */
const capas_value *value_at(const capas_value *value, const char *path);
const char *string_at(const capas_value *value, const char *path);
double number_at(const capas_value *value, const char *path);

#endif
