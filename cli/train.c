/* capas train: a recipe becomes a model. Leaves model.keras, history.csv, timing.csv and
 * result.json in the run's folder; a finished run is shown, not done again. */
#include "command.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/option.h"
#include "files/json.h"
#include <capas/capas.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct run {
    const cli_command *command;
    const char *recipe_name, *data;
    char folder[1024];
    long long seed, verbose;
    bool fresh, json;
    cli_list settings;

    capas_recipe *recipe;
    capas_model *model;
    capas_recipe_data opened;
    capas_history *history;
    capas_evaluation test;
    bool has_test;
    int stopped_epoch; /* where Ctrl-C came, from 1 */
    int64_t stopped_batch, steps;
    double seconds;
    char *timing; /* text of timing.csv */
    size_t timing_used, timing_capacity;
    double epoch_began;
} run;

static volatile sig_atomic_t interrupted;

static void note_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static void path_in(const run *run, const char *file, char path[1200])
{
    snprintf(path, 1200, "%s/%s", run->folder, file);
}

/* Ctrl-C ends the training after the batch; what was learned is saved all the same. */
static capas_status watch_interrupt(void *context, capas_training *training, int64_t batch,
                                    capas_logs *logs)
{
    run *run = context;
    (void)logs;
    if (!interrupted) return CAPAS_OK;
    run->stopped_epoch = capas_training_epoch(training) + 1;
    run->stopped_batch = batch + 1;
    run->steps = capas_training_steps(training);
    capas_training_stop(training);
    return CAPAS_OK;
}

static capas_status start_epoch(void *context, capas_training *training, int epoch,
                                capas_logs *logs)
{
    (void)training;
    (void)epoch;
    (void)logs;
    ((run *)context)->epoch_began = capas_seconds();
    return CAPAS_OK;
}

static capas_status time_epoch(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    (void)training;
    (void)logs;
    run *run = context;
    char line[64];
    int length =
        snprintf(line, sizeof line, "%d,%.3f\n", epoch, capas_seconds() - run->epoch_began);
    for (int i = 0; i <= length; i++) {
        CAPAS_TRY(capas_grow((void **)&run->timing, run->timing_used, &run->timing_capacity, 1));
        run->timing[run->timing_used++] = line[i];
    }
    run->timing_used--; /* the next line goes over the ending 0 */
    return CAPAS_OK;
}

static capas_status fit(run *run)
{
    capas_fit_options options = {.struct_size = sizeof options};
    CAPAS_TRY(capas_recipe_fit_options(run->recipe, &run->opened, &options));
    capas_callback watcher = {.context = run,
                              .on_train_batch_end = watch_interrupt,
                              .on_epoch_begin = start_epoch,
                              .on_epoch_end = time_epoch};
    const capas_callback *callbacks[16] = {&watcher};
    int count = 1;
    for (int i = 0; i < options.callback_count && count < 16; i++)
        callbacks[count++] = options.callbacks[i];
    options.callbacks = callbacks;
    options.callback_count = count;
    options.verbose = (int)run->verbose;
    options.history = &run->history;
    double began = capas_seconds();
    capas_status status = capas_fit_with(run->model, run->opened.train, &options);
    run->seconds = capas_seconds() - began;
    return status;
}

static capas_value *history_value(const capas_history *history)
{
    capas_value *map = capas_value_map();
    for (int i = 0; i < capas_history_count(history); i++) {
        const char *name = capas_history_name(history, i);
        const double *values = capas_history_values(history, name);
        capas_value *list = capas_value_list();
        for (int epoch = 0; epoch < capas_history_epochs(history); epoch++)
            capas_value_append(list, isnan(values[epoch]) ? capas_value_null()
                                                          : capas_value_real(values[epoch]));
        if (capas_value_set(map, name, list) != CAPAS_OK) return capas_value_free(map), NULL;
    }
    return map;
}

static capas_value *test_value(const capas_evaluation *evaluation)
{
    capas_value *map = capas_value_map();
    for (int i = 0; i < evaluation->count; i++)
        capas_value_set(map, evaluation->names[i], capas_value_real(evaluation->values[i]));
    return map;
}

/* What --json prints and result.json holds; NULL with the sentence on failure. */
static capas_value *result_value(const run *run)
{
    char model[1200];
    path_in(run, "model.keras", model);
    capas_value *result = capas_value_map();
    capas_value_set(result, "name", capas_value_string(capas_recipe_name(run->recipe)));
    capas_value_set(result, "seed", capas_value_integer(run->seed));
    capas_value_set(result, "epochs", capas_value_integer(capas_history_epochs(run->history)));
    capas_value_set(result, "seconds", capas_value_real(round(run->seconds * 1000) / 1000));
    capas_value_set(result, "model", capas_value_string(model));
    capas_status status = capas_value_set(result, "history", history_value(run->history));
    if (run->has_test && status == CAPAS_OK)
        status = capas_value_set(result, "test", test_value(&run->test));
    if (status == CAPAS_OK) return result;
    capas_value_free(result);
    return NULL;
}

