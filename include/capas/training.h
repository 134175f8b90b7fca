/* Training: compile, fit, evaluate, predict, with Keras's words and defaults (keras-semantics 5.1).
 */
#ifndef CAPAS_TRAINING_H
#define CAPAS_TRAINING_H

#include <capas/callbacks.h>
#include <capas/dataset.h>
#include <capas/model.h>
#include <capas/optimizers.h>

CAPAS_BEGIN

enum { CAPAS_MAX_METRICS = 8 };

/* One loss for every output, or `losses` one for each; weights likewise (default 1). */
typedef struct capas_compile_options {
    size_t struct_size;
    capas_optimizer optimizer;                /* default: rmsprop */
    capas_loss_name loss;                     /* by name, with its defaults ... */
    capas_loss losses[CAPAS_DATASET_TENSORS]; /* ... or in full, one for each output */
    double loss_weights[CAPAS_DATASET_TENSORS];
    capas_metric
        metrics[CAPAS_MAX_METRICS]; /* for each output: by name, with their defaults, ... */
    capas_metric_config metric_configs[CAPAS_MAX_METRICS]; /* ... then these, in full */
    capas_metric weighted_metrics[CAPAS_MAX_METRICS]; /* the same, but here samples count by their
                                                         weights; CAPAS_MAX_METRICS in all */
    capas_metric_config weighted_metric_configs[CAPAS_MAX_METRICS];
} capas_compile_options;
/* Checks everything, and starts the optimizer anew. Weights stay. */
CAPAS_API capas_status capas_compile_with(capas_model *model, const capas_compile_options *options);
#define capas_compile(model, ...)                                                                  \
    capas_compile_with((model), &(capas_compile_options){                                          \
                                    .struct_size = sizeof(capas_compile_options), __VA_ARGS__})

/* The numbers of every epoch, by name. Made by capas_fit into the caller's pointer, freed with
 * capas_history_free. */
typedef struct capas_history capas_history;
CAPAS_API int capas_history_epochs(const capas_history *history);
CAPAS_API int capas_history_count(const capas_history *history);
CAPAS_API const char *capas_history_name(const capas_history *history, int series);
/* The number that the fit gave to the `index`th epoch, from 0: initial_epoch and what follows; -1
 * when there is none. */
CAPAS_API int capas_history_epoch(const capas_history *history, int index);
/* One value per epoch; NaN where an epoch has none. NULL when there is no such name. */
CAPAS_API const double *capas_history_values(const capas_history *history, const char *name);
/* "epoch,accuracy,loss,...": as Keras's CSVLogger writes it; freed with capas_free. */
CAPAS_API capas_status capas_history_csv(const capas_history *history, char **text);
/* Reads such a file, also Keras's own; NULL on failure (CAPAS_NO_FILE, CAPAS_BAD_FILE). */
CAPAS_API capas_history *capas_history_load(const char *path);
CAPAS_API void capas_history_free(capas_history *history);

typedef struct capas_fit_options {
    size_t struct_size;
    int batch_size;          /* default: 32 */
    int epochs;              /* default: 1, or what `steps` needs; the last + 1, as in Keras */
    int initial_epoch;       /* default: 0 */
    double validation_split; /* the last part of the samples; default: 0 */
    capas_dataset *validation_data; /* borrowed; wins over the split */
    int validation_batch_size;      /* default: batch_size */
    int shuffle;                    /* default: true; not for generators */
    int64_t steps_per_epoch;        /* default: all batches */
    int64_t steps; /* in all: the training ends there, in the midst of an epoch if need be (TF 1's
                      Estimator has it, Keras has not); default: as the epochs say */
    int64_t validation_steps;     /* default: all batches */
    int validation_freq;          /* validates in every so manieth epoch; default: 1 */
    const int *validation_epochs; /* or after these epochs (1: the first), `validation_epoch_count`
                                     of them: Keras's validation_freq as a list; borrowed */
    int validation_epoch_count;
    const double *class_weight; /* what a sample of class i counts for in the loss and in weighted
                                   metrics, not in validation; `class_weight_count` of them, others
                                   count 1; borrowed. For one output; excludes sample weights */
    int class_weight_count;
    int verbose; /* lines on stderr: 0 none, 1 a bar, 2 a line an epoch; default: 0 */
    const capas_callback *const
        *callbacks; /* called in order, `callback_count` of them; borrowed */
    int callback_count;
    capas_history **history; /* set to a new history, or NULL on failure */
    int force; /* goes on with what is refused otherwise: validation data scaled unlike the training
                  data, labels outside the classes (they teach nothing), an empty validation part;
                  default: false */
} capas_fit_options;
CAPAS_API capas_status capas_fit_with(capas_model *model, capas_dataset *train,
                                      const capas_fit_options *options);
