/* Compile settings of every Keras, as Keras 3 writes them. Keras 2's .h5 has them in
 * training_config with an optimizer_config; its optimizers are "Custom>Adam" with a jit_compile,
 * its metrics wrapped functions, its learning rate may be "lr" with a "decay"
 * (keras-semantics 7.3). What is unknown stays as it is: whoever reads it says so. */
#include "files/keras.h"
#include <string.h>

static bool is_text(const capas_value *value, const char *text)
{
    return value && value->kind == CAPAS_VALUE_STRING &&
           (!text || strcmp(value->string, text) == 0);
}

static void drop(capas_value *map, const char *key)
{
    capas_value_free(capas_value_take(map, key));
}

/* A key's value under its new name. */
static capas_status rename_key(capas_value *map, const char *old, const char *new)
{
    capas_value *value = capas_value_take(map, old);
    return value ? capas_value_set(map, new, value) : CAPAS_OK;
}

/* rate / (1 + decay * step): Keras 3 has a schedule for it. */
static capas_status schedule_decay(capas_value *settings, double decay)
{
    capas_value *inner = capas_value_map(), *schedule = capas_value_map();
    capas_value *rate = capas_value_take(settings, "learning_rate");
    capas_status status =
        capas_value_set(inner, "initial_learning_rate", rate ? rate : capas_value_real(0.001));
    if (status == CAPAS_OK) status = capas_value_set(inner, "decay_steps", capas_value_integer(1));
    if (status == CAPAS_OK) status = capas_value_set(inner, "decay_rate", capas_value_real(decay));
    if (status == CAPAS_OK)
        status = capas_value_set(schedule, "class_name", capas_value_string("InverseTimeDecay"));
    if (status != CAPAS_OK) {
        capas_value_free(inner);
        capas_value_free(schedule);
        return status;
    }
    status = capas_value_set(schedule, "config", inner);
    if (status == CAPAS_OK) return capas_value_set(settings, "learning_rate", schedule);
    capas_value_free(schedule);
    return status;
}

static capas_status renew_optimizer(capas_value *optimizer)
{
    static const char custom[] = "Custom>";
    static const char *const past[] = {"jit_compile", "is_legacy_optimizer", "schedule_decay"};
    capas_value *name = (capas_value *)capas_value_get(optimizer, "class_name");
    capas_value *settings = (capas_value *)capas_value_get(optimizer, "config");
    if (is_text(name, NULL) && strncmp(name->string, custom, strlen(custom)) == 0)
        memmove(name->string, name->string + strlen(custom),
                strlen(name->string) - strlen(custom) + 1);
    if (!settings || settings->kind != CAPAS_VALUE_MAP) return CAPAS_OK;
    for (size_t i = 0; i < sizeof past / sizeof past[0]; i++)
        drop(settings, past[i]);
    CAPAS_TRY(rename_key(settings, "lr", "learning_rate"));
    const capas_value *epsilon = capas_value_get(settings, "epsilon");
    if (epsilon && epsilon->kind == CAPAS_VALUE_NULL) drop(settings, "epsilon");
    capas_value *decay = capas_value_take(settings, "decay");
    double rate = decay ? decay->real : 0;
    capas_value_free(decay);
    return rate != 0 ? schedule_decay(settings, rate) : CAPAS_OK;
}

/* {"class_name": "MeanMetricWrapper", "config": {"name", "fn"}} becomes what it wraps. */
static capas_status renew_metric(capas_value *metric)
{
    capas_value *settings = (capas_value *)capas_value_get(metric, "config");
    if (!is_text(capas_value_get(metric, "class_name"), "MeanMetricWrapper") ||
        !is_text(capas_value_get(settings, "fn"), NULL))
        return CAPAS_OK;
    capas_value *function = capas_value_take(settings, "fn");
    if (!is_text(capas_value_get(settings, "name"), "accuracy"))
        return capas_value_set(metric, "class_name", function);
    capas_value_free(function);
    return capas_value_set(metric, "class_name", capas_value_string("accuracy"));
}

/* Also in lists of lists and by outputs' names. */
static capas_status renew_metrics(capas_value *value)
{
    if (capas_value_get(value, "class_name")) return renew_metric(value);
    for (size_t i = 0; i < value->count; i++)
        CAPAS_TRY(renew_metrics(value->items[i]));
    return CAPAS_OK;
}

/* A reduction of "auto" is the default. */
static void renew_losses(capas_value *value)
{
    capas_value *settings = (capas_value *)capas_value_get(value, "config");
    if (is_text(capas_value_get(settings, "reduction"), "auto")) drop(settings, "reduction");
    for (size_t i = 0; i < value->count; i++)
        renew_losses(value->items[i]);
}

static capas_status renew(capas_value *compile)
{
    drop(compile, "sample_weight_mode");
    CAPAS_TRY(rename_key(compile, "optimizer_config", "optimizer"));
    capas_value *optimizer = (capas_value *)capas_value_get(compile, "optimizer");
    capas_value *loss = (capas_value *)capas_value_get(compile, "loss");
    capas_value *metrics = (capas_value *)capas_value_get(compile, "metrics");
    if (optimizer) CAPAS_TRY(renew_optimizer(optimizer));
    if (loss) renew_losses(loss);
    return metrics ? renew_metrics(metrics) : CAPAS_OK;
}

capas_value *capas_keras_renew_compile(const capas_value *compile)
{
    capas_value *renewed = capas_value_clone(compile);
    if (!renewed || renew(renewed) == CAPAS_OK) return renewed;
    capas_value_free(renewed);
    return NULL;
}
