/* Calling callbacks, in order, at each of Keras's moments. A hook that fails ends the call; what it
 * left as its sentence stays, or it gets one that names the hook. */
#ifndef CAPAS_TRAINING_HOOKS_H
#define CAPAS_TRAINING_HOOKS_H

#include "training/logs.h"
#include "training/state.h"

/* What callbacks see of a run of fit or evaluate. */
struct capas_training {
    capas_model *model;
    int epoch, epochs;
    int64_t steps;   /* an epoch; CAPAS_ANY: unknown */
    int64_t samples; /* trained on so far, also before a checkpoint */
    bool stop;
    const struct capas_stepper *stepper; /* fit's; NULL elsewhere */
    bool interrupted;                    /* to be ended as a kill would end it */
    struct capas_backup *backups;        /* a list of those that want checkpoints; NULL: none */
    bool bears_nan; /* numbers that are not finite are no failure; a callback then stops ... */
    bool invalid;   /* ... when a batch had some */
    bool averaged;  /* the model's weights and their averages have changed places */
    const capas_callback **callbacks; /* the user's, the history, the reporter */
    int callback_count;
};

/* Gathers `count` callbacks of the user's and up to `extra` of ours (NULL ones are left out). */
capas_status capas_training_gather(capas_training *training, const capas_callback *const *callbacks,
                                   int count, const capas_callback *const *extra, int extra_count,
                                   const char *where);
void capas_training_release(capas_training *training);

/* Each callback's state, in a part of its own; in the order in which they were given. */
capas_status capas_hook_save_state(const capas_training *training, capas_state *state);
capas_status capas_hook_load_state(const capas_training *training, const capas_state *state);

capas_status capas_hook_train_begin(capas_training *training, capas_logs *logs);
capas_status capas_hook_train_end(capas_training *training, capas_logs *logs);
capas_status capas_hook_epoch_begin(capas_training *training, capas_logs *logs);
capas_status capas_hook_epoch_end(capas_training *training, capas_logs *logs);
capas_status capas_hook_train_batch_begin(capas_training *training, int64_t batch,
                                          capas_logs *logs);
capas_status capas_hook_train_batch_end(capas_training *training, int64_t batch, capas_logs *logs);
capas_status capas_hook_test_begin(capas_training *training, capas_logs *logs);
capas_status capas_hook_test_end(capas_training *training, capas_logs *logs);
capas_status capas_hook_test_batch_begin(capas_training *training, int64_t batch, capas_logs *logs);
capas_status capas_hook_test_batch_end(capas_training *training, int64_t batch, capas_logs *logs);

#endif
