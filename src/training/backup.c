/* BackupAndRestore: counts batches and seconds until a checkpoint is due, and keeps its files:
 * `checkpoint`, and with double_checkpoint `checkpoint.previous`. At every moment one of them is
 * whole, wherever the process is killed; what it left half written is cleared away at the next
 * start. */
#include "training/backup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/system.h"
#include "training/callback.h"
#include "training/hooks.h"
#include "training/store.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SENTENCE = 400 };

struct capas_backup {
    capas_own_callback own;
    capas_backup_and_restore_options options; /* without the folder */
    char *folder, *newest, *previous, *beside;
    capas_backup *next; /* in the training's list */
    int64_t batches;    /* since the last checkpoint */
    double written;     /* when that was */
    double cost;        /* how long it took to write */
    bool wanted, newest_is_whole;
};

/* Options. */

#define FIELD(name) offsetof(capas_backup_and_restore_options, name)
static const capas_option options[] = {
    {.name = "backup_dir",
     .kind = &capas_option_path,
     .offset = FIELD(backup_dir),
     .help = "the folder of the checkpoints"},
    {.name = "save_freq",
     .kind = &capas_option_freq,
     .offset = FIELD(save_freq),
     .help = "epoch, or the number of batches between checkpoints"},
    {.name = "every_seconds",
     .kind = &capas_option_real,
     .offset = FIELD(every_seconds),
     .maximum = HUGE_VAL,
     .help = "a checkpoint also whenever so much time went by"},
    {.name = "largest_share",
     .kind = &capas_option_real,
     .offset = FIELD(largest_share),
     .standard = 1,
     .maximum = 1,
     .open_minimum = true,
     .help = "of the time that checkpoints may take"},
    {.name = "double_checkpoint",
     .kind = &capas_option_bool,
     .offset = FIELD(double_checkpoint),
     .help = "keeps the one before the newest too"},
    {.name = "delete_checkpoint",
     .kind = &capas_option_bool,
     .offset = FIELD(delete_checkpoint),
     .standard = 1,
     .help = "removes them when the training has come to its end"},
};

/* Files. */

/* The folder is ours to make; that it cannot be written to is told before the work. */
static capas_status prepare_folder(const capas_backup *backup)
{
    CAPAS_TRY(capas_make_folder(backup->folder));
    if (access(backup->folder, W_OK | X_OK) != 0)
        return capas_fail(CAPAS_WRITE_FAILED, "the folder %s cannot be written to: %m",
                          backup->folder);
    capas_remove_leftovers(backup->newest);
    capas_remove_leftovers(backup->beside);
    return CAPAS_OK;
}

static capas_status rename_file(const char *from, const char *to)
{
    if (capas_system.rename(from, to) == 0) return CAPAS_OK;
    return capas_fail(CAPAS_WRITE_FAILED, "%s could not be renamed to %s: %m", from, to);
}

/* The newest becomes the one before only when the new one is whole, and when it is whole itself. */
static capas_status write_double(capas_backup *backup, const capas_state_store *store)
{
    capas_status status = capas_store_state(store, backup->beside);
    if (status != CAPAS_OK) return status;
    if (backup->newest_is_whole) status = rename_file(backup->newest, backup->previous);
    if (status == CAPAS_OK) status = rename_file(backup->beside, backup->newest);
    if (status != CAPAS_OK) unlink(backup->beside);
    return status;
}

