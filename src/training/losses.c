/* The losses that there are: names, options, Keras's configuration (keras-semantics 3.1). */
#include "training/losses.h"
#include "base/text.h"
#include "layers/object.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LIST_SIZE = 600 };

/* Option kinds of losses. */

static const char *const reductions[] = {"sum_over_batch_size", "sum", "mean_with_sample_weight",
                                         NULL};

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

static const capas_option_kind reduction_kind = {
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

static const capas_option_kind axis_kind = {"-1", NULL, NULL, read_axis, write_axis};

#define REDUCTION_ROW                                                                              \
    {                                                                                              \
        .name = "reduction", .kind = &reduction_kind, .offset = offsetof(capas_loss, reduction),   \
        .standard = CAPAS_SUM_OVER_BATCH_SIZE, .words = reductions,                                \
        .help = "how the rows' values become one"                                                  \
    }
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
        .name = "axis", .kind = &axis_kind, .help = "of the classes"                               \
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

static const capas_option categorical_options[] = {REDUCTION_ROW, FROM_LOGITS_ROW, SMOOTHING_ROW,
                                                   AXIS_ROW};

static const capas_option sparse_options[] = {
    REDUCTION_ROW,
    FROM_LOGITS_ROW,
    {.name = "ignore_class",
     .kind = &capas_option_integer,
     .offset = offsetof(capas_loss, ignore_class),
     .standard = CAPAS_NONE,
     .nullable = true,
     .help = "rows of this label do not count"},
};

static const capas_option plain_options[] = {REDUCTION_ROW};

static const capas_option huber_options[] = {
    REDUCTION_ROW,
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
    REDUCTION_ROW,
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
    REDUCTION_ROW,
    FROM_LOGITS_ROW,
    SMOOTHING_ROW,
    AXIS_ROW,
    NUMBER_ROW(alpha, 0.25, "factor on the whole"),
    NUMBER_ROW(gamma, 2, "how much what is right already counts less"),
};

static const capas_option dice_options[] = {REDUCTION_ROW, WHOLE_ROW};

static const capas_option tversky_options[] = {
    REDUCTION_ROW,
    NUMBER_ROW(alpha, 0.5, "weight of what is wrongly found"),
    NUMBER_ROW(beta, 0.5, "weight of what is missed"),
    WHOLE_ROW,
};

typedef struct loss_type {
    capas_loss_name name;
    capas_loss_kind kind;
    const char *snake_name, *alias; /* alias NULL: none */
    capas_option_table table;       /* its owner is Keras's class */
} loss_type;

#define LOSS(word, class, snake, alias, rows)                                                      \
    {                                                                                              \
        CAPAS_##word, CAPAS_LOSS_KIND_##word, snake, alias,                                        \
        {                                                                                          \
            class, rows, CAPAS_COUNT(rows), sizeof(capas_loss)                                     \
        }                                                                                          \
    }

/* The one list of losses. */
static const loss_type types[] = {
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
};

const capas_option_table *capas_loss_table(size_t index, const char **snake_name)
{
    if (index >= CAPAS_COUNT(types)) return NULL;
    *snake_name = types[index].snake_name;
    return &types[index].table;
}

static const loss_type *type_of(const capas_loss *loss)
{
    for (size_t i = 0; i < CAPAS_COUNT(types); i++)
        if (types[i].name == loss->name) return &types[i];
    return NULL;
}

static bool has_option(const loss_type *type, const char *name)
{
    for (size_t i = 0; i < type->table.count; i++)
        if (strcmp(type->table.options[i].name, name) == 0) return true;
    return false;
}

/* An option of another loss would be passed over in silence: tell it. */
static capas_status check_foreign(const capas_loss *loss, const loss_type *type, const char *where)
{
    const struct {
        const char *name;
        bool said;
    } options[] = {
        {"label_smoothing", loss->label_smoothing != 0},
        {"ignore_class", loss->ignore_class != 0},
        {"from_logits", loss->from_logits != 0 && loss->from_logits != CAPAS_FALSE},
        {"delta", loss->delta != 0},
        {"alpha", loss->alpha != 0},
        {"beta", loss->beta != 0},
        {"gamma", loss->gamma != 0},
        {"apply_class_balancing", loss->apply_class_balancing != 0},
    };
    for (size_t i = 0; i < CAPAS_COUNT(options); i++)
        if (options[i].said && !has_option(type, options[i].name))
            return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: the loss %s has no option %s", where,
                              type->snake_name, options[i].name);
    return CAPAS_OK;
}

capas_status capas_loss_resolve(capas_loss *loss, const char *where)
{
    const loss_type *type = type_of(loss);
    if (!type)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: there is no loss of the number %d", where,
                          (int)loss->name);
    CAPAS_TRY(check_foreign(loss, type, where));
    char place[160];
    snprintf(place, sizeof place, "%.90s: loss %s", where, type->snake_name);
    return capas_options_resolve(&type->table, loss, place);
}

static const loss_type *type_by_name(const char *name)
{
    for (size_t i = 0; i < CAPAS_COUNT(types); i++)
        if (capas_same_name(name, types[i].snake_name) ||
            (types[i].alias && capas_same_name(name, types[i].alias)))
            return &types[i];
    return NULL;
}

