/* Things made ahead of need: threads of their own make numbers first .. end - 1 into places of a
 * ring while the caller takes them in order. What is made depends on its number alone, so the
 * threads change nothing but the time. When none can be started, or after a fork, the caller makes
 * each itself. */
#ifndef CAPAS_DATA_AHEAD_H
#define CAPAS_DATA_AHEAD_H

#include "base/status.h"
#include <stddef.h>
#include <stdint.h>

/* Makes number `number` at `place`; called by several threads at once. */
typedef capas_status capas_ahead_function(const void *context, int64_t number, void *place);

typedef struct capas_ahead capas_ahead;

/* `size` bytes each, at most `room` of them at a time; threads start with the first begin. NULL on
 * failure. */
capas_ahead *capas_ahead_new(capas_ahead_function *make, const void *context, size_t size,
                             int64_t room);
void capas_ahead_free(capas_ahead *ahead);

/* Nothing is being made once it returns, so that what `make` reads may change; NULL does nothing.
 */
void capas_ahead_rest(capas_ahead *ahead);
/* Begins to make the numbers. */
void capas_ahead_begin(capas_ahead *ahead, int64_t first, int64_t end);
/* The next of them, copied, or the failure of making it. */
capas_status capas_ahead_take(capas_ahead *ahead, void *to);

#endif
