/* The result of a run: the files in its folder, and what is printed. */
#include "train.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "files/json.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RESULT_LIMIT = 16 << 20 };

void train_path(const train_run *run, const char *file, char path[TRAIN_PATH])
{
    snprintf(path, TRAIN_PATH, "%s/%s", run->folder, file);
}

capas_status train_write_text(const train_run *run, const char *file, const char *text)
{
    char path[TRAIN_PATH];
    train_path(run, file, path);
    return capas_write_file(path, text, strlen(text));
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
static capas_value *result_value(const train_run *run)
{
    char model[TRAIN_PATH];
    train_path(run, "model.keras", model);
    capas_value *result = capas_value_map();
    capas_value_set(result, "name", capas_value_string(capas_recipe_name(run->recipe)));
    capas_value_set(result, "seed", capas_value_integer(run->seed));
    capas_value_set(result, "epochs", capas_value_integer(capas_history_epochs(run->history)));
    capas_value_set(result, "samples", capas_value_integer(run->samples));
    capas_value_set(result, "validated_on_test",
                    capas_value_bool(capas_recipe_validates_on_test(run->recipe)));
    capas_value_set(result, "seconds", capas_value_real(round(run->seconds * 1000) / 1000));
    capas_value_set(result, "model", capas_value_string(model));
    capas_status status = capas_value_set(result, "history", history_value(run->history));
    if (run->has_test && status == CAPAS_OK)
        status = capas_value_set(result, "test", test_value(&run->test));
    if (status == CAPAS_OK) return result;
    capas_value_free(result);
    return NULL;
}

static capas_status write_history(const train_run *run)
{
    char *csv;
    CAPAS_TRY(capas_history_csv(run->history, &csv));
    capas_status status = train_write_text(run, "history.csv", csv);
    capas_free(csv);
    return status;
}

/* Curves of what the history has. They are an extra: a picture that cannot be made costs no
 * run. */
static void draw_history(const train_run *run)
{
    if (capas_history_epochs(run->history) == 0) return;
    if (capas_plot_run_folder(run->folder, "svg") != CAPAS_OK) capas_warn("%s", capas_error());
}

/* The result comes last: what it tells of is then there. */
static capas_status write_result(const train_run *run)
{
    capas_value *result = result_value(run);
    if (result == NULL) return capas_error_status();
    char *json = capas_json_write(result);
    capas_value_free(result);
    capas_status status =
        json != NULL ? train_write_text(run, "result.json", json) : capas_error_status();
    capas_release(json);
    return status;
}

capas_status train_save(train_run *run)
{
    char path[TRAIN_PATH];
    train_path(run, "model.keras", path);
    CAPAS_TRY(capas_save(run->model, path));
    CAPAS_TRY(write_history(run));
    draw_history(run);
    if (train_was_interrupted()) return CAPAS_OK;
    CAPAS_TRY(train_write_text(run, "timing.csv", run->timing.data));
    return write_result(run);
}

static void add_test(const train_run *run, capas_builder *text)
{
    double accuracy = capas_evaluation_get(&run->test, "accuracy");
    double expected = capas_recipe_expected_accuracy(run->recipe);
    capas_builder_print(text, "on the %lld test samples: loss %.4f", (long long)run->test.samples,
                        capas_evaluation_get(&run->test, "loss"));
    if (!isnan(accuracy))
        capas_builder_print(text, ", accuracy %.4f (%.2f %% right", accuracy, 100 * accuracy);
    if (!isnan(accuracy) && !isnan(expected))
        capas_builder_print(text,
                            accuracy >= expected
                                ? "; %.2f %% expected"
                                : "; less than the %.2f %% that the recipe expects",
                            100 * expected);
    if (!isnan(accuracy)) capas_builder_add(text, ")");
    if (capas_recipe_validates_on_test(run->recipe))
        capas_builder_add(text, "; they were the validation set, too");
}

static capas_status print_result(const train_run *run)
{
    char path[TRAIN_PATH], *said;
    capas_builder text = {0};
    int epochs = capas_history_epochs(run->history);
    train_path(run, "model.keras", path);
    printf("trained %d epoch%s in %.1f s, saved %s\n", epochs, epochs == 1 ? "" : "s", run->seconds,
           path);
    if (!run->has_test) return CAPAS_OK;
    add_test(run, &text);
    CAPAS_TRY(capas_builder_finish(&text, &said));
    cli_print_line(stdout, "", said);
    capas_release(said);
    return CAPAS_OK;
}

/* A signal came: where it stands, and how to go on. */
static int tell_interrupted(const train_run *run)
{
    if (run->stopped_epoch > 0)
        fprintf(stderr, "\nstopped after batch %lld of %lld in epoch %d",
                (long long)run->stopped_batch, (long long)run->steps, run->stopped_epoch);
    else
        fprintf(stderr, "\nstopped after the last epoch, before the result");
    fprintf(stderr,
            "; the model as it is now is in %s/model.keras. The same command%s goes on from "
            "there.\n",
            run->folder, run->fresh ? " without --fresh" : "");
    return CLI_FAILED;
}

int train_print(const train_run *run)
{
    if (train_was_interrupted()) return tell_interrupted(run);
    if (!run->json) return print_result(run) == CAPAS_OK ? CLI_DONE : cli_fail(run->command);
    return cli_print_json(result_value(run)) ? CLI_DONE : cli_fail(run->command);
}

static void print_finished(const capas_value *result)
{
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
}

/* A run that is there already: its result, and how to do it again. */
int train_show_finished(const train_run *run)
{
    char path[TRAIN_PATH], *text;
    size_t size;
    train_path(run, "result.json", path);
    if (capas_read_file(path, RESULT_LIMIT, &text, &size) != CAPAS_OK)
        return cli_fail(run->command);
    capas_value *result = capas_json_read(text, size, path);
    if (result != NULL) {
        fprintf(stderr,
                "%s holds this run, finished; this is its result. A larger fit.epochs goes on, "
                "--fresh trains it anew.\n",
                run->folder);
        if (run->json)
            printf("%s\n", text);
        else
            print_finished(result);
    }
    capas_release(text);
    if (result == NULL) return cli_fail(run->command);
    capas_value_free(result);
    return CLI_DONE;
}
