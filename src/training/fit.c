/* fit: epochs of steps, validation, callbacks (keras-semantics 5.1). The order of the data, and so
 * every bit of the result, depends on the model's seed and the epoch alone. */
#include "training/fit.h"
#include "base/memory.h"
#include "training/optimizer.h"
#include "training/reporter.h"

/* Epochs. */

static capas_status train_batch(capas_fitting *fit, int64_t step)
{
    double loss;
    capas_logs_cut(&fit->logs, 0);
    CAPAS_TRY(capas_hook_train_batch_begin(&fit->training, step, &fit->logs));
    capas_status status = capas_stepper_step(&fit->stepper, &fit->batch, &loss);
    fit->training.invalid = status == CAPAS_NOT_FINITE && fit->training.bears_nan;
    if (status != CAPAS_OK && !fit->training.invalid)
        return capas_fail_in("fit: epoch %d, batch %lld", fit->training.epoch + 1,
                             (long long)step + 1);
    if (status == CAPAS_OK) capas_guards_step(&fit->guards, &fit->stepper, loss);
    fit->training.samples += fit->batch.count;
    capas_logs_cut(&fit->logs, 0);
    CAPAS_TRY(capas_stepper_logs(&fit->stepper, "", &fit->logs));
    capas_logs_sort(&fit->logs);
    CAPAS_TRY(capas_hook_train_batch_end(&fit->training, step, &fit->logs));
    return capas_fitting_pause(fit, fit->training.epoch, step + 1);
}

bool capas_fitting_is_over(const capas_fitting *fit)
{
    bool all = fit->last > 0 && fit->model->trainer->iteration >= fit->last;
    return all || fit->training.stop;
}

static capas_status train_batches(capas_fitting *fit)
{
    int64_t steps = fit->options.steps_per_epoch;
    if (fit->step == 0) capas_stepper_reset(&fit->stepper);
    CAPAS_TRY(capas_fitting_seek(fit));
    for (int64_t step = fit->step; (steps == 0 || step < steps) && !capas_fitting_is_over(fit);
         step++) {
        CAPAS_TRY(capas_fitting_next(fit, step));
        if (fit->batch.count == 0) break;
        CAPAS_TRY(train_batch(fit, step));
    }
    if (fit->stepper.samples > 0 || fit->training.stop) return CAPAS_OK;
    return capas_fail(CAPAS_BAD_DATA, "fit: the data set gave no samples in epoch %d",
                      fit->training.epoch + 1);
}

/* Whether an epoch, counted from 1, ends with a validation. */
static bool is_validated(const capas_fit_options *options, int epoch)
{
    if (options->validation_epoch_count == 0) return epoch % options->validation_freq == 0;
    for (int i = 0; i < options->validation_epoch_count; i++)
        if (options->validation_epochs[i] == epoch) return true;
    return false;
}

static capas_status validate(capas_fitting *fit)
{
    if (!fit->validation || !is_validated(&fit->options, fit->training.epoch + 1)) return CAPAS_OK;
    if (fit->validation == fit->train) fit->must_seek = true;
    CAPAS_TRY(capas_evaluate_pass(&fit->training, &fit->validator, fit->validation,
                                  &fit->validation_batch, fit->options.validation_steps,
                                  &fit->validation_logs));
    return capas_stepper_logs(&fit->validator, "val_", &fit->logs);
}

static capas_status run_epoch(capas_fitting *fit)
{
    capas_logs_cut(&fit->logs, 0);
    if (fit->step == 0) CAPAS_TRY(capas_hook_epoch_begin(&fit->training, &fit->logs));
    CAPAS_TRY(train_batches(fit));
    fit->step = 0;
    capas_logs_cut(&fit->logs, 0);
    CAPAS_TRY(capas_stepper_logs(&fit->stepper, "", &fit->logs));
    capas_guards_epoch(&fit->guards, &fit->stepper);
    CAPAS_TRY(validate(fit));
    capas_logs_sort(&fit->logs);
    CAPAS_TRY(capas_hook_epoch_end(&fit->training, &fit->logs));
    return capas_fitting_pause(fit, fit->training.epoch + 1, 0);
}

/* An epoch that a checkpoint goes on in is ended, also when it was asked to be the last. */
static capas_status run(capas_fitting *fit)
{
    capas_training *training = &fit->training;
    training->epoch = fit->options.initial_epoch;
    capas_fitting_find_start(fit);
    CAPAS_TRY(capas_hook_train_begin(training, &fit->logs));
    CAPAS_TRY(capas_fitting_restore(fit));
    for (int epoch = training->epoch;
         fit->step > 0 || (epoch < training->epochs && !capas_fitting_is_over(fit)); epoch++) {
        training->epoch = epoch;
        CAPAS_TRY(run_epoch(fit));
    }
    if (training->averaged)
        capas_optimizer_keep_averages(fit->model);
    else
        capas_optimizer_finish(fit->model);
    return capas_hook_train_end(training, &fit->logs);
}

