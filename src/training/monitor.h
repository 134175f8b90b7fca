/* Watching one number of the logs, with Keras 3's rules (keras-semantics 6.1), for EarlyStopping,
 * ReduceLROnPlateau and ModelCheckpoint: which way is better, what is an improvement (the first
 * value always is; numbers are compared in float32), and a warning, once, when it is not there. */
#ifndef CAPAS_TRAINING_MONITOR_H
#define CAPAS_TRAINING_MONITOR_H

#include "model/model.h"
#include <capas/callbacks.h>

typedef struct capas_monitor {
    const char *owner;   /* the callback's class, constant */
    const char *without; /* what it does not do when the number is missing: "it will not stop" */
    char *name;          /* of the number; released by capas_monitor_close */
    capas_monitor_mode mode;
    double min_delta;
    bool mode_known, larger_is_better, warned, has_best;
    double best;
} capas_monitor;

/* The first five fields are the caller's, `name` borrowed; it is copied. */
capas_status capas_monitor_open(capas_monitor *monitor);
void capas_monitor_close(capas_monitor *monitor);

/* Forgets the best. */
void capas_monitor_reset(capas_monitor *monitor);

/* The number of these logs, or *found is false. Fails when the mode is auto and nothing tells which
 * way is better. */
capas_status capas_monitor_look(capas_monitor *monitor, const capas_model *model,
                                const capas_logs *logs, double *value, bool *found);

/* Whether a value is better than another by at least min_delta; and than the best so far. */
bool capas_monitor_is_better(const capas_monitor *monitor, double value, double than);
bool capas_monitor_improves(const capas_monitor *monitor, double value);
void capas_monitor_take(capas_monitor *monitor, double value);

/* The best, among what a callback must remember. */
capas_status capas_monitor_save(const capas_monitor *monitor, capas_state *state);
capas_status capas_monitor_load(capas_monitor *monitor, const capas_state *state);

#endif
