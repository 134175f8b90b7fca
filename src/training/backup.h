/* BackupAndRestore: when a checkpoint is due, and the files that it is kept in. It asks for
 * checkpoints; fit makes them, after all hooks of the moment (fit_state.c). */
#ifndef CAPAS_TRAINING_BACKUP_H
#define CAPAS_TRAINING_BACKUP_H

#include "training/state.h"
#include <capas/callbacks.h>
#include <stdbool.h>

/* The newest one's name in the folder. */
#define CAPAS_CHECKPOINT "checkpoint"

/* One that takes part in a training; the training has a list of them. */
typedef struct capas_backup capas_backup;
capas_backup *capas_backup_next(const capas_backup *backup);
/* Whether a checkpoint is due; `last`: the last epoch is over. */
bool capas_backup_wants(const capas_backup *backup, bool last);
/* Where it keeps them, for messages. */
const char *capas_backup_folder(const capas_backup *backup);

/* Writes a checkpoint; on failure those before are still there. */
capas_status capas_backup_write(capas_backup *backup, const capas_state_store *store);
/* Reads the newest that is whole into an empty store; *found false: there is none. */
capas_status capas_backup_restore(capas_backup *backup, capas_state_store *store, bool *found);

#endif
