/* One batch through the model; see step.h. */
#include "training/step.h"
#include "base/text.h"
#include "kernels/fill.h"
#include "training/optimizer.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 128, CAUSE_SIZE = 320 };

/* Keras takes a trailing axis of 1 or leaves it. */
static bool shapes_fit(const capas_shape *wanted, const capas_shape *found)
{
    int shorter = wanted->rank - 1 < found->rank ? wanted->rank - 1 : found->rank;
    for (int i = 0; i < shorter; i++)
        if (wanted->dims[i + 1] != CAPAS_ANY && wanted->dims[i + 1] != found->dims[i]) return false;
    if (wanted->rank - 1 == found->rank) return true;
    if (wanted->rank - 1 == found->rank + 1) return wanted->dims[wanted->rank - 1] == 1;
    return wanted->rank == found->rank && found->dims[found->rank - 1] == 1;
}

static capas_status check_input(const capas_model *model, const capas_dataset_spec *spec, int input,
                                const char *where)
{
    const capas_shape *wanted = &model->uses[model->inputs[input]].output;
    capas_shape found = {.rank = spec->input_shapes[input].rank + 1, .dims = {CAPAS_ANY}};
    memcpy(found.dims + 1, spec->input_shapes[input].dims,
           (size_t)(found.rank - 1) * sizeof found.dims[0]);
    if (shapes_fit(wanted, &spec->input_shapes[input])) return CAPAS_OK;
    char wanted_text[TEXT_SIZE], found_text[TEXT_SIZE];
    return capas_fail(CAPAS_SHAPE_MISMATCH,
                      "%s: input %d of the model takes the shape %s, the data has %s", where, input,
                      capas_shape_text(wanted, wanted_text, sizeof wanted_text),
                      capas_shape_text(&found, found_text, sizeof found_text));
}

static capas_status check_counts(const capas_model *model, const capas_dataset_spec *spec,
                                 const char *where)
{
    if (spec->input_count != model->input_count)
        return capas_fail(CAPAS_SHAPE_MISMATCH, "%s: the model takes %d inputs, the data has %d",
                          where, model->input_count, spec->input_count);
    if (spec->target_count == 0)
        return capas_fail(CAPAS_BAD_DATA, "%s: the data has no targets (labels)", where);
    if (spec->target_count != model->output_count)
        return capas_fail(CAPAS_SHAPE_MISMATCH,
                          "%s: the model has %d outputs, the data has targets for %d", where,
                          model->output_count, spec->target_count);
    return CAPAS_OK;
}

static capas_status prepare_targets(capas_stepper *stepper, const char *where)
{
    const capas_model *model = stepper->model;
    for (int i = 0; i < model->output_count; i++) {
        const capas_shape *prediction = &model->uses[model->outputs[i]].output;
        const capas_shape *target = &stepper->spec.target_shapes[i];
        CAPAS_TRY(capas_target_prepare(&stepper->targets[i], &stepper->trainer->losses[i],
                                       capas_output_name(model, i), prediction, target,
                                       stepper->spec.target_elements[i], where));
        stepper->targets[i].leaves_out = stepper->force;
        capas_accuracy_kind kind = capas_accuracy_resolve(prediction, target);
        bool numbers = capas_target_is_sparse(&stepper->targets[i]);
        if (kind == CAPAS_ACCURACY_SPARSE && !numbers) kind = CAPAS_ACCURACY_CATEGORICAL;
        if (kind == CAPAS_ACCURACY_CATEGORICAL && numbers) kind = CAPAS_ACCURACY_SPARSE;
        stepper->accuracies[i][0].kind = stepper->accuracies[i][1].kind = kind;
        stepper->weighted |= stepper->spec.weighted[i];
    }
    const capas_class_weights *classes = &stepper->extras.class_weights;
    stepper->weighted |= classes->values != NULL;
    return capas_row_weights_check(&stepper->spec, stepper->targets, classes, where);
}

