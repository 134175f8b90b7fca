/* A stepper takes batches through the model, one after another, for training or for evaluating, and
 * keeps the running loss and metrics. fit, evaluate and train_on_batch are loops around it. */
#ifndef CAPAS_TRAINING_STEP_H
#define CAPAS_TRAINING_STEP_H

#include "model/plan.h"
#include "training/dataset.h"
#include "training/logs.h"
#include "training/metric.h"
#include "training/metrics.h"
#include "training/row_weights.h"
#include "training/state.h"
#include "training/trainer.h"
#include "training/watch.h"

/* What fit adds to a step. */
typedef struct capas_step_extras {
    capas_watch watch; /* layers whose outputs are to be seen */
    capas_class_weights class_weights;
} capas_step_extras;

typedef struct capas_stepper {
    capas_model *model;
    capas_trainer *trainer;
    capas_dataset_spec spec; /* of the data */
    bool training, force, gradients;
    bool weighted; /* rows count by weights */
    capas_step_extras extras;
    capas_run *run; /* NULL: not open */
    capas_target targets[CAPAS_DATASET_TENSORS];
    /* Since the last reset: sums of loss * samples, and counts. */
    int64_t samples;
    double loss, losses[CAPAS_DATASET_TENSORS];
    capas_accuracy accuracies[CAPAS_DATASET_TENSORS][2]; /* the second by weights */
    capas_metric_state metrics[CAPAS_DATASET_TENSORS][CAPAS_MAX_METRICS]; /* but accuracy */
} capas_stepper;

/* What a stepper is for; with FORCE labels outside the classes are left out, not refused.
 * GRADIENTS: tests, but the run can go backward from there, to the inputs too. */
typedef enum capas_step_mode {
    CAPAS_STEP_TEST = 0,
    CAPAS_STEP_TRAIN = 1,
    CAPAS_STEP_FORCE = 2,
    CAPAS_STEP_GRADIENTS = 4,
} capas_step_mode;

/* Checks the data's shapes against the model, and takes a plan for batches of up to `batch`.
 * `mode` is a sum of the above, `where` ("fit") starts the sentences. On failure nothing is to be
 * closed. */
capas_status capas_stepper_open(capas_stepper *stepper, capas_model *model,
                                const capas_dataset_spec *spec, int batch, int mode,
                                const char *where);
capas_status capas_stepper_open_with(capas_stepper *stepper, capas_model *model,
                                     const capas_dataset_spec *spec, int batch, int mode,
                                     const capas_step_extras *extras, const char *where);
void capas_stepper_close(capas_stepper *stepper);

/* Looks through all labels of a set that lies in memory, before any work is done. */
capas_status capas_stepper_check_labels(const capas_stepper *stepper, const capas_dataset *dataset,
                                        const char *where);

/* Begins an epoch: running values are zero. */
void capas_stepper_reset(capas_stepper *stepper);

/* One batch: forward, and when training backward and the optimizer's step; `*loss`, which may be
 * NULL, is the batch's. A loss or weight that is
 * not finite ends training with CAPAS_NOT_FINITE and the likely cause; the caller puts the place in
 * front. */
capas_status capas_stepper_step(capas_stepper *stepper, const capas_batch *batch, double *loss);

/* The running values into logs: loss, <output>_loss, accuracy, ...; each with `prefix` before its
 * name. */
capas_status capas_stepper_logs(const capas_stepper *stepper, const char *prefix, capas_logs *logs);

/* The running values, for a checkpoint. */
capas_status capas_stepper_save(const capas_stepper *stepper, capas_state *state);
capas_status capas_stepper_load(capas_stepper *stepper, const capas_state *state);

/* A sentence about why a loss may not be finite, from the batch that it came from. */
const char *capas_likely_cause(const capas_model *model, const capas_dataset_spec *spec,
                               const capas_batch *batch, char *text, size_t size);

#endif
