/* fit: epochs of steps, validation, callbacks (keras-semantics 5.1). The order of the data, and so
 * every bit of the result, depends on the model's seed and the epoch alone. */
#include "base/memory.h"
#include "base/text.h"
#include "training/evaluate.h"
#include "training/guards.h"
#include "training/history.h"
#include "training/reporter.h"
#include <math.h>
#include <stdio.h>

/* A fit under way. */
typedef struct fit {
    capas_model *model;
    capas_fit_options options; /* resolved */
    capas_dataset *train, *validation;
    capas_dataset *train_part, *validation_part; /* what validation_split cut; ours */
    capas_stepper stepper, validator;
    capas_batch batch, validation_batch;
    capas_training training;
    capas_logs logs, validation_logs;
    capas_history *history;
    capas_callback *reporter;
    capas_fit_guards guards;
    int pass;       /* over the data: the epoch, but with steps_per_epoch */
    int64_t index;  /* samples given in the pass */
    bool must_seek; /* the set does not stand there yet */
} fit;

/* Data. */

static capas_status check_split(const fit *fit, int64_t count, int64_t kept)
{
    double split = fit->options.validation_split;
    char all[32], left[32];
    if (kept == count && count > 0 && fit->options.force) {
        capas_warn("fit: validation_split %.9g of %lld samples leaves none for validation; forced, "
                   "the training goes on without",
                   split, (long long)count);
        return CAPAS_OK;
    }
    if (kept < 1 || kept >= count)
        return capas_fail(CAPAS_BAD_DATA,
                          "fit: validation_split %.9g of %lld samples leaves %lld for training and "
                          "%lld for validation; both need at least one",
                          split, (long long)count, (long long)kept, (long long)(count - kept));
    if (split > 0.5)
        capas_warn("fit: validation_split %.9g leaves only %s of %s samples for training", split,
                   capas_thousands(kept, left, sizeof left),
                   capas_thousands(count, all, sizeof all));
    return CAPAS_OK;
}

/* The last samples are for validation: floor(n (1 - split)) in double stay, as in Keras. */
static capas_status split(fit *fit)
{
    int64_t count = fit->train->spec.count;
    if (count == CAPAS_ANY || !fit->train->type->slice)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "fit: validation_split needs a set of arrays; give a generator's "
                          "validation_data apart");
    int64_t kept = (int64_t)floor((double)count * (1.0 - fit->options.validation_split));
    CAPAS_TRY(check_split(fit, count, kept));
    if (kept == count) return CAPAS_OK;
    fit->validation_part = capas_dataset_slice(fit->train, kept, count - kept);
    fit->train_part = capas_dataset_slice(fit->train, 0, kept);
    if (!fit->train_part || !fit->validation_part) return capas_error_status();
    fit->train = fit->train_part;
    fit->validation = fit->validation_part;
    return CAPAS_OK;
}

static capas_status open_validation(fit *fit)
{
    if (!fit->validation) return CAPAS_OK;
    int size = fit->options.validation_batch_size;
    if (size == CAPAS_NONE) size = fit->options.batch_size;
    size = capas_batch_room(size, fit->validation->spec.count);
    if (!fit->options.force)
        CAPAS_TRY(capas_guard_scaling(fit->model, fit->validation, "fit: validation"));
    int mode = CAPAS_STEP_TEST + (fit->options.force ? CAPAS_STEP_FORCE : 0);
    CAPAS_TRY(capas_stepper_open(&fit->validator, fit->model, &fit->validation->spec, size, mode,
                                 "fit: validation"));
    CAPAS_TRY(capas_stepper_check_labels(&fit->validator, fit->validation, "fit: validation"));
    return capas_batch_new(&fit->validation->spec, size, &fit->validation_batch);
}

static capas_status open_data(fit *fit)
{
    fit->validation = fit->options.validation_data;
    if (!fit->validation && fit->options.validation_split > 0) CAPAS_TRY(split(fit));
    int size = capas_batch_room(fit->options.batch_size, fit->train->spec.count);
    int mode = CAPAS_STEP_TRAIN + (fit->options.force ? CAPAS_STEP_FORCE : 0);
    CAPAS_TRY(capas_stepper_open(&fit->stepper, fit->model, &fit->train->spec, size, mode, "fit"));
    CAPAS_TRY(capas_stepper_check_labels(&fit->stepper, fit->train, "fit"));
    capas_guards_begin(&fit->guards, &fit->stepper, fit->train);
    CAPAS_TRY(capas_batch_new(&fit->train->spec, size, &fit->batch));
    return open_validation(fit);
}

/* Where the first epoch starts. With steps_per_epoch one pass goes on over several epochs, and an
 * epoch in which the data ends is short: the epochs before are counted through. */
static void find_start(fit *fit)
{
    int64_t steps = fit->options.steps_per_epoch, given = 0;
    int64_t batches = capas_batches(fit->train->spec.count, fit->options.batch_size);
    fit->must_seek = true;
    if (steps == 0 || batches == CAPAS_ANY) return;
    for (int epoch = 0; epoch < fit->options.initial_epoch; epoch++) {
        given += steps < batches - given ? steps : batches - given;
        if (given < batches) continue;
        given = 0;
        fit->pass++;
    }
    fit->index = given * fit->options.batch_size;
}

static capas_status seek(fit *fit)
{
    if (fit->options.steps_per_epoch == 0) {
        fit->pass = fit->training.epoch;
        fit->index = 0;
    } else if (!fit->must_seek) {
        return CAPAS_OK;
    }
    capas_dataset_place place = {
        .epoch = fit->pass,
        .index = fit->index,
        .shuffle = fit->options.shuffle,
        .seed = fit->model->seed,
    };
    fit->must_seek = false;
    return fit->train->type->seek(fit->train, &place);
}

