/* What a callback must remember so that a training that was killed goes on with the same bits:
 * named numbers, texts and blocks of bytes (capas_callback's save_state and load_state).
 *
 * Names are the callback's own, as "wait"; those that belong together may share a beginning, as
 * "best/epoch" and "best/weights". No other callback sees them. A state is made and freed by capas,
 * and holds for the call only. */
#ifndef CAPAS_STATE_H
#define CAPAS_STATE_H

#include <capas/status.h>
#include <stddef.h>

CAPAS_BEGIN

typedef struct capas_state capas_state;

/* Everything is copied. A name that is there already gets the new value; one that is empty or
 * longer than 127 bytes is refused. Numbers keep every bit, also of NaN and infinity; whole numbers
 * are exact up to 2^53. */
CAPAS_API capas_status capas_state_set_number(capas_state *state, const char *name, double value);
CAPAS_API capas_status capas_state_set_text(capas_state *state, const char *name, const char *text);
CAPAS_API capas_status capas_state_set_data(capas_state *state, const char *name, const void *data,
                                            size_t size);

/* Non-zero when there is something of that name. */
CAPAS_API int capas_state_has(const capas_state *state, const char *name);

/* CAPAS_BAD_FILE, with a sentence, when the name is missing or of another kind. A text is borrowed
 * for the call. */
CAPAS_API capas_status capas_state_get_number(const capas_state *state, const char *name,
                                              double *value);
CAPAS_API capas_status capas_state_get_text(const capas_state *state, const char *name,
                                            const char **text);
/* Copies the bytes; they must be `size`, otherwise it fails and nothing is copied. */
CAPAS_API capas_status capas_state_get_data(const capas_state *state, const char *name, void *data,
                                            size_t size);
/* How many bytes capas_state_get_data will give. */
CAPAS_API capas_status capas_state_get_size(const capas_state *state, const char *name,
                                            size_t *size);

CAPAS_END

#endif
