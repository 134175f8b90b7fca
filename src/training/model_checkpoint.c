/* ModelCheckpoint, with Keras 3's rules (keras-semantics 6.1): the best is remembered from one
 * training to the next; when the monitored number is missing, every file is written. */
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "training/callback.h"
#include "training/format_path.h"
#include "training/monitor.h"
#include "training/store.h"
#include <capas/state.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct checkpoint {
    capas_own_callback own;
    capas_model_checkpoint_options options; /* without its texts */
    capas_monitor monitor;
    char *filepath;
    int64_t batch;          /* the last one's number, from 1 */
    int64_t batches_since;  /* those of save_freq */
    double seconds_at_save; /* when every_seconds began to count */
} checkpoint;

#define FIELD(name) offsetof(capas_model_checkpoint_options, name)
static const capas_option options[] = {
    {.name = "filepath",
     .kind = &capas_option_path,
     .offset = FIELD(filepath),
     .help = "where it is saved; may name {epoch} and numbers of the logs"},
    CAPAS_MONITOR_ROW(capas_model_checkpoint_options),
    CAPAS_VERBOSE_ROW(capas_model_checkpoint_options),
    {.name = "save_best_only",
     .kind = &capas_option_bool,
     .offset = FIELD(save_best_only),
     .help = "only when the number has improved"},
    {.name = "save_weights_only",
     .kind = &capas_option_bool,
     .offset = FIELD(save_weights_only),
     .help = "weights in place of the model"},
    CAPAS_MODE_ROW(capas_model_checkpoint_options),
    {.name = "save_freq",
     .kind = &capas_option_freq,
     .offset = FIELD(save_freq),
     .help = "epoch, or the number of batches between files"},
    {.name = "every_seconds",
     .kind = &capas_option_real,
     .offset = FIELD(every_seconds),
     .maximum = HUGE_VAL,
     .help = "a file also whenever so much time went by"},
    {.name = "initial_value_threshold",
     .kind = &capas_option_real,
     .offset = FIELD(initial_value_threshold),
     .standard = CAPAS_NONE,
     .nullable = true,
     .help = "what the first value must be better than"},
};

static capas_status begin(void *context, capas_training *training, capas_logs *logs)
{
    checkpoint *state = context;
    (void)training, (void)logs;
    state->monitor.mode_known = state->monitor.warned = false; /* the best stays */
    state->seconds_at_save = capas_seconds();
    return CAPAS_OK;
}

/* Whether the monitored number allows a file; takes it as the best then. */
static capas_status may_save(checkpoint *state, capas_training *training, int epoch,
                             const capas_logs *logs, const char *path, bool *saves)
{
    capas_monitor *monitor = &state->monitor;
    bool speaks = state->options.verbose > 0, found;
    double value;
    char best[64] = "None";
    *saves = true;
    if (!state->options.save_best_only) {
        if (speaks) capas_note("Epoch %d: saving model to %s", epoch + 1, path);
        return CAPAS_OK;
    }
    CAPAS_TRY(capas_monitor_look(monitor, capas_training_model(training), logs, &value, &found));
    if (!found) return CAPAS_OK;
    if (monitor->has_best) snprintf(best, sizeof best, "%.5f", monitor->best);
    *saves = capas_monitor_improves(monitor, value);
    if (speaks && *saves)
        capas_note("Epoch %d: %s improved from %s to %.5f, saving model to %s", epoch + 1,
                   monitor->name, best, value, path);
    else if (speaks)
        capas_note("Epoch %d: %s did not improve from %s", epoch + 1, monitor->name, best);
    if (*saves) capas_monitor_take(monitor, value);
    return CAPAS_OK;
}

static capas_status save(checkpoint *state, capas_training *training, int epoch,
                         const capas_logs *logs)
{
    char path[CAPAS_PATH_SIZE];
    bool saves;
    capas_model *model = capas_training_model(training);
    if (capas_format_path(state->filepath, epoch + 1, state->batch, logs, path) != CAPAS_OK)
        return capas_fail_in("ModelCheckpoint: filepath");
    CAPAS_TRY(may_save(state, training, epoch, logs, path, &saves));
    state->batches_since = 0;
    state->seconds_at_save = capas_seconds();
    if (!saves) return CAPAS_OK;
    capas_status status = capas_make_folder_of(path);
    if (status == CAPAS_OK)
        status = state->options.save_weights_only ? capas_store_weights(model, path)
                                                  : capas_store_model(model, path);
    if (status != CAPAS_OK) return capas_fail_in("ModelCheckpoint");
    if (state->options.verbose > 0)
        capas_note("Epoch %d: finished saving model to %s", epoch + 1, path);
    return CAPAS_OK;
}

