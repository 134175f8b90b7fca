/* A fit under way, and what the files around fit.c do for it: data, checkpoints. */
#ifndef CAPAS_TRAINING_FIT_H
#define CAPAS_TRAINING_FIT_H

#include "training/evaluate.h"
#include "training/guards.h"
#include "training/history.h"

typedef struct capas_fitting {
    capas_model *model;
    capas_fit_options options; /* resolved */
    capas_dataset *train, *validation;
    capas_dataset *train_part, *validation_part; /* what validation_split cut; ours */
    capas_stepper stepper, validator;
    capas_batch batch, validation_batch;
    capas_training training;
    capas_logs logs, validation_logs;
    capas_history *history;
    capas_callback *reporter;
    capas_fit_guards guards;
    int64_t last;   /* the iteration at which all steps are done; 0: not by steps */
    int64_t step;   /* of the epoch, that comes next: where a checkpoint goes on */
    int pass;       /* over the data: the epoch, but with steps_per_epoch */
    int64_t index;  /* samples given in the pass */
    bool must_seek; /* the set does not stand there yet */
    char *identity; /* what it is made of, as lines (base/lines.h); NULL until it is asked */
} capas_fitting;

/* All steps are done, or a callback has ended it. */
bool capas_fitting_is_over(const capas_fitting *fit);

/* Data (fit_data.c). */

/* Cuts the validation set off, opens the steppers and batches. */
capas_status capas_fitting_open_data(capas_fitting *fit);
/* Where the first epoch starts. */
void capas_fitting_find_start(capas_fitting *fit);
/* Brings the set to where the step of the epoch begins. */
capas_status capas_fitting_seek(capas_fitting *fit);
/* Fills the batch; leaves it empty when the epoch is over before its steps are done. */
capas_status capas_fitting_next(capas_fitting *fit, int64_t step);

/* Checkpoints (fit_state.c). */

/* After on_train_begin: goes to where a checkpoint was written, when a backup has one. */
capas_status capas_fitting_restore(capas_fitting *fit);
/* After all hooks of a batch or epoch: writes the checkpoints that are wanted, to go on at a step
 * of an epoch, and ends the call when it was interrupted. */
capas_status capas_fitting_pause(capas_fitting *fit, int epoch, int64_t step);

/* Seed, options, data, model: everything that decides the bits but the number of epochs, as lines
 * (fit_identity.c). */
capas_status capas_fitting_identify(capas_fitting *fit);

#endif
