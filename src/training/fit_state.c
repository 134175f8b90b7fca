/* Everything of a fit under way into a checkpoint, and back: weights, the optimizer's slots and
 * numbers, where in the data it stands, running sums, and what each callback remembers. Random
 * draws are counted by seed and step, so that nothing of them is kept. */
#include "base/lines.h"
#include "training/backup.h"
#include "training/fit.h"
#include "training/store.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 320, NAME_SIZE = 40 };

/* Saving. */

static capas_status save_numbers(const capas_fitting *fit, int epoch, int64_t step,
                                 capas_state *state)
{
    const capas_trainer *trainer = fit->model->trainer;
    CAPAS_TRY(capas_state_set_number(state, "epoch", epoch));
    CAPAS_TRY(capas_state_set_number(state, "step", (double)step));
    CAPAS_TRY(capas_state_set_number(state, "pass", fit->pass));
    CAPAS_TRY(capas_state_set_number(state, "index", (double)fit->index));
    CAPAS_TRY(capas_state_set_number(state, "samples", (double)fit->training.samples));
    CAPAS_TRY(capas_state_set_number(state, "stop", fit->training.stop));
    CAPAS_TRY(capas_state_set_number(state, "iteration", (double)trainer->iteration));
    return capas_state_set_number(state, "learning_rate", trainer->learning_rate);
}

/* The large blocks stay where they are. */
static capas_status lend_blocks(const capas_model *model, capas_state *state)
{
    const capas_trainer *trainer = model->trainer;
    char name[NAME_SIZE];
    CAPAS_TRY(capas_state_lend(state, "weights", model->values,
                               (size_t)model->value_count * sizeof(float)));
    for (int i = 0; i < trainer->slot_count; i++) {
        snprintf(name, sizeof name, "slots/%d", i);
        CAPAS_TRY(capas_state_lend(state, name, trainer->slots[i],
                                   (size_t)model->gradient_count * sizeof(float)));
    }
    return CAPAS_OK;
}

/* The logs of the epoch, which on_train_end is given. */
static capas_status save_logs(const capas_logs *logs, capas_state *state)
{
    char name[NAME_SIZE];
    CAPAS_TRY(capas_state_set_number(state, "logs", (double)logs->count));
    for (size_t i = 0; i < logs->count; i++) {
        snprintf(name, sizeof name, "logs/%zu", i);
        capas_state part = capas_state_part(state, name);
        CAPAS_TRY(capas_state_set_text(&part, "name", logs->entries[i].name));
        CAPAS_TRY(capas_state_set_number(&part, "value", logs->entries[i].value));
    }
    return CAPAS_OK;
}

static capas_status save(capas_fitting *fit, int epoch, int64_t step, capas_state *state)
{
    CAPAS_TRY(capas_fitting_identify(fit));
    CAPAS_TRY(capas_state_set_text(state, "identity", fit->identity));
    CAPAS_TRY(capas_state_set_text(state, "kernels", capas_kernel_set()));
    CAPAS_TRY(save_numbers(fit, epoch, step, state));
    CAPAS_TRY(lend_blocks(fit->model, state));
    CAPAS_TRY(save_logs(&fit->logs, state));
    CAPAS_TRY(capas_stepper_save(&fit->stepper, state));
    return capas_hook_save_state(&fit->training, state);
}

/* One state for all backups that want it, or for all when the call is to be ended. */
static capas_status write_backups(capas_fitting *fit, int epoch, int64_t step)
{
    capas_state_store store = {0};
    capas_state state = capas_state_of(&store);
    capas_backup *backup = fit->training.backups;
    bool all = fit->training.interrupted;
    bool last = step == 0 && (capas_fitting_is_over(fit) || epoch == fit->training.epochs);
    while (backup && !all && !capas_backup_wants(backup, last))
        backup = capas_backup_next(backup);
    if (!backup) return CAPAS_OK;
    capas_status status = save(fit, epoch, step, &state);
    for (; backup && status == CAPAS_OK; backup = capas_backup_next(backup))
        if (all || capas_backup_wants(backup, last)) status = capas_backup_write(backup, &store);
    capas_state_clear(&store);
    return status;
}

