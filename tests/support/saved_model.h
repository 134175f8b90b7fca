/* Small models for the tests of files. All of them fail the test with capas's sentence. */
#ifndef SUPPORT_SAVED_MODEL_H
#define SUPPORT_SAVED_MODEL_H

#include "support/golden.h"
#include <capas/capas.h>

capas_model *open_model(const char *path);
void save_model(capas_model *model, const char *path);

/* `count` numbers of output for one of the recorded inputs, to be freed. */
float *predict_recorded(capas_model *model, const npy *input, size_t count);
/* The outputs for files/INPUT are those of files/OUTPUT. */
void assert_recorded_output(capas_model *model, const char *input_name, const char *output_name);

/* A small graph with a branch, compiled; of 6x5 pictures in two channels. */
capas_model *small_graph(void);
/* One step of it on a batch that is always the same. */
void train_step(capas_model *model);

/* A file of this name keeps what Keras has no word for: what bytes mean, and names of classes. */
void assert_keeps_meaning(const char *path);

void assert_same_bytes(const char *a, const char *b);
/* Both must have the same ones. */
void copy_weights(const capas_model *from, capas_model *to);
void assert_same_weights(capas_model *a, capas_model *b);

#endif
