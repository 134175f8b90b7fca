/* capas reproduce: trains experiments, each as the command `capas train` that a user would type,
 * and makes a table of them. What is done is not done again; what was cut off goes on. */
#include "results.h"

#include "command.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/option.h"
#include "files/json.h"
#include <capas/recipe.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_EXPERIMENTS = 256, PATH = 1024 };

extern char **environ;

typedef struct reproduction {
    const cli_command *command;
    const char *results_path, *out;
    long long seeds[RESULTS_SEEDS];
    int seed_count, count, runs, done;
    bool json, failed;
    results_experiment *experiments;
    char *names; /* of all recipes, which the experiments point into */
    capas_value *rows;
} reproduction;

/* Experiments. */

/* The time that a run took before, by the same recipe with any seed; NaN: it never ran. */
static double known_seconds(const reproduction *all, const char *id)
{
    for (size_t i = 0; i < all->rows->count; i++) {
        const capas_value *name = capas_value_get(all->rows->items[i], "id");
        if (name != NULL && name->string != NULL && strcmp(name->string, id) == 0)
            return results_number(all->rows->items[i], "seconds");
    }
    return NAN;
}

/* One that is there already, under whatever name, is described once. Data are read for a hash that
 * is needed only: of what is run or has rows. */
static capas_status describe(reproduction *all, const char *recipe, bool named, bool chosen)
{
    if (all->count == MOST_EXPERIMENTS) return CAPAS_OK;
    capas_recipe *loaded = capas_recipe_load(recipe, NULL, 0);
    if (loaded == NULL) return capas_error_status();
    results_experiment new = {.recipe = recipe, .chosen = chosen};
    snprintf(new.id, sizeof new.id, "%s", capas_recipe_name(loaded));
    new.published = capas_recipe_published_accuracy(loaded);
    new.floor = capas_recipe_expected_accuracy(loaded);
    capas_recipe_keras_accuracy(loaded, &new.keras[0], &new.keras[1]);
    new.validates_on_test = capas_recipe_validates_on_test(loaded);
    bool is_experiment = named || !isnan(new.floor);
    bool is_shown = is_experiment && (chosen || !isnan(known_seconds(all, new.id)));
    capas_status status = is_shown ? capas_recipe_hash(loaded, new.hash) : CAPAS_OK;
    capas_recipe_free(loaded);
    if (status != CAPAS_OK || !is_shown) return status;
    int at = 0;
    while (at < all->count && strcmp(all->experiments[at].id, new.id) != 0)
        at++;
    if (at == all->count) all->experiments[all->count++] = new;
    all->experiments[at].chosen |= chosen;
    return CAPAS_OK;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const results_experiment *)a)->id, ((const results_experiment *)b)->id);
}

/* Those that are named are run, or else all that say what they should reach; all stand in the
 * document. */
static capas_status gather(reproduction *all, char **names, int count)
{
    all->experiments = capas_allocate(MOST_EXPERIMENTS, sizeof *all->experiments);
    if (all->experiments == NULL) return CAPAS_NO_MEMORY;
    for (int i = 0; i < count; i++)
        CAPAS_TRY(describe(all, names[i], true, true));
    CAPAS_TRY(capas_recipe_names(&all->names));
    capas_status status = CAPAS_OK;
    for (char *name = strtok(all->names, "\n"); name != NULL && status == CAPAS_OK;
         name = strtok(NULL, "\n")) {
        status = describe(all, name, false, count == 0);
        if (status != CAPAS_NO_FILE) continue;
        /* Not everybody has every data set. */
        if (count == 0) cli_print_line(stderr, "left out: ", capas_error());
        status = CAPAS_OK;
    }
    qsort(all->experiments, (size_t)all->count, sizeof *all->experiments, compare_ids);
    return status;
}

/* One run, in a process of its own. */