static capas_status fail_interrupted(const capas_fitting *fit, int epoch, int64_t step)
{
    const capas_backup *backup = fit->training.backups;
    if (step == 0)
        return capas_fail(CAPAS_INTERRUPTED, "fit: interrupted after epoch %d%s%s", epoch,
                          backup ? "; it goes on from the checkpoint in " : "",
                          backup ? capas_backup_folder(backup) : "");
    return capas_fail(CAPAS_INTERRUPTED, "fit: interrupted in epoch %d after batch %lld%s%s",
                      epoch + 1, (long long)step,
                      backup ? "; it goes on from the checkpoint in " : "",
                      backup ? capas_backup_folder(backup) : "");
}

capas_status capas_fitting_pause(capas_fitting *fit, int epoch, int64_t step)
{
    capas_status status = write_backups(fit, epoch, step);
    if (fit->training.interrupted)
        return status == CAPAS_OK ? fail_interrupted(fit, epoch, step) : status;
    if (status != CAPAS_OK)
        capas_warn("fit: no checkpoint was written in epoch %d, the training goes on without it: "
                   "%.300s",
                   fit->training.epoch + 1, capas_error());
    return CAPAS_OK;
}

/* Restoring. */

/* A whole number of at least 0. */
static capas_status get_count(const capas_state *state, const char *name, double most,
                              int64_t *count)
{
    double number;
    CAPAS_TRY(capas_state_get_number(state, name, &number));
    if (!(number >= 0 && number <= most) || number != floor(number))
        return capas_fail(CAPAS_BAD_FILE,
                          "the saved state's \"%s\" must be a whole number from 0 to %.9g, found "
                          "%.9g",
                          name, most, number);
    *count = (int64_t)number;
    return CAPAS_OK;
}

static capas_status check_identity(capas_fitting *fit, const capas_state *state)
{
    const char *identity, *kernels;
    char difference[TEXT_SIZE];
    CAPAS_TRY(capas_fitting_identify(fit));
    CAPAS_TRY(capas_state_get_text(state, "identity", &identity));
    CAPAS_TRY(capas_state_get_text(state, "kernels", &kernels));
    if (capas_lines_differ(identity, fit->identity, difference, sizeof difference))
        return capas_fail(CAPAS_WRONG_STATE,
                          "it is of another training: %s; remove it to train anew, or give this "
                          "training another folder",
                          difference);
    if (strcmp(kernels, capas_kernel_set()) != 0)
        capas_warn("fit: the checkpoint was written with the kernel set %s, it goes on with %s: "
                   "the result may differ in the last bits",
                   kernels, capas_kernel_set());
    return CAPAS_OK;
}

/* Where it goes on. */
static capas_status load_place(capas_fitting *fit, const capas_state *state, int *epoch)
{
    int64_t number = 0;
    CAPAS_TRY(get_count(state, "epoch", INT32_MAX, &number));
    *epoch = (int)number;
    CAPAS_TRY(get_count(state, "step", 1e15, &fit->step));
    CAPAS_TRY(get_count(state, "pass", INT32_MAX, &number));
    fit->pass = (int)number;
    CAPAS_TRY(get_count(state, "index", 1e15, &fit->index));
    fit->must_seek = true;
    int begun = *epoch + (fit->step > 0);
    if (begun <= fit->training.epochs) return CAPAS_OK;
    return capas_fail(CAPAS_WRONG_STATE,
                      "it has %d epochs, more than the %d that were asked for; ask for as many, or "
                      "remove it to train anew",
                      begun, fit->training.epochs);
}

