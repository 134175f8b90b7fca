/* Losses by name: their options, how targets are read for them, and how the values of the rows
 * become one number. The arithmetic of a row is the kernels' (kernels/loss.h). A new loss is a line
 * in the list of loss_types.c and its kernel. */
#ifndef CAPAS_TRAINING_LOSSES_H
#define CAPAS_TRAINING_LOSSES_H

#include "base/option.h"
#include "kernels/loss.h"
#include <capas/custom.h>

typedef struct capas_loss_type {
    capas_loss_name name;
    capas_loss_kind kind;
    const char *snake_name, *alias; /* alias NULL: none */
    bool only_class;                /* Keras does not know it by the name alone */
    capas_option_table table;       /* its owner is Keras's class */
    const capas_custom_loss *own;   /* one that the caller registered, ... */
    const char *registered_name;    /* ... as "Custom>Tilted"; NULL: it is ours */
} capas_loss_type;

/* Puts defaults in and checks. `where` starts the sentence. */
capas_status capas_loss_resolve(capas_loss *loss, const char *where);

/* "mse", {"class_name", "config"}, or {MeanSquaredError: {reduction: sum}}. *by_name: only the name
 * was said. The loss comes resolved. */
capas_status capas_loss_read(const capas_value *value, capas_loss *loss, bool *by_name,
                             const char *where);
/* Keras's {"class_name", "config"} of a resolved loss, and its name alone. */
capas_value *capas_loss_write(const capas_loss *loss);
const char *capas_loss_snake_name(const capas_loss *loss);

/* Number `index` of the list of ours; NULL past the last. */
const capas_loss_type *capas_loss_type_at(size_t index);

/* An axis that is the last one, -1. */
extern const capas_option_kind capas_option_only_last;

/* The row "reduction" that every loss has. */
extern const capas_option_kind capas_option_reduction;
extern const char *const capas_reduction_words[];
#define CAPAS_REDUCTION_ROW                                                                        \
    {                                                                                              \
        .name = "reduction", .kind = &capas_option_reduction,                                      \
        .offset = offsetof(capas_loss, reduction), .standard = CAPAS_SUM_OVER_BATCH_SIZE,          \
        .words = capas_reduction_words, .help = "how the rows' values become one"                  \
    }

/* Whether all rows of a batch make one value, which each of them then has. */
bool capas_loss_is_whole(const capas_loss *loss);

/* Whether it takes probabilities, or numbers before a softmax or sigmoid; whether its targets name
 * one class a row. */
bool capas_loss_takes_probabilities(const capas_loss *loss);
bool capas_loss_names_classes(const capas_loss *loss);
/* Whether its targets are whole numbers, and not numbers that may lie anywhere. */
bool capas_loss_takes_numbers(const capas_loss *loss);
/* Whether Keras knows it by its name alone. */
bool capas_loss_has_name(const capas_loss *loss);

/* The kernel's problem, without classes, workers and a sequence's labels. `leaves_out`: there may
 * be labels outside the classes, which come as capas_loss_left_out and are ignored. */
void capas_loss_set_problem(const capas_loss *loss, bool leaves_out, capas_loss_problem *problem);
int32_t capas_loss_left_out(const capas_loss *loss);

/* How the targets of one output are read. */
typedef struct capas_target {
    const capas_loss *loss; /* resolved; borrowed */
    const char *output;     /* the output's name, for messages; borrowed */
    capas_element element;  /* of the data */
    int64_t count;          /* elements of one sample */
    int64_t rows;           /* values of the loss of one sample */
    int64_t merged;         /* so many of these values are one for Keras; all but 1 is rare */
    int classes;
    bool converts;   /* the data are one-hot where the loss takes class numbers, or the reverse */
    bool leaves_out; /* labels outside the classes are ignored, not refused */
} capas_target;

/* Checks a sample's shapes against the loss: `prediction` with the batch, `shape` of the data
 * without. One-hot labels where numbers belong, and the reverse, are converted. */
capas_status capas_target_prepare(capas_target *target, const capas_loss *loss, const char *output,
                                  const capas_shape *prediction, const capas_shape *shape,
                                  capas_element element, const char *where);

/* Whether the targets are a class number a row, which the loss takes as int32; or as many labels a
 * sample as `count` says, int32 too (CTC). Others are float32. */
bool capas_target_is_sparse(const capas_target *target);
bool capas_target_is_sequence(const capas_target *target);

/* Converts n samples; `first` is the number of the first one, for messages about labels that are no
 * class. `to` may be NULL: only the check. *valid counts rows that are not ignored. */
capas_status capas_target_read(const capas_target *target, const void *data, int64_t n,
                               int64_t first, void *to, int64_t *valid);

/* The class that row `row` of all data names, for counting: the number, or where the vector is
 * largest; -1 when it names none. */
int capas_target_class(const capas_target *target, const void *data, int64_t row);

/* What a row's value is multiplied with in the reduced loss. `weights` is the sum of the sample
 * weights of the valid rows; without weights it is `valid`. */
double capas_target_factor(const capas_target *target, int64_t rows, int64_t valid, double weights);

/* factor * sum of weight[i] value[i]; weight NULL: 1. */
double capas_reduce_loss(const float *value, const float *weight, int64_t rows, double factor);

#endif
