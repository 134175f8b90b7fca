/* The losses that there are: their names, and the tables of their options (keras-semantics 3.1). */
#include "training/losses.h"
#include <math.h>
#include <string.h>

/* Option kinds of losses. */

const char *const capas_reduction_words[] = {"sum_over_batch_size", "sum",
                                             "mean_with_sample_weight", NULL};

/* Keras has a second word for the first. */
static capas_status read_reduction(const capas_option *option, const capas_value *value,
                                   void *field)
{
    if (value->kind == CAPAS_VALUE_STRING && strcmp(value->string, "mean") == 0) {
        *(int *)field = CAPAS_SUM_OVER_BATCH_SIZE;
        return CAPAS_OK;
    }
    return capas_option_enum.read(option, value, field);
}

static void resolve_enum(const capas_option *option, void *field)
{
    capas_option_enum.resolve(option, field);
}

static capas_status check_enum(const capas_option *option, const void *field)
{
    return capas_option_enum.check(option, field);
}

static capas_value *write_enum(const capas_option *option, const void *field)
{
    return capas_option_enum.write(option, field);
}

const capas_option_kind capas_option_reduction = {
    "a word", resolve_enum, check_enum, read_reduction, write_enum,
};

static capas_status read_axis(const capas_option *option, const capas_value *value, void *field)
{
    char found[96];
    (void)option, (void)field;
    if (value->kind == CAPAS_VALUE_INTEGER && value->integer == -1) return CAPAS_OK;
    return capas_fail(CAPAS_UNSUPPORTED, "-1: the classes are the last axis, found %s",
                      capas_value_describe(value, found, sizeof found));
}

static capas_value *write_axis(const capas_option *option, const void *field)
{
    (void)option, (void)field;
    return capas_value_integer(-1);
}

const capas_option_kind capas_option_only_last = {"-1", NULL, NULL, read_axis, write_axis};

#define FROM_LOGITS_ROW                                                                            \
    {                                                                                              \
        .name = "from_logits", .kind = &capas_option_bool,                                         \
        .offset = offsetof(capas_loss, from_logits),                                               \
        .help = "the output is the numbers before the softmax"                                     \
    }

#define SMOOTHING_ROW                                                                              \
    {                                                                                              \
        .name = "label_smoothing", .kind = &capas_option_real,                                     \
        .offset = offsetof(capas_loss, label_smoothing), .maximum = 1,                             \
        .help = "so much of the target is spread over all classes"                                 \
    }
#define AXIS_ROW                                                                                   \
    {                                                                                              \
        .name = "axis", .kind = &capas_option_only_last, .help = "of the classes"                  \
    }
#define WHOLE_ROW                                                                                  \
    {                                                                                              \
        .name = "axis", .kind = &capas_option_only_none, .help = "the whole batch is one overlap"  \
    }
#define NUMBER_ROW(field, number, what)                                                            \
    {                                                                                              \
        .name = #field, .kind = &capas_option_real, .offset = offsetof(capas_loss, field),         \
        .standard = (number), .maximum = HUGE_VAL, .help = what                                    \
    }

static const capas_option categorical_options[] = {CAPAS_REDUCTION_ROW, FROM_LOGITS_ROW,
                                                   SMOOTHING_ROW, AXIS_ROW};

static const capas_option sparse_options[] = {
    CAPAS_REDUCTION_ROW,
    FROM_LOGITS_ROW,
    {.name = "ignore_class",
     .kind = &capas_option_integer,
     .offset = offsetof(capas_loss, ignore_class),
     .standard = CAPAS_NONE,
     .nullable = true,
     .help = "rows of this label do not count"},
};

static const capas_option plain_options[] = {CAPAS_REDUCTION_ROW};

static const capas_option huber_options[] = {
    CAPAS_REDUCTION_ROW,
    {.name = "delta", /* Keras does not write it */
     .kind = &capas_option_real,
     .offset = offsetof(capas_loss, delta),
     .standard = CAPAS_NONE,
     .open_minimum = true,
     .nullable = true,
     .omit_none = true,
     .help = "where squares end and straight lines begin; None: 1"},
};

static const capas_option binary_focal_options[] = {
    CAPAS_REDUCTION_ROW,
    FROM_LOGITS_ROW,
    SMOOTHING_ROW,
    AXIS_ROW,
    {.name = "apply_class_balancing",
     .kind = &capas_option_bool,
     .offset = offsetof(capas_loss, apply_class_balancing),
     .help = "ones weigh alpha, zeros 1 - alpha"},
    NUMBER_ROW(alpha, 0.25, "weight of the ones"),
    NUMBER_ROW(gamma, 2, "how much what is right already counts less"),
};

static const capas_option categorical_focal_options[] = {
    CAPAS_REDUCTION_ROW,
    FROM_LOGITS_ROW,
    SMOOTHING_ROW,
    AXIS_ROW,
    NUMBER_ROW(alpha, 0.25, "factor on the whole"),
    NUMBER_ROW(gamma, 2, "how much what is right already counts less"),
};

static const capas_option dice_options[] = {CAPAS_REDUCTION_ROW, WHOLE_ROW};

static const capas_option tversky_options[] = {
    CAPAS_REDUCTION_ROW,
    NUMBER_ROW(alpha, 0.5, "weight of what is wrongly found"),
    NUMBER_ROW(beta, 0.5, "weight of what is missed"),
    WHOLE_ROW,
};

