/* The numbers of a batch or epoch by name: what Keras calls logs. */
#ifndef CAPAS_TRAINING_LOGS_H
#define CAPAS_TRAINING_LOGS_H

#include "base/status.h"
#include <capas/callbacks.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct capas_log_entry {
    char *name;
    double value;
} capas_log_entry;

struct capas_logs {
    capas_log_entry *entries;
    size_t count, capacity;
};

/* Drops all but the first `count`: what callbacks added to the logs of a batch is not the next
 * one's. */
void capas_logs_cut(capas_logs *logs, size_t count);
void capas_logs_sort(capas_logs *logs);
/* Empties; the struct may be used again. */
void capas_logs_clear(capas_logs *logs);

#endif