/* Beginning and end. */

/* The user's callbacks come first, then the history, then the lines: what a callback adds to the
 * logs is kept and shown. */
static capas_status gather(capas_fitting *fit)
{
    fit->history = capas_history_new();
    if (!fit->history) return CAPAS_NO_MEMORY;
    if (fit->options.verbose > 0) {
        fit->reporter = capas_reporter_new(fit->options.verbose);
        if (!fit->reporter) return CAPAS_NO_MEMORY;
    }
    const capas_callback *extra[] = {capas_history_callback(fit->history), fit->reporter};
    fit->training.model = fit->model;
    fit->training.epochs = fit->options.epochs;
    fit->training.steps = fit->options.steps_per_epoch;
    if (fit->training.steps == 0)
        fit->training.steps = capas_batches(fit->train->spec.count, fit->options.batch_size);
    return capas_training_gather(&fit->training, fit->options.callbacks,
                                 fit->options.callback_count, extra, 2, "fit");
}

/* As many epochs as the steps need, when none are said. */
static capas_status count_steps(capas_fitting *fit, bool epochs_said)
{
    int64_t steps = fit->options.steps, in_epoch = fit->training.steps;
    if (steps == 0) return CAPAS_OK;
    fit->last = fit->model->trainer->iteration + steps;
    if (epochs_said) return CAPAS_OK;
    if (in_epoch == CAPAS_ANY)
        return capas_fail(
            CAPAS_INVALID_ARGUMENT,
            "fit: how many epochs %lld steps are cannot be told of this data set; say "
            "steps_per_epoch or epochs",
            (long long)steps);
    int64_t epochs = fit->options.initial_epoch + (steps + in_epoch - 1) / in_epoch;
    fit->training.epochs = epochs < INT32_MAX ? (int)epochs : INT32_MAX;
    return CAPAS_OK;
}

static void close(capas_fitting *fit)
{
    capas_training_release(&fit->training);
    capas_reporter_free(fit->reporter);
    capas_history_free(fit->history);
    capas_logs_clear(&fit->logs);
    capas_logs_clear(&fit->validation_logs);
    capas_batch_free(&fit->batch);
    capas_batch_free(&fit->validation_batch);
    capas_stepper_close(&fit->stepper);
    capas_stepper_close(&fit->validator);
    capas_dataset_free(fit->train_part);
    capas_dataset_free(fit->validation_part);
    capas_release(fit->identity);
}

static capas_status fit_model(capas_fitting *fit, bool epochs_said)
{
    capas_trainer *trainer;
    CAPAS_TRY(capas_trainer_of(fit->model, "fit", &trainer));
    if (trainer->busy)
        return capas_fail(CAPAS_WRONG_STATE, "fit: the model is being trained already");
    capas_status status = capas_fitting_open_data(fit);
    if (status == CAPAS_OK) status = gather(fit);
    if (status == CAPAS_OK) status = count_steps(fit, epochs_said);
    if (status != CAPAS_OK) return status;
    trainer->busy = true;
    status = run(fit);
    trainer->busy = false;
    if ((status == CAPAS_OK || fit->training.interrupted) && fit->options.history) {
        *fit->options.history = fit->history;
        fit->history = NULL;
    }
    return status;
}

capas_status capas_fit_with(capas_model *model, capas_dataset *train,
                            const capas_fit_options *options)
{
    capas_fitting fit = {.model = model, .train = train};
    capas_status status = capas_copy_options(&fit.options, sizeof fit.options, options, "fit");
    if (status == CAPAS_OK && fit.options.history) *fit.options.history = NULL;
    CAPAS_TRY(capas_model_check(model));
    bool epochs_said = fit.options.epochs != 0;
    if (status == CAPAS_OK) status = capas_check_validation_epochs(&fit.options);
    if (status == CAPAS_OK) status = capas_options_resolve(&capas_fit_table, &fit.options, "fit");
    if (status == CAPAS_OK) status = capas_check_dataset(train, "fit");
    if (status == CAPAS_OK) status = fit_model(&fit, epochs_said);
    close(&fit);
    if (status == CAPAS_OK || fit.training.interrupted) return status;
    return capas_model_keep_failure(model, status);
}