static capas_status fail_unknown(const char *name, const char *where)
{
    const char *names[CAPAS_COUNT(types)];
    for (size_t i = 0; i < CAPAS_COUNT(types); i++)
        names[i] = types[i].snake_name;
    const char *nearest = capas_nearest_name(name, names, CAPAS_COUNT(names));
    /* Only one loss begins so, and what follows is often cut short. */
    if (strncmp(name, "sparse_", 7) == 0) nearest = "sparse_categorical_crossentropy";
    if (nearest)
        return capas_fail(CAPAS_UNKNOWN_NAME, "%s: no loss \"%s\"; did you mean \"%s\"?", where,
                          name, nearest);
    char list[LIST_SIZE] = "";
    for (size_t i = 0, used = 0; i < CAPAS_COUNT(names) && used < LIST_SIZE; i++)
        used +=
            (size_t)snprintf(list + used, LIST_SIZE - used, "%s%s", i > 0 ? ", " : "", names[i]);
    return capas_fail(CAPAS_UNKNOWN_NAME, "%s: no loss \"%s\"; there are %s", where, name, list);
}

/* The settings but for "name", which says nothing new. */
static capas_status read_settings(const loss_type *type, const capas_value *settings,
                                  capas_loss *loss, const char *where)
{
    char place[160];
    snprintf(place, sizeof place, "%.90s: loss %s", where, type->snake_name);
    capas_value *own = capas_value_clone(settings);
    if (!own) return CAPAS_NO_MEMORY;
    capas_value_free(capas_value_take(own, "name"));
    capas_value_free(capas_value_take(own, "dtype"));
    capas_status status = capas_options_read(&type->table, loss, own, place);
    capas_value_free(own);
    return status;
}

/* Keras writes a function as {"class_name": "function", "config": "mean_squared_error"}. */
static const char *function_name(const capas_value *value)
{
    const capas_value *class_name = capas_value_get(value, "class_name");
    const capas_value *config = capas_value_get(value, "config");
    bool is_function = class_name && class_name->kind == CAPAS_VALUE_STRING &&
                       strcmp(class_name->string, "function") == 0 && config &&
                       config->kind == CAPAS_VALUE_STRING;
    return is_function ? config->string : NULL;
}

capas_status capas_loss_read(const capas_value *value, capas_loss *loss, bool *by_name,
                             const char *where)
{
    capas_object object = {.name = function_name(value)};
    char found[96];
    if (!object.name && (!capas_object_read(value, &object) || object.value))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: loss must be a name or {Name: {option: value}}, found %s", where,
                          capas_value_describe(value, found, sizeof found));
    const loss_type *type = type_by_name(object.name);
    if (!type) return fail_unknown(object.name, where);
    *by_name = value->kind == CAPAS_VALUE_STRING || !object.settings;
    *loss = (capas_loss){.name = type->name};
    CAPAS_TRY(capas_loss_resolve(loss, where));
    return object.settings ? read_settings(type, object.settings, loss, where) : CAPAS_OK;
}

capas_value *capas_loss_write(const capas_loss *loss)
{
    const loss_type *type = type_of(loss);
    capas_value *config = capas_value_map();
    const char *name = type->name == CAPAS_HUBER ? type->alias : type->snake_name; /* as Keras */
    if (capas_value_set(config, "name", capas_value_string(name)) == CAPAS_OK &&
        capas_options_write(&type->table, loss, config) == CAPAS_OK)
        return capas_object_write("keras.losses", type->table.owner, config);
    capas_value_free(config);
    return NULL;
}

const char *capas_loss_snake_name(const capas_loss *loss)
{
    return type_of(loss)->snake_name;
}

int32_t capas_loss_left_out(const capas_loss *loss)
{
    return loss->ignore_class != CAPAS_NONE ? loss->ignore_class : INT32_MIN;
}

bool capas_loss_is_whole(const capas_loss *loss)
{
    return loss->name == CAPAS_DICE || loss->name == CAPAS_TVERSKY;
}

bool capas_loss_takes_probabilities(const capas_loss *loss)
{
    return has_option(type_of(loss), "from_logits");
}

bool capas_loss_names_classes(const capas_loss *loss)
{
    return loss->name == CAPAS_CATEGORICAL_CROSSENTROPY ||
           loss->name == CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY ||
           loss->name == CAPAS_CATEGORICAL_FOCAL_CROSSENTROPY ||
           loss->name == CAPAS_CATEGORICAL_HINGE;
}

void capas_loss_set_problem(const capas_loss *loss, bool leaves_out, capas_loss_problem *problem)
{
    const loss_type *type = type_of(loss);
    problem->kind = type->kind;
    problem->from_logits = has_option(type, "from_logits") && loss->from_logits;
    if (has_option(type, "label_smoothing")) problem->label_smoothing = loss->label_smoothing;
    if (has_option(type, "delta")) problem->delta = loss->delta == CAPAS_NONE ? 1 : loss->delta;
    if (has_option(type, "alpha")) problem->alpha = loss->alpha;
    if (has_option(type, "beta")) problem->beta = loss->beta;
    if (has_option(type, "gamma")) problem->gamma = loss->gamma;
    problem->balanced = has_option(type, "apply_class_balancing") && loss->apply_class_balancing;
    if (type->name == CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY &&
        (leaves_out || loss->ignore_class != CAPAS_NONE)) {
        problem->has_ignore_class = true;
        problem->ignore_class = capas_loss_left_out(loss);
    }
}
