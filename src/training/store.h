/* Where training puts models and states. Training declares this interface and files/ defines it, so
 * that the direction of the folders holds: no header of files/ is included here, and files/
 * includes this one (as report/ does with reporter.h). Every file is written beside and renamed. */
#ifndef CAPAS_TRAINING_STORE_H
#define CAPAS_TRAINING_STORE_H

#include "training/state.h"
#include <capas/model.h>

/* A .keras file: capas_save. */
capas_status capas_store_model(capas_model *model, const char *path);

/* A .weights.h5 file, as Keras's save_weights writes it: weights, and the optimizer's variables. */
capas_status capas_store_weights(capas_model *model, const char *path);

/* All entries of a store, with a checksum. Restoring fills an empty store; a file that is cut off,
 * changed or of another kind is refused with CAPAS_BAD_FILE, one that is not there with
 * CAPAS_NO_FILE. */
capas_status capas_store_state(const capas_state_store *store, const char *path);
capas_status capas_restore_state(const char *path, capas_state_store *store);

#endif
