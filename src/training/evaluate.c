/* evaluate: one pass over a set in inference mode; fit's validation is the same pass. And one step
 * on one batch. */
#include "training/evaluate.h"
#include "base/text.h"
#include "training/guards.h"
#include "training/reporter.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

int64_t capas_batches(int64_t samples, int batch)
{
    return samples == CAPAS_ANY ? CAPAS_ANY : (samples + batch - 1) / batch;
}

static capas_status test_batch(capas_training *training, capas_stepper *stepper,
                               const capas_batch *batch, int64_t number, capas_logs *logs)
{
    capas_logs_cut(logs, 0);
    CAPAS_TRY(capas_hook_test_batch_begin(training, number, logs));
    capas_logs_cut(logs, 0);
    CAPAS_TRY(capas_stepper_step(stepper, batch, NULL));
    CAPAS_TRY(capas_stepper_logs(stepper, "", logs));
    capas_logs_sort(logs);
    return capas_hook_test_batch_end(training, number, logs);
}

static capas_status test_batches(capas_training *training, capas_stepper *stepper,
                                 capas_dataset *dataset, capas_batch *batch, int64_t steps,
                                 capas_logs *logs)
{
    for (int64_t step = 0; steps == 0 || step < steps; step++) {
        CAPAS_TRY(dataset->type->next(dataset, batch));
        if (batch->count == 0 && steps > 0 && step > 0)
            capas_warn("evaluate: the data ran out after %lld of %lld steps", (long long)step,
                       (long long)steps);
        if (batch->count == 0) break;
        CAPAS_TRY(test_batch(training, stepper, batch, step, logs));
    }
    return CAPAS_OK;
}

capas_status capas_evaluate_pass(capas_training *training, capas_stepper *stepper,
                                 capas_dataset *dataset, capas_batch *batch, int64_t steps,
                                 capas_logs *logs)
{
    capas_dataset_place start = {0};
    capas_stepper_reset(stepper);
    CAPAS_TRY(dataset->type->seek(dataset, &start));
    capas_logs_cut(logs, 0);
    CAPAS_TRY(capas_hook_test_begin(training, logs));
    CAPAS_TRY(test_batches(training, stepper, dataset, batch, steps, logs));
    if (stepper->samples == 0)
        return capas_fail(CAPAS_BAD_DATA, "evaluate: the data set gave no samples");
    capas_logs_cut(logs, 0);
    CAPAS_TRY(capas_stepper_logs(stepper, "", logs));
    capas_logs_sort(logs);
    return capas_hook_test_end(training, logs);
}

void capas_evaluation_fill(capas_evaluation *evaluation, const capas_logs *logs, int64_t samples)
{
    int most = (int)(sizeof evaluation->values / sizeof evaluation->values[0]);
    evaluation->count = (int)logs->count < most ? (int)logs->count : most;
    evaluation->samples = samples;
    for (int i = 0; i < evaluation->count; i++) {
        evaluation->values[i] = logs->entries[i].value;
        char *name = evaluation->names[i];
        size_t size = sizeof evaluation->names[i];
        capas_cut_text(name, size, snprintf(name, size, "%s", logs->entries[i].name));
    }
}

double capas_evaluation_get(const capas_evaluation *evaluation, const char *name)
{
    for (int i = 0; evaluation && name && i < evaluation->count; i++)
        if (strcmp(evaluation->names[i], name) == 0) return evaluation->values[i];
    return NAN;
}

static capas_status check_options(const capas_evaluate_options *options)
{
    if (options->batch_size < 1)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "evaluate: batch_size must be an integer of at least 1, found %d",
                          options->batch_size);
    if (options->steps < 0 || options->verbose < 0 || options->verbose > 2)
        return capas_fail(
            CAPAS_INVALID_ARGUMENT,
            "evaluate: steps must be at least 0 and verbose 0, 1 or 2, found %lld and "
            "%d",
            (long long)options->steps, options->verbose);
    return CAPAS_OK;
}

