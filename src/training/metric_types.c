/* The metrics that there are: their names, and the tables of their options (keras-semantics 3.2).
 */
#include "layers/axes.h"
#include "training/metric.h"
#include <math.h>

static const char *const curves[] = {"ROC", "PR", NULL};
static const char *const summations[] = {"interpolation", "majoring", "minoring", NULL};
static const char *const averages[] = {"micro", "macro", "weighted", NULL};

#define FIELD(kind_, word, field)                                                                  \
    .name = #word, .kind = &capas_option_##kind_, .offset = offsetof(capas_metric_config, field)
#define THRESHOLD_ROW(word, number, none)                                                          \
    {                                                                                              \
        FIELD(real, word, threshold), .standard = (number), .maximum = 1, .nullable = (none),      \
                                      .help = "what is above it counts as found"                   \
    }
#define K_ROW                                                                                      \
    {                                                                                              \
        FIELD(integer, k, k), .standard = 5, .minimum = 1, .help = "so many of the largest count"  \
    }
#define LOGITS_ROW                                                                                 \
    {                                                                                              \
        FIELD(bool, from_logits, from_logits),                                                     \
            .help = "the output is the numbers before the sigmoid or softmax"                      \
    }
#define SMOOTHING_ROW                                                                              \
    {                                                                                              \
        FIELD(real, label_smoothing, label_smoothing),                                             \
            .maximum = 1, .help = "so much of the target is spread over all classes"               \
    }
#define AVERAGE_ROW                                                                                \
    {                                                                                              \
        FIELD(enum, average, average), .standard = CAPAS_MACRO, .words = averages,                 \
                                       .help = "how the classes' scores become one"                \
    }

static const capas_option threshold_options[] = {THRESHOLD_ROW(threshold, 0.5, false)};
static const capas_option count_options[] = {THRESHOLD_ROW(thresholds, CAPAS_NONE, true)};
static const capas_option top_options[] = {K_ROW};
static const capas_option precision_options[] = {
    THRESHOLD_ROW(thresholds, CAPAS_NONE, true),
    {FIELD(integer, top_k, top_k), .standard = CAPAS_NONE, .minimum = 1, .nullable = true,
     .help = "only so many of the largest count as found"},
    {FIELD(integer, class_id, class_id), .standard = CAPAS_NONE, .maximum = 1 << 30,
     .nullable = true, .help = "of this class alone"},
};
static const capas_option auc_options[] = {
    {FIELD(integer, num_thresholds, num_thresholds), .standard = 200, .minimum = 2,
     .maximum = 1 << 20, .help = "points of the curve"},
    {FIELD(enum, curve, curve), .standard = CAPAS_ROC, .words = curves,
     .help = "what lies over what"},
    {FIELD(enum, summation_method, summation_method), .standard = CAPAS_INTERPOLATION,
     .words = summations, .help = "what lies between two points"},
    {.name = "multi_label", .kind = &capas_option_only_false, .help = "a curve for each label"},
    {.name = "num_labels", .kind = &capas_option_only_none, .help = "labels of a row"},
    {.name = "label_weights", .kind = &capas_option_only_none, .help = "weights of labels"},
    LOGITS_ROW,
};
#define AT_LEAST_ROWS(word)                                                                        \
    {FIELD(integer, num_thresholds, num_thresholds), .standard = 200, .minimum = 2,                \
     .maximum = 1 << 20, .help = "points of the curve"},                                           \
        {FIELD(real, word, at_least), .standard = 0.5, .maximum = 1,                               \
         .help = "what it must be at least"},                                                      \
    {                                                                                              \
        FIELD(integer, class_id, class_id), .standard = CAPAS_NONE, .maximum = 1 << 30,            \
                                            .nullable = true, .help = "of this class alone"        \
    }
static const capas_option specificity_options[] = {AT_LEAST_ROWS(specificity)};
static const capas_option sensitivity_options[] = {AT_LEAST_ROWS(sensitivity)};
static const capas_option recall_options[] = {AT_LEAST_ROWS(recall)};
static const capas_option least_precision_options[] = {AT_LEAST_ROWS(precision)};

#define CLASSES_ROW                                                                                \
    {                                                                                              \
        FIELD(integer, num_classes, num_classes),                                                  \
            .standard = CAPAS_NONE, .minimum = 1, .maximum = CAPAS_OVERLAP_CLASSES,                \
            .nullable = true, .help = "None: as many as the output has"                            \
    }
#define IDS_ROW                                                                                    \
    {                                                                                              \
        FIELD(axes, target_class_ids, target_class_ids), .standard = CAPAS_NONE, .nullable = true, \
                                                         .help = "the classes whose mean it is"    \
    }
#define IGNORE_ROW                                                                                 \
    {                                                                                              \
        FIELD(integer, ignore_class, ignore_class), .standard = CAPAS_NONE, .minimum = -(1 << 30), \
                                                    .maximum = 1 << 30, .nullable = true,          \
                                                    .help = "targets of it do not count"           \
    }