capas_status capas_backup_write(capas_backup *backup, const capas_state_store *store)
{
    double began = capas_seconds();
    backup->wanted = false;
    backup->batches = 0;
    capas_status status = backup->options.double_checkpoint
                              ? write_double(backup, store)
                              : capas_store_state(store, backup->newest);
    backup->written = capas_seconds();
    backup->cost = backup->written - began;
    if (status == CAPAS_OK) backup->newest_is_whole = true;
    return status;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static capas_status fail_restore(capas_status status)
{
    char cause[SENTENCE];
    snprintf(cause, sizeof cause, "%s", capas_error());
    return capas_fail(status, "fit: %s%s", cause,
                      status == CAPAS_BAD_FILE ? "; remove it to train anew" : "");
}

/* Without a newest there may be one before: the process was killed between two renames. */
capas_status capas_backup_restore(capas_backup *backup, capas_state_store *store, bool *found)
{
    bool has_previous = exists(backup->previous);
    capas_status status = CAPAS_OK;
    *found = false;
    if (exists(backup->newest)) {
        status = capas_restore_state(backup->newest, store);
        *found = backup->newest_is_whole = status == CAPAS_OK;
        if (*found || status != CAPAS_BAD_FILE || !has_previous)
            return *found ? CAPAS_OK : fail_restore(status);
        capas_warn("%s; the one before it is taken", capas_error());
    }
    if (!has_previous) return CAPAS_OK;
    status = capas_restore_state(backup->previous, store);
    *found = status == CAPAS_OK;
    return *found ? CAPAS_OK : fail_restore(status);
}

static void remove_files(const capas_backup *backup)
{
    unlink(backup->newest);
    unlink(backup->previous);
    unlink(backup->beside);
    rmdir(backup->folder); /* which others may use, too */
}

capas_backup *capas_backup_next(const capas_backup *backup)
{
    return backup->next;
}

bool capas_backup_wants(const capas_backup *backup, bool last)
{
    return backup->wanted || (last && backup->options.save_freq == 0);
}

const char *capas_backup_folder(const capas_backup *backup)
{
    return backup->folder;
}

/* Hooks. */

static capas_status begin(void *context, capas_training *training, capas_logs *logs)
{
    capas_backup *backup = context, **last = &training->backups;
    (void)logs;
    CAPAS_TRY(prepare_folder(backup));
    while (*last)
        last = &(*last)->next;
    *last = backup;
    backup->next = NULL;
    backup->wanted = backup->newest_is_whole = false;
    backup->batches = 0;
    backup->written = capas_seconds();
    backup->cost = 0;
    return CAPAS_OK;
}

/* Whether enough time went by since the last one that another takes no more than its share. */
static bool is_cheap(const capas_backup *backup)
{
    double share = backup->options.largest_share;
    return share == 1 || (capas_seconds() - backup->written) * share >= backup->cost;
}

static bool time_is_up(const capas_backup *backup)
{
    double seconds = backup->options.every_seconds;
    return seconds > 0 && capas_seconds() - backup->written >= seconds && is_cheap(backup);
}

static capas_status end_batch(void *context, capas_training *training, int64_t batch,
                              capas_logs *logs)
{
    capas_backup *backup = context;
    (void)training, (void)batch, (void)logs;
    backup->batches++;
    bool full = backup->options.save_freq > 0 && backup->batches >= backup->options.save_freq;
    backup->wanted = full || time_is_up(backup);
    return CAPAS_OK;
}

static capas_status end_epoch(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    capas_backup *backup = context;
    (void)training, (void)epoch, (void)logs;
    backup->wanted = (backup->options.save_freq == 0 && is_cheap(backup)) || time_is_up(backup);
    return CAPAS_OK;
}

static capas_status end(void *context, capas_training *training, capas_logs *logs)
{
    const capas_backup *backup = context;
    (void)training, (void)logs;
    if (backup->options.delete_checkpoint) remove_files(backup);
    return CAPAS_OK;
}

/* Making one. */

static char *path_in(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = capas_allocate(size, 1);
    if (path) snprintf(path, size, "%s/%s", folder, name);
    return path;
}

static capas_status make(void *own, const void *given, const char *where)
{
    capas_backup *backup = own;
    capas_callback *callback = &backup->own.callback;
    const char *folder = ((const capas_backup_and_restore_options *)given)->backup_dir;
    (void)where;
    backup->options = *(const capas_backup_and_restore_options *)given;
    backup->options.backup_dir = NULL;
    backup->folder = capas_copy_string(folder);
    backup->newest = path_in(folder, CAPAS_CHECKPOINT);
    backup->previous = path_in(folder, CAPAS_CHECKPOINT ".previous");
    backup->beside = path_in(folder, CAPAS_CHECKPOINT ".new");
    callback->on_train_begin = begin;
    callback->on_train_batch_end = end_batch;
    callback->on_epoch_end = end_epoch;
    callback->on_train_end = end;
    bool whole = backup->folder && backup->newest && backup->previous && backup->beside;
    return whole ? CAPAS_OK : CAPAS_NO_MEMORY;
}

static void close_backup(void *own)
{
    capas_backup *backup = own;
    capas_release(backup->folder);
    capas_release(backup->newest);
    capas_release(backup->previous);
    capas_release(backup->beside);
}

const capas_callback_type capas_backup_and_restore_type = {
    .table = {"BackupAndRestore", options, CAPAS_COUNT(options),
              sizeof(capas_backup_and_restore_options)},
    .size = sizeof(capas_backup),
    .make = make,
    .close = close_backup,
};

capas_callback *capas_backup_and_restore_with(const capas_backup_and_restore_options *given)
{
    return capas_callback_with(&capas_backup_and_restore_type, given);
}
