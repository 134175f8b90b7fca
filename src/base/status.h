/* Making errors: capas_fail() writes the thread's sentence and returns its status, so that a check
 * is one line: return capas_fail(CAPAS_SHAPE_MISMATCH, "layer %s: ...", name). */
#ifndef CAPAS_BASE_STATUS_H
#define CAPAS_BASE_STATUS_H

#include <capas/status.h>

/* Sets this thread's status and sentence; returns `status`. Never allocates. */
capas_status capas_fail(capas_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "where: " in front of this thread's sentence, for a caller that knows the place better;
 * returns the status it already had. */
capas_status capas_fail_in(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Around what may fail without anybody being told: keeps this thread's status and sentence, and
 * gives them back. */
enum { CAPAS_SENTENCE = 1024 };
typedef struct capas_kept_error {
    capas_status status;
    char sentence[CAPAS_SENTENCE];
} capas_kept_error;
void capas_error_keep(capas_kept_error *kept);
void capas_error_give_back(const capas_kept_error *kept);

/* One sentence to the user's log hook; nothing when there is none. */
void capas_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void capas_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Hands a failure on. */
#define CAPAS_TRY(call)                                                                            \
    do {                                                                                           \
        capas_status capas_try_status = (call);                                                    \
        if (capas_try_status != CAPAS_OK) return capas_try_status;                                 \
    } while (0)

#endif
