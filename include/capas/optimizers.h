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
    double clipvalue;        /* each element; at most one of the three */                          \
    int use_ema;             /* keeps a moving average of the weights, which they become when */   \
                             /* capas_fit ends (default: false) */                                 \
    double ema_momentum;     /* share of the old average (default: 0.99) */                        \
    int ema_overwrite_frequency;     /* the weights become the average every so many steps, too */ \
    int gradient_accumulation_steps; /* so many batches' gradients, averaged, make an update */

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

typedef capas_adam_options capas_adamw_options; /* weight_decay is 0.004, not None */

typedef struct capas_adamax_options {
    CAPAS_OPTIMIZER_OPTIONS
    double beta_1;  /* default: 0.9 */
    double beta_2;  /* default: 0.999 */
    double epsilon; /* default: 1e-7 */
} capas_adamax_options;

typedef capas_adamax_options capas_nadam_options;
typedef capas_adamax_options capas_lamb_options;

typedef struct capas_lion_options {
    CAPAS_OPTIMIZER_OPTIONS
    double beta_1; /* default: 0.9 */
    double beta_2; /* default: 0.99 */
} capas_lion_options;

typedef struct capas_adagrad_options {
    CAPAS_OPTIMIZER_OPTIONS
    double initial_accumulator_value; /* default: 0.1 */
    double epsilon;                   /* default: 1e-7 */
} capas_adagrad_options;

typedef struct capas_ftrl_options {
    CAPAS_OPTIMIZER_OPTIONS
    double learning_rate_power;                  /* 0 or less; default: -0.5 */
    double initial_accumulator_value;            /* default: 0.1 */
    double l1_regularization_strength;           /* default: 0 */
    double l2_regularization_strength;           /* default: 0 */
    double l2_shrinkage_regularization_strength; /* default: 0 */
    double beta;                                 /* default: 0 */
} capas_ftrl_options;

typedef struct capas_adadelta_options {
    CAPAS_OPTIMIZER_OPTIONS /* its author's learning_rate is 1 */
        double rho;         /* default: 0.95 */
    double epsilon;         /* default: 1e-7 */
} capas_adadelta_options;

/* Adafactor keeps the squares of gradients as their means over rows and over columns, and goes
 * steps as long as the weights are; learning_rate is the longest that it takes. */
typedef struct capas_adafactor_options {
    CAPAS_OPTIMIZER_OPTIONS
    double beta_2_decay;   /* 0 or less; default: -0.8 */
    double epsilon_1;      /* added to the squares; default: 1e-30 */
    double epsilon_2;      /* the shortest length of a weight that counts; default: 1e-3 */
    double clip_threshold; /* of the root mean square of a step; default: 1 */
    int relative_step;     /* 1 / sqrt(step) where that is smaller than the rate, as it is anyway;
                              default: true */
} capas_adafactor_options;

typedef enum capas_optimizer_kind {
    CAPAS_OPTIMIZER_DEFAULT, /* Keras's: RMSprop */
    CAPAS_OPTIMIZER_SGD,
    CAPAS_OPTIMIZER_RMSPROP,
    CAPAS_OPTIMIZER_ADAM,
    CAPAS_OPTIMIZER_ADADELTA,
    CAPAS_OPTIMIZER_ADAMW,
    CAPAS_OPTIMIZER_ADAMAX,
    CAPAS_OPTIMIZER_NADAM,
    CAPAS_OPTIMIZER_LAMB,
    CAPAS_OPTIMIZER_LION,
    CAPAS_OPTIMIZER_ADAGRAD,
    CAPAS_OPTIMIZER_FTRL,
    CAPAS_OPTIMIZER_ADAFACTOR,
} capas_optimizer_kind;

typedef struct capas_optimizer {
    capas_optimizer_kind kind;
    union {
        capas_sgd_options sgd;
        capas_rmsprop_options rmsprop;
        capas_adam_options adam;
        capas_adadelta_options adadelta;
        capas_adamw_options adamw;
        capas_adamax_options adamax;
        capas_nadam_options nadam;
        capas_lamb_options lamb;
        capas_lion_options lion;
        capas_adagrad_options adagrad;
        capas_ftrl_options ftrl;
        capas_adafactor_options adafactor;
    } options;
} capas_optimizer;