/* How a mask of the output goes into the loss. */
static capas_masked_loss masked_loss(const capas_loss *loss)
{
    if (loss->reduction == CAPAS_SUM) return CAPAS_MASKED_SUM;
    return loss->reduction == CAPAS_MEAN_WITH_SAMPLE_WEIGHT ? CAPAS_MASKED_WEIGHTED_MEAN
                                                            : CAPAS_MASKED_MEAN;
}

static capas_status take_plan(capas_stepper *stepper, int batch)
{
    const capas_trainer *trainer = stepper->trainer;
    capas_plan_options options;
    memset(&options, 0, sizeof options); /* compared byte for byte */
    options.batch = batch;
    options.training = stepper->training;
    options.backward = stepper->training || stepper->gradients;
    options.input_gradients = stepper->gradients;
    options.loss_count = trainer->loss_count;
    options.sample_weights = stepper->weighted;
    for (int i = 0; i < trainer->loss_count; i++) {
        capas_loss_set_problem(&trainer->losses[i], stepper->force, &options.losses[i]);
        if (capas_target_is_sequence(&stepper->targets[i]))
            options.losses[i].labels = (int)stepper->targets[i].count;
        options.loss_weights[i] = trainer->loss_weights[i];
        options.masked[i] = masked_loss(&trainer->losses[i]);
    }
    capas_watch_options(&stepper->extras.watch, &options);
    capas_plan *plan;
    CAPAS_TRY(capas_model_plan(stepper->model, &options, &plan));
    CAPAS_TRY(capas_watch_check(&stepper->extras.watch, plan));
    return capas_plan_acquire(plan, &stepper->run);
}

/* Accuracy has counts of its own. */
static bool has_state(const capas_stepper *stepper, int metric)
{
    return stepper->trainer->metrics[metric].config.metric != CAPAS_ACCURACY;
}

static capas_status open_metric(capas_stepper *stepper, int output, int metric, int batch,
                                const char *where)
{
    const capas_trainer_metric *config = &stepper->trainer->metrics[metric];
    const capas_target *target = &stepper->targets[output];
    if (!capas_metric_is_of(config, output)) return CAPAS_OK;
    if (capas_target_is_sequence(target))
        return capas_fail(
            CAPAS_UNSUPPORTED,
            "%s: the metric %s compares an output with targets of its own length, and "
            "%s of output \"%s\" has labels of another; leave metrics out",
            where, config->name, capas_loss_snake_name(target->loss), target->output);
    if (!has_state(stepper, metric)) return CAPAS_OK;
    return capas_metric_open(&stepper->metrics[output][metric], &config->config, target, batch,
                             where);
}

static capas_status open_metrics(capas_stepper *stepper, int batch, const char *where)
{
    for (int i = 0; i < stepper->spec.target_count; i++)
        for (int m = 0; m < stepper->trainer->metric_count; m++)
            CAPAS_TRY(open_metric(stepper, i, m, batch, where));
    return CAPAS_OK;
}

capas_status capas_stepper_open(capas_stepper *stepper, capas_model *model,
                                const capas_dataset_spec *spec, int batch, int mode,
                                const char *where)
{
    const capas_step_extras none = {.watch.count = 0};
    return capas_stepper_open_with(stepper, model, spec, batch, mode, &none, where);
}

capas_status capas_stepper_open_with(capas_stepper *stepper, capas_model *model,
                                     const capas_dataset_spec *spec, int batch, int mode,
                                     const capas_step_extras *extras, const char *where)
{
    *stepper = (capas_stepper){.model = model, .spec = *spec, .extras = *extras};
    stepper->training = mode & CAPAS_STEP_TRAIN;
    stepper->force = mode & CAPAS_STEP_FORCE;
    stepper->gradients = mode & CAPAS_STEP_GRADIENTS;
    CAPAS_TRY(capas_trainer_of(model, where, &stepper->trainer));
    CAPAS_TRY(check_counts(model, spec, where));
    for (int i = 0; i < model->input_count; i++)
        CAPAS_TRY(check_input(model, spec, i, where));
    CAPAS_TRY(prepare_targets(stepper, where));
    capas_status status = open_metrics(stepper, batch, where);
    if (status == CAPAS_OK) status = take_plan(stepper, batch);
    if (status != CAPAS_OK) capas_stepper_close(stepper);
    return status;
}

