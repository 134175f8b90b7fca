/* Errors: every call that can fail returns a capas_status, and leaves one sentence that says where,
 * what was expected, what was found, and what to do.
 *
 * The sentence is kept per thread and holds until the next failure in the same thread. capas never
 * prints it, and never exits or aborts. */
#ifndef CAPAS_STATUS_H
#define CAPAS_STATUS_H

#include <capas/export.h>

CAPAS_BEGIN

/* name, what it means. The one list of statuses. */
#define CAPAS_STATUS_LIST(X)                                                                       \
    X(OK, "done")                                                                                  \
    X(INVALID_ARGUMENT, "an argument or option has a wrong type or value")                         \
    X(SHAPE_MISMATCH, "shapes do not fit each other")                                              \
    X(UNKNOWN_NAME, "no layer, option, optimizer or file of that name")                            \
    X(WRONG_STATE, "the call came too early or too late")                                          \
    X(NO_MEMORY, "memory ran out")                                                                 \
    X(NO_THREAD, "a thread could not be made")                                                     \
    X(NO_FILE, "a file is missing or may not be opened")                                           \
    X(BAD_FILE, "a file is damaged, or not what its name says")                                    \
    X(WRITE_FAILED, "a file could not be written")                                                 \
    X(BAD_DATA, "labels or pixels are outside their range")                                        \
    X(NOT_FINITE, "a loss or weight became NaN or infinite")                                       \
    X(UNSUPPORTED, "capas does not have this part, or was built without it")                       \
    X(INTERRUPTED, "stopped by the user")

typedef enum capas_status {
#define CAPAS_STATUS_ENUM(name, meaning) CAPAS_##name,
    CAPAS_STATUS_LIST(CAPAS_STATUS_ENUM)
#undef CAPAS_STATUS_ENUM
} capas_status;

/* The sentence of this thread's last failure; "" before the first. Owned by capas. */
CAPAS_API const char *capas_error(void);

/* The status of this thread's last failure; CAPAS_OK before the first. */
CAPAS_API capas_status capas_error_status(void);

/* "SHAPE_MISMATCH", and the meaning in the list above; for a number that is no status, "?". */
CAPAS_API const char *capas_status_name(capas_status status);
CAPAS_API const char *capas_status_meaning(capas_status status);

CAPAS_END

#endif
