/* Losses by name: options, Keras's configuration, what the rest of training asks of them (the list
 * of them is loss_types.c's). */
#include "training/losses.h"
#include "base/text.h"
#include "layers/object.h"
#include "training/custom.h"
#include <stdio.h>
#include <string.h>

enum { LIST_SIZE = 700 };

static const capas_loss_type *type_of(const capas_loss *loss)
{
    if (loss->name == CAPAS_CUSTOM_LOSS) return capas_custom_loss_type(loss->custom);
    const capas_loss_type *type;
    for (size_t i = 0; (type = capas_loss_type_at(i)); i++)
        if (type->name == loss->name) return type;
    return NULL;
}

static bool has_option(const capas_loss_type *type, const char *name)
{
    for (size_t i = 0; i < type->table.count; i++)
        if (strcmp(type->table.options[i].name, name) == 0) return true;
    return false;
}

/* An option of another loss would be passed over in silence: tell it. */
static capas_status check_foreign(const capas_loss *loss, const capas_loss_type *type,
                                  const char *where)
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
        {"q", loss->q != 0},
        {"margin", loss->margin != 0},
        {"remove_diagonal", loss->remove_diagonal != 0},
    };
    bool own = type->name == CAPAS_CUSTOM_LOSS;
    for (size_t i = 0; i < CAPAS_COUNT(options); i++)
        if (options[i].said && (own || !has_option(type, options[i].name)))
            return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: the loss %s has no option %s", where,
                              type->snake_name, options[i].name);
    return CAPAS_OK;
}

capas_status capas_loss_resolve(capas_loss *loss, const char *where)
{
    const capas_loss_type *type = type_of(loss);
    if (!type && loss->name == CAPAS_CUSTOM_LOSS)
        return capas_fail(CAPAS_UNKNOWN_NAME,
                          "%s: no loss \"%s\" is registered; capas_register_loss "
                          "(capas/custom.h) makes it known",
                          where, loss->custom ? loss->custom : "");
    if (!type)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: there is no loss of the number %d", where,
                          (int)loss->name);
    if (type->own) loss->custom = type->table.owner; /* which lasts */
    if (type->own && type->own->is_function && loss->reduction > CAPAS_SUM_OVER_BATCH_SIZE)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: the loss %s is a function in Keras, which takes the mean; another "
                          "reduction needs a class (is_function 0)",
                          where, loss->custom);
    CAPAS_TRY(check_foreign(loss, type, where));
    char place[160];
    snprintf(place, sizeof place, "%.90s: loss %s", where, type->snake_name);
    return capas_options_resolve(&type->table, loss, place);
}

static const capas_loss_type *type_by_name(const char *name)
{
    const capas_loss_type *type;
    for (size_t i = 0; (type = capas_loss_type_at(i)); i++)
        if (capas_same_name(name, type->snake_name) ||
            (type->alias && capas_same_name(name, type->alias)))
            return type;
    return capas_custom_loss_type(name);
}

static capas_status fail_unknown(const char *name, const char *where)
{
    const char *names[CAPAS_CUSTOM_LOSS];
    size_t count = 0;
    for (const capas_loss_type *type; (type = capas_loss_type_at(count)); count++)
        names[count] = type->snake_name;
    const char *nearest = capas_nearest_name(name, names, count);
    /* Only one loss begins so, and what follows is often cut short. */
    if (strncmp(name, "sparse_", 7) == 0) nearest = "sparse_categorical_crossentropy";
    if (nearest)
        return capas_fail(CAPAS_UNKNOWN_NAME, "%s: no loss \"%s\"; did you mean \"%s\"?", where,
                          name, nearest);
    char list[LIST_SIZE] = "";
    for (size_t i = 0, used = 0; i < count && used < LIST_SIZE; i++)
        used +=
            (size_t)snprintf(list + used, LIST_SIZE - used, "%s%s", i > 0 ? ", " : "", names[i]);
    return capas_fail(CAPAS_UNKNOWN_NAME,
                      "%s: no loss \"%s\"; there are %s, and those that a program registers "
                      "(capas_register_loss)",
                      where, name, list);
}

