/* Losses and metrics that the caller has registered: a type is made of each definition, so that
 * from there on they are losses and metrics like all others. */
#include "training/custom.h"
#include "base/memory.h"
#include "base/text.h"
#include "layers/layer.h"
#include "layers/registration.h"
#include <string.h>

enum { SNAKE_SIZE = 128 };

typedef struct own_loss {
    capas_registered registered; /* first: the registry leads back here */
    capas_loss_type type;
    capas_custom_loss definition;
    capas_option rows[1 + CAPAS_CUSTOM_OPTIONS]; /* reduction, then its own */
} own_loss;

typedef struct own_metric {
    capas_registered registered; /* first, likewise */
    capas_metric_type type;
    capas_custom_metric definition;
} own_metric;

static capas_registry losses = CAPAS_REGISTRY("register_loss", "loss");
static capas_registry metrics = CAPAS_REGISTRY("register_metric", "metric");

const capas_loss_type *capas_custom_loss_type(const char *name)
{
    const capas_registered *found = name ? capas_registry_find(&losses, name) : NULL;
    return found ? &((const own_loss *)found)->type : NULL;
}

const capas_metric_type *capas_custom_metric_type(const char *name)
{
    const capas_registered *found = name ? capas_registry_find(&metrics, name) : NULL;
    return found ? &((const own_metric *)found)->type : NULL;
}

capas_status capas_custom_fail(const char *noun, const char *name, const char *where)
{
    return capas_fail(
        CAPAS_UNKNOWN_NAME,
        "%s: the %s \"%s\" is a program's own, whose code is not in the file; register "
        "one of that name (capas_register_%s in capas/custom.h), or open the model "
        "without compiling it",
        where, noun, name, noun);
}

/* The definition's strings and options; *snake is its name where Keras writes no class. */
static capas_status take(capas_registered *registered, const capas_registry *registry,
                         void *definition, size_t offset, const char **snake)
{
    capas_custom_definition common;
    char text[SNAKE_SIZE];
    memcpy(&common, definition, sizeof common);
    capas_status status = capas_registered_fill(registered, registry, &common, offset);
    if (status != CAPAS_OK) return status;
    memcpy(definition, &common, sizeof common);
    capas_snake_case(common.name, text, sizeof text);
    *snake = capas_registered_text(registered, text);
    return *snake ? CAPAS_OK : CAPAS_NO_MEMORY;
}

static capas_status fail_without(const capas_registry *registry, const char *name, const char *what)
{
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: the %s \"%s\" has no %s function",
                      registry->call, registry->noun, name ? name : "", what);
}

static bool is_keras_loss(const char *name)
{
    const capas_loss_type *type = NULL;
    for (size_t i = 0; (type = capas_loss_type_at(i)); i++)
        if (strcmp(type->table.owner, name) == 0 || strcmp(type->snake_name, name) == 0)
            return true;
    return false;
}

static capas_status fill_loss(own_loss *own)
{
    const capas_custom_loss *definition = &own->definition;
    const char *snake;
    CAPAS_TRY(
        take(&own->registered, &losses, &own->definition, offsetof(capas_loss, options), &snake));
    int count = own->registered.option_count;
    if (definition->is_function && count > 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "register_loss: \"%s\" is a function in Keras, which has no options",
                          definition->name);
    own->rows[0] = (capas_option)CAPAS_REDUCTION_ROW;
    memcpy(own->rows + 1, own->registered.options, (size_t)count * sizeof *own->rows);
    own->type = (capas_loss_type){
        .name = CAPAS_CUSTOM_LOSS,
        .kind = CAPAS_LOSS_KIND_CUSTOM,
        .snake_name = snake,
        .table = {definition->name, own->rows, 1 + (size_t)count, sizeof(capas_loss)},
        .own = definition,
        .registered_name = own->registered.registered_name,
    };
    return capas_registry_add(&losses, &own->registered, is_keras_loss(definition->name));
}

capas_status capas_register_loss(const capas_custom_loss *definition)
{
    own_loss *own = capas_allocate_zeroed(1, sizeof *own);
    if (!own) return CAPAS_NO_MEMORY;
    capas_layer_copy_options(&own->definition, sizeof own->definition, definition);
    capas_status status = own->definition.compute
                              ? fill_loss(own)
                              : fail_without(&losses, own->definition.name, "compute");
    if (status == CAPAS_OK) return CAPAS_OK;
    capas_registered_clear(&own->registered);
    capas_release(own);
    return status;
}

static bool is_keras_metric(const char *name)
{
    const capas_metric_type *type = NULL;
    for (size_t i = 0; (type = capas_metric_type_at(i)); i++)
        if (strcmp(type->table.owner, name) == 0 || strcmp(type->snake_name, name) == 0)
            return true;
    return false;
}

static capas_status fill_metric(own_metric *own)
{
    const capas_custom_metric *definition = &own->definition;
    const char *snake;
    CAPAS_TRY(take(&own->registered, &metrics, &own->definition,
                   offsetof(capas_metric_config, options), &snake));
    if (definition->sums < 0 || definition->sums_for_each < 0 ||
        definition->sums + definition->sums_for_each == 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "register_metric: the metric \"%s\" must keep a number at least, in sums "
                          "or sums_for_each, found %d and %d",
                          definition->name, definition->sums, definition->sums_for_each);
    own->type = (capas_metric_type){
        .metric = CAPAS_CUSTOM_METRIC,
        .kind = CAPAS_METRIC_OF_ONES_OWN,
        .snake_name = snake,
        .table = {definition->name, own->registered.options, (size_t)own->registered.option_count,
                  sizeof(capas_metric_config)},
        .own = definition,
        .registered_name = own->registered.registered_name,
    };
    return capas_registry_add(&metrics, &own->registered, is_keras_metric(definition->name));
}

capas_status capas_register_metric(const capas_custom_metric *definition)
{
    own_metric *own = capas_allocate_zeroed(1, sizeof *own);
    if (!own) return CAPAS_NO_MEMORY;
    capas_layer_copy_options(&own->definition, sizeof own->definition, definition);
    capas_status status;
    if (own->definition.update && own->definition.result)
        status = fill_metric(own);
    else
        status = fail_without(&metrics, own->definition.name,
                              own->definition.update ? "result" : "update");
    if (status == CAPAS_OK) return CAPAS_OK;
    capas_registered_clear(&own->registered);
    capas_release(own);
    return status;
}

capas_loss capas_registered_loss(const char *name, const double *options)
{
    capas_loss loss = {.name = CAPAS_CUSTOM_LOSS, .custom = name};
    const capas_registered *found = name ? capas_registry_find(&losses, name) : NULL;
    if (found) capas_registered_take(found, options, loss.options);
    return loss;
}

capas_metric_config capas_registered_metric(const char *name, const double *options)
{
    capas_metric_config config = {.metric = CAPAS_CUSTOM_METRIC, .custom = name};
    const capas_registered *found = name ? capas_registry_find(&metrics, name) : NULL;
    if (found) capas_registered_take(found, options, config.options);
    return config;
}
