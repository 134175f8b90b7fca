/* Metrics by name: options, Keras's configuration (the list of them is metric_types.c's). */
#include "training/metric.h"
#include "base/text.h"
#include "layers/object.h"
#include "training/custom.h"
#include <stdio.h>
#include <string.h>

enum { PLACE_SIZE = 160, LIST_SIZE = 1100 };

const capas_metric_type *capas_metric_type_of(const capas_metric_config *config)
{
    if (config->metric == CAPAS_CUSTOM_METRIC) return capas_custom_metric_type(config->custom);
    const capas_metric_type *type;
    for (size_t i = 0; (type = capas_metric_type_at(i)); i++)
        if (type->metric == config->metric) return type;
    return NULL;
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
        OPTION(at_least),
        OPTION(num_classes),
        OPTION(ignore_class),
        OPTION(sparse_y_true),
        OPTION(sparse_y_pred),
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
    const capas_metric_type *type;
    for (size_t i = 0; (type = capas_metric_type_at(i)); i++)
        if (capas_same_name(name, type->snake_name) || capas_same_name(name, type->table.owner) ||
            (type->alias && capas_same_name(name, type->alias)))
            return type;
    return capas_custom_metric_type(name);
}

static capas_status fail_unknown(const char *name, const char *where)
{
    const char *names[CAPAS_CUSTOM_METRIC];
    size_t count = 0;
    for (const capas_metric_type *type; (type = capas_metric_type_at(count)); count++)
        names[count] = type->snake_name;
    const char *nearest = capas_nearest_name(name, names, count);
    if (nearest)
        return capas_fail(CAPAS_UNKNOWN_NAME, "%s: no metric \"%s\"; did you mean \"%s\"?", where,
                          name, nearest);
    char list[LIST_SIZE] = "";
    for (size_t i = 0, used = 0; i < count && used < LIST_SIZE; i++)
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

bool capas_metric_say_classes(capas_metric_config *config, int64_t width)
{
    const bool binary = config->metric == CAPAS_METRIC_BINARY_IOU;
    capas_shape *ids = &config->target_class_ids;
    if (capas_metric_type_of(config)->kind != CAPAS_METRIC_OF_OVERLAP) return false;
    if (!binary && config->num_classes == CAPAS_NONE) {
        if (width < 1 || width > CAPAS_OVERLAP_CLASSES) return false;
        config->num_classes = (int)width;
    }
    const int classes = binary ? 2 : config->num_classes;
    if (!has_field(capas_metric_type_of(config), offsetof(capas_metric_config, target_class_ids)) ||
        (ids->rank > 0 && ids->dims[0] != CAPAS_NONE) || classes > CAPAS_MAX_RANK)
        return true;
    ids->rank = classes;
    for (int c = 0; c < classes; c++)
        ids->dims[c] = c;
    return true;
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