/* With the stepper and callbacks ready. */
static capas_status evaluate_with(capas_training *training, capas_stepper *stepper,
                                  capas_dataset *dataset, int batch_size, int64_t steps,
                                  capas_evaluation *evaluation)
{
    capas_batch batch;
    capas_logs logs = {0};
    CAPAS_TRY(capas_stepper_check_labels(stepper, dataset, "evaluate"));
    CAPAS_TRY(capas_batch_new(&dataset->spec, batch_size, &batch));
    capas_status status = capas_evaluate_pass(training, stepper, dataset, &batch, steps, &logs);
    if (status == CAPAS_OK) capas_evaluation_fill(evaluation, &logs, stepper->samples);
    capas_logs_clear(&logs);
    capas_batch_free(&batch);
    return status;
}

/* A batch never needs more room than there are samples. */
int capas_batch_room(int batch_size, int64_t samples)
{
    return samples != CAPAS_ANY && samples < batch_size ? (int)samples : batch_size;
}

static capas_status evaluate(capas_model *model, capas_dataset *dataset,
                             const capas_evaluate_options *options, capas_evaluation *evaluation)
{
    CAPAS_TRY(check_options(options));
    int room = capas_batch_room(options->batch_size, dataset->spec.count);
    capas_stepper stepper;
    int mode = CAPAS_STEP_TEST + (options->force ? CAPAS_STEP_FORCE : 0);
    if (!options->force) CAPAS_TRY(capas_guard_scaling(model, dataset, "evaluate"));
    CAPAS_TRY(capas_stepper_open(&stepper, model, &dataset->spec, room, mode, "evaluate"));
    capas_training training = {
        .model = model,
        .epochs = 1,
        .steps = options->steps > 0 ? options->steps
                                    : capas_batches(dataset->spec.count, options->batch_size),
    };
    capas_callback *reporter = options->verbose > 0 ? capas_reporter_new(options->verbose) : NULL;
    const capas_callback *extra = reporter;
    capas_status status = options->verbose > 0 && !reporter ? CAPAS_NO_MEMORY : CAPAS_OK;
    if (status == CAPAS_OK)
        status = capas_training_gather(&training, options->callbacks, options->callback_count,
                                       &extra, 1, "evaluate");
    if (status == CAPAS_OK)
        status = evaluate_with(&training, &stepper, dataset, room, options->steps, evaluation);
    capas_training_release(&training);
    capas_reporter_free(reporter);
    capas_stepper_close(&stepper);
    return status;
}

capas_status capas_check_dataset(const capas_dataset *dataset, const char *where)
{
    if (dataset) return CAPAS_OK;
    if (capas_error_status() != CAPAS_OK) return capas_error_status();
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: no data set was given (NULL)", where);
}

capas_status capas_evaluate_with(capas_model *model, capas_dataset *dataset,
                                 const capas_evaluate_options *options,
                                 capas_evaluation *evaluation)
{
    capas_evaluate_options own;
    capas_evaluation ignored;
    if (!evaluation) evaluation = &ignored;
    memset(evaluation, 0, sizeof *evaluation);
    CAPAS_TRY(capas_model_check(model));
    capas_status status = capas_check_dataset(dataset, "evaluate");
    if (status == CAPAS_OK) status = capas_copy_options(&own, sizeof own, options, "evaluate");
    if (status == CAPAS_OK) {
        if (own.batch_size == 0) own.batch_size = 32;
        status = evaluate(model, dataset, &own, evaluation);
    }
    return status == CAPAS_OK ? CAPAS_OK : capas_model_keep_failure(model, status);
}

/* A call of train_on_batch or test_on_batch. */
typedef struct batch_call {
    const capas_tensor *inputs, *targets;
    int64_t n;
    capas_batch_options options;
    int mode;
    const char *where;
} batch_call;

static capas_status add_weights(const batch_call *call, capas_dataset *view, capas_batch *batch)
{
    for (int i = 0; call->options.sample_weights && i < view->spec.target_count; i++) {
        const capas_tensor *weights = &call->options.sample_weights[i];
        if (!weights->data) continue;
        CAPAS_TRY(capas_dataset_set_sample_weight(view, i, *weights, 0));
        batch->weights[i] = weights->data;
    }
    return CAPAS_OK;
}

