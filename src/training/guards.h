/* Guards against the mistakes that courses make: figures and what to do, before hours are lost.
 * Refused is only what cannot be meant, data that are scaled otherwise than those the model learned
 * from; everything else is a warning in the log. */
#ifndef CAPAS_TRAINING_GUARDS_H
#define CAPAS_TRAINING_GUARDS_H

#include "training/step.h"

/* What the network is given of a set in memory: the range, mean and deviation of up to 4096
 * samples, spread over the set. False when it cannot be told (not in memory, several inputs). */
bool capas_guard_describe(const capas_model *model, const capas_dataset *dataset,
                          capas_preprocessing *statistics);

/* Refuses a set of 100 samples or more that lies far from what the model was trained on. */
capas_status capas_guard_scaling(const capas_model *model, const capas_dataset *dataset,
                                 const char *where);

/* A loss from logits after a softmax, or from probabilities after nothing that makes them. */
void capas_guard_outputs(const capas_model *model, const capas_trainer *trainer);

/* What one training is watched for. */
typedef struct capas_fit_guards {
    int classes;
    double share;     /* of the most frequent class */
    int64_t steps;    /* seen */
    double blocks[4]; /* mean losses of the first 200 steps, fifty by fifty */
    bool told_chance;
} capas_fit_guards;

/* Before the training: few or no samples of a class, converted labels; and the model is told what
 * its training data are like when nobody has said it. */
void capas_guards_begin(capas_fit_guards *guards, const capas_stepper *stepper,
                        const capas_dataset *train);
/* After each step of a training that began here: a learning rate at which the loss only rises. */
void capas_guards_step(capas_fit_guards *guards, const capas_stepper *stepper, double loss);
/* After each epoch: an accuracy that guessing reaches. */
void capas_guards_epoch(capas_fit_guards *guards, const capas_stepper *stepper);

#endif