CAPAS_API capas_optimizer capas_sgd_with(const capas_sgd_options *options);
CAPAS_API capas_optimizer capas_rmsprop_with(const capas_rmsprop_options *options);
CAPAS_API capas_optimizer capas_adam_with(const capas_adam_options *options);
CAPAS_API capas_optimizer capas_adafactor_with(const capas_adafactor_options *options);
CAPAS_API capas_optimizer capas_adadelta_with(const capas_adadelta_options *options);
CAPAS_API capas_optimizer capas_adamw_with(const capas_adamw_options *options);
CAPAS_API capas_optimizer capas_adamax_with(const capas_adamax_options *options);
CAPAS_API capas_optimizer capas_nadam_with(const capas_nadam_options *options);
CAPAS_API capas_optimizer capas_lamb_with(const capas_lamb_options *options);
CAPAS_API capas_optimizer capas_lion_with(const capas_lion_options *options);
CAPAS_API capas_optimizer capas_adagrad_with(const capas_adagrad_options *options);
CAPAS_API capas_optimizer capas_ftrl_with(const capas_ftrl_options *options);
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
#define capas_adamw(...)                                                                           \
    capas_adamw_with(                                                                              \
        &(capas_adamw_options){.struct_size = sizeof(capas_adamw_options), __VA_ARGS__})
#define capas_adamax(...)                                                                          \
    capas_adamax_with(                                                                             \
        &(capas_adamax_options){.struct_size = sizeof(capas_adamax_options), __VA_ARGS__})
#define capas_nadam(...)                                                                           \
    capas_nadam_with(                                                                              \
        &(capas_nadam_options){.struct_size = sizeof(capas_nadam_options), __VA_ARGS__})
#define capas_lamb(...)                                                                            \
    capas_lamb_with(&(capas_lamb_options){.struct_size = sizeof(capas_lamb_options), __VA_ARGS__})
#define capas_lion(...)                                                                            \
    capas_lion_with(&(capas_lion_options){.struct_size = sizeof(capas_lion_options), __VA_ARGS__})
#define capas_adagrad(...)                                                                         \
    capas_adagrad_with(                                                                            \
        &(capas_adagrad_options){.struct_size = sizeof(capas_adagrad_options), __VA_ARGS__})
#define capas_adafactor(...)                                                                       \
    capas_adafactor_with(                                                                          \
        &(capas_adafactor_options){.struct_size = sizeof(capas_adafactor_options), __VA_ARGS__})
#define capas_ftrl(...)                                                                            \
    capas_ftrl_with(&(capas_ftrl_options){.struct_size = sizeof(capas_ftrl_options), __VA_ARGS__})

/* Losses (keras-semantics 3.1). When the model ends in a softmax or sigmoid, the cross-entropies
 * start from the numbers before it, as Keras on TensorFlow does; no clipping then. y is the target,
 * p the prediction; a mean is over the last axis. */
typedef enum capas_loss_name {
    CAPAS_LOSS_NONE,
    CAPAS_CATEGORICAL_CROSSENTROPY,        /* targets one-hot or soft: [n, ..., classes] */
    CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY, /* targets are class numbers: [n, ...] */
    CAPAS_MEAN_SQUARED_ERROR,
    CAPAS_MEAN_ABSOLUTE_ERROR,
    CAPAS_MEAN_ABSOLUTE_PERCENTAGE_ERROR, /* 100 mean |y - p| / |y| */
    CAPAS_MEAN_SQUARED_LOGARITHMIC_ERROR, /* mean (log(y + 1) - log(p + 1))^2 */
    CAPAS_HUBER,                          /* squared up to delta, absolute beyond */
    CAPAS_LOG_COSH,
    CAPAS_POISSON, /* mean (p - y log p) */
    CAPAS_HINGE,   /* mean max(1 - y p, 0); targets -1 and 1, or 0 and 1 */
    CAPAS_SQUARED_HINGE,
    CAPAS_BINARY_CROSSENTROPY, /* targets 0 and 1, for each unit */
    CAPAS_BINARY_FOCAL_CROSSENTROPY,
    CAPAS_CATEGORICAL_FOCAL_CROSSENTROPY,
    CAPAS_CATEGORICAL_HINGE,
    CAPAS_KL_DIVERGENCE,
    CAPAS_COSINE_SIMILARITY, /* -1: the same direction */
    CAPAS_DICE,              /* 1 - overlap of the whole batch */
    CAPAS_TVERSKY,
    CAPAS_CATEGORICAL_GENERALIZED_CROSS_ENTROPY, /* (1 - p^q) / q; targets are class numbers */
    CAPAS_CIRCLE, /* of all pairs of a batch: outputs are vectors of length 1, [n, size], targets
                     any numbers that name who belongs together, [n] */
    CAPAS_CTC, /* of sequences: outputs are logits, [n, steps, classes], class 0 the blank; targets
                  are [n, labels], filled up with 0. One value a sample. Labels that the steps
                  cannot hold cost some 707, as in Keras on TensorFlow. No metric goes with it */
    CAPAS_CUSTOM_LOSS, /* made by capas_registered_loss (capas/custom.h) */
} capas_loss_name;

