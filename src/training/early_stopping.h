/* EarlyStopping from a recipe's or file's map of options. */
#ifndef CAPAS_TRAINING_EARLY_STOPPING_H
#define CAPAS_TRAINING_EARLY_STOPPING_H

#include "base/option.h"
#include <capas/callbacks.h>

extern const capas_option_table capas_early_stopping_table;

/* NULL on failure; freed with capas_early_stopping_free. */
capas_callback *capas_early_stopping_read(const capas_value *map, const char *where);

#endif