static capas_status load_numbers(capas_fitting *fit, const capas_state *state)
{
    capas_trainer *trainer = fit->model->trainer;
    int64_t stop = 0;
    CAPAS_TRY(get_count(state, "stop", 1, &stop));
    CAPAS_TRY(get_count(state, "samples", 1e15, &fit->training.samples));
    CAPAS_TRY(get_count(state, "iteration", 1e15, &trainer->iteration));
    CAPAS_TRY(capas_state_get_number(state, "learning_rate", &trainer->learning_rate));
    fit->training.stop = stop;
    if (trainer->iteration > 0) capas_optimizer_built(fit->model);
    return CAPAS_OK;
}

static capas_status load_blocks(capas_model *model, const capas_state *state)
{
    const capas_trainer *trainer = model->trainer;
    char name[NAME_SIZE];
    CAPAS_TRY(capas_state_get_data(state, "weights", model->values,
                                   (size_t)model->value_count * sizeof(float)));
    capas_model_touch(model);
    for (int i = 0; i < trainer->slot_count; i++) {
        snprintf(name, sizeof name, "slots/%d", i);
        CAPAS_TRY(capas_state_get_data(state, name, trainer->slots[i],
                                       (size_t)model->gradient_count * sizeof(float)));
    }
    return CAPAS_OK;
}

static capas_status load_logs(capas_logs *logs, const capas_state *state)
{
    int64_t count = 0;
    CAPAS_TRY(get_count(state, "logs", 1 << 16, &count));
    capas_logs_cut(logs, 0);
    for (int64_t i = 0; i < count; i++) {
        char name[NAME_SIZE];
        const char *text;
        double value;
        snprintf(name, sizeof name, "logs/%lld", (long long)i);
        const capas_state part = capas_state_part(state, name);
        CAPAS_TRY(capas_state_get_text(&part, "name", &text));
        CAPAS_TRY(capas_state_get_number(&part, "value", &value));
        CAPAS_TRY(capas_logs_set(logs, text, value));
    }
    return CAPAS_OK;
}

static void tell_place(const capas_fitting *fit)
{
    const capas_training *training = &fit->training;
    if (fit->step > 0 && training->steps != CAPAS_ANY)
        capas_note("goes on from epoch %d, batch %lld of %lld", training->epoch + 1,
                   (long long)fit->step + 1, (long long)training->steps);
    else if (fit->step > 0)
        capas_note("goes on from epoch %d, batch %lld", training->epoch + 1,
                   (long long)fit->step + 1);
    else if (training->stop || training->epoch == training->epochs)
        capas_note("goes on after epoch %d, the last", training->epoch);
    else
        capas_note("goes on from epoch %d", training->epoch + 1);
}

/* In the middle of an epoch callbacks see its beginning once more; what they and on_train_begin
 * have set is then replaced. */
static capas_status load(capas_fitting *fit, const capas_state *state)
{
    CAPAS_TRY(check_identity(fit, state));
    CAPAS_TRY(load_place(fit, state, &fit->training.epoch));
    tell_place(fit);
    if (fit->step > 0) CAPAS_TRY(capas_hook_epoch_begin(&fit->training, &fit->logs));
    CAPAS_TRY(load_numbers(fit, state));
    CAPAS_TRY(load_blocks(fit->model, state));
    CAPAS_TRY(load_logs(&fit->logs, state));
    CAPAS_TRY(capas_stepper_load(&fit->stepper, state));
    return capas_hook_load_state(&fit->training, state);
}

capas_status capas_fitting_restore(capas_fitting *fit)
{
    capas_state_store store = {0};
    capas_backup *backup = fit->training.backups;
    for (; backup; backup = capas_backup_next(backup)) {
        bool found;
        CAPAS_TRY(capas_backup_restore(backup, &store, &found));
        if (found) break;
    }
    if (!backup) return CAPAS_OK;
    capas_state state = capas_state_of(&store);
    capas_status status = load(fit, &state);
    capas_state_clear(&store);
    if (status == CAPAS_OK) return CAPAS_OK;
    return capas_fail_in("fit: the checkpoint in %s", capas_backup_folder(backup));
}
