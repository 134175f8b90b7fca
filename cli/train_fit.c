/* The training of `capas train`: the recipe's callbacks, checkpoints, times of the epochs, and what
 * Ctrl-C does. */
#include "train.h"

#include "base/clock.h"
#include "base/memory.h"
#include <signal.h>
#include <string.h>

/* Checkpoints come at each epoch's end and every so many seconds, but take at most this share of
 * the time. */
static const double checkpoint_seconds = 60, checkpoint_share = 0.02;

enum { MOST_CALLBACKS = 16 };

static volatile sig_atomic_t interrupted;

static void note_signal(int number)
{
    (void)number;
    interrupted = 1;
}

void train_catch_signals(void)
{
    struct sigaction once = {.sa_handler = note_signal, .sa_flags = SA_RESETHAND | SA_RESTART};
    sigemptyset(&once.sa_mask);
    sigaction(SIGINT, &once, NULL);
    sigaction(SIGTERM, &once, NULL);
}

bool train_was_interrupted(void)
{
    return interrupted != 0;
}

static capas_status begin_train(void *context, capas_training *training, capas_logs *logs)
{
    train_run *run = context;
    (void)training, (void)logs;
    run->began = capas_seconds();
    capas_builder_add(&run->timing, "epoch,seconds\n");
    return run->timing.status;
}

static capas_status begin_epoch(void *context, capas_training *training, int epoch,
                                capas_logs *logs)
{
    (void)training, (void)epoch, (void)logs;
    ((train_run *)context)->epoch_began = capas_seconds();
    return CAPAS_OK;
}

static capas_status end_batch(void *context, capas_training *training, int64_t batch,
                              capas_logs *logs)
{
    train_run *run = context;
    (void)logs;
    if (!interrupted) return CAPAS_OK;
    run->stopped_epoch = capas_training_epoch(training) + 1;
    run->stopped_batch = batch + 1;
    run->steps = capas_training_steps(training);
    capas_training_interrupt(training);
    return CAPAS_OK;
}

static capas_status end_epoch(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    train_run *run = context;
    (void)logs;
    run->samples = capas_training_samples(training);
    capas_builder_print(&run->timing, "%d,%.3f\n", epoch, capas_seconds() - run->epoch_began);
    return run->timing.status;
}

/* The times of the processes before this one count as well. */
static capas_status save_state(void *context, capas_state *state)
{
    const train_run *run = context;
    double now = capas_seconds();
    capas_status status = capas_state_set_text(state, "timing", run->timing.data);
    if (status == CAPAS_OK)
        status = capas_state_set_number(state, "seconds", run->seconds + now - run->began);
    if (status == CAPAS_OK)
        status = capas_state_set_number(state, "epoch_seconds", now - run->epoch_began);
    if (status == CAPAS_OK) status = capas_state_set_number(state, "samples", (double)run->samples);
    return status;
}

static capas_status load_state(void *context, const capas_state *state)
{
    train_run *run = context;
    const char *timing;
    double in_epoch;
    double samples;
    CAPAS_TRY(capas_state_get_number(state, "seconds", &run->seconds));
    CAPAS_TRY(capas_state_get_number(state, "samples", &samples));
    run->samples = (int64_t)samples;
    CAPAS_TRY(capas_state_get_number(state, "epoch_seconds", &in_epoch));
    CAPAS_TRY(capas_state_get_text(state, "timing", &timing));
    capas_release(run->timing.data);
    run->timing = (capas_builder){0};
    capas_builder_add(&run->timing, timing);
    run->epoch_began = capas_seconds() - in_epoch;
    return run->timing.status;
}

static capas_status fit_with(train_run *run, capas_callback *backup)
{
    capas_fit_options options = {.struct_size = sizeof options};
    CAPAS_TRY(capas_recipe_fit_options(run->recipe, &run->opened, &options));
    capas_callback watcher = {.context = run,
                              .on_train_begin = begin_train,
                              .on_epoch_begin = begin_epoch,
                              .on_train_batch_end = end_batch,
                              .on_epoch_end = end_epoch,
                              .save_state = save_state,
                              .load_state = load_state};
    const capas_callback *callbacks[MOST_CALLBACKS];
    int count = 0;
    for (int i = 0; i < options.callback_count && count < MOST_CALLBACKS - 2; i++)
        callbacks[count++] = options.callbacks[i];
    callbacks[count++] = &watcher;
    callbacks[count++] = backup;
    options.callbacks = callbacks;
    options.callback_count = count;
    options.verbose = (int)run->verbose;
    if (run->force) options.force = 1;
    options.history = &run->history;
    return capas_fit_with(run->model, run->opened.train, &options);
}

capas_status train_fit(train_run *run)
{
    capas_callback *backup = capas_backup_and_restore(
        run->folder, .every_seconds = checkpoint_seconds, .largest_share = checkpoint_share,
        .double_checkpoint = CAPAS_TRUE, .delete_checkpoint = CAPAS_FALSE);
    if (backup == NULL) return capas_error_status();
    run->began = capas_seconds();
    /* A training that goes on gets what was found before it from its checkpoint. */
    capas_status status = capas_adapt(run->model, NULL, run->opened.train);
    if (status == CAPAS_OK) status = fit_with(run, backup);
    run->seconds += capas_seconds() - run->began;
    capas_callback_free(backup);
    return status;
}
