/* What a compiled model keeps: loss, metrics, optimizer with its slots, and the step's count. Files and
 * recipes read and set it through this. */
#ifndef CAPAS_TRAINING_TRAINER_H
#define CAPAS_TRAINING_TRAINER_H

#include "base/value.h"
#include "kernels/update.h"
#include "model/model.h"
#include <capas/training.h>

typedef struct capas_trainer {
    capas_optimizer optimizer; /* resolved */
    double learning_rate;      /* the one in force */
    int64_t iteration;         /* steps made since compile */
    float *slots[CAPAS_MAX_SLOTS]; /* each gradient_count long, ordered as the gradient */
    int slot_count;
    bool slots_ready;   /* Keras's "built": false until the first step or load, then the file has slots */
    capas_loss losses[CAPAS_DATASET_TENSORS]; /* one for each output, resolved */
    int loss_count;
    bool one_loss;      /* said by one name for all, as Keras then writes it */
    double loss_weights[CAPAS_DATASET_TENSORS];
    bool has_loss_weights;
    capas_metric metrics[CAPAS_MAX_METRICS];
    int metric_count;
} capas_trainer;

/* compile from Keras's compile_config ({"optimizer", "loss", "metrics", ...}), or a recipe's `compile` map,
 * which has the same words in shorter form (optimizer: adam, or {SGD: {learning_rate: 0.1}}). */
capas_status capas_compile_from_config(capas_model *model, const capas_value *config, const char *where);
/* Keras's compile_config of a compiled model; an empty map when it is not compiled. */
capas_value *capas_compile_config(const capas_model *model);

/* The optimizer's variables in Keras's order after iteration and learning rate (keras-semantics 4.2): variable
 * i is of model weight *weight and slot *slot. Returns false past the last. */
bool capas_optimizer_variable(const capas_model *model, int i, int *weight, int *slot);
/* "adam", "rm_sprop": Keras's snake name of the compiled optimizer. */
const char *capas_optimizer_name(const capas_trainer *trainer);

#endif