/* Above 0 and below 1. */
static capas_status check_between(const capas_option *option, const void *field)
{
    const double number = *(const double *)field;
    (void)option;
    if (number > 0 && number < 1) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "a number above 0 and below 1, found %.15g", number);
}

static capas_status read_real(const capas_option *option, const capas_value *value, void *field)
{
    return capas_option_real.read(option, value, field);
}

static void resolve_real(const capas_option *option, void *field)
{
    capas_option_real.resolve(option, field);
}

static capas_value *write_real(const capas_option *option, const void *field)
{
    return capas_option_real.write(option, field);
}

static const capas_option_kind between = {
    "a number above 0 and below 1", resolve_real, check_between, read_real, write_real,
};

static const capas_option generalized_options[] = {
    CAPAS_REDUCTION_ROW,
    {.name = "q",
     .kind = &between,
     .offset = offsetof(capas_loss, q),
     .standard = 0.5,
     .help = "near 0: as the cross-entropy; near 1: as the absolute error, which forgives wrong "
             "labels"},
};

static const capas_option circle_options[] = {
    CAPAS_REDUCTION_ROW,
    NUMBER_ROW(gamma, 80, "scale of the similarities"),
    NUMBER_ROW(margin, 0.4, "from which distance on a pair counts less"),
    {.name = "remove_diagonal",
     .kind = &capas_option_bool,
     .offset = offsetof(capas_loss, remove_diagonal),
     .standard = CAPAS_TRUE,
     .help = "a row is no pair with itself"},
};

#define LOSS(word, class, snake, other, rows)                                                      \
    {                                                                                              \
        .name = CAPAS_##word, .kind = CAPAS_LOSS_KIND_##word, .snake_name = snake, .alias = other, \
        .table = {                                                                                 \
            class,                                                                                 \
            rows,                                                                                  \
            CAPAS_COUNT(rows),                                                                     \
            sizeof(capas_loss)                                                                     \
        }                                                                                          \
    }

/* The one list of losses. */
static const capas_loss_type types[] = {
    LOSS(CATEGORICAL_CROSSENTROPY, "CategoricalCrossentropy", "categorical_crossentropy", NULL,
         categorical_options),
    LOSS(SPARSE_CATEGORICAL_CROSSENTROPY, "SparseCategoricalCrossentropy",
         "sparse_categorical_crossentropy", NULL, sparse_options),
    LOSS(MEAN_SQUARED_ERROR, "MeanSquaredError", "mean_squared_error", "mse", plain_options),
    LOSS(MEAN_ABSOLUTE_ERROR, "MeanAbsoluteError", "mean_absolute_error", "mae", plain_options),
    LOSS(MEAN_ABSOLUTE_PERCENTAGE_ERROR, "MeanAbsolutePercentageError",
         "mean_absolute_percentage_error", "mape", plain_options),
    LOSS(MEAN_SQUARED_LOGARITHMIC_ERROR, "MeanSquaredLogarithmicError",
         "mean_squared_logarithmic_error", "msle", plain_options),
    LOSS(HUBER, "Huber", "huber", "huber_loss", huber_options),
    LOSS(LOG_COSH, "LogCosh", "log_cosh", "logcosh", plain_options),
    LOSS(POISSON, "Poisson", "poisson", NULL, plain_options),
    LOSS(HINGE, "Hinge", "hinge", NULL, plain_options),
    LOSS(SQUARED_HINGE, "SquaredHinge", "squared_hinge", NULL, plain_options),
    LOSS(BINARY_CROSSENTROPY, "BinaryCrossentropy", "binary_crossentropy", "bce",
         categorical_options),
    LOSS(BINARY_FOCAL_CROSSENTROPY, "BinaryFocalCrossentropy", "binary_focal_crossentropy", NULL,
         binary_focal_options),
    LOSS(CATEGORICAL_FOCAL_CROSSENTROPY, "CategoricalFocalCrossentropy",
         "categorical_focal_crossentropy", NULL, categorical_focal_options),
    LOSS(CATEGORICAL_HINGE, "CategoricalHinge", "categorical_hinge", NULL, plain_options),
    LOSS(KL_DIVERGENCE, "KLDivergence", "kl_divergence", "kld", plain_options),
    LOSS(COSINE_SIMILARITY, "CosineSimilarity", "cosine_similarity", NULL, plain_options),
    LOSS(DICE, "Dice", "dice", NULL, dice_options),
    LOSS(TVERSKY, "Tversky", "tversky", NULL, tversky_options),
    {
        .name = CAPAS_CATEGORICAL_GENERALIZED_CROSS_ENTROPY,
        .kind = CAPAS_LOSS_KIND_GENERALIZED_CROSS_ENTROPY,
        .snake_name = "categorical_generalized_cross_entropy",
        .only_class = true,
        .table = {"CategoricalGeneralizedCrossEntropy", generalized_options,
                  CAPAS_COUNT(generalized_options), sizeof(capas_loss)},
    },
    LOSS(CIRCLE, "Circle", "circle", NULL, circle_options),
    LOSS(CTC, "CTC", "ctc", NULL, plain_options),
};

const capas_loss_type *capas_loss_type_at(size_t index)
{
    return index < CAPAS_COUNT(types) ? &types[index] : NULL;
}