static capas_status write_text(const run *run, const char *file, const char *text)
{
    char path[1200];
    path_in(run, file, path);
    return capas_write_file(path, text, strlen(text));
}

static capas_status save(run *run)
{
    char path[1200], *csv = NULL, *json = NULL;
    path_in(run, "model.keras", path);
    CAPAS_TRY(capas_save(run->model, path));
    path_in(run, "result.json", path);
    if (interrupted) remove(path); /* that of a run before is no longer this model's */
    CAPAS_TRY(capas_history_csv(run->history, &csv));
    capas_status status = write_text(run, "history.csv", csv);
    capas_free(csv);
    if (status != CAPAS_OK || interrupted) return status;
    CAPAS_TRY(write_text(run, "timing.csv", run->timing != NULL ? run->timing : "epoch,seconds\n"));
    capas_value *result = result_value(run);
    if (result == NULL) return capas_error_status();
    json = capas_json_write(result);
    capas_value_free(result);
    status = json != NULL ? write_text(run, "result.json", json) : capas_error_status();
    capas_release(json);
    return status;
}

static void print_result(const run *run)
{
    char path[1200];
    path_in(run, "model.keras", path);
    double accuracy = capas_evaluation_get(&run->test, "accuracy");
    double expected = capas_recipe_expected_accuracy(run->recipe);
    int epochs = capas_history_epochs(run->history);
    printf("trained %d epoch%s in %.1f s, saved %s\n", epochs, epochs == 1 ? "" : "s", run->seconds,
           path);
    if (!run->has_test) return;
    printf("on the %lld test samples: loss %.4f", (long long)run->test.samples,
           capas_evaluation_get(&run->test, "loss"));
    if (!isnan(accuracy)) printf(", accuracy %.4f (%.2f %% right", accuracy, 100 * accuracy);
    if (!isnan(accuracy) && !isnan(expected))
        printf(accuracy >= expected ? "; %.2f %% expected"
                                    : "; less than the %.2f %% that the recipe expects",
               100 * expected);
    printf(isnan(accuracy) ? "\n" : ")\n");
}

/* A run that is there already: its result, and how to do it again. */
static int show_finished(const run *run, const char *result_path)
{
    char *text = NULL;
    size_t size;
    if (capas_read_file(result_path, 16 << 20, &text, &size) != CAPAS_OK)
        return cli_fail(run->command);
    fprintf(stderr, "%s holds a finished run; this is its result. --fresh trains it anew.\n",
            run->folder);
    if (run->json) {
        printf("%s\n", text);
    } else {
        capas_value *result = capas_json_read(text, size, result_path);
        if (result == NULL) {
            capas_release(text);
            return cli_fail(run->command);
        }
        const capas_value *test = capas_value_get(result, "test");
        const capas_value *loss = capas_value_get(test, "loss"),
                          *accuracy = capas_value_get(test, "accuracy");
        const capas_value *seed = capas_value_get(result, "seed"),
                          *epochs = capas_value_get(result, "epochs");
        if (seed != NULL && epochs != NULL)
            printf("seed %lld, epochs %lld", (long long)seed->integer, (long long)epochs->integer);
        if (loss != NULL) printf("; test: loss %.4f", loss->real);
        if (accuracy != NULL) printf(", accuracy %.4f", accuracy->real);
        printf("\n");
        capas_value_free(result);
    }
    capas_release(text);
    return CLI_DONE;
}

static capas_status prepare(run *run)
{
    run->recipe = capas_recipe_load(run->recipe_name, run->settings.items, run->settings.count);
    if (run->recipe == NULL) return capas_error_status();
    if (run->folder[0] == '\0')
        snprintf(run->folder, sizeof run->folder, "runs/%s", capas_recipe_name(run->recipe));
    return CAPAS_OK;
}

/* Told before the work, not after it. */
static capas_status make_folder(const run *run)
{
    CAPAS_TRY(capas_make_folder(run->folder));
    if (access(run->folder, W_OK | X_OK) == 0) return CAPAS_OK;
    return capas_fail(CAPAS_WRITE_FAILED, "the folder %s cannot be written to: %m", run->folder);
}

