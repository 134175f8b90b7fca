/* What fit and evaluate share: a pass over a set in inference mode, and small counts. */
#ifndef CAPAS_TRAINING_EVALUATE_H
#define CAPAS_TRAINING_EVALUATE_H

#include "training/hooks.h"
#include "training/step.h"

/* From the set's start, `steps` batches (0: all), with the test hooks; the results stay in `logs`,
 * sorted. */
capas_status capas_evaluate_pass(capas_training *training, capas_stepper *stepper,
                                 capas_dataset *dataset, capas_batch *batch, int64_t steps,
                                 capas_logs *logs);

void capas_evaluation_fill(capas_evaluation *evaluation, const capas_logs *logs, int64_t samples);

/* Batches of an epoch, the last perhaps short; CAPAS_ANY when the samples are. */
int64_t capas_batches(int64_t samples, int batch);
/* The batch's size, or the samples when there are fewer. */
int capas_batch_room(int batch_size, int64_t samples);

/* NULL sets come from constructors that failed: their sentence stays. */
capas_status capas_check_dataset(const capas_dataset *dataset, const char *where);

#endif
