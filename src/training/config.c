/* compile_config: how Keras writes what a model was compiled with (keras-semantics 7.1), and the
 * shorter words of a recipe. Reading makes a draft of a trainer, as compile does. */
#include "base/memory.h"
#include "base/text.h"
#include "layers/object.h"
#include "training/losses.h"
#include "training/metric.h"
#include "training/optimizer.h"
#include <stdio.h>
#include <string.h>

/* A reading under way. */
typedef struct reader {
    const capas_model *model;
    const char *where;
    capas_trainer *draft;
} reader;

static bool is_none(const capas_value *value)
{
    return !value || value->kind == CAPAS_VALUE_NULL;
}

static bool is_empty(const capas_value *value)
{
    bool container = value && (value->kind == CAPAS_VALUE_LIST || value->kind == CAPAS_VALUE_MAP);
    return is_none(value) || (container && value->count == 0);
}

/* Whether a map's keys are the names of the model's outputs, each once. */
static bool is_by_output(const reader *reader, const capas_value *value)
{
    if (value->kind != CAPAS_VALUE_MAP || value->count != (size_t)reader->model->output_count)
        return false;
    for (int i = 0; i < reader->model->output_count; i++)
        if (!capas_value_get(value, capas_output_name(reader->model, i))) return false;
    return true;
}

/* The part of a list or map that belongs to an output; the whole for anything else. */
static const capas_value *part_for(const reader *reader, const capas_value *value, int output)
{
    if (is_by_output(reader, value))
        return capas_value_get(value, capas_output_name(reader->model, output));
    return value->kind == CAPAS_VALUE_LIST ? value->items[output] : value;
}

static capas_status check_list(const reader *reader, const capas_value *value, const char *what)
{
    if (value->kind != CAPAS_VALUE_LIST || value->count == (size_t)reader->model->output_count)
        return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "%s: %s has %zu items for the %d outputs of the model", reader->where, what,
                      value->count, reader->model->output_count);
}

static capas_status read_losses(const reader *reader, const capas_value *value)
{
    if (is_none(value)) return CAPAS_OK;
    CAPAS_TRY(check_list(reader, value, "loss"));
    capas_trainer *draft = reader->draft;
    bool one = value->kind != CAPAS_VALUE_LIST && !is_by_output(reader, value);
    for (int i = 0; i < reader->model->output_count; i++) {
        bool by_name;
        CAPAS_TRY(capas_loss_read(part_for(reader, value, i), &draft->losses[i], &by_name,
                                  reader->where));
        draft->one_loss = one && by_name;
    }
    draft->loss_count = reader->model->output_count;
    return CAPAS_OK;
}

static capas_status read_loss_weights(const reader *reader, const capas_value *value)
{
    if (is_none(value)) return CAPAS_OK;
    CAPAS_TRY(check_list(reader, value, "loss_weights"));
    for (int i = 0; i < reader->model->output_count; i++) {
        const capas_value *weight = part_for(reader, value, i);
        char found[96];
        if (weight->kind != CAPAS_VALUE_INTEGER && weight->kind != CAPAS_VALUE_REAL)
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "%s: a loss weight must be a number, found %s", reader->where,
                              capas_value_describe(weight, found, sizeof found));
        reader->draft->loss_weights[i] = weight->real;
    }
    reader->draft->has_loss_weights = true;
    return CAPAS_OK;
}

static capas_status add_metric(const reader *reader, const capas_value *value, bool weighted,
                               int output)
{
    capas_trainer_metric metric = {.weighted = weighted, .output = output};
    CAPAS_TRY(capas_metric_read(value, &metric.config, metric.name, sizeof metric.name,
                                &metric.by_name, reader->where));
    return capas_trainer_add_metric(reader->draft, &metric, reader->where);
}

/* The metrics of one output or of every one: a list, or one alone. */
static capas_status add_metrics(const reader *reader, const capas_value *value, bool weighted,
                                int output)
{
    if (is_none(value)) return CAPAS_OK;
    if (value->kind != CAPAS_VALUE_LIST) return add_metric(reader, value, weighted, output);
    for (size_t i = 0; i < value->count; i++)
        CAPAS_TRY(add_metric(reader, value->items[i], weighted, output));
    return CAPAS_OK;
}