static capas_status train(run *run)
{
    CAPAS_TRY(make_folder(run));
    static const char head[] = "epoch,seconds\n";
    run->timing = capas_copy_memory(head, sizeof head);
    if (run->timing == NULL) return CAPAS_NO_MEMORY;
    run->timing_used = sizeof head - 1;
    run->timing_capacity = sizeof head;
    CAPAS_TRY(capas_recipe_open_data(run->recipe, run->data, &run->opened));
    run->model = capas_recipe_model(run->recipe, (uint64_t)run->seed);
    if (run->model == NULL) return capas_error_status();
    int classes;
    const char *const *names = capas_dataset_class_names(run->opened.train, &classes);
    if (names != NULL) CAPAS_TRY(capas_model_set_class_names(run->model, names, classes));
    signal(SIGINT, note_interrupt); /* until all is saved */
    CAPAS_TRY(fit(run));
    if (run->opened.test != NULL && !interrupted) {
        capas_evaluate_options options = {.struct_size = sizeof options, .batch_size = 128};
        CAPAS_TRY(capas_evaluate_with(run->model, run->opened.test, &options, &run->test));
        run->has_test = true;
    }
    return save(run);
}

static void close_run(run *run)
{
    capas_history_free(run->history);
    capas_model_free(run->model);
    capas_recipe_close_data(&run->opened);
    capas_recipe_free(run->recipe);
    capas_release(run->timing);
}

static int tell_interrupt(const run *run)
{
    if (run->stopped_epoch > 0)
        fprintf(stderr, "\nstopped after batch %lld of %lld in epoch %d",
                (long long)run->stopped_batch, (long long)run->steps, run->stopped_epoch);
    else
        fprintf(stderr, "\nstopped after the last epoch, before the result");
    fprintf(stderr,
            "; the model as it is now is in %s/model.keras. The same command starts anew.\n",
            run->folder);
    return CLI_FAILED;
}

static int finish(run *run, capas_status status)
{
    if (status != CAPAS_OK) return cli_fail(run->command);
    if (interrupted) return tell_interrupt(run);
    if (run->json) {
        if (!cli_print_json(result_value(run))) return cli_fail(run->command);
    } else {
        print_result(run);
    }
    return CLI_DONE;
}

static int run_train(const cli_command *command, int argc, char **argv)
{
    run run = {.command = command, .verbose = 1};
    const char *folder = NULL;
    const cli_option options[] = {
        {"--out", "DIR", "where the run goes (default: runs/NAME)", CLI_STRING, &folder},
        {"--seed", "N", "decides weights, dropout and shuffling (default: 0)", CLI_INTEGER,
         &run.seed},
        {"--data", "D", "other data: fashion-mnist, or a folder with IDX files", CLI_STRING,
         &run.data},
        {"--set", "KEY=VALUE", "changes the recipe, e.g. fit.epochs=1; may be repeated", CLI_LIST,
         &run.settings},
        {"--fresh", NULL, "trains anew when the run is finished already", CLI_FLAG, &run.fresh},
        {"--verbose", "N", "0 silent, 1 a bar, 2 a line an epoch (default: 1)", CLI_INTEGER,
         &run.verbose},
        {"--json", NULL, "prints the result as JSON", CLI_FLAG, &run.json},
    };
    int count, status;
    if (!cli_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &count, &status))
        return status;
    if (run.verbose < 0 || run.verbose > 2 || run.seed < 0) {
        fprintf(stderr, "capas train: --verbose must be 0, 1 or 2, and --seed at least 0.\n");
        return CLI_WRONG_USE;
    }
    if (folder != NULL && (*folder == '\0' || strlen(folder) >= sizeof run.folder)) {
        fprintf(stderr, "capas train: --out must be the path of a folder, of at most %zu bytes.\n",
                sizeof run.folder - 1);
        return CLI_WRONG_USE;
    }
    run.recipe_name = argv[0];
    if (folder != NULL) snprintf(run.folder, sizeof run.folder, "%s", folder);
    capas_status prepared = prepare(&run);
    char result_path[1200];
    path_in(&run, "result.json", result_path);
    if (prepared == CAPAS_OK && !run.fresh && access(result_path, F_OK) == 0)
        status = show_finished(&run, result_path);
    else
        status = finish(&run, prepared != CAPAS_OK ? prepared : train(&run));
    close_run(&run);
    return status;
}

const cli_command cli_train = {
    .name = "train",
    .arguments = "RECIPE",
    .summary = "Trains the network of a recipe, evaluates it and saves it.",
    .examples = "  capas train cnn-simple\n"
                "  capas train cnn-simple --set fit.epochs=1 --seed 7 --fresh --out /tmp/try\n"
                "  capas train my-recipe.yaml --data fashion-mnist\n",
    .minimum = 1,
    .maximum = 1,
    .run = run_train,
};