static capas_status end_batch(void *context, capas_training *training, int64_t batch,
                              capas_logs *logs)
{
    checkpoint *state = context;
    const capas_model_checkpoint_options *options = &state->options;
    state->batch = batch + 1;
    state->batches_since++;
    bool due = options->save_freq > 0 && state->batches_since >= options->save_freq;
    if (options->every_seconds > 0)
        due |= capas_seconds() - state->seconds_at_save >= options->every_seconds;
    return due ? save(state, training, capas_training_epoch(training), logs) : CAPAS_OK;
}

static capas_status end_epoch(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    checkpoint *state = context;
    return state->options.save_freq == 0 ? save(state, training, epoch, logs) : CAPAS_OK;
}

static capas_status save_state(void *context, capas_state *saved)
{
    const checkpoint *state = context;
    CAPAS_TRY(capas_monitor_save(&state->monitor, saved));
    return capas_state_set_number(saved, "batches_since", (double)state->batches_since);
}

static capas_status load_state(void *context, const capas_state *saved)
{
    checkpoint *state = context;
    int batches;
    CAPAS_TRY(capas_monitor_load(&state->monitor, saved));
    CAPAS_TRY(capas_callback_get_integer(saved, "batches_since", &batches));
    state->batches_since = batches;
    return CAPAS_OK;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), ending = strlen(end);
    return length > ending && strcmp(text + length - ending, end) == 0;
}

/* Files of ours must be read again by their name's ending, as Keras does. */
static capas_status check_path(const checkpoint *state, const char *where)
{
    const char *ending = state->options.save_weights_only ? ".weights.h5" : ".keras";
    if (!ends_with(state->filepath, ending))
        return capas_fail(
            CAPAS_INVALID_ARGUMENT, "%s: filepath must end in %s%s, found \"%s\"", where, ending,
            state->options.save_weights_only ? " with save_weights_only" : "", state->filepath);
    if (capas_check_path_format(state->filepath) == CAPAS_OK) return CAPAS_OK;
    return capas_fail_in("%s: filepath", where);
}

static capas_status make(void *own, const void *given, const char *where)
{
    checkpoint *state = own;
    state->options = *(const capas_model_checkpoint_options *)given;
    state->monitor = (capas_monitor){.owner = "ModelCheckpoint",
                                     .without = "every file is written",
                                     .name = (char *)state->options.monitor,
                                     .mode = state->options.mode};
    CAPAS_TRY(capas_monitor_open(&state->monitor));
    if (state->options.initial_value_threshold != CAPAS_NONE)
        capas_monitor_take(&state->monitor, state->options.initial_value_threshold);
    state->filepath = capas_copy_string(state->options.filepath);
    if (!state->filepath) return CAPAS_NO_MEMORY;
    state->own.decides = state->options.save_best_only;
    capas_callback *callback = &state->own.callback;
    callback->on_train_begin = begin;
    callback->on_train_batch_end = end_batch;
    callback->on_epoch_end = end_epoch;
    callback->save_state = save_state;
    callback->load_state = load_state;
    return check_path(state, where);
}

static void close(void *own)
{
    checkpoint *state = own;
    capas_monitor_close(&state->monitor);
    capas_release(state->filepath);
}

const capas_callback_type capas_model_checkpoint_type = {
    .table = {"ModelCheckpoint", options, CAPAS_COUNT(options),
              sizeof(capas_model_checkpoint_options)},
    .size = sizeof(checkpoint),
    .make = make,
    .close = close,
};

capas_callback *capas_model_checkpoint_with(const char *filepath,
                                            const capas_model_checkpoint_options *given)
{
    capas_model_checkpoint_options own;
    if (capas_copy_options(&own, sizeof own, given, "ModelCheckpoint") != CAPAS_OK) return NULL;
    own.struct_size = sizeof own;
    own.filepath = filepath;
    return capas_callback_with(&capas_model_checkpoint_type, &own);
}