/* Whether every output has the same metrics. */
static bool are_alike(const reader *reader, const capas_value *value)
{
    for (int i = 1; i < reader->model->output_count; i++)
        if (!capas_value_equal(part_for(reader, value, 0), part_for(reader, value, i)))
            return false;
    return true;
}

/* [accuracy], or for each output its own: in a map by name, in lists, or one for each. */
static capas_status read_metrics(const reader *reader, const capas_value *value, const char *key,
                                 bool weighted)
{
    if (is_empty(value)) return CAPAS_OK;
    int outputs = reader->model->output_count;
    bool list = value->kind == CAPAS_VALUE_LIST;
    bool nested = list && value->items[0]->kind == CAPAS_VALUE_LIST;
    bool for_each = list && outputs > 1 && value->count == (size_t)outputs;
    if (!nested && !for_each && !is_by_output(reader, value))
        return add_metrics(reader, value, weighted, CAPAS_EVERY_OUTPUT);
    CAPAS_TRY(check_list(reader, value, key));
    if (are_alike(reader, value))
        return add_metrics(reader, part_for(reader, value, 0), weighted, CAPAS_EVERY_OUTPUT);
    for (int i = 0; i < outputs; i++)
        CAPAS_TRY(add_metrics(reader, part_for(reader, value, i), weighted, i));
    return CAPAS_OK;
}

/* Keys that change nothing here are let pass; a file of another version of Keras may have more, a
 * recipe may not. */
static capas_status check_keys(const reader *reader, const capas_value *config)
{
    static const char *const known[] = {
        "optimizer",           "loss",        "loss_weights",    "metrics",     "weighted_metrics",
        "steps_per_execution", "run_eagerly", "auto_scale_loss", "jit_compile",
    };
    const capas_value *optimizer = capas_value_get(config, "optimizer");
    bool from_file = optimizer && capas_value_get(optimizer, "class_name");
    for (size_t i = 0; i < config->count; i++) {
        bool found = from_file;
        for (size_t k = 0; k < CAPAS_COUNT(known) && !found; k++)
            found = strcmp(config->keys[i], known[k]) == 0;
        if (found) continue;
        const char *nearest = capas_nearest_name(config->keys[i], known, CAPAS_COUNT(known));
        return capas_fail(CAPAS_UNKNOWN_NAME, "%s: no option \"%s\"%s%s%s", reader->where,
                          config->keys[i], nearest ? "; did you mean \"" : "",
                          nearest ? nearest : "", nearest ? "\"?" : "");
    }
    return CAPAS_OK;
}

static capas_status read_config(const reader *reader, const capas_value *config)
{
    const capas_value *optimizer = capas_value_get(config, "optimizer");
    capas_trainer *draft = reader->draft;
    CAPAS_TRY(check_keys(reader, config));
    for (int i = 0; i < reader->model->output_count; i++)
        draft->loss_weights[i] = 1;
    if (is_none(optimizer))
        CAPAS_TRY(capas_optimizer_resolve(&draft->optimizer));
    else
        CAPAS_TRY(capas_optimizer_read(optimizer, &draft->optimizer, draft->optimizer_name,
                                       reader->where));
    CAPAS_TRY(read_losses(reader, capas_value_get(config, "loss")));
    CAPAS_TRY(read_loss_weights(reader, capas_value_get(config, "loss_weights")));
    CAPAS_TRY(read_metrics(reader, capas_value_get(config, "metrics"), "metrics", false));
    return read_metrics(reader, capas_value_get(config, "weighted_metrics"), "weighted_metrics",
                        true);
}

static capas_status check_config(const capas_model *model, const capas_value *config,
                                 const char *where)
{
    char found[96];
    if (config->kind != CAPAS_VALUE_MAP)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: must be a map with optimizer, loss and metrics, found %s", where,
                          capas_value_describe(config, found, sizeof found));
    if (model->output_count > CAPAS_DATASET_TENSORS)
        return capas_fail(CAPAS_UNSUPPORTED, "%s: a model may be trained with at most %d outputs",
                          where, CAPAS_DATASET_TENSORS);
    return CAPAS_OK;
}

