/* The metrics that there are: names, options, Keras's configuration (keras-semantics 3.2). */
#include "training/metric.h"
#include "base/text.h"
#include "layers/object.h"
#include "training/custom.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PLACE_SIZE = 160, LIST_SIZE = 900 };

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
    METRIC(F1_SCORE, CLASSES, "F1Score", "f1_score", NULL, f1_options),
    METRIC(FBETA_SCORE, CLASSES, "FBetaScore", "fbeta_score", NULL, fbeta_options),
    METRIC_(CAPAS_METRIC_R2_SCORE, COLUMNS, "R2Score", "r2_score", NULL, NULL, 0, 0),
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

const capas_metric_type *capas_metric_type_of(const capas_metric_config *config)
{
    if (config->metric == CAPAS_CUSTOM_METRIC) return capas_custom_metric_type(config->custom);
    for (size_t i = 0; i < CAPAS_COUNT(types); i++)
        if (types[i].metric == config->metric) return &types[i];
    return NULL;
}

const capas_metric_type *capas_metric_type_at(size_t index)
{
    return index < CAPAS_COUNT(types) ? &types[index] : NULL;
}

bool capas_metric_rises(const capas_metric_config *config)
{
    const capas_metric metric = config->metric;
    if (metric == CAPAS_METRIC_FALSE_POSITIVES || metric == CAPAS_METRIC_FALSE_NEGATIVES)
        return false;
    const capas_metric_type *type = capas_metric_type_of(config);
    if (type->own) return !type->own->smaller_is_better;
    return type->kind != CAPAS_METRIC_OF_LOSS || metric == CAPAS_METRIC_COSINE_SIMILARITY;
}

/* Whether the type has an option in this field. */
static bool has_field(const capas_metric_type *type, size_t offset)
{
    for (size_t i = 0; i < type->table.count; i++)
        if (type->table.options[i].offset == offset) return true;
    return false;
}

/* An option of another metric would be passed over in silence: tell it. */
static capas_status check_foreign(const capas_metric_config *config, const capas_metric_type *type,
                                  const char *where)
{
#define OPTION(field)                                                                              \
    {                                                                                              \
#field, offsetof(capas_metric_config, field), config->field != 0                           \
    }
    const struct {
        const char *name;
        size_t offset;
        bool said;
    } options[] = {
        OPTION(threshold),
        OPTION(k),
        OPTION(top_k),
        OPTION(class_id),
        OPTION(curve),
        OPTION(num_thresholds),
        OPTION(average),
        OPTION(beta),
        OPTION(summation_method),
        OPTION(from_logits),
        OPTION(label_smoothing),
    };
#undef OPTION
    for (size_t i = 0; i < CAPAS_COUNT(options); i++)
        if (options[i].said && !has_field(type, options[i].offset))
            return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: the metric %s has no option %s", where,
                              type->snake_name, options[i].name);
    return CAPAS_OK;
}

capas_status capas_metric_resolve(capas_metric_config *config, const char *where)
{
    const capas_metric_type *type = capas_metric_type_of(config);
    if (!type && config->metric == CAPAS_CUSTOM_METRIC)
        return capas_fail(CAPAS_UNKNOWN_NAME,
                          "%s: no metric \"%s\" is registered; capas_register_metric "
                          "(capas/custom.h) makes it known",
                          where, config->custom ? config->custom : "");
    if (!type)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: there is no metric of the number %d", where,
                          (int)config->metric);
    if (type->own) config->custom = type->table.owner; /* which lasts */
    CAPAS_TRY(check_foreign(config, type, where));
    char place[PLACE_SIZE];
    snprintf(place, sizeof place, "%.90s: metric %s", where, type->snake_name);
    return capas_options_resolve(&type->table, config, place);
}

static const capas_metric_type *type_by_name(const char *name)
{
    for (size_t i = 0; i < CAPAS_COUNT(types); i++)
        if (capas_same_name(name, types[i].snake_name) ||
            capas_same_name(name, types[i].table.owner) ||
            (types[i].alias && capas_same_name(name, types[i].alias)))
            return &types[i];
    return capas_custom_metric_type(name);
}

