/* The folder of a run. recipe.txt says what the run is made of, one line each thing, so that the
 * same command finds its own run and another one is refused by what differs; its last line is the
 * number of epochs, which may grow. */
#include "train.h"

#include "base/file.h"
#include "base/lines.h"
#include "base/memory.h"
#include "recipe/parts.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { TEXT_LIMIT = 1 << 24, DIFFERENCE = 320 };

static const char recipe_file[] = "recipe.txt", result_file[] = "result.json",
                  epochs_line[] = "fit.epochs: ";
static const char *const checkpoints[] = {"checkpoint", "checkpoint.previous", NULL};

static bool has_file(const train_run *run, const char *file)
{
    char path[TRAIN_PATH];
    train_path(run, file, path);
    return access(path, F_OK) == 0;
}

static void remove_file(const train_run *run, const char *file)
{
    char path[TRAIN_PATH];
    train_path(run, file, path);
    unlink(path);
}

/* Told before the work, not after it. */
static capas_status make_folder(const train_run *run)
{
    CAPAS_TRY(capas_make_folder(run->folder));
    if (access(run->folder, W_OK | X_OK) != 0)
        return capas_fail(CAPAS_WRITE_FAILED, "the folder %s cannot be written to: %m",
                          run->folder);
    return CAPAS_OK;
}

/* One process at a time: the lock is the folder's own, so nothing is left of it when the process
 * ends in whatever way. Where folders cannot be locked (some network file systems), there is none.
 */
static capas_status lock_folder(train_run *run)
{
    run->lock = open(run->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run->lock < 0 || flock(run->lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return CAPAS_OK;
    return capas_fail(
        CAPAS_WRONG_STATE,
        "another capas train is at work in %s; wait until it ends, or train in another "
        "folder with --out DIR",
        run->folder);
}

static void remove_leftovers(const train_run *run)
{
    char path[TRAIN_PATH];
    train_path(run, "", path);
    capas_remove_leftovers(path);
}

/* What this run is made of. */
static capas_status describe(const train_run *run, char **text)
{
    capas_builder lines = {0};
    capas_lines_add_integer(&lines, "--seed", run->seed);
    if (run->data != NULL) capas_lines_add_text(&lines, "--data", run->data);
    capas_recipe_lines(run->recipe, &lines);
    return capas_builder_finish(&lines, text);
}

static capas_status fail_other(const train_run *run, const char *difference)
{
    return capas_fail(CAPAS_WRONG_STATE,
                      "%s holds another run: %s; --fresh trains anew in its place, --out DIR in "
                      "another folder",
                      run->folder, difference);
}

/* Cuts the last line off; the number of epochs in it, or -1. */
static int take_epochs(char *text)
{
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '\n') text[--length] = '\0';
    char *last = strrchr(text, '\n');
    last = last != NULL ? last + 1 : text;
    if (strncmp(last, epochs_line, sizeof epochs_line - 1) != 0) return -1;
    int epochs = atoi(last + sizeof epochs_line - 1);
    *last = '\0';
    return epochs;
}

/* `there` is what recipe.txt says. */
static capas_status compare(const train_run *run, char *there, const char *here, bool *finished)
{
    char difference[DIFFERENCE];
    int epochs = take_epochs(there);
    bool has_result = has_file(run, result_file);
    if (capas_lines_differ(there, here, difference, sizeof difference))
        return fail_other(run, difference);
    if (has_result && epochs > run->epochs) {
        snprintf(difference, sizeof difference, "fit.epochs is %d there and %d here", epochs,
                 run->epochs);
        return fail_other(run, difference);
    }
    *finished = has_result && epochs == run->epochs;
    bool can_go_on = has_file(run, checkpoints[0]) || has_file(run, checkpoints[1]);
    if (*finished || !has_result || can_go_on) return CAPAS_OK;
    return capas_fail(CAPAS_NO_FILE,
                      "%s holds this run with %d epochs, but no checkpoint to go on from to %d; "
                      "--fresh trains it anew",
                      run->folder, epochs, run->epochs);
}

static capas_status look(const train_run *run, const char *here, bool *finished)
{
    char path[TRAIN_PATH], *there;
    size_t size;
    bool begun = has_file(run, result_file) || has_file(run, checkpoints[0]) ||
                 has_file(run, checkpoints[1]);
    if (!begun) return CAPAS_OK;
    if (!has_file(run, recipe_file))
        return fail_other(run, "what it was trained with is not known, recipe.txt is missing");
    train_path(run, recipe_file, path);
    CAPAS_TRY(capas_read_file(path, TEXT_LIMIT, &there, &size));
    capas_status status = compare(run, there, here, finished);
    capas_release(there);
    return status;
}

/* A result that is no longer this run's goes first, so that a kill leaves none that is wrong. */
static capas_status begin_run(const train_run *run, const char *here)
{
    capas_builder text = {0};
    char *lines;
    remove_file(run, result_file);
    for (int i = 0; run->fresh && checkpoints[i] != NULL; i++)
        remove_file(run, checkpoints[i]);
    capas_builder_add(&text, here);
    capas_builder_print(&text, "%s%d\n", epochs_line, run->epochs);
    CAPAS_TRY(capas_builder_finish(&text, &lines));
    capas_status status = train_write_text(run, recipe_file, lines);
    capas_release(lines);
    return status;
}

capas_status train_open_folder(train_run *run, bool *finished)
{
    char *here;
    *finished = false;
    CAPAS_TRY(make_folder(run));
    CAPAS_TRY(lock_folder(run));
    remove_leftovers(run);
    CAPAS_TRY(describe(run, &here));
    capas_status status = run->fresh ? CAPAS_OK : look(run, here, finished);
    if (status == CAPAS_OK && !*finished) status = begin_run(run, here);
    capas_release(here);
    return status;
}

void train_close_folder(const train_run *run)
{
    if (has_file(run, checkpoints[0])) remove_file(run, checkpoints[1]);
}