typedef enum capas_reduction {
    CAPAS_SUM_OVER_BATCH_SIZE = 1,
    CAPAS_SUM,
    CAPAS_MEAN_WITH_SAMPLE_WEIGHT,
} capas_reduction;

typedef struct capas_loss {
    capas_loss_name name;
    int from_logits;           /* default: false */
    double label_smoothing;    /* cross-entropies but the sparse one; default: 0 */
    int ignore_class;          /* sparse; default (0): None; class 0 is said with CAPAS_ZERO */
    capas_reduction reduction; /* default: sum_over_batch_size */
    double delta;              /* Huber; default: 1 */
    double alpha;              /* focal: 0.25; Tversky: 0.5, the weight of what is wrongly found */
    double beta;               /* Tversky: 0.5, of what is missed */
    double gamma;              /* focal: 2; Circle: 80 */
    int apply_class_balancing; /* binary focal: alpha weighs the classes; default: false */
    double q;                  /* generalized cross-entropy, above 0 and below 1; default: 0.5 */
    double margin;             /* Circle; default: 0.4 */
    int remove_diagonal;       /* Circle: a row is no pair with itself; default: true */
    const char *custom;        /* a loss of one's own: its name, ... */
    double options[CAPAS_CUSTOM_OPTIONS]; /* ... and its options */
} capas_loss;

/* Metrics (keras-semantics 3.2): running means and counts over all samples of an epoch. Those that
 * are named as a loss are the mean of its values. */
