/* The data of a fit: what is kept for validation, and where the next batch comes from. */
#include "base/text.h"
#include "training/fit.h"
#include <math.h>

static capas_status check_split(const capas_fitting *fit, int64_t count, int64_t kept)
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
static capas_status split(capas_fitting *fit)
{
    int64_t count = fit->train->spec.count;
    if (count == CAPAS_ANY || !fit->train->type->slice)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "fit: validation_split needs a set of arrays; give a generator's "
                          "validation_data apart");
    int64_t kept = (int64_t)floor((double)count * (1.0 - fit->options.validation_split));
    CAPAS_TRY(check_split(fit, count, kept));
    if (kept == count) return CAPAS_OK;
    fit->validation_part =
        capas_dataset_slice(capas_dataset_unchanged(fit->train), kept, count - kept);
    fit->train_part = capas_dataset_slice(fit->train, 0, kept);
    if (!fit->train_part || !fit->validation_part) return capas_error_status();
    fit->train = fit->train_part;
    fit->validation = fit->validation_part;
    return CAPAS_OK;
}

static capas_status open_validation(capas_fitting *fit)
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

capas_status capas_fitting_open_data(capas_fitting *fit)
{
    fit->validation = fit->options.validation_data;
    if (!fit->validation && fit->options.validation_split > 0) CAPAS_TRY(split(fit));
    int size = capas_batch_room(fit->options.batch_size, fit->train->spec.count);
    int mode = CAPAS_STEP_TRAIN + (fit->options.force ? CAPAS_STEP_FORCE : 0);
    capas_step_extras extras;
    CAPAS_TRY(capas_watch_gather(&extras.watch, fit->model, fit->options.callbacks,
                                 fit->options.callback_count));
    CAPAS_TRY(capas_class_weights_take(&extras.class_weights, fit->options.class_weight,
                                       fit->options.class_weight_count, "fit"));
    CAPAS_TRY(capas_stepper_open_with(&fit->stepper, fit->model, &fit->train->spec, size, mode,
                                      &extras, "fit"));
    fit->training.stepper = &fit->stepper;
    CAPAS_TRY(capas_stepper_check_labels(&fit->stepper, fit->train, "fit"));
    capas_guards_begin(&fit->guards, &fit->stepper, fit->train);
    CAPAS_TRY(capas_batch_new(&fit->train->spec, size, &fit->batch));
    return open_validation(fit);
}

/* With steps_per_epoch one pass goes on over several epochs, and an
 * epoch in which the data ends is short: the epochs before are counted through. */
void capas_fitting_find_start(capas_fitting *fit)
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

capas_status capas_fitting_seek(capas_fitting *fit)
{
    if (fit->options.steps_per_epoch == 0) {
        fit->pass = fit->training.epoch;
        if (fit->step == 0) fit->index = 0;
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
static void end_pass(capas_fitting *fit)
{
    fit->pass++;
    fit->index = 0;
    fit->must_seek = true;
}

capas_status capas_fitting_next(capas_fitting *fit, int64_t step)
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
    CAPAS_TRY(capas_fitting_seek(fit));
    CAPAS_TRY(fit->train->type->next(fit->train, &fit->batch));
    fit->index += fit->batch.count;
    return CAPAS_OK;
}
