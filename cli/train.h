/* What the files of `capas train` share: one run in its folder. */
#ifndef CAPAS_CLI_TRAIN_H
#define CAPAS_CLI_TRAIN_H

#include "command.h"

#include "base/builder.h"
#include <capas/capas.h>

enum { TRAIN_PATH = 1200 };

typedef struct train_run {
    const cli_command *command;
    const char *recipe_name, *data;
    char folder[1024];
    int lock; /* the open folder, which is locked; -1: none */
    long long seed, verbose;
    bool fresh, force, json;
    cli_list settings;

    capas_recipe *recipe;
    int epochs; /* that are asked for */
    capas_model *model;
    capas_recipe_data opened;
    capas_history *history;
    capas_evaluation test;
    bool has_test;
    int64_t samples;   /* trained on */
    int stopped_epoch; /* where Ctrl-C came, from 1; 0: not while it was trained */
    int64_t stopped_batch, steps;
    double seconds, began, epoch_began; /* trained before this process; times of the clock */
    capas_builder timing;               /* text of timing.csv */
} train_run;

/* A file in the run's folder. */
void train_path(const train_run *run, const char *file, char path[TRAIN_PATH]);
capas_status train_write_text(const train_run *run, const char *file, const char *text);

/* The folder (train_folder.c): makes it, locks it for this process until `lock` is closed, and
 * finds out whether it holds this run. *finished: its result is there and nothing is left to be
 * done. A run that was begun is gone on with, one of another recipe, seed or data is refused by
 * what differs. */
capas_status train_open_folder(train_run *run, bool *finished);
/* Once the result is written: only the newest checkpoint is kept, for more epochs. */
void train_close_folder(const train_run *run);

/* The training itself (train_fit.c), with checkpoints in the run's folder. CAPAS_INTERRUPTED: a
 * signal came; the model and history are there all the same. */
capas_status train_fit(train_run *run);
/* From now on Ctrl-C and SIGTERM are noted, and whether one came; a second one ends the program. */
void train_catch_signals(void);
bool train_was_interrupted(void);

/* The result (train_result.c): files in the folder, and what is printed. */
capas_status train_save(train_run *run);
int train_print(const train_run *run);
int train_show_finished(const train_run *run);

#endif