#define NUMBERS_ROW(word, standard_, what)                                                         \
    {                                                                                              \
        FIELD(bool, word, word), .standard = (standard_),                                          \
                                 .help = what " are class numbers, not a number for each class"    \
    }
#define LAST_AXIS_ROW                                                                              \
    {                                                                                              \
        .name = "axis", .kind = &capas_option_only_last, .help = "of the classes"                  \
    }
static const capas_option iou_options[] = {
    CLASSES_ROW,
    IDS_ROW,
    IGNORE_ROW,
    NUMBERS_ROW(sparse_y_true, 1, "targets"),
    NUMBERS_ROW(sparse_y_pred, 1, "outputs"),
    LAST_AXIS_ROW,
};
static const capas_option binary_iou_options[] = {IDS_ROW, THRESHOLD_ROW(threshold, 0.5, false)};
static const capas_option mean_iou_options[] = {
    CLASSES_ROW,
    IGNORE_ROW,
    NUMBERS_ROW(sparse_y_true, 1, "targets"),
    NUMBERS_ROW(sparse_y_pred, 1, "outputs"),
    LAST_AXIS_ROW,
};
static const capas_option one_hot_iou_options[] = {
    CLASSES_ROW, IDS_ROW, IGNORE_ROW, NUMBERS_ROW(sparse_y_pred, 0, "outputs"), LAST_AXIS_ROW,
};
static const capas_option one_hot_mean_options[] = {
    CLASSES_ROW,
    IGNORE_ROW,
    NUMBERS_ROW(sparse_y_pred, 0, "outputs"),
    LAST_AXIS_ROW,
};
static const capas_option correlation_options[] = {LAST_AXIS_ROW};
static const capas_option f1_options[] = {AVERAGE_ROW, THRESHOLD_ROW(threshold, CAPAS_NONE, true)};
static const capas_option fbeta_options[] = {
    AVERAGE_ROW,
    {FIELD(real, beta, beta), .standard = 1, .open_minimum = true,
     .help = "how much recall weighs over precision"},
    THRESHOLD_ROW(threshold, CAPAS_NONE, true),
};
static const capas_option entropy_options[] = {LOGITS_ROW, SMOOTHING_ROW};
static const capas_option sparse_options[] = {LOGITS_ROW};

#define METRIC_(word, how, class, snake, other, rows, number, kind_)                               \
    {                                                                                              \
        .metric = word, .kind = CAPAS_METRIC_OF_##how, .snake_name = snake, .alias = other,        \
        .table = {class, rows, number, sizeof(capas_metric_config)}, .loss = kind_                 \
    }
