/* Layers whose outputs callbacks want to see while a model is trained: found by name before the
 * plan is made, which then keeps their memory. What is computed does not change by it; a tensor
 * that was joined into another op is nowhere, and that is a failure with its reason. */
#ifndef CAPAS_TRAINING_WATCH_H
#define CAPAS_TRAINING_WATCH_H

#include "model/plan.h"
#include <capas/callbacks.h>

typedef struct capas_watch {
    const char *names[CAPAS_PLAN_WATCHED]; /* borrowed from the callbacks */
    int uses[CAPAS_PLAN_WATCHED];
    int count;
} capas_watch;

/* What the callbacks ask for, each once. */
capas_status capas_watch_gather(capas_watch *watch, const capas_model *model,
                                const capas_callback *const *callbacks, int count);
void capas_watch_options(const capas_watch *watch, capas_plan_options *options);
/* That the plan has them all. */
capas_status capas_watch_check(const capas_watch *watch, const capas_plan *plan);
/* Which one a layer's is; -1: none. */
int capas_watch_find(const capas_watch *watch, const char *layer);

#endif
