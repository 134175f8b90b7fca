/* A network and data so small that a fit takes no time: 2 inputs, 3 classes, 20 samples. */
#ifndef CAPAS_TESTS_SMALL_NETWORK_H
#define CAPAS_TESTS_SMALL_NETWORK_H

#include <capas/capas.h>

enum { SMALL_SAMPLES = 20, SMALL_FEATURES = 2, SMALL_CLASSES = 3 };

/* Dense(4, relu), Dense(3, softmax); compiled with SGD(0.1), sparse cross-entropy and accuracy. */
capas_model *small_network(void);

/* The samples in memory of their own; the labels are 0, 1, 2, 0, ... */
capas_dataset *small_dataset(void);

/* All weights one after another, malloc'ed; *count gets their number when not NULL. */
float *small_weights(const capas_model *model, size_t *count);

#endif
