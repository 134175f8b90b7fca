/* Optimizers, as Keras 3 has them (formulas in keras-semantics 4.2), and losses and metrics by
 * name. All are value structs, checked by capas_compile; how options are written: capas/options.h.
 */
#ifndef CAPAS_OPTIMIZERS_H
#define CAPAS_OPTIMIZERS_H

#include <capas/options.h>
#include <capas/schedules.h>

CAPAS_BEGIN

/* Options of every optimizer; None where left out unless said. */
#define CAPAS_OPTIMIZER_OPTIONS                                                                    \
    size_t struct_size;                                                                            \
    double learning_rate;    /* default: SGD 0.01, the others 0.001 */                             \
    capas_schedule schedule; /* in its place: capas_exponential_decay(0.1, 1000, 0.5), ... */      \
    double weight_decay;     /* w -= w * weight_decay * learning_rate before the update */         \
    double clipnorm;         /* each gradient's norm is at most this */                            \
    double global_clipnorm;  /* the norm of all gradients together */                              \
    double clipvalue;        /* each element; at most one of the three */

typedef struct capas_sgd_options {
    CAPAS_OPTIMIZER_OPTIONS
    double momentum; /* default: 0 */
    int nesterov;    /* default: false */
} capas_sgd_options;

typedef struct capas_rmsprop_options {
    CAPAS_OPTIMIZER_OPTIONS
    double rho;      /* default: 0.9 */
    double momentum; /* default: 0 */
    double epsilon;  /* default: 1e-7 */
    int centered;    /* default: false */
} capas_rmsprop_options;

typedef struct capas_adam_options {
    CAPAS_OPTIMIZER_OPTIONS
    double beta_1;  /* default: 0.9 */
    double beta_2;  /* default: 0.999 */
    double epsilon; /* default: 1e-7 */
    int amsgrad;    /* default: false */
} capas_adam_options;

typedef struct capas_adadelta_options {
    CAPAS_OPTIMIZER_OPTIONS /* its author's learning_rate is 1 */
        double rho;         /* default: 0.95 */
    double epsilon;         /* default: 1e-7 */
} capas_adadelta_options;

typedef enum capas_optimizer_kind {
    CAPAS_OPTIMIZER_DEFAULT, /* Keras's: RMSprop */
    CAPAS_OPTIMIZER_SGD,
    CAPAS_OPTIMIZER_RMSPROP,
    CAPAS_OPTIMIZER_ADAM,
    CAPAS_OPTIMIZER_ADADELTA,
} capas_optimizer_kind;

typedef struct capas_optimizer {
    capas_optimizer_kind kind;
    union {
        capas_sgd_options sgd;
        capas_rmsprop_options rmsprop;
        capas_adam_options adam;
        capas_adadelta_options adadelta;
    } options;
} capas_optimizer;

CAPAS_API capas_optimizer capas_sgd_with(const capas_sgd_options *options);
CAPAS_API capas_optimizer capas_rmsprop_with(const capas_rmsprop_options *options);
CAPAS_API capas_optimizer capas_adam_with(const capas_adam_options *options);
CAPAS_API capas_optimizer capas_adadelta_with(const capas_adadelta_options *options);
/* capas_sgd(), capas_sgd(.learning_rate = 0.1, .momentum = 0.9), ... */
#define capas_sgd(...)                                                                             \
    capas_sgd_with(&(capas_sgd_options){.struct_size = sizeof(capas_sgd_options), __VA_ARGS__})
#define capas_rmsprop(...)                                                                         \
    capas_rmsprop_with(                                                                            \
        &(capas_rmsprop_options){.struct_size = sizeof(capas_rmsprop_options), __VA_ARGS__})
#define capas_adam(...)                                                                            \
    capas_adam_with(&(capas_adam_options){.struct_size = sizeof(capas_adam_options), __VA_ARGS__})
#define capas_adadelta(...)                                                                        \
    capas_adadelta_with(                                                                           \
        &(capas_adadelta_options){.struct_size = sizeof(capas_adadelta_options), __VA_ARGS__})

/* Losses (keras-semantics 3.1). When the model ends in a softmax, the cross-entropies start from
 * the numbers before it, as Keras on TensorFlow does; no clipping then. */
typedef enum capas_loss_name {
    CAPAS_LOSS_NONE,
    CAPAS_CATEGORICAL_CROSSENTROPY,        /* targets one-hot or soft: [n, ..., classes] */
    CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY, /* targets are class numbers: [n, ...] */
    CAPAS_MEAN_SQUARED_ERROR,
} capas_loss_name;

typedef enum capas_reduction {
    CAPAS_SUM_OVER_BATCH_SIZE = 1,
    CAPAS_SUM,
    CAPAS_MEAN_WITH_SAMPLE_WEIGHT,
} capas_reduction;

typedef struct capas_loss {
    capas_loss_name name;
    int from_logits;           /* default: false */
    double label_smoothing;    /* categorical; default: 0 */
    int ignore_class;          /* sparse; default (0): None; class 0 is said with CAPAS_ZERO */
    capas_reduction reduction; /* default: sum_over_batch_size */
} capas_loss;

typedef enum capas_metric {
    CAPAS_METRIC_NONE,
    CAPAS_ACCURACY, /* sparse, categorical or binary, by the shapes, as Keras resolves it */
} capas_metric;

CAPAS_END

#endif
