/* Metrics by name: their options, and streaming sums from which each batch's values follow
 * (keras-semantics 3.2). Accuracy alone is in metrics.h. A new metric is a line in the list of
 * metric.c, and where it is counted and told (metric_count.c, metric_result.c). */
#ifndef CAPAS_TRAINING_METRIC_H
#define CAPAS_TRAINING_METRIC_H

#include "base/option.h"
#include "training/losses.h"

/* How a metric is counted. */
typedef enum capas_metric_kind {
    CAPAS_METRIC_OF_ACCURACY, /* by the shapes; see metrics.h */
    CAPAS_METRIC_OF_ELEMENTS, /* binary_accuracy: mean over all elements */
    CAPAS_METRIC_OF_ROWS,     /* the right class is the largest, or among the k largest */
    CAPAS_METRIC_OF_LOSS,     /* mean of a loss's values */
    CAPAS_METRIC_OF_COUNTS,   /* true and false, positives and negatives, at one threshold */
    CAPAS_METRIC_OF_CURVE,    /* the same at many thresholds */
    CAPAS_METRIC_OF_OVERLAP,  /* which class was taken for which */
    CAPAS_METRIC_OF_CLASSES,  /* the same for each class */
    CAPAS_METRIC_OF_COLUMNS,  /* R2: sums for each element of a row */
    CAPAS_METRIC_OF_PAIRS,    /* correlations of a row with its target, their mean */
    CAPAS_METRIC_OF_ONES_OWN, /* as the caller's functions do */
} capas_metric_kind;

typedef struct capas_metric_type {
    capas_metric metric;
    capas_metric_kind kind;
    const char *snake_name, *alias; /* alias NULL: none */
    capas_option_table table;       /* its owner is Keras's class */
    capas_loss_kind loss;           /* OF_LOSS */
    const capas_custom_metric *own; /* OF_ONES_OWN, ... */
    const char *registered_name;    /* ... as "Custom>Within"; NULL: it is ours */
} capas_metric_type;

const capas_metric_type *capas_metric_type_of(const capas_metric_config *config);
/* Number `index` of the list of ours; NULL past the last. */
const capas_metric_type *capas_metric_type_at(size_t index);
/* Whether more of it is better, as Keras has it. */
bool capas_metric_rises(const capas_metric_config *config);

/* Puts defaults in and checks. */
capas_status capas_metric_resolve(capas_metric_config *config, const char *where);

/* "mse", {"class_name", "config"}, or {AUC: {curve: PR}}. `name` gets the name for the logs,
 * *by_name whether only a name was said. */
capas_status capas_metric_read(const capas_value *value, capas_metric_config *config, char *name,
                               size_t name_size, bool *by_name, const char *where);
capas_value *capas_metric_write(const capas_metric_config *config, const char *name);
/* Says what of an overlap was left to the output's width: Keras opens no file without it. Whether
 * there was something. */
bool capas_metric_say_classes(capas_metric_config *config, int64_t width);

/* One metric of one output: sums over all samples since the last reset. */
typedef struct capas_metric_state {
    const capas_metric_config *config; /* resolved; borrowed; NULL: none */
    const capas_metric_type *type;
    const capas_target *target; /* borrowed */
    double *sums;
    size_t sum_count;
    float *rows, *vectors; /* room for a batch: values of a loss, one-hot targets */
} capas_metric_state;

/* For batches of up to `batch` samples of the target. On failure nothing is to be closed. */
capas_status capas_metric_open(capas_metric_state *state, const capas_metric_config *config,
                               const capas_target *target, int64_t batch, const char *where);
void capas_metric_close(capas_metric_state *state);
void capas_metric_reset(capas_metric_state *state);

/* Adds n samples; `labels` is as capas_target_read made it, `weights` what each row counts for
 * (NULL: 1). */
void capas_metric_add(capas_metric_state *state, const float *prediction, const void *labels,
                      const float *weights, int64_t n);
double capas_metric_value(const capas_metric_state *state);

/* OF_PAIRS (metric_pairs.c). */
void capas_metric_add_pairs(capas_metric_state *state, const float *prediction, const void *labels,
                            const float *weights, int64_t rows);

/* The target of an element, also where class numbers tell it. */
double capas_metric_target(const capas_metric_state *state, const void *labels, int64_t row, int c);

/* Classes of OF_OVERLAP; so many at most can be said. */
enum { CAPAS_OVERLAP_CLASSES = 1 << 12 };
int capas_metric_overlap_classes(const capas_metric_state *state);

/* What the caller's functions are given, without a batch. */
capas_custom_metric_call capas_metric_call_of(const capas_metric_state *state);

/* Where the sums of a count lie: OF_COUNTS four numbers, OF_CURVE these at each threshold (true and
 * false positives in buckets), OF_CLASSES for each class. */
enum { CAPAS_TRUE_POSITIVES, CAPAS_FALSE_POSITIVES, CAPAS_TRUE_NEGATIVES, CAPAS_FALSE_NEGATIVES };

#endif