/* The settings but for "name", which says nothing new. */
static capas_status read_settings(const capas_loss_type *type, const capas_value *settings,
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

capas_status capas_loss_read(const capas_value *value, capas_loss *loss, bool *by_name,
                             const char *where)
{
    capas_object object = {.name = capas_object_function(value)};
    char found[96];
    if (!object.name && (!capas_object_read(value, &object) || object.value))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: loss must be a name or {Name: {option: value}}, found %s", where,
                          capas_value_describe(value, found, sizeof found));
    const char *registered = capas_object_registered(value);
    if (registered) object.name = registered;
    const capas_loss_type *type = type_by_name(object.name);
    if (!type && (registered || strchr(object.name, '>')))
        return capas_custom_fail("loss", object.name, where);
    if (!type) return fail_unknown(object.name, where);
    *by_name =
        !type->own && !type->only_class && (value->kind == CAPAS_VALUE_STRING || !object.settings);
    *loss = (capas_loss){.name = type->name, .custom = type->own ? type->table.owner : NULL};
    CAPAS_TRY(capas_loss_resolve(loss, where));
    return object.settings ? read_settings(type, object.settings, loss, where) : CAPAS_OK;
}

capas_value *capas_loss_write(const capas_loss *loss)
{
    const capas_loss_type *type = type_of(loss);
    const char *registered = type->registered_name;
    if (registered && type->own->is_function) return capas_object_write_function(registered);
    capas_value *config = capas_value_map();
    const char *name = type->name == CAPAS_HUBER ? type->alias : type->snake_name; /* as Keras */
    if (capas_value_set(config, "name", capas_value_string(name)) == CAPAS_OK &&
        capas_options_write(&type->table, loss, config) == CAPAS_OK)
        return registered ? capas_object_write_registered(registered, type->table.owner, config)
                          : capas_object_write("keras.losses", type->table.owner, config);
    capas_value_free(config);
    return NULL;
}

const char *capas_loss_snake_name(const capas_loss *loss)
{
    return type_of(loss)->snake_name;
}

int32_t capas_loss_left_out(const capas_loss *loss)
{
    bool has_one = has_option(type_of(loss), "ignore_class") && loss->ignore_class != CAPAS_NONE;
    return has_one ? loss->ignore_class : INT32_MIN;
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
           loss->name == CAPAS_CATEGORICAL_HINGE ||
           loss->name == CAPAS_CATEGORICAL_GENERALIZED_CROSS_ENTROPY;
}

bool capas_loss_takes_numbers(const capas_loss *loss)
{
    return capas_loss_kind_takes_numbers(type_of(loss)->kind);
}

bool capas_loss_has_name(const capas_loss *loss)
{
    return !type_of(loss)->only_class;
}

void capas_loss_set_problem(const capas_loss *loss, bool leaves_out, capas_loss_problem *problem)
{
    const capas_loss_type *type = type_of(loss);
    problem->kind = type->kind;
    problem->custom = type->own;
    memcpy(problem->options, loss->options, sizeof problem->options);
    problem->from_logits = has_option(type, "from_logits") && loss->from_logits;
    if (has_option(type, "label_smoothing")) problem->label_smoothing = loss->label_smoothing;
    if (has_option(type, "delta")) problem->delta = loss->delta == CAPAS_NONE ? 1 : loss->delta;
    if (has_option(type, "alpha")) problem->alpha = loss->alpha;
    if (has_option(type, "beta")) problem->beta = loss->beta;
    if (has_option(type, "gamma")) problem->gamma = loss->gamma;
    problem->balanced = has_option(type, "apply_class_balancing") && loss->apply_class_balancing;
    if (has_option(type, "q")) problem->q = loss->q;
    if (type->name == CAPAS_CIRCLE) {
        problem->margin = loss->margin;
        problem->remove_diagonal = loss->remove_diagonal;
        problem->share = loss->reduction == CAPAS_SUM ? CAPAS_LOSS_SHARE_NONE
                         : loss->reduction == CAPAS_MEAN_WITH_SAMPLE_WEIGHT
                             ? CAPAS_LOSS_SHARE_WEIGHTS
                             : CAPAS_LOSS_SHARE_ROWS;
    }
    problem->ignore_class = capas_loss_left_out(loss);
    problem->has_ignore_class = leaves_out || problem->ignore_class != INT32_MIN;
}
