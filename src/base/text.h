/* Small helpers for words and shapes in messages. */
#ifndef CAPAS_BASE_TEXT_H
#define CAPAS_BASE_TEXT_H

#include <capas/tensor.h>
#include <stdbool.h>
#include <stddef.h>

/* The known name nearest to `name` by edit distance without regard to case, or NULL when none is
 * near enough to be meant. */
const char *capas_nearest_name(const char *name, const char *const *names, size_t count);

/* Keras's class name in snake case: "MaxPooling2D" to "max_pooling2d" (keras-semantics 1.9). */
void capas_snake_case(const char *class_name, char *text, size_t size);

/* "(None, 26, 26, 32)"; a rank of 1 as Keras has it: "(None,)". Returns `text`. */
const char *capas_shape_text(const capas_shape *shape, char *text, size_t size);

bool capas_shape_equal(const capas_shape *a, const capas_shape *b);

/* Product of dims[first..]; -1 when one is unknown or the product does not fit. */
int64_t capas_shape_count(const capas_shape *shape, int first);

/* "1,626,692" */
const char *capas_thousands(int64_t number, char *text, size_t size);

/* The shortest digits that give the same double again, as Python's repr writes them: "0.1",
 * "1e-07", "2.0"; for what is not finite "nan", "inf", "-inf". Returns `text`. */
enum { CAPAS_REAL_TEXT = 40 };
const char *capas_real_text(double real, char text[CAPAS_REAL_TEXT]);

/* After length = snprintf(text, size, ...): when that did not fit, text ends in "..." and not
 * inside a UTF-8 character. */
void capas_cut_text(char *text, size_t size, int length);

#endif
