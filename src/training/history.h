/* The history of a fit: one series of numbers for each name in the epochs' logs. It is a callback.
 */
#ifndef CAPAS_TRAINING_HISTORY_H
#define CAPAS_TRAINING_HISTORY_H

#include "training/logs.h"
#include "training/state.h"
#include <capas/training.h>

/* NULL when memory runs out. */
capas_history *capas_history_new(void);
/* The callback that fills it; lives as long as the history. */
const capas_callback *capas_history_callback(capas_history *history);
/* Adds an epoch. */
capas_status capas_history_add(capas_history *history, int epoch, const capas_logs *logs);

#endif
