/* What the library said: the sentence of the last failure, and its warnings. */
#ifndef CAPAS_TESTS_SAID_H
#define CAPAS_TESTS_SAID_H

#include <capas/runtime.h>

/* Ends the test when the last failure's sentence has no such piece. */
void assert_said(const char *piece);

/* A log that keeps the warnings, each with its line's end, until a test empties them. */
extern char warnings[4096];
void keep_warning(capas_log_level level, const char *message, void *context);

#endif
