/* compile: checks what was asked for, and gives the model a trainer with a fresh optimizer. */
#include "training/trainer.h"
#include "base/memory.h"
#include "model/plan.h"
#include "training/guards.h"
#include "training/losses.h"
#include "training/metric.h"
#include "training/optimizer.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

capas_status capas_copy_options(void *own, size_t own_size, const void *given, const char *where)
{
    memset(own, 0, own_size);
    if (!given) return CAPAS_OK;
    size_t size; /* the first field of every option struct */
    memcpy(&size, given, sizeof size);
    if (size < sizeof size)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: struct_size of the options is not set; it must be sizeof the struct",
                          where);
    memcpy(own, given, size < own_size ? size : own_size);
    return CAPAS_OK;
}

const char *capas_output_name(const capas_model *model, int output)
{
    return model->layers[model->uses[model->outputs[output]].layer]->name;
}

void capas_trainer_free(capas_trainer *trainer)
{
    if (!trainer) return;
    for (int s = 0; s < CAPAS_ALL_SLOTS; s++)
        capas_release(trainer->slots[s]);
    capas_release(trainer);
}

capas_status capas_trainer_of(capas_model *model, const char *where, capas_trainer **trainer)
{
    *trainer = model->trainer;
    if (!model->trainer)
        return capas_fail(CAPAS_WRONG_STATE,
                          "%s: the model is not compiled; call capas_compile first", where);
    if (model->trainer->loss_count == 0)
        return capas_fail(CAPAS_WRONG_STATE,
                          "%s: the model was compiled without a loss; say one to capas_compile",
                          where);
    return CAPAS_OK;
}

static capas_status take_losses(capas_trainer *draft, const capas_compile_options *options,
                                int outputs)
{
    int given = 0;
    while (given < CAPAS_DATASET_TENSORS && options->losses[given].name != CAPAS_LOSS_NONE)
        given++;
    if (options->loss != CAPAS_LOSS_NONE && given > 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "compile: the loss is said twice, by .loss and by .losses");
    if (options->loss == CAPAS_LOSS_NONE && given == 0) return CAPAS_OK;
    if (given > 1 && given != outputs)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "compile: %d losses were given for %d outputs",
                          given, outputs);
    draft->one_loss = given == 0;
    draft->loss_count = outputs;
    for (int i = 0; i < outputs; i++) {
        if (given == 0)
            draft->losses[i].name = options->loss;
        else
            draft->losses[i] = options->losses[given == 1 ? 0 : i];
        CAPAS_TRY(capas_loss_resolve(&draft->losses[i], "compile"));
        draft->one_loss &= capas_loss_has_name(&draft->losses[i]);
    }
    return CAPAS_OK;
}

static capas_status take_loss_weights(capas_trainer *draft, const capas_compile_options *options,
                                      int outputs)
{
    for (int i = 0; i < CAPAS_DATASET_TENSORS; i++) {
        double weight = options->loss_weights[i];
        if (weight == 0) continue;
        if (i >= outputs)
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "compile: a loss weight was given for output %d, the model has %d", i,
                              outputs);
        draft->has_loss_weights = true;
        draft->loss_weights[i] = weight == CAPAS_ZERO ? 0 : weight;
    }
    return CAPAS_OK;
}

bool capas_metric_is_of(const capas_trainer_metric *metric, int output)
{
    return metric->output == CAPAS_EVERY_OUTPUT || metric->output == output;
}

static bool share_output(const capas_trainer_metric *a, const capas_trainer_metric *b)
{
    return capas_metric_is_of(a, b->output) || b->output == CAPAS_EVERY_OUTPUT;
}

capas_status capas_trainer_add_metric(capas_trainer *draft, const capas_trainer_metric *metric,
                                      const char *where)
{
    if (draft->metric_count == CAPAS_MAX_METRICS)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: at most %d metrics are possible", where,
                          CAPAS_MAX_METRICS);
    capas_trainer_metric *added = &draft->metrics[draft->metric_count];
    *added = *metric;
    for (int i = 0; i < draft->metric_count; i++) {
        const capas_trainer_metric *other = &draft->metrics[i];
        if (!share_output(added, other) || strcmp(added->name, other->name) != 0) continue;
        if (added->weighted == other->weighted)
            return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: the metric %s is said twice", where,
                              added->name);
        added->repeats = true;
    }
    draft->metric_count++;
    return CAPAS_OK;
}

static capas_status add_metric(capas_trainer *draft, const capas_metric_config *config,
                               bool by_name, bool weighted)
{
    capas_trainer_metric metric = {
        .config = *config,
        .by_name = by_name,
        .weighted = weighted,
        .output = CAPAS_EVERY_OUTPUT,
    };
    CAPAS_TRY(capas_metric_resolve(&metric.config, "compile"));
    snprintf(metric.name, sizeof metric.name, "%s", capas_metric_type_of(config)->snake_name);
    return capas_trainer_add_metric(draft, &metric, "compile");
}

