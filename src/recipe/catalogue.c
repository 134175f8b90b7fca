/* Everything that can be named in a recipe; see catalogue.h. */
#include "recipe/catalogue.h"
#include "layers/layer.h"
#include "recipe/parts.h"
#include "training/losses.h"
#include "training/metric.h"
#include "training/optimizer.h"
#include "training/schedule.h"
#include <string.h>

static const char *const titles[CATALOGUE_GROUPS] = {
    "layers",    "optimizers",   "schedules",    "losses",      "metrics",
    "callbacks", "initializers", "regularizers", "constraints", "activations",
};

const char *capas_catalogue_title(capas_catalogue_group group)
{
    return titles[group];
}

static bool get_layer(size_t index, capas_catalogue_entry *entry)
{
    size_t count;
    const capas_layer_type *const *types = capas_layer_types(&count);
    if (index >= count) return false;
    *entry = (capas_catalogue_entry){types[index]->name, NULL, types[index]->summary,
                                     &types[index]->options};
    return true;
}

static bool get_metric(size_t index, capas_catalogue_entry *entry)
{
    const capas_metric_type *type = capas_metric_type_at(index);
    if (type)
        *entry = (capas_catalogue_entry){type->table.owner, type->snake_name, NULL, &type->table};
    return type != NULL;
}

static bool get_table(const capas_option_table *table, const char *snake,
                      capas_catalogue_entry *entry)
{
    if (table) *entry = (capas_catalogue_entry){table->owner, snake, NULL, table};
    return table != NULL;
}

bool capas_catalogue_get(capas_catalogue_group group, size_t index, capas_catalogue_entry *entry)
{
    switch (group) {
    case CATALOGUE_LAYERS:
        return get_layer(index, entry);
    case CATALOGUE_OPTIMIZERS:
        return get_table(capas_optimizer_table(index), NULL, entry);
    case CATALOGUE_SCHEDULES:
        return get_table(capas_schedule_table(index), NULL, entry);
    case CATALOGUE_LOSSES: {
        const capas_loss_type *type = capas_loss_type_at(index);
        return type && get_table(&type->table, type->snake_name, entry);
    }
    case CATALOGUE_METRICS:
        return get_metric(index, entry);
    case CATALOGUE_CALLBACKS:
        return get_table(capas_recipe_callback_table(index), NULL, entry);
    default:
        return false;
    }
}

/* Whether an option of the kind takes the name. */
static bool reads(const capas_option_kind *kind, const char *name)
{
    union {
        capas_initializer initializer;
        capas_regularizer regularizer;
        char room[256];
    } field;
    memset(&field, 0, sizeof field);
    capas_option option = {.name = "name", .kind = kind, .standard = 1};
    capas_value *value = capas_value_string(name);
    bool read = value && kind->read(&option, value, &field) == CAPAS_OK;
    capas_value_free(value);
    return read;
}

bool capas_catalogue_has(capas_catalogue_group group, const char *name)
{
    capas_catalogue_entry entry;
    for (size_t i = 0; capas_catalogue_get(group, i, &entry); i++)
        if (strcmp(entry.name, name) == 0) return true;
    switch (group) {
    case CATALOGUE_INITIALIZERS:
        return reads(&capas_option_initializer, name);
    case CATALOGUE_REGULARIZERS:
        return reads(&capas_option_regularizer, name);
    case CATALOGUE_CONSTRAINTS:
        return reads(&capas_option_weight_constraint, name);
    case CATALOGUE_ACTIVATIONS:
        return reads(&capas_option_activation, name);
    default:
        return false;
    }
}