#define METRIC(word, how, class, snake, other, rows)                                               \
    METRIC_(CAPAS_METRIC_##word, how, class, snake, other, rows, CAPAS_COUNT(rows), 0)
#define MEAN(word, loss_, class, snake, other)                                                     \
    METRIC_(CAPAS_METRIC_##word, LOSS, class, snake, other, NULL, 0, CAPAS_LOSS_KIND_##loss_)
#define ENTROPY(word, class, snake, other, rows)                                                   \
    METRIC_(CAPAS_METRIC_##word, LOSS, class, snake, other, rows, CAPAS_COUNT(rows),               \
            CAPAS_LOSS_KIND_##word)

/* The one list of metrics. */
static const capas_metric_type types[] = {
    METRIC_(CAPAS_ACCURACY, ACCURACY, "Accuracy", "accuracy", "acc", NULL, 0, 0),
    METRIC(BINARY_ACCURACY, ELEMENTS, "BinaryAccuracy", "binary_accuracy", NULL, threshold_options),
    METRIC_(CAPAS_METRIC_CATEGORICAL_ACCURACY, ROWS, "CategoricalAccuracy", "categorical_accuracy",
            NULL, NULL, 0, 0),
    METRIC_(CAPAS_METRIC_SPARSE_CATEGORICAL_ACCURACY, ROWS, "SparseCategoricalAccuracy",
            "sparse_categorical_accuracy", NULL, NULL, 0, 0),
    METRIC(TOP_K_CATEGORICAL_ACCURACY, ROWS, "TopKCategoricalAccuracy",
           "top_k_categorical_accuracy", NULL, top_options),
    METRIC(SPARSE_TOP_K_CATEGORICAL_ACCURACY, ROWS, "SparseTopKCategoricalAccuracy",
           "sparse_top_k_categorical_accuracy", NULL, top_options),
    METRIC(TRUE_POSITIVES, COUNTS, "TruePositives", "true_positives", NULL, count_options),
    METRIC(FALSE_POSITIVES, COUNTS, "FalsePositives", "false_positives", NULL, count_options),
    METRIC(TRUE_NEGATIVES, COUNTS, "TrueNegatives", "true_negatives", NULL, count_options),
    METRIC(FALSE_NEGATIVES, COUNTS, "FalseNegatives", "false_negatives", NULL, count_options),
    METRIC(PRECISION, COUNTS, "Precision", "precision", NULL, precision_options),
    METRIC(RECALL, COUNTS, "Recall", "recall", NULL, precision_options),
    METRIC(AUC, CURVE, "AUC", "auc", NULL, auc_options),
    METRIC(SENSITIVITY_AT_SPECIFICITY, CURVE, "SensitivityAtSpecificity",
           "sensitivity_at_specificity", NULL, specificity_options),
    METRIC(SPECIFICITY_AT_SENSITIVITY, CURVE, "SpecificityAtSensitivity",
           "specificity_at_sensitivity", NULL, sensitivity_options),
    METRIC(PRECISION_AT_RECALL, CURVE, "PrecisionAtRecall", "precision_at_recall", NULL,
           recall_options),
    METRIC(RECALL_AT_PRECISION, CURVE, "RecallAtPrecision", "recall_at_precision", NULL,
           least_precision_options),
    METRIC(IOU, OVERLAP, "IoU", "io_u", NULL, iou_options),
    METRIC(BINARY_IOU, OVERLAP, "BinaryIoU", "binary_io_u", NULL, binary_iou_options),
    METRIC(MEAN_IOU, OVERLAP, "MeanIoU", "mean_io_u", NULL, mean_iou_options),
    METRIC(ONE_HOT_IOU, OVERLAP, "OneHotIoU", "one_hot_io_u", NULL, one_hot_iou_options),
    METRIC(ONE_HOT_MEAN_IOU, OVERLAP, "OneHotMeanIoU", "one_hot_mean_io_u", NULL,
           one_hot_mean_options),
    METRIC(F1_SCORE, CLASSES, "F1Score", "f1_score", NULL, f1_options),
    METRIC(FBETA_SCORE, CLASSES, "FBetaScore", "fbeta_score", NULL, fbeta_options),
    METRIC_(CAPAS_METRIC_R2_SCORE, COLUMNS, "R2Score", "r2_score", NULL, NULL, 0, 0),
    METRIC(PEARSON_CORRELATION, PAIRS, "PearsonCorrelation", "pearson_correlation", NULL,
           correlation_options),
    METRIC(CONCORDANCE_CORRELATION, PAIRS, "ConcordanceCorrelation", "concordance_correlation",
           NULL, correlation_options),
    MEAN(ROOT_MEAN_SQUARED_ERROR, MEAN_SQUARED_ERROR, "RootMeanSquaredError",
         "root_mean_squared_error", NULL),
    MEAN(MEAN_SQUARED_ERROR, MEAN_SQUARED_ERROR, "MeanSquaredError", "mean_squared_error", "mse"),
    MEAN(MEAN_ABSOLUTE_ERROR, MEAN_ABSOLUTE_ERROR, "MeanAbsoluteError", "mean_absolute_error",
         "mae"),
    MEAN(MEAN_ABSOLUTE_PERCENTAGE_ERROR, MEAN_ABSOLUTE_PERCENTAGE_ERROR,
         "MeanAbsolutePercentageError", "mean_absolute_percentage_error", "mape"),
    MEAN(MEAN_SQUARED_LOGARITHMIC_ERROR, MEAN_SQUARED_LOGARITHMIC_ERROR,
         "MeanSquaredLogarithmicError", "mean_squared_logarithmic_error", "msle"),
    MEAN(COSINE_SIMILARITY, COSINE_SIMILARITY, "CosineSimilarity", "cosine_similarity", NULL),
    MEAN(LOG_COSH_ERROR, LOG_COSH, "LogCoshError", "logcosh", "log_cosh"),
    MEAN(POISSON, POISSON, "Poisson", "poisson", NULL),
    MEAN(KL_DIVERGENCE, KL_DIVERGENCE, "KLDivergence", "kl_divergence", "kld"),
    MEAN(HINGE, HINGE, "Hinge", "hinge", NULL),
    MEAN(SQUARED_HINGE, SQUARED_HINGE, "SquaredHinge", "squared_hinge", NULL),
    MEAN(CATEGORICAL_HINGE, CATEGORICAL_HINGE, "CategoricalHinge", "categorical_hinge", NULL),
    ENTROPY(BINARY_CROSSENTROPY, "BinaryCrossentropy", "binary_crossentropy", "bce",
            entropy_options),
    ENTROPY(CATEGORICAL_CROSSENTROPY, "CategoricalCrossentropy", "categorical_crossentropy", NULL,
            entropy_options),
    ENTROPY(SPARSE_CATEGORICAL_CROSSENTROPY, "SparseCategoricalCrossentropy",
            "sparse_categorical_crossentropy", NULL, sparse_options),
};

const capas_metric_type *capas_metric_type_at(size_t index)
{
    return index < CAPAS_COUNT(types) ? &types[index] : NULL;
}