/* By name, then in full. */
static capas_status take_metrics(capas_trainer *draft, const capas_metric *names,
                                 const capas_metric_config *configs, bool weighted)
{
    for (int i = 0; i < CAPAS_MAX_METRICS && names[i] != CAPAS_METRIC_NONE; i++) {
        capas_metric_config config = {.metric = names[i]};
        CAPAS_TRY(add_metric(draft, &config, true, weighted));
    }
    for (int i = 0; i < CAPAS_MAX_METRICS && configs[i].metric != CAPAS_METRIC_NONE; i++)
        CAPAS_TRY(add_metric(draft, &configs[i], false, weighted));
    return CAPAS_OK;
}

static capas_status fill_draft(capas_trainer *draft, const capas_model *model,
                               const capas_compile_options *given)
{
    capas_compile_options options;
    CAPAS_TRY(capas_copy_options(&options, sizeof options, given, "compile"));
    draft->optimizer = options.optimizer;
    CAPAS_TRY(capas_optimizer_resolve(&draft->optimizer));
    for (int i = 0; i < model->output_count && i < CAPAS_DATASET_TENSORS; i++)
        draft->loss_weights[i] = 1;
    CAPAS_TRY(take_losses(draft, &options, model->output_count));
    CAPAS_TRY(take_loss_weights(draft, &options, model->output_count));
    CAPAS_TRY(take_metrics(draft, options.metrics, options.metric_configs, false));
    return take_metrics(draft, options.weighted_metrics, options.weighted_metric_configs, true);
}

static capas_status check_size(const capas_model *model)
{
    if (model->output_count <= CAPAS_DATASET_TENSORS && model->input_count <= CAPAS_DATASET_TENSORS)
        return CAPAS_OK;
    return capas_fail(
        CAPAS_UNSUPPORTED,
        "compile: a model may be trained with at most %d inputs and outputs, this one "
        "has %d and %d",
        CAPAS_DATASET_TENSORS, model->input_count, model->output_count);
}

capas_status capas_compile_with(capas_model *model, const capas_compile_options *options)
{
    CAPAS_TRY(capas_model_check(model));
    capas_status status = check_size(model);
    capas_trainer *draft = NULL;
    if (status == CAPAS_OK) {
        draft = capas_allocate_zeroed(1, sizeof *draft);
        status = draft ? fill_draft(draft, model, options) : CAPAS_NO_MEMORY;
    }
    if (status == CAPAS_OK) return capas_trainer_install(model, draft);
    capas_trainer_free(draft);
    return capas_model_keep_failure(model, status);
}

static capas_status check_draft(const capas_trainer *draft)
{
    for (int i = 0; i < draft->loss_count; i++)
        if (!isfinite(draft->loss_weights[i]))
            return capas_fail(CAPAS_INVALID_ARGUMENT, "compile: loss weight %d must be a number",
                              i);
    return CAPAS_OK;
}

/* Slots as long as the gradients. */
static capas_status make_slots(capas_trainer *draft, const capas_model *model)
{
    draft->slot_count = capas_optimizer_slots(&draft->optimizer);
    for (int s = 0; s < draft->slot_count; s++) {
        draft->slots[s] =
            capas_allocate_zeroed((size_t)model->gradient_count, sizeof *draft->slots[s]);
        if (!draft->slots[s]) return CAPAS_NO_MEMORY;
        float initial = (float)capas_optimizer_initial(&draft->optimizer, s);
        for (int64_t i = 0; initial != 0 && i < model->gradient_count; i++)
            draft->slots[s][i] = initial;
    }
    return CAPAS_OK;
}

/* The old trainer goes as soon as the gradients have new places: its slots would not fit them. */
static capas_status replace(capas_model *model, capas_trainer *draft)
{
    if (model->trainer && model->trainer->busy)
        return capas_fail(CAPAS_WRONG_STATE,
                          "compile: the model is being trained; wait until capas_fit is done");
    CAPAS_TRY(check_draft(draft));
    CAPAS_TRY(capas_model_own_values(model));
    capas_trainer_free(model->trainer);
    model->trainer = NULL;
    model->optimizer_variable_count = 0;
    capas_enable_training();
    CAPAS_TRY(capas_model_place_gradients(model));
    return make_slots(draft, model);
}

capas_status capas_trainer_install(capas_model *model, capas_trainer *draft)
{
    const capas_sgd_options *common = &draft->optimizer.options.sgd; /* what all have */
    draft->learning_rate = common->learning_rate;
    if (!*draft->optimizer_name)
        snprintf(draft->optimizer_name, sizeof draft->optimizer_name, "%s",
                 capas_optimizer_type_of(&draft->optimizer)->snake_name);
    capas_status status = replace(model, draft);
    if (status != CAPAS_OK) {
        capas_trainer_free(draft);
        return capas_model_keep_failure(model, status);
    }
    capas_guard_outputs(model, draft);
    model->trainer = draft;
    model->free_trainer = capas_trainer_free;
    return CAPAS_OK;
}