#define capas_fit(model, train, ...)                                                               \
    capas_fit_with((model), (train),                                                               \
                   &(capas_fit_options){.struct_size = sizeof(capas_fit_options), __VA_ARGS__})

/* Loss (with the regularisers' penalties) and metrics, sorted by name as in the logs. */
typedef struct capas_evaluation {
    int count;
    char names[4 * CAPAS_MAX_METRICS + CAPAS_DATASET_TENSORS][64];
    double values[4 * CAPAS_MAX_METRICS + CAPAS_DATASET_TENSORS];
    int64_t samples;
} capas_evaluation;
/* The value of a name ("loss", "accuracy"); NaN when there is none. */
CAPAS_API double capas_evaluation_get(const capas_evaluation *evaluation, const char *name);

typedef struct capas_evaluate_options {
    size_t struct_size;
    int batch_size; /* default: 32 */
    int64_t steps;  /* default: all batches */
    int verbose;    /* as in fit */
    const capas_callback *const *callbacks;
    int callback_count;
    int force; /* data scaled otherwise than in training, and labels outside the classes (they count
                  as wrong), are taken all the same; default: false, they are refused */
} capas_evaluate_options;
CAPAS_API capas_status capas_evaluate_with(capas_model *model, capas_dataset *dataset,
                                           const capas_evaluate_options *options,
                                           capas_evaluation *evaluation);
#define capas_evaluate(model, dataset, evaluation, ...)                                            \
    capas_evaluate_with(                                                                           \
        (model), (dataset),                                                                        \
        &(capas_evaluate_options){.struct_size = sizeof(capas_evaluate_options), __VA_ARGS__},     \
        (evaluation))

typedef struct capas_batch_options {
    size_t struct_size;
    const capas_tensor *sample_weights; /* one for each output, [n] or [n, ...] of float32 (data
                                           NULL: none); default: none */
    const double *class_weight;         /* as in fit; for train_on_batch */
    int class_weight_count;
} capas_batch_options;

/* Keras's adapt: the mean and variance of what reaches a Normalization layer, over all samples of a
 * data set, become its weights; before fit. `layer` is its name; NULL: every Normalization without
 * given statistics, from the first to the last. Layers before it work as in prediction, and an
 * augmented set gives its samples unchanged. `capas train` does it before it begins. */
CAPAS_API capas_status capas_adapt(capas_model *model, const char *layer, capas_dataset *dataset);

/* One batch: one step of the optimizer; the loss and metrics are of this batch alone. Tensors are
 * [n, ...], one for each input and output. */
CAPAS_API capas_status capas_train_on_batch(capas_model *model, const capas_tensor *inputs,
                                            const capas_tensor *targets, int64_t n,
                                            capas_evaluation *evaluation);

/* The same without a step: the loss and metrics of one batch, in inference mode. */
CAPAS_API capas_status capas_test_on_batch(capas_model *model, const capas_tensor *inputs,
                                           const capas_tensor *targets, int64_t n,
                                           capas_evaluation *evaluation);

/* Both with weights. */
CAPAS_API capas_status capas_train_on_batch_with(capas_model *model, const capas_tensor *inputs,
                                                 const capas_tensor *targets, int64_t n,
                                                 const capas_batch_options *options,
                                                 capas_evaluation *evaluation);
CAPAS_API capas_status capas_test_on_batch_with(capas_model *model, const capas_tensor *inputs,
                                                const capas_tensor *targets, int64_t n,
                                                const capas_batch_options *options,
                                                capas_evaluation *evaluation);

CAPAS_END

#endif