/* Tensors are looked at as a data set of n samples, for its checks. */
static capas_status describe_tensors(const capas_model *model, const batch_call *call,
                                     capas_dataset_spec *spec, capas_batch *batch)
{
    const capas_tensor *inputs = call->inputs, *targets = call->targets;
    const char *where = call->where;
    int64_t n = call->n;
    if (!inputs || !targets || n < 1 || n > INT32_MAX)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: inputs, targets and at least one sample are needed", where);
    *batch = (capas_batch){.capacity = n, .count = n};
    capas_dataset *view =
        capas_dataset_from_tensors(inputs, model->input_count, targets, model->output_count, 0);
    if (!view) return capas_fail_in("%s", where);
    capas_status status = add_weights(call, view, batch);
    *spec = view->spec;
    capas_dataset_free(view);
    if (status != CAPAS_OK) return capas_fail_in("%s", where);
    if (spec->count < n)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: %lld samples were said, the tensors have %lld", where, (long long)n,
                          (long long)spec->count);
    for (int i = 0; i < model->input_count; i++)
        batch->inputs[i] = inputs[i].data;
    for (int i = 0; i < model->output_count; i++)
        batch->targets[i] = targets[i].data;
    return CAPAS_OK;
}

static capas_status step_on_batch(capas_model *model, const batch_call *call,
                                  capas_evaluation *evaluation)
{
    capas_dataset_spec spec;
    capas_batch batch;
    capas_stepper stepper;
    capas_logs logs = {0};
    capas_step_extras extras = {.watch.count = 0};
    CAPAS_TRY(describe_tensors(model, call, &spec, &batch));
    CAPAS_TRY(capas_class_weights_take(&extras.class_weights, call->options.class_weight,
                                       call->options.class_weight_count, call->where));
    CAPAS_TRY(capas_stepper_open_with(&stepper, model, &spec, (int)call->n, call->mode, &extras,
                                      call->where));
    capas_status status = capas_stepper_step(&stepper, &batch, NULL);
    if (status != CAPAS_OK) status = capas_fail_in("%s", call->where);
    if (status == CAPAS_OK) status = capas_stepper_logs(&stepper, "", &logs);
    capas_logs_sort(&logs);
    if (status == CAPAS_OK) capas_evaluation_fill(evaluation, &logs, call->n);
    capas_logs_clear(&logs);
    capas_stepper_close(&stepper);
    return status;
}

static capas_status on_batch(capas_model *model, batch_call *call,
                             const capas_batch_options *options, capas_evaluation *evaluation)
{
    capas_evaluation ignored;
    if (!evaluation) evaluation = &ignored;
    memset(evaluation, 0, sizeof *evaluation);
    CAPAS_TRY(capas_model_check(model));
    capas_status status =
        capas_copy_options(&call->options, sizeof call->options, options, call->where);
    if (status == CAPAS_OK) status = step_on_batch(model, call, evaluation);
    return status == CAPAS_OK ? CAPAS_OK : capas_model_keep_failure(model, status);
}

capas_status capas_train_on_batch_with(capas_model *model, const capas_tensor *inputs,
                                       const capas_tensor *targets, int64_t n,
                                       const capas_batch_options *options,
                                       capas_evaluation *evaluation)
{
    batch_call call = {inputs, targets, n, .mode = CAPAS_STEP_TRAIN, .where = "train_on_batch"};
    return on_batch(model, &call, options, evaluation);
}

capas_status capas_test_on_batch_with(capas_model *model, const capas_tensor *inputs,
                                      const capas_tensor *targets, int64_t n,
                                      const capas_batch_options *options,
                                      capas_evaluation *evaluation)
{
    batch_call call = {inputs, targets, n, .mode = CAPAS_STEP_TEST, .where = "test_on_batch"};
    return on_batch(model, &call, options, evaluation);
}

capas_status capas_train_on_batch(capas_model *model, const capas_tensor *inputs,
                                  const capas_tensor *targets, int64_t n,
                                  capas_evaluation *evaluation)
{
    return capas_train_on_batch_with(model, inputs, targets, n, NULL, evaluation);
}

capas_status capas_test_on_batch(capas_model *model, const capas_tensor *inputs,
                                 const capas_tensor *targets, int64_t n,
                                 capas_evaluation *evaluation)
{
    return capas_test_on_batch_with(model, inputs, targets, n, NULL, evaluation);
}