capas_status capas_compile_from_config(capas_model *model, const capas_value *config,
                                       const char *where)
{
    CAPAS_TRY(capas_model_check(model));
    if (is_empty(config)) return CAPAS_OK;
    capas_status status = check_config(model, config, where);
    reader reader = {model, where, NULL};
    if (status == CAPAS_OK) {
        reader.draft = capas_allocate_zeroed(1, sizeof *reader.draft);
        status = reader.draft ? read_config(&reader, config) : CAPAS_NO_MEMORY;
    }
    if (status == CAPAS_OK) return capas_trainer_install(model, reader.draft);
    capas_trainer_free(reader.draft);
    return capas_model_keep_failure(model, status);
}

/* Writing. */

static capas_value *write_losses(const capas_trainer *trainer)
{
    if (trainer->loss_count == 0) return capas_value_null();
    if (trainer->one_loss) return capas_value_string(capas_loss_snake_name(&trainer->losses[0]));
    if (trainer->loss_count == 1) return capas_loss_write(&trainer->losses[0]);
    capas_value *list = capas_value_list();
    for (int i = 0; i < trainer->loss_count; i++) {
        if (capas_value_append(list, capas_loss_write(&trainer->losses[i])) == CAPAS_OK) continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

static capas_value *write_loss_weights(const capas_trainer *trainer)
{
    if (!trainer->has_loss_weights) return capas_value_null();
    capas_value *list = capas_value_list();
    for (int i = 0; i < trainer->loss_count; i++) {
        if (capas_value_append(list, capas_value_real(trainer->loss_weights[i])) == CAPAS_OK)
            continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

static capas_value *write_metric(const capas_trainer_metric *metric, const capas_shape *output)
{
    capas_metric_config config = metric->config;
    bool has_classes = capas_metric_say_classes(&config, output->dims[output->rank - 1]);
    return metric->by_name && !has_classes ? capas_value_string(metric->name)
                                           : capas_metric_write(&config, metric->name);
}

static capas_value *write_metrics_of(const capas_model *model, int output, bool weighted)
{
    const capas_trainer *trainer = model->trainer;
    const capas_shape *shape = &model->uses[model->outputs[output]].output;
    capas_value *list = capas_value_list();
    for (int i = 0; i < trainer->metric_count; i++) {
        const capas_trainer_metric *metric = &trainer->metrics[i];
        bool other = metric->output != CAPAS_EVERY_OUTPUT && metric->output != output;
        if (other || metric->weighted != weighted) continue;
        if (capas_value_append(list, write_metric(metric, shape)) == CAPAS_OK) continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

/* Keras wants a list for each output when there are several. */
static capas_value *write_metrics(const capas_model *model, bool weighted)
{
    const capas_trainer *trainer = model->trainer;
    const int outputs = model->output_count;
    bool any = false;
    for (int i = 0; i < trainer->metric_count; i++)
        any |= trainer->metrics[i].weighted == weighted;
    if (!any) return capas_value_null();
    if (outputs == 1) return write_metrics_of(model, 0, weighted);
    capas_value *list = capas_value_list();
    for (int i = 0; i < outputs; i++) {
        if (capas_value_append(list, write_metrics_of(model, i, weighted)) == CAPAS_OK) continue;
        capas_value_free(list);
        return NULL;
    }
    return list;
}

static capas_status write_config(const capas_model *model, capas_value *config)
{
    const capas_trainer *trainer = model->trainer;
    CAPAS_TRY(capas_value_set(config, "optimizer", capas_optimizer_write(trainer)));
    CAPAS_TRY(capas_value_set(config, "loss", write_losses(trainer)));
    CAPAS_TRY(capas_value_set(config, "loss_weights", write_loss_weights(trainer)));
    CAPAS_TRY(capas_value_set(config, "metrics", write_metrics(model, false)));
    CAPAS_TRY(capas_value_set(config, "weighted_metrics", write_metrics(model, true)));
    CAPAS_TRY(capas_value_set(config, "run_eagerly", capas_value_bool(false)));
    CAPAS_TRY(capas_value_set(config, "steps_per_execution", capas_value_integer(1)));
    return capas_value_set(config, "jit_compile", capas_value_bool(false));
}

capas_value *capas_compile_config(const capas_model *model)
{
    capas_value *config = capas_value_map();
    if (!config || !model->trainer) return config;
    if (write_config(model, config) == CAPAS_OK) return config;
    capas_value_free(config);
    return NULL;
}