/* All of a pipe; NULL when memory runs out. */
static char *read_all(int pipe)
{
    capas_builder text = {0};
    char piece[4096], *whole;
    for (;;) {
        ssize_t got = read(pipe, piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        capas_builder_add_bytes(&text, piece, (size_t)got);
    }
    return capas_builder_finish(&text, &whole) == CAPAS_OK ? whole : NULL;
}

static int spawn(char *const *arguments, int to, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return error;
    error = posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn(child, "/proc/self/exe", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Notes in the run's folder of which experiment it is. *fresh: it was another one, whose recipe or
 * data have changed since. */
static capas_status note_hash(const char *folder, const char *hash, bool *fresh)
{
    char path[PATH], *before = NULL;
    size_t size = 0;
    int length = snprintf(path, sizeof path, "%s/hash", folder);
    *fresh = false;
    if (length < 0 || (size_t)length >= sizeof path)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "the folder %s has too long a name", folder);
    if (access(path, F_OK) == 0) {
        CAPAS_TRY(capas_read_file(path, PATH, &before, &size));
        *fresh = strncmp(before, hash, strlen(hash)) != 0;
        capas_release(before);
    }
    CAPAS_TRY(capas_make_folder(folder));
    return capas_write_file(path, hash, strlen(hash));
}

/* What `capas train` prints with --json, read; NULL when it failed and has said why. */
static capas_value *train(const char *recipe, long long seed, const char *folder, bool fresh)
{
    char number[32];
    int ends[2];
    pid_t child;
    snprintf(number, sizeof number, "%lld", seed);
    char *arguments[] = {
        "capas",        "train",  (char *)recipe,           "--seed", number, "--out",
        (char *)folder, "--json", fresh ? "--fresh" : NULL, NULL};
    if (pipe(ends) != 0) return NULL;
    int error = spawn(arguments, ends[1], &child);
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        capas_fail(CAPAS_NO_FILE, "the program cannot be started: %s", strerror(error));
        return NULL;
    }
    char *text = read_all(ends[0]);
    int status = 0;
    close(ends[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0 && text != NULL;
    capas_value *result = done ? capas_json_read(text, strlen(text), "capas train") : NULL;
    capas_release(text);
    return result;
}

/* The table. */

static capas_status write_document(const reproduction *all)
{
    char path[PATH];
    capas_builder text = {0};
    const char *ending = strrchr(all->results_path, '.');
    int stem = ending ? (int)(ending - all->results_path) : (int)strlen(all->results_path);
    snprintf(path, sizeof path, "%.*s.md", stem, all->results_path);
    results_markdown(&text, all->rows, all->experiments, all->count);
    size_t length = text.length;
    char *whole;
    CAPAS_TRY(capas_builder_finish(&text, &whole));
    capas_status status = capas_write_file(path, whole, length);
    capas_release(whole);
    return status;
}

static capas_status keep(reproduction *all, const results_experiment *experiment,
                         const capas_value *result)
{
    CAPAS_TRY(results_put(all->rows, results_row(experiment, result)));
    CAPAS_TRY(results_write(all->results_path, all->rows));
    return write_document(all);
}

/* Nothing is to be done for it. */
static bool is_done(const reproduction *all, const results_experiment *experiment, long long seed)
{
    if (!experiment->chosen) return true;
    return results_find(all->rows, experiment->id, seed, experiment->hash) != NULL;
}

/* Minutes that the runs from here on need, as far as their times are known. */
static void tell_run(const reproduction *all, int at, int seed_at)
{
    double left = 0;
    int unknown = 0;
    for (int s = seed_at; s < all->seed_count; s++)
        for (int i = s == seed_at ? at : 0; i < all->count; i++) {
            double seconds = known_seconds(all, all->experiments[i].id);
            if (is_done(all, &all->experiments[i], all->seeds[s])) continue;
            unknown += isnan(seconds);
            left += isnan(seconds) ? 0 : seconds;
        }
    fprintf(stderr, "\n[%d of %d] %s, seed %lld", all->done + 1, all->runs, all->experiments[at].id,
            all->seeds[seed_at]);
    if (left > 0) fprintf(stderr, "; about %.0f min left", ceil(left / 60));
    if (unknown > 0) fprintf(stderr, "%s %d not timed yet", left > 0 ? ", and" : ";", unknown);
    fprintf(stderr, "\n");
}

static bool run_one(reproduction *all, int at, int seed_at)
{
    const results_experiment *experiment = &all->experiments[at];
    char folder[PATH];
    long long seed = all->seeds[seed_at];
    if (is_done(all, experiment, seed)) return true;
    tell_run(all, at, seed_at);
    bool fresh;
    capas_value *result = NULL;
    snprintf(folder, sizeof folder, "%s/%s/seed-%lld", all->out, experiment->id, seed);
    capas_status status = note_hash(folder, experiment->hash, &fresh);
    if (status == CAPAS_OK) result = train(experiment->recipe, seed, folder, fresh);
    if (result != NULL) status = keep(all, experiment, result);
    if (result == NULL || status != CAPAS_OK) all->failed = true;
    capas_value_free(result);
    all->done++;
    if (status != CAPAS_OK) cli_fail(all->command);
    return status == CAPAS_OK;
}

static volatile sig_atomic_t interrupted;

/* The run gets the same signal and saves; here it is only noted, so that nothing new is begun. */
static void note_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static int run_all(reproduction *all)
{
    signal(SIGINT, note_signal);
    signal(SIGTERM, note_signal);
    for (int s = 0; s < all->seed_count; s++)
        for (int i = 0; i < all->count; i++)
            all->runs += !is_done(all, &all->experiments[i], all->seeds[s]);
    for (int s = 0; s < all->seed_count; s++)
        for (int i = 0; i < all->count && !interrupted; i++)
            if (!run_one(all, i, s)) return CLI_FAILED;
    if (write_document(all) != CAPAS_OK) return cli_fail(all->command);
    if (!all->json) results_print(stdout, all->rows, all->experiments, all->count);
    if (interrupted) fprintf(stderr, "stopped; the same command goes on\n");
    return all->failed || interrupted ? CLI_FAILED : CLI_DONE;
}

static bool read_seeds(reproduction *all, const char *text)
{
    for (const char *at = text; all->seed_count < RESULTS_SEEDS;) {
        char *end;
        errno = 0;
        long long seed = strtoll(at, &end, 10);
        if (end == at || errno != 0 || seed < 0) return false;
        all->seeds[all->seed_count++] = seed;
        if (*end == '\0') return true;
        if (*end != ',') return false;
        at = end + 1;
    }
    return false;
}

static int run_reproduce(const cli_command *command, int argc, char **argv)
{
    reproduction all = {.command = command, .out = "runs"};
    const char *seeds = "0";
    const cli_option options[] = {
        {"--seeds", "LIST", "the seeds of each, e.g. 0,1,2 (default: 0)", CLI_STRING, &seeds},
        {"--out", "DIR", "where the runs go, as DIR/ID/seed-N (default: runs)", CLI_STRING,
         &all.out},
        {"--results", "FILE", "the figures; the table goes beside it (default: docs/results.json)",
         CLI_STRING, &all.results_path},
        {"--json", NULL, "prints all rows as JSON", CLI_FLAG, &all.json},
    };
    int count, status;
    if (!cli_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &count, &status))
        return status;
    if (!read_seeds(&all, seeds)) {
        fprintf(stderr,
                "capas reproduce: --seeds must be numbers of at least 0, at most %d of "
                "them, as 0,1,2; found \"%s\".\n",
                RESULTS_SEEDS, seeds);
        return CLI_WRONG_USE;
    }
    if (all.results_path == NULL)
        all.results_path = access("docs", W_OK) == 0 ? "docs/results.json" : "results.json";
    all.rows = results_read(all.results_path);
    if (all.rows == NULL || gather(&all, argv, count) != CAPAS_OK)
        status = cli_fail(command);
    else
        status = run_all(&all);
    if (all.json && all.rows != NULL) {
        capas_value *rows = all.rows;
        all.rows = NULL;
        if (!cli_print_json(rows)) status = cli_fail(command);
    }
    capas_value_free(all.rows);
    capas_release(all.experiments);
    capas_free(all.names);
    return status;
}

const cli_command cli_reproduce = {
    .name = "reproduce",
    .arguments = "[RECIPE...]",
    .summary = "Trains the experiments with several seeds, and makes a table of what they reach.",
    .examples = "  capas reproduce crash-mlp keras-mlp --seeds 0,1,2\n"
                "  capas reproduce\n",
    .minimum = 0,
    .maximum = -1,
    .run = run_reproduce,
};
