/* evaluate: one pass over a set in inference mode; fit's validation is the same pass. */
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