void capas_stepper_close(capas_stepper *stepper)
{
    capas_plan_release(stepper->run);
    stepper->run = NULL;
    for (int i = 0; i < CAPAS_DATASET_TENSORS; i++)
        for (int m = 0; m < CAPAS_MAX_METRICS; m++)
            capas_metric_close(&stepper->metrics[i][m]);
}

capas_status capas_stepper_check_labels(const capas_stepper *stepper, const capas_dataset *dataset,
                                        const char *where)
{
    if (!dataset->type->target) return CAPAS_OK;
    for (int i = 0; i < stepper->spec.target_count; i++) {
        const capas_target *target = &stepper->targets[i];
        const void *data = dataset->type->target(dataset, i);
        int64_t valid;
        if (data && capas_loss_takes_numbers(target->loss) &&
            capas_target_read(target, data, dataset->spec.count, 0, NULL, &valid) != CAPAS_OK)
            return capas_fail_in("%s", where);
    }
    return CAPAS_OK;
}

void capas_stepper_reset(capas_stepper *stepper)
{
    stepper->samples = 0;
    stepper->loss = 0;
    for (int i = 0; i < CAPAS_DATASET_TENSORS; i++) {
        stepper->losses[i] = 0;
        for (int k = 0; k < 2; k++)
            stepper->accuracies[i][k].right = stepper->accuracies[i][k].count = 0;
        for (int m = 0; m < CAPAS_MAX_METRICS; m++)
            capas_metric_reset(&stepper->metrics[i][m]);
    }
}

/* Bytes are scaled as the model says; floats are taken as they are. */
static void fill_input(const capas_stepper *stepper, const capas_batch *batch, int input)
{
    const capas_model *model = stepper->model;
    void *to = capas_run_input(stepper->run, input);
    capas_element element = stepper->spec.input_elements[input];
    capas_element wanted = model->uses[model->inputs[input]].element;
    int64_t count = batch->count * capas_shape_count(&stepper->spec.input_shapes[input], 0);
    if (element == CAPAS_UINT8 && wanted == CAPAS_FLOAT32) {
        capas_model_scale_bytes(model, input, batch->inputs[input], count, to);
    } else if (element == wanted) {
        capas_copy_samples(to, batch->inputs[input],
                           (size_t)count * (size_t)capas_element_size(element));
    } else {
        capas_convert(wanted, to, element, batch->inputs[input], count);
    }
}

static bool is_masked(const capas_stepper *stepper, int output)
{
    return capas_run_loss_weights(stepper->run, output) !=
           capas_run_sample_weight(stepper->run, output);
}

/* Inputs and targets; `factors` of the losses come out. */
static capas_status fill(const capas_stepper *stepper, const capas_batch *batch, double *factors)
{
    for (int i = 0; i < stepper->spec.input_count; i++)
        fill_input(stepper, batch, i);
    for (int i = 0; i < stepper->spec.target_count; i++) {
        const capas_target *target = &stepper->targets[i];
        int64_t valid, rows = batch->count * target->rows;
        void *labels = capas_run_target(stepper->run, i);
        CAPAS_TRY(capas_target_read(target, batch->targets[i], batch->count, stepper->samples,
                                    labels, &valid));
        double weights = (double)valid;
        if (stepper->weighted)
            weights = capas_row_weights_fill(&stepper->spec, stepper->targets, i,
                                             &stepper->extras.class_weights, batch, labels,
                                             capas_run_sample_weight(stepper->run, i));
        /* The shares of what counts by mask and weight are worked in already. */
        if (is_masked(stepper, i) && masked_loss(target->loss) == CAPAS_MASKED_WEIGHTED_MEAN)
            weights = (double)rows;
        factors[i] = capas_target_factor(target, rows, valid, weights);
    }
    return CAPAS_OK;
}

