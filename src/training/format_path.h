/* A path with numbers in it, as Python's str.format makes it: "{epoch:02d}-{val_loss:.2f}.keras".
 * Known formats are [0][width]d for whole numbers, [0][width][.precision] with f, e, g or % for
 * all, and none at all, which is repr; {{ and }} are braces. */
#ifndef CAPAS_TRAINING_FORMAT_PATH_H
#define CAPAS_TRAINING_FORMAT_PATH_H

#include <capas/callbacks.h>

enum { CAPAS_PATH_SIZE = 4096 };

/* Whether a pattern can be read; what it names is not known yet. Failures begin with the pattern.
 */
capas_status capas_check_path_format(const char *pattern);

/* The path. epoch and batch count from 1 and win over the logs. */
capas_status capas_format_path(const char *pattern, int epoch, int64_t batch,
                               const capas_logs *logs, char path[CAPAS_PATH_SIZE]);

#endif
