/* Losses and metrics that the caller has registered (capas/custom.h): finding their types by name.
 */
#ifndef CAPAS_TRAINING_CUSTOM_H
#define CAPAS_TRAINING_CUSTOM_H

#include "training/metric.h"

/* By class, or by package and class, as "Custom>Tilted"; NULL, without a sentence, when there is
 * none or the name is NULL. */
const capas_loss_type *capas_custom_loss_type(const char *name);
const capas_metric_type *capas_custom_metric_type(const char *name);

/* That a file names a loss or metric ("loss") of a program's own which is not registered. */
capas_status capas_custom_fail(const char *noun, const char *name, const char *where);

#endif
