/* capas train: a recipe becomes a model. Leaves model.keras, history.csv with its curves
 * (accuracy.svg, loss.svg, ...), timing.csv and result.json in the run's folder. Started again, a
 * run that was killed goes on, and one that is finished is shown. */
#include "train.h"

#include "base/memory.h"
#include "base/option.h"
#include "recipe/parts.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static capas_status prepare(train_run *run)
{
    run->recipe = capas_recipe_load(run->recipe_name, run->settings.items, run->settings.count);
    if (run->recipe == NULL) return capas_error_status();
    if (run->folder[0] == '\0')
        snprintf(run->folder, sizeof run->folder, "runs/%s", capas_recipe_name(run->recipe));
    run->epochs = capas_recipe_epochs(run->recipe);
    return CAPAS_OK;
}

static capas_status make_model(train_run *run)
{
    CAPAS_TRY(capas_recipe_open_data(run->recipe, run->data, &run->opened));
    run->model = capas_recipe_model(run->recipe, (uint64_t)run->seed);
    if (run->model == NULL) return capas_error_status();
    int classes;
    const char *const *names = capas_dataset_class_names(run->opened.train, &classes);
    return names != NULL ? capas_model_set_class_names(run->model, names, classes) : CAPAS_OK;
}

static capas_status evaluate(train_run *run)
{
    capas_evaluate_options options = {
        .struct_size = sizeof options, .batch_size = 128, .force = run->force};
    if (run->opened.test == NULL) return CAPAS_OK;
    CAPAS_TRY(capas_evaluate_with(run->model, run->opened.test, &options, &run->test));
    run->has_test = true;
    return CAPAS_OK;
}

/* Signals are caught until all is saved. */
static capas_status train(train_run *run)
{
    CAPAS_TRY(make_model(run));
    train_catch_signals();
    capas_status status = train_fit(run);
    if (status == CAPAS_INTERRUPTED && train_was_interrupted()) return train_save(run);
    CAPAS_TRY(status);
    if (!train_was_interrupted()) CAPAS_TRY(evaluate(run));
    CAPAS_TRY(train_save(run));
    if (!train_was_interrupted()) train_close_folder(run);
    return CAPAS_OK;
}

static void close_run(train_run *run)
{
    capas_history_free(run->history);
    capas_model_free(run->model);
    capas_recipe_close_data(&run->opened);
    capas_recipe_free(run->recipe);
    capas_release(run->timing.data);
    if (run->lock >= 0) close(run->lock);
}

static int run_in_folder(train_run *run)
{
    bool finished = false;
    capas_status status = prepare(run);
    if (status == CAPAS_OK) status = train_open_folder(run, &finished);
    if (status == CAPAS_OK && finished) {
        train_close_folder(run); /* which a kill may have come before */
        return train_show_finished(run);
    }
    if (status == CAPAS_OK) status = train(run);
    return status == CAPAS_OK ? train_print(run) : cli_fail(run->command);
}

static int run_train(const cli_command *command, int argc, char **argv)
{
    train_run run = {.command = command, .verbose = 1, .lock = -1};
    const char *folder = NULL;
    const cli_option options[] = {
        {"--out", "DIR", "where the run goes (default: runs/NAME)", CLI_STRING, &folder},
        {"--seed", "N", "decides weights, dropout and shuffling (default: 0)", CLI_INTEGER,
         &run.seed},
        {"--data", "D", "other data: fashion-mnist, or a folder with IDX files or of pictures",
         CLI_STRING, &run.data},
        {"--set", "KEY=VALUE", "changes the recipe, e.g. fit.epochs=1; may be repeated", CLI_LIST,
         &run.settings},
        {"--fresh", NULL, "trains anew, whatever the folder holds", CLI_FLAG, &run.fresh},
        {"--force", NULL, "goes on with data that are refused, e.g. scaled otherwise", CLI_FLAG,
         &run.force},
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
    status = run_in_folder(&run);
    close_run(&run);
    return status;
}

const cli_command cli_train = {
    .name = "train",
    .arguments = "RECIPE",
    .summary =
        "Trains the network of a recipe, evaluates it and saves it; goes on where it was stopped.",
    .examples = "  capas train cnn-simple\n"
                "  capas train cnn-simple --set fit.epochs=1 --seed 7 --fresh --out /tmp/try\n"
                "  capas train my-recipe.yaml --data fashion-mnist\n",
    .minimum = 1,
    .maximum = 1,
    .run = run_train,
};
