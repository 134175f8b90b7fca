/* The golden answers of Keras (tests/golden/README.md): where they are, reading them, comparing
 * with them. Functions that read end the running cmocka test with a message when they cannot.
 * Needs, besides cmocka, jansson for what is JSON. */
#ifndef CAPAS_TESTS_GOLDEN_H
#define CAPAS_TESTS_GOLDEN_H

#include "support/npy.h"
#if CAPAS_WITH_JANSSON
#include <jansson.h>
#endif

#define GOLDEN_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* The folder that holds layers/, losses/, ...: the environment's CAPAS_GOLDEN, or what the build
 * unpacked. */
const char *golden_folder(void);

/* A path in it, from printf's arguments: golden_path("layers/%s/out0.npy", name). Held in one of
 * eight buffers in turn; not for several threads. */
const char *golden_path(const char *format, ...) GOLDEN_PRINTF(1, 2);

/* Whether there is such a file. */
bool golden_exists(const char *format, ...) GOLDEN_PRINTF(1, 2);

/* An array from there; the caller calls npy_free. */
npy golden_npy(const char *format, ...) GOLDEN_PRINTF(1, 2);

/* A whole text file from there, ended by 0; the caller frees it. */
char *golden_text(const char *format, ...) GOLDEN_PRINTF(1, 2);

#if CAPAS_WITH_JANSSON
/* A JSON document from there; the caller calls json_decref. */
json_t *golden_json(const char *format, ...) GOLDEN_PRINTF(1, 2);

/* Calls `visit` with the path ("layers/add") of every case of a kind ("layers"), in index.json's
 * order; returns how many there are. */
size_t golden_cases(const char *kind, void (*visit)(const char *path, void *context),
                    void *context);
#endif

/* Whether |got - want| <= atol + rtol*|want| for all values (NaN fits NaN, an infinity itself).
 * When not, prints `what`, the worst place and both values there. */
bool golden_close(const char *what, const float *got, const npy *want, double rtol, double atol);
bool golden_close_double(const char *what, const double *got, const npy *want, double rtol,
                         double atol);

/* Whether cases of a part may be skipped because it is not built yet: tests/golden/skips.txt lists
 * the parts, one a line, as "layers/Conv1D", "activations/gelu", "losses/Hinge"; # opens a comment.
 * Parts and not cases, so that the list holds for another golden set too. Every other skip is a
 * failure. */
bool golden_may_skip(const char *part);

#endif
