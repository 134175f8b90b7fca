/* Trainings that end after some batches, as if they were killed, and go on from their checkpoint in
 * the folder "backup". Tests compare what comes out in the end. */
#ifndef CAPAS_TESTS_SUPPORT_LIVES_H
#define CAPAS_TESTS_SUPPORT_LIVES_H

#include "support/small_network.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SENTENCE = 400 };

/* A callback that remembers, and changes the learning rate at each epoch's beginning: what is done
 * twice or forgotten shows. Fails after `life` batches. */
typedef struct mortal {
    double sum;
    int epochs, life;
    bool ended;
} mortal;

/* How a training is made. */
typedef struct training_plan {
    capas_fit_options fit;
    capas_backup_and_restore_options backup;
    uint64_t seed;
    double momentum; /* of SGD; 0: Adam */
    bool averages;   /* of weights and of gradients, by Nadam */
} training_plan;

typedef struct training_outcome {
    capas_status status;
    char sentence[SENTENCE];
    float *weights;
    size_t count;
    char *history;
    mortal mortal;
} training_outcome;

capas_model *make_planned_model(const training_plan *plan);
/* One life: all is made anew, as after a kill. `life` -1: it lives to the end. */
training_outcome live(const training_plan *plan, int life, bool with_backup);
void forget_outcome(training_outcome *outcome);
void assert_same_outcome(const training_outcome *a, const training_outcome *b);

/* A training whose checkpoint stays, after each batch; and its end. */
training_plan kept_plan(int epochs);
void clear_backup(void);

/* For a group of tests: no fsync, which takes long (what a killed process has written is there
 * without it), and no folders of an earlier run. */
int begin_lives(void **state);

#endif
