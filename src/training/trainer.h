/* What a compiled model keeps: loss, metrics, optimizer with its slots, and the step's count. Files
 * and recipes read and set it through this. */
#ifndef CAPAS_TRAINING_TRAINER_H
#define CAPAS_TRAINING_TRAINER_H

#include "base/option.h"
#include "kernels/update.h"
#include "model/model.h"
#include <capas/training.h>

enum { CAPAS_NAME_SIZE = 64 };

/* The rule's, and those that every optimizer may have beside: averages and sums of gradients. */
enum { CAPAS_ALL_SLOTS = CAPAS_MAX_SLOTS + 2 };

enum { CAPAS_EVERY_OUTPUT = -1 };

/* One of the compiled metrics. */
typedef struct capas_trainer_metric {
    capas_metric_config config; /* resolved */
    char name[CAPAS_NAME_SIZE]; /* as it was said: "acc", "auc_2" */
    bool by_name;               /* as Keras then writes it */
    bool weighted;              /* one of weighted_metrics: samples count by their weights */
    bool repeats;               /* there is one of the name without weights: the logs have
                                   "weighted_" before this one's */
    int output;                 /* that it is of, or CAPAS_EVERY_OUTPUT */
} capas_trainer_metric;

typedef struct capas_trainer {
    capas_optimizer optimizer;            /* resolved */
    char optimizer_name[CAPAS_NAME_SIZE]; /* "adam", or what the file said: "adam_1" */
    double learning_rate;                 /* unless the optimizer has a schedule */
    int64_t iteration;                    /* steps made since compile */
    float *slots[CAPAS_ALL_SLOTS];        /* each gradient_count long, ordered as the gradient */
    int slot_count;
    bool slots_ready; /* Keras's "built": false until the first step or load, then the file has
                         slots */
    capas_loss losses[CAPAS_DATASET_TENSORS]; /* one for each output, resolved */
    int loss_count;                           /* 0: compiled without a loss, cannot be trained */
    bool one_loss; /* said by one name for all, as Keras then writes it */
    double loss_weights[CAPAS_DATASET_TENSORS];
    bool has_loss_weights;
    capas_trainer_metric metrics[CAPAS_MAX_METRICS]; /* those without weights first */
    int metric_count;
    bool busy; /* capas_fit runs: compiling anew must wait */
} capas_trainer;

/* compile from Keras's compile_config ({"optimizer", "loss", "metrics", ...}), or a recipe's
 * `compile` map, which has the same words in shorter form (optimizer: adam, or {SGD:
 * {learning_rate: 0.1}}). An empty map leaves the model as it is: Keras writes that for a model
 * that was not compiled. */
capas_status capas_compile_from_config(capas_model *model, const capas_value *config,
                                       const char *where);
/* Keras's compile_config of a compiled model; an empty map when it is not compiled. */
capas_value *capas_compile_config(const capas_model *model);

/* The optimizer's variables in Keras's order after iteration and learning rate (keras-semantics
 * 4.2): variable i is of model weight *weight and slot *slot. Returns false past the last. */
bool capas_optimizer_variable(const capas_model *model, int i, int *weight, int *slot);
/* The shape of a weight's slot in files. Not the weight's: in plain order, and of rank 0 Keras's
 * stand-in for what is not there, a whole number, 0. */
capas_shape capas_optimizer_slot_shape(const capas_trainer *trainer, const capas_weight *weight,
                                       int slot);
/* Nadam's product of momenta, which a file holds behind these variables; false: there is none. */
bool capas_optimizer_product(const capas_trainer *trainer, double *product);
/* Keras's "built": from now on the optimizer's variables are there to be counted and saved. */
void capas_optimizer_built(capas_model *model);
/* "adam", "rm_sprop": Keras's snake name of the compiled optimizer. */
const char *capas_optimizer_name(const capas_trainer *trainer);
/* Whether its learning rate comes from a schedule; it is no variable then. */
bool capas_optimizer_has_schedule(const capas_trainer *trainer);
/* The learning rate of the next step. */
double capas_optimizer_rate(const capas_trainer *trainer);

/* The options of capas_fit that are numbers, and reading them from a recipe's `fit` map; the struct
 * is then as a program would have written it, ready for capas_fit_with. */
extern const capas_option_table capas_fit_table;
/* What the table does not: the epochs of a list, before the rest is resolved. */
capas_status capas_check_validation_epochs(const capas_fit_options *options);
capas_status capas_fit_options_read(capas_fit_options *options, const capas_value *map,
                                    const char *where);

/* The inside of training from here on. */

/* A new trainer takes the place of the model's: it owns `draft`, also when it fails. */
capas_status capas_trainer_install(capas_model *model, capas_trainer *draft);
void capas_trainer_free(capas_trainer *trainer);

/* The model's trainer with a loss, or the sentence that it is not compiled. */
capas_status capas_trainer_of(capas_model *model, const char *where, capas_trainer **trainer);

bool capas_metric_is_of(const capas_trainer_metric *metric, int output);

/* Adds a metric to a draft; those without weights must come first. */
capas_status capas_trainer_add_metric(capas_trainer *draft, const capas_trainer_metric *metric,
                                      const char *where);

/* The name of an output's layer, as the logs have it. */
const char *capas_output_name(const capas_model *model, int output);

/* Copies an option struct of the caller's version of the library into ours: what that version does
 * not have is zero. NULL options are all defaults. */
capas_status capas_copy_options(void *own, size_t own_size, const void *given, const char *where);

#endif