typedef enum capas_metric {
    CAPAS_METRIC_NONE,
    CAPAS_ACCURACY, /* sparse, categorical or binary, by the shapes, as Keras resolves it */
    CAPAS_METRIC_BINARY_ACCURACY,
    CAPAS_METRIC_CATEGORICAL_ACCURACY,
    CAPAS_METRIC_SPARSE_CATEGORICAL_ACCURACY,
    CAPAS_METRIC_TOP_K_CATEGORICAL_ACCURACY,
    CAPAS_METRIC_SPARSE_TOP_K_CATEGORICAL_ACCURACY,
    CAPAS_METRIC_TRUE_POSITIVES,
    CAPAS_METRIC_FALSE_POSITIVES,
    CAPAS_METRIC_TRUE_NEGATIVES,
    CAPAS_METRIC_FALSE_NEGATIVES,
    CAPAS_METRIC_PRECISION,
    CAPAS_METRIC_RECALL,
    CAPAS_METRIC_AUC,
    CAPAS_METRIC_F1_SCORE,
    CAPAS_METRIC_FBETA_SCORE,
    CAPAS_METRIC_R2_SCORE,
    CAPAS_METRIC_ROOT_MEAN_SQUARED_ERROR,
    CAPAS_METRIC_MEAN_SQUARED_ERROR,
    CAPAS_METRIC_MEAN_ABSOLUTE_ERROR,
    CAPAS_METRIC_MEAN_ABSOLUTE_PERCENTAGE_ERROR,
    CAPAS_METRIC_MEAN_SQUARED_LOGARITHMIC_ERROR,
    CAPAS_METRIC_COSINE_SIMILARITY, /* 1: the same direction */
    CAPAS_METRIC_LOG_COSH_ERROR,
    CAPAS_METRIC_POISSON,
    CAPAS_METRIC_KL_DIVERGENCE,
    CAPAS_METRIC_HINGE,
    CAPAS_METRIC_SQUARED_HINGE,
    CAPAS_METRIC_CATEGORICAL_HINGE,
    CAPAS_METRIC_BINARY_CROSSENTROPY,
    CAPAS_METRIC_CATEGORICAL_CROSSENTROPY,
    CAPAS_METRIC_SPARSE_CATEGORICAL_CROSSENTROPY,
    CAPAS_METRIC_SENSITIVITY_AT_SPECIFICITY, /* the best of the first over all thresholds at which
                                                the second is at least `at_least`; 0: at none */
    CAPAS_METRIC_SPECIFICITY_AT_SENSITIVITY,
    CAPAS_METRIC_PRECISION_AT_RECALL,
    CAPAS_METRIC_RECALL_AT_PRECISION,
    CAPAS_METRIC_IOU, /* of segmentations: overlap over union of classes, their mean */
    CAPAS_METRIC_BINARY_IOU,
    CAPAS_METRIC_MEAN_IOU, /* of all classes; the others of target_class_ids */
    CAPAS_METRIC_ONE_HOT_IOU,
    CAPAS_METRIC_ONE_HOT_MEAN_IOU,
    CAPAS_METRIC_PEARSON_CORRELATION, /* of the numbers of each row with its target's, their mean;
                                         NaN where a row's numbers are all equal, as in Keras */
    CAPAS_METRIC_CONCORDANCE_CORRELATION, /* the same, less for another mean or spread */
    CAPAS_CUSTOM_METRIC,                  /* made by capas_registered_metric (capas/custom.h) */
} capas_metric;

typedef enum capas_auc_curve { CAPAS_ROC = 1, CAPAS_PR } capas_auc_curve;
typedef enum capas_summation {
    CAPAS_INTERPOLATION = 1,
    CAPAS_MAJORING,
    CAPAS_MINORING,
} capas_summation;
typedef enum capas_average { CAPAS_MICRO = 1, CAPAS_MACRO, CAPAS_WEIGHTED } capas_average;

/* A metric with its options; those of others are refused. */
typedef struct capas_metric_config {
    capas_metric metric;
    double threshold; /* binary_accuracy, true_positives and its like, precision, recall: what is
                         above counts as found; default: 0.5, with top_k none. f1_score,
                         fbeta_score: default None, the largest */
    int k;            /* top_k accuracies; default: 5 */
    int top_k;        /* precision, recall: only the k largest count; default: None */
    int class_id; /* precision, recall, ... at ...: of this class alone; default (0): None; class 0
                     is said with CAPAS_ZERO */
    int num_thresholds;               /* auc, ... at ...; default: 200 */
    capas_auc_curve curve;            /* auc; default: CAPAS_ROC */
    capas_summation summation_method; /* auc; default: CAPAS_INTERPOLATION */
    capas_average average;            /* f1_score, fbeta_score; default: CAPAS_MACRO (Keras: None,
                                         a number for each class) */
    double beta;                      /* fbeta_score; default: 1 */
    int from_logits;                  /* crossentropies, auc; default: false */
    double label_smoothing;           /* binary and categorical crossentropy; default: 0 */
    double at_least;                  /* ... at ...: what the other must be; default: 0.5 */
    int num_classes;                  /* iou, not binary_iou; default: as the output has */
    capas_shape target_class_ids;     /* iou: {1, {2}} is class 2 alone; default: all of them */
    int ignore_class;                 /* iou: targets of this class do not count; default: None */
    int sparse_y_true;                /* iou, mean_iou: targets are class numbers, not vectors;
                                         default: true */
    int sparse_y_pred;                /* iou: outputs are class numbers, not a number for each
                                         class; default: true, one_hot_...: false */
    const char *custom;               /* a metric of one's own: its name, ... */
    double options[CAPAS_CUSTOM_OPTIONS]; /* ... and its options */
} capas_metric_config;

CAPAS_END

#endif