/* The pass is over: the next one begins at once, or with the next epoch. */
static void end_pass(fit *fit)
{
    fit->pass++;
    fit->index = 0;
    fit->must_seek = true;
}

/* Fills the batch; leaves it empty when the epoch is over before its steps are done. */
static capas_status next(fit *fit, int64_t step)
{
    CAPAS_TRY(fit->train->type->next(fit->train, &fit->batch));
    fit->index += fit->batch.count;
    if (fit->batch.count > 0 || fit->options.steps_per_epoch == 0) return CAPAS_OK;
    end_pass(fit);
    if (step > 0) {
        capas_warn("fit: the data ran out after %lld of %lld steps in epoch %d", (long long)step,
                   (long long)fit->options.steps_per_epoch, fit->training.epoch + 1);
        return CAPAS_OK;
    }
    CAPAS_TRY(seek(fit));
    CAPAS_TRY(fit->train->type->next(fit->train, &fit->batch));
    fit->index += fit->batch.count;
    return CAPAS_OK;
}

/* Epochs. */

static capas_status train_batch(fit *fit, int64_t step)
{
    double loss;
    capas_logs_cut(&fit->logs, 0);
    CAPAS_TRY(capas_hook_train_batch_begin(&fit->training, step, &fit->logs));
    if (capas_stepper_step(&fit->stepper, &fit->batch, &loss) != CAPAS_OK)
        return capas_fail_in("fit: epoch %d, batch %lld", fit->training.epoch + 1,
                             (long long)step + 1);
    capas_guards_step(&fit->guards, &fit->stepper, loss);
    capas_logs_cut(&fit->logs, 0);
    CAPAS_TRY(capas_stepper_logs(&fit->stepper, "", &fit->logs));
    capas_logs_sort(&fit->logs);
    return capas_hook_train_batch_end(&fit->training, step, &fit->logs);
}

static capas_status train_batches(fit *fit)
{
    int64_t steps = fit->options.steps_per_epoch;
    capas_stepper_reset(&fit->stepper);
    CAPAS_TRY(seek(fit));
    for (int64_t step = 0; (steps == 0 || step < steps) && !fit->training.stop; step++) {
        CAPAS_TRY(next(fit, step));
        if (fit->batch.count == 0) break;
        CAPAS_TRY(train_batch(fit, step));
    }
    if (fit->stepper.samples > 0 || fit->training.stop) return CAPAS_OK;
    return capas_fail(CAPAS_BAD_DATA, "fit: the data set gave no samples in epoch %d",
                      fit->training.epoch + 1);
}

static capas_status validate(fit *fit)
{
    if (!fit->validation) return CAPAS_OK;
    if (fit->validation == fit->train) fit->must_seek = true;
    CAPAS_TRY(capas_evaluate_pass(&fit->training, &fit->validator, fit->validation,
                                  &fit->validation_batch, fit->options.validation_steps,
                                  &fit->validation_logs));
    return capas_stepper_logs(&fit->validator, "val_", &fit->logs);
}

static capas_status run_epoch(fit *fit)
{
    capas_logs_cut(&fit->logs, 0);
    CAPAS_TRY(capas_hook_epoch_begin(&fit->training, &fit->logs));
    CAPAS_TRY(train_batches(fit));
    capas_logs_cut(&fit->logs, 0);
    CAPAS_TRY(capas_stepper_logs(&fit->stepper, "", &fit->logs));
    capas_guards_epoch(&fit->guards, &fit->stepper);
    CAPAS_TRY(validate(fit));
    capas_logs_sort(&fit->logs);
    return capas_hook_epoch_end(&fit->training, &fit->logs);
}

static capas_status run(fit *fit)
{
    capas_training *training = &fit->training;
    training->epoch = fit->options.initial_epoch;
    find_start(fit);
    CAPAS_TRY(capas_hook_train_begin(training, &fit->logs));
    for (int epoch = training->epoch; epoch < training->epochs && !training->stop; epoch++) {
        training->epoch = epoch;
        CAPAS_TRY(run_epoch(fit));
    }
    return capas_hook_train_end(training, &fit->logs);
}

/* Beginning and end. */

/* The user's callbacks come first, then the history, then the lines: what a callback adds to the
 * logs is kept and shown. */
static capas_status gather(fit *fit)
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

static void close(fit *fit)
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
}

static capas_status fit_model(fit *fit)
{
    capas_trainer *trainer;
    CAPAS_TRY(capas_trainer_of(fit->model, "fit", &trainer));
    if (trainer->busy)
        return capas_fail(CAPAS_WRONG_STATE, "fit: the model is being trained already");
    capas_status status = open_data(fit);
    if (status == CAPAS_OK) status = gather(fit);
    if (status != CAPAS_OK) return status;
    trainer->busy = true;
    status = run(fit);
    trainer->busy = false;
    if (status == CAPAS_OK && fit->options.history) {
        *fit->options.history = fit->history;
        fit->history = NULL;
    }
    return status;
}

capas_status capas_fit_with(capas_model *model, capas_dataset *train,
                            const capas_fit_options *options)
{
    fit fit = {.model = model, .train = train};
    capas_status status = capas_copy_options(&fit.options, sizeof fit.options, options, "fit");
    if (status == CAPAS_OK && fit.options.history) *fit.options.history = NULL;
    CAPAS_TRY(capas_model_check(model));
    if (status == CAPAS_OK) status = capas_options_resolve(&capas_fit_table, &fit.options, "fit");
    if (status == CAPAS_OK) status = capas_check_dataset(train, "fit");
    if (status == CAPAS_OK) status = fit_model(&fit);
    close(&fit);
    return status == CAPAS_OK ? CAPAS_OK : capas_model_keep_failure(model, status);
}
