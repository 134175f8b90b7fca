/* The losses that there are: names, options, Keras's configuration (keras-semantics 3.1). */
#include "training/losses.h"
#include "base/text.h"
#include "layers/object.h"
#include <stdio.h>
#include <string.h>

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

static const capas_option categorical_options[] = {
    REDUCTION_ROW,
    FROM_LOGITS_ROW,
    {.name = "label_smoothing",
     .kind = &capas_option_real,
     .offset = offsetof(capas_loss, label_smoothing),
     .maximum = 1,
     .help = "so much of the target is spread over all classes"},
    {.name = "axis", .kind = &axis_kind, .help = "of the classes"},
};

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

static const capas_option squared_options[] = {REDUCTION_ROW};

typedef struct loss_type {
    capas_loss_name name;
    capas_loss_kind kind;
    const char *snake_name, *alias; /* alias NULL: none */
    capas_option_table table;       /* its owner is Keras's class */
} loss_type;

/* The one list of losses. */
static const loss_type types[] = {
    {CAPAS_CATEGORICAL_CROSSENTROPY,
     CAPAS_LOSS_KIND_CATEGORICAL_CROSSENTROPY,
     "categorical_crossentropy",
     NULL,
     {"CategoricalCrossentropy", categorical_options, CAPAS_COUNT(categorical_options),
      sizeof(capas_loss)}},
    {CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
     CAPAS_LOSS_KIND_SPARSE_CATEGORICAL_CROSSENTROPY,
     "sparse_categorical_crossentropy",
     NULL,
     {"SparseCategoricalCrossentropy", sparse_options, CAPAS_COUNT(sparse_options),
      sizeof(capas_loss)}},
    {CAPAS_MEAN_SQUARED_ERROR,
     CAPAS_LOSS_KIND_MEAN_SQUARED_ERROR,
     "mean_squared_error",
     "mse",
     {"MeanSquaredError", squared_options, CAPAS_COUNT(squared_options), sizeof(capas_loss)}},
};

static const loss_type *type_of(const capas_loss *loss)
{
    for (size_t i = 0; i < CAPAS_COUNT(types); i++)
        if (types[i].name == loss->name) return &types[i];
    return NULL;
}

/* An option of another loss would be passed over in silence: tell it. */
static capas_status check_foreign(const capas_loss *loss, const loss_type *type, const char *where)
{
    const char *foreign = NULL;
    if (loss->label_smoothing != 0 && type->name != CAPAS_CATEGORICAL_CROSSENTROPY)
        foreign = "label_smoothing";
    if (loss->ignore_class != 0 && type->name != CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY)
        foreign = "ignore_class";
    if (loss->from_logits != 0 && loss->from_logits != CAPAS_FALSE &&
        type->name == CAPAS_MEAN_SQUARED_ERROR)
        foreign = "from_logits";
    if (!foreign) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: the loss %s has no option %s", where,
                      type->snake_name, foreign);
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
    if (nearest)
        return capas_fail(CAPAS_UNKNOWN_NAME, "%s: no loss \"%s\"; did you mean \"%s\"?", where,
                          name, nearest);
    return capas_fail(CAPAS_UNKNOWN_NAME,
                      "%s: no loss \"%s\"; there are categorical_crossentropy, "
                      "sparse_categorical_crossentropy and mean_squared_error",
                      where, name);
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
    if (capas_value_set(config, "name", capas_value_string(type->snake_name)) == CAPAS_OK &&
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

void capas_loss_set_problem(const capas_loss *loss, bool leaves_out, capas_loss_problem *problem)
{
    const loss_type *type = type_of(loss);
    problem->kind = type->kind;
    problem->from_logits = type->name != CAPAS_MEAN_SQUARED_ERROR && loss->from_logits;
    if (type->name == CAPAS_CATEGORICAL_CROSSENTROPY)
        problem->label_smoothing = loss->label_smoothing;
    if (type->name == CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY &&
        (leaves_out || loss->ignore_class != CAPAS_NONE)) {
        problem->has_ignore_class = true;
        problem->ignore_class = capas_loss_left_out(loss);
    }
}