/* The losses of the batch and what regularisers add, into the running sums; returns the whole. */
static double add_losses(capas_stepper *stepper, int64_t n, const double *factors, double penalty)
{
    double whole = penalty;
    for (int i = 0; i < stepper->spec.target_count; i++) {
        const float *values = capas_run_loss_values(stepper->run, i, NULL);
        double loss = capas_reduce_loss(values, capas_run_loss_weights(stepper->run, i),
                                        n * stepper->targets[i].rows, factors[i]);
        stepper->losses[i] += loss * (double)n;
        whole += loss * stepper->trainer->loss_weights[i];
    }
    stepper->loss += whole * (double)n;
    stepper->samples += n;
    return whole;
}

static bool counts_weighted_accuracy(const capas_stepper *stepper)
{
    bool any = false;
    for (int m = 0; m < stepper->trainer->metric_count; m++)
        any |= stepper->trainer->metrics[m].weighted && !has_state(stepper, m);
    return any;
}

static void add_metrics(capas_stepper *stepper, int64_t n)
{
    if (stepper->trainer->metric_count == 0) return;
    for (int i = 0; i < stepper->spec.target_count; i++) {
        const float *prediction = capas_run_output(stepper->run, i);
        const void *labels = capas_run_target(stepper->run, i);
        const float *weights = capas_run_metric_weights(stepper->run, i);
        capas_accuracy_add(&stepper->accuracies[i][0], &stepper->targets[i], prediction, labels,
                           NULL, n);
        if (counts_weighted_accuracy(stepper))
            capas_accuracy_add(&stepper->accuracies[i][1], &stepper->targets[i], prediction, labels,
                               weights, n);
        for (int m = 0; m < stepper->trainer->metric_count; m++)
            if (stepper->metrics[i][m].config)
                capas_metric_add(&stepper->metrics[i][m], prediction, labels,
                                 stepper->trainer->metrics[m].weighted ? weights : NULL, n);
    }
}

static capas_status learn(capas_stepper *stepper, double loss, const capas_batch *batch)
{
    char cause[CAUSE_SIZE];
    if (!isfinite(loss))
        return capas_fail(
            CAPAS_NOT_FINITE, "the loss became %s; %s", isnan(loss) ? "NaN" : "infinite",
            capas_likely_cause(stepper->model, &stepper->spec, batch, cause, sizeof cause));
    CAPAS_TRY(capas_run_backward(stepper->run));
    capas_status status = capas_optimizer_step(stepper->model, capas_run_gradients(stepper->run));
    if (status != CAPAS_NOT_FINITE) return status;
    char what[CAUSE_SIZE];
    snprintf(what, sizeof what, "%.120s", capas_error());
    return capas_fail(
        CAPAS_NOT_FINITE, "%s; %s", what,
        capas_likely_cause(stepper->model, &stepper->spec, batch, cause, sizeof cause));
}

/* The kernels in SpectralNormalization, as its call does in training. */
static capas_status normalise_kernels(capas_model *model)
{
    for (int w = 0; w < model->weight_count; w++) {
        const capas_model_weight *place = &model->weights[w];
        const capas_weight *weight = place->weight;
        if (weight->power_iterations == 0) continue;
        const capas_model_weight *vector = &model->weights[weight->vector->index];
        CAPAS_TRY(capas_weight_normalise(weight, model->values + place->offset,
                                         model->values + vector->offset));
    }
    return CAPAS_OK;
}

capas_status capas_stepper_step(capas_stepper *stepper, const capas_batch *batch, double *loss)
{
    double factors[CAPAS_DATASET_TENSORS], activities = 0;
    int64_t n = batch->count;
    CAPAS_TRY(fill(stepper, batch, factors));
    if (stepper->training) CAPAS_TRY(normalise_kernels(stepper->model));
    double penalty = capas_weight_penalties(stepper->model);
    CAPAS_TRY(capas_run_forward(stepper->run, (int)n, (uint32_t)stepper->trainer->iteration,
                                factors, &activities));
    double whole = add_losses(stepper, n, factors, penalty + activities);
    add_metrics(stepper, n);
    if (loss) *loss = whole;
    return stepper->training ? learn(stepper, whole, batch) : CAPAS_OK;
}