static capas_status fail_unknown(const char *name, const char *where)
{
    const char *names[CAPAS_COUNT(types)];
    for (size_t i = 0; i < CAPAS_COUNT(types); i++)
        names[i] = types[i].snake_name;
    const char *nearest = capas_nearest_name(name, names, CAPAS_COUNT(names));
    if (nearest)
        return capas_fail(CAPAS_UNKNOWN_NAME, "%s: no metric \"%s\"; did you mean \"%s\"?", where,
                          name, nearest);
    char list[LIST_SIZE] = "";
    for (size_t i = 0, used = 0; i < CAPAS_COUNT(names) && used < LIST_SIZE; i++)
        used +=
            (size_t)snprintf(list + used, LIST_SIZE - used, "%s%s", i > 0 ? ", " : "", names[i]);
    return capas_fail(CAPAS_UNKNOWN_NAME,
                      "%s: no metric \"%s\"; there are %s, and those that a program registers "
                      "(capas_register_metric)",
                      where, name, list);
}

/* Settings that Keras writes and that have no option here, where they say what is so anyway. */
static void take_idle(capas_value *settings, const capas_metric_type *type)
{
    static const char *const idle[] = {"dtype", "axis", "ignore_class", "class_aggregation",
                                       "num_regressors"};
    for (size_t i = 0; i < CAPAS_COUNT(idle); i++) {
        const capas_value *found = capas_value_get(settings, idle[i]);
        bool plain =
            found &&
            (i == 0 || found->kind == CAPAS_VALUE_NULL ||
             (found->kind == CAPAS_VALUE_INTEGER && found->integer <= 0) ||
             (found->kind == CAPAS_VALUE_STRING && strcmp(found->string, "uniform_average") == 0));
        if (plain &&
            (i == 0 || type->kind == CAPAS_METRIC_OF_LOSS || type->kind == CAPAS_METRIC_OF_COLUMNS))
            capas_value_free(capas_value_take(settings, idle[i]));
    }
}

static capas_status read_settings(const capas_metric_type *type, const capas_value *settings,
                                  capas_metric_config *config, char *name, size_t name_size,
                                  const char *where)
{
    char place[PLACE_SIZE];
    snprintf(place, sizeof place, "%.90s: metric %s", where, type->snake_name);
    capas_value *own = capas_value_clone(settings);
    if (!own) return CAPAS_NO_MEMORY;
    capas_value *instance = capas_value_take(own, "name");
    if (instance && instance->kind == CAPAS_VALUE_STRING)
        capas_cut_text(name, name_size, snprintf(name, name_size, "%s", instance->string));
    capas_value_free(instance);
    take_idle(own, type);
    capas_status status = capas_options_read(&type->table, config, own, place);
    capas_value_free(own);
    return status;
}

capas_status capas_metric_read(const capas_value *value, capas_metric_config *config, char *name,
                               size_t name_size, bool *by_name, const char *where)
{
    capas_object object;
    char found[96];
    if (capas_object_function(value))
        return capas_fail(CAPAS_UNSUPPORTED,
                          "%s: the metric \"%s\" is a function of Keras's program, whose code is "
                          "not in the file; make it a class there and register one of that name "
                          "(capas_register_metric in capas/custom.h)",
                          where, capas_object_function(value));
    if (!capas_object_read(value, &object) || object.value)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: a metric must be a name or {Name: {option: value}}, found %s", where,
                          capas_value_describe(value, found, sizeof found));
    const char *registered = capas_object_registered(value);
    if (registered) object.name = registered;
    const capas_metric_type *type = type_by_name(object.name);
    if (!type && (registered || strchr(object.name, '>')))
        return capas_custom_fail("metric", object.name, where);
    if (!type) return fail_unknown(object.name, where);
    *by_name = !type->own && value->kind == CAPAS_VALUE_STRING;
    *config = (capas_metric_config){.metric = type->metric};
    if (type->own) config->custom = type->table.owner;
    snprintf(name, name_size, "%s", *by_name ? object.name : type->snake_name);
    CAPAS_TRY(capas_metric_resolve(config, where));
    if (!object.settings) return CAPAS_OK;
    return read_settings(type, object.settings, config, name, name_size, where);
}

capas_value *capas_metric_write(const capas_metric_config *config, const char *name)
{
    const capas_metric_type *type = capas_metric_type_of(config);
    capas_value *written = capas_value_map();
    if (capas_value_set(written, "name", capas_value_string(name)) == CAPAS_OK &&
        capas_value_set(written, "dtype", capas_value_string("float32")) == CAPAS_OK &&
        capas_options_write(&type->table, config, written) == CAPAS_OK)
        return type->own ? capas_object_write_registered(type->registered_name, type->table.owner,
                                                         written)
                         : capas_object_write("keras.metrics", type->table.owner, written);
    capas_value_free(written);
    return NULL;
}
