/* The figures of experiments; see results.h. */
#include "results.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/option.h"
#include "files/json.h"
#include <capas/runtime.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BYTES = 16 << 20 };

/* Rows. */

capas_value *results_read(const char *path)
{
    if (access(path, F_OK) != 0) return capas_value_list();
    char *text;
    size_t size;
    if (capas_read_file(path, MOST_BYTES, &text, &size) != CAPAS_OK) return NULL;
    capas_value *rows = capas_json_read(text, size, path);
    capas_release(text);
    if (rows == NULL || rows->kind == CAPAS_VALUE_LIST) return rows;
    capas_value_free(rows);
    capas_fail(CAPAS_BAD_FILE, "%s: a list of results is expected; name another file, or remove it",
               path);
    return NULL;
}

static int compare_rows(const void *a, const void *b)
{
    const capas_value *left = *(const capas_value *const *)a,
                      *right = *(const capas_value *const *)b;
    const capas_value *first = capas_value_get(left, "id"), *second = capas_value_get(right, "id");
    int order = first && second && first->string && second->string
                    ? strcmp(first->string, second->string)
                    : 0;
    if (order != 0) return order;
    double difference = results_number(left, "seed") - results_number(right, "seed");
    return (difference > 0) - (difference < 0);
}

/* A row a line, in order: the file lies in a repository, where lines are compared. */
capas_status results_write(const char *path, const capas_value *rows)
{
    capas_builder text = {0};
    if (rows->count > 1) qsort(rows->items, rows->count, sizeof *rows->items, compare_rows);
    capas_builder_add(&text, "[");
    for (size_t i = 0; i < rows->count; i++) {
        char *row = capas_json_write(rows->items[i]);
        if (row != NULL) capas_builder_print(&text, "%s\n%s", i > 0 ? "," : "", row);
        if (row == NULL) text.status = capas_error_status();
        capas_release(row);
    }
    capas_builder_add(&text, "\n]\n");
    size_t length = text.length;
    char *whole = NULL;
    CAPAS_TRY(capas_builder_finish(&text, &whole));
    capas_status status = capas_write_file(path, whole, length);
    capas_release(whole);
    return status;
}

static bool is_text(const capas_value *row, const char *key, const char *text)
{
    const capas_value *value = capas_value_get(row, key);
    return value != NULL && value->kind == CAPAS_VALUE_STRING && strcmp(value->string, text) == 0;
}

double results_number(const capas_value *row, const char *key)
{
    const capas_value *value = capas_value_get(row, key);
    bool known =
        value != NULL && (value->kind == CAPAS_VALUE_REAL || value->kind == CAPAS_VALUE_INTEGER);
    return known ? value->real : NAN;
}

static size_t index_of(const capas_value *rows, const char *id, long long seed)
{
    for (size_t i = 0; i < rows->count; i++)
        if (is_text(rows->items[i], "id", id) &&
            results_number(rows->items[i], "seed") == (double)seed)
            return i;
    return rows->count;
}

const capas_value *results_find(const capas_value *rows, const char *id, long long seed,
                                const char *hash)
{
    size_t i = index_of(rows, id, seed);
    if (i == rows->count) return NULL;
    return hash == NULL || is_text(rows->items[i], "hash", hash) ? rows->items[i] : NULL;
}

capas_status results_put(capas_value *rows, capas_value *row)
{
    const capas_value *id = capas_value_get(row, "id");
    if (id == NULL || id->string == NULL) {
        capas_value_free(row);
        return capas_error_status();
    }
    size_t i = index_of(rows, id->string, (long long)results_number(row, "seed"));
    if (i == rows->count) return capas_value_append(rows, row);
    capas_value_free(rows->items[i]);
    rows->items[i] = row;
    return CAPAS_OK;
}

/* The commit that is checked out, or the version where there is no repository. */
static void find_commit(char *text, size_t size)
{
    FILE *git = popen("git rev-parse --short=12 HEAD 2> /dev/null", "r");
    text[0] = '\0';
    if (git != NULL) {
        if (fgets(text, (int)size, git) == NULL) text[0] = '\0';
        pclose(git);
    }
    text[strcspn(text, "\n")] = '\0';
    if (text[0] == '\0') snprintf(text, size, "version %s", capas_version());
}

static void find_processor(char *text, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(text, size, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *name = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
        if (name == NULL) continue;
        name[strcspn(name, "\n")] = '\0';
        snprintf(text, size, "%s", name + 2);
        break;
    }
    if (file != NULL) fclose(file);
}

static capas_status copy_number(capas_value *row, const char *key, const capas_value *from,
                                const char *name)
{
    double number = results_number(from, name);
    return capas_value_set(row, key, isnan(number) ? capas_value_null() : capas_value_real(number));
}

capas_value *results_row(const results_experiment *experiment, const capas_value *result)
{
    char commit[64], processor[128];
    const capas_value *test = capas_value_get(result, "test");
    double seconds = results_number(result, "seconds"), samples = results_number(result, "samples");
    find_commit(commit, sizeof commit);
    find_processor(processor, sizeof processor);
    capas_value *row = capas_value_map();
    capas_value_set(row, "id", capas_value_string(experiment->id));
    capas_value_set(row, "seed", capas_value_integer((int64_t)results_number(result, "seed")));
    copy_number(row, "accuracy", test, "accuracy");
    copy_number(row, "loss", test, "loss");
    capas_value_set(row, "epochs", capas_value_integer((int64_t)results_number(result, "epochs")));
    capas_value_set(row, "seconds", capas_value_real(seconds));
    double rate = samples > 0 && seconds > 0 ? round(samples / seconds) : 0;
    capas_value_set(row, "samples_per_second", capas_value_real(rate));
    capas_value_set(row, "validated_on_test", capas_value_bool(experiment->validates_on_test));
    capas_value_set(row, "hash", capas_value_string(experiment->hash));
    capas_value_set(row, "commit", capas_value_string(commit));
    capas_value_set(row, "processor", capas_value_string(processor));
    capas_value_set(row, "kernels", capas_value_string(capas_kernel_set()));
    if (capas_value_set(row, "threads", capas_value_integer(capas_threads())) == CAPAS_OK)
        return row;
    capas_value_free(row);
    return NULL;
}

/* The table. */

/* What the rows of one experiment say together. */
typedef struct summary {
    int seeds;
    double accuracies[RESULTS_SEEDS], seconds[RESULTS_SEEDS], rates[RESULTS_SEEDS],
        epochs[RESULTS_SEEDS];
} summary;

static int compare_numbers(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

/* Of sorted numbers; the mean of the two in the middle. */
static double median(const double *numbers, int count)
{
    return (numbers[(count - 1) / 2] + numbers[count / 2]) / 2;
}

static summary sum_up(const capas_value *rows, const results_experiment *experiment)
{
    summary all = {0};
    for (size_t i = 0; i < rows->count && all.seeds < RESULTS_SEEDS; i++) {
        const capas_value *row = rows->items[i];
        if (!is_text(row, "id", experiment->id) || !is_text(row, "hash", experiment->hash))
            continue;
        if (isnan(results_number(row, "accuracy"))) continue;
        all.accuracies[all.seeds] = results_number(row, "accuracy");
        all.seconds[all.seeds] = results_number(row, "seconds");
        all.rates[all.seeds] = results_number(row, "samples_per_second");
        all.epochs[all.seeds++] = results_number(row, "epochs");
    }
    double *const columns[] = {all.accuracies, all.seconds, all.rates, all.epochs};
    for (size_t i = 0; i < CAPAS_COUNT(columns); i++)
        qsort(columns[i], (size_t)all.seeds, sizeof *columns[i], compare_numbers);
    return all;
}

enum { COLUMNS = 10, CELL = 32 };
static const char *const titles[COLUMNS] = {"experiment", "published", "Keras", "floor",
                                            "ours",       "range",     "seeds", "epochs",
                                            "time",       "samples/s"};

static void put_accuracy(char cell[CELL], double accuracy)
{
    snprintf(cell, CELL, isnan(accuracy) ? "-" : "%.4f", accuracy);
}

static void put_range(char cell[CELL], const char *format, const double *sorted, int count)
{
    if (isnan(sorted[0])) {
        snprintf(cell, CELL, "-");
        return;
    }
    int length = snprintf(cell, CELL, format, sorted[0]);
    if (sorted[count - 1] == sorted[0] || length < 0) return;
    length += snprintf(cell + length, (size_t)(CELL - length), "-");
    snprintf(cell + length, (size_t)(CELL - length), format, sorted[count - 1]);
}

static void put_time(char cell[CELL], double seconds)
{
    if (seconds < 100)
        snprintf(cell, CELL, "%.1f s", seconds);
    else
        snprintf(cell, CELL, "%.0f min %02.0f s", floor(seconds / 60), floor(fmod(seconds, 60)));
}

/* `mark` follows an experiment whose test set was its validation set. */
static void fill_cells(char cells[COLUMNS][CELL], const results_experiment *experiment,
                       const summary *all, const char *mark)
{
    double ours = median(all->accuracies, all->seeds);
    snprintf(cells[0], CELL, "%.28s%s", experiment->id, experiment->validates_on_test ? mark : "");
    put_accuracy(cells[1], experiment->published);
    put_range(cells[2], "%.4f", experiment->keras, 2);
    put_accuracy(cells[3], experiment->floor);
    snprintf(cells[4], CELL, "%.4f%s", ours, ours < experiment->floor ? " (below)" : "");
    put_range(cells[5], "%.4f", all->accuracies, all->seeds);
    snprintf(cells[6], CELL, "%d", all->seeds);
    put_range(cells[7], "%.0f", all->epochs, all->seeds);
    put_time(cells[8], median(all->seconds, all->seeds));
    snprintf(cells[9], CELL, "%.0f", median(all->rates, all->seeds));
}

static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_cells(FILE *to, const int widths[COLUMNS], const char *const cells[COLUMNS])
{
    for (int c = 0; c < COLUMNS; c++) {
        int space = widths[c] - width_of(cells[c]);
        const char *between = c + 1 < COLUMNS ? "  " : "\n";
        if (c == 0)
            fprintf(to, "%s%*s%s", cells[c], space, "", between);
        else
            fprintf(to, "%*s%s%s", space, "", cells[c], between);
    }
}

void results_print(FILE *to, const capas_value *rows, const results_experiment *experiments,
                   int count)
{
    int widths[COLUMNS];
    for (int c = 0; c < COLUMNS; c++)
        widths[c] = width_of(titles[c]);
    for (int pass = 0; pass < 2; pass++) { /* the first only measures */
        if (pass == 1) print_cells(to, widths, titles);
        for (int i = 0; i < count; i++) {
            char cells[COLUMNS][CELL];
            const char *texts[COLUMNS];
            summary all = sum_up(rows, &experiments[i]);
            if (all.seeds == 0 || !experiments[i].chosen) continue;
            fill_cells(cells, &experiments[i], &all, "*");
            for (int c = 0; c < COLUMNS; c++) {
                texts[c] = cells[c];
                if (width_of(cells[c]) > widths[c]) widths[c] = width_of(cells[c]);
            }
            if (pass == 1) print_cells(to, widths, texts);
        }
    }
    fprintf(to,
            "ours: the median test accuracy of the seeds; *: the test set was also the validation "
            "set\n");
}

static void add_head(capas_builder *text)
{
    capas_builder_add(
        text,
        "# Results\n"
        "Written by `capas reproduce`, which trains the recipes of [recipes/](../recipes/) and "
        "keeps "
        "the figures of each run\nin [results.json](results.json), with commit and processor. "
        "*Published* is the single run of the source that the\nrecipe names; *Keras* the range of "
        "the runs of the same recipe in Keras 3.15 (bench/peers/keras-recipe.sh), where\nthere "
        "are some; *floor* what the median of seeds 0, 1 and 2 must reach; *ours* the median test "
        "accuracy of our seeds.\nTime is that of the training, validation included, without "
        "evaluation and start, on a machine that other work may have shared.\n\n|");
    for (int c = 0; c < COLUMNS; c++)
        capas_builder_print(text, " %s |", titles[c]);
    capas_builder_add(text, "\n|");
    for (int c = 0; c < COLUMNS; c++)
        capas_builder_add(text, c == 0 ? "---|" : "---:|");
    capas_builder_add(text, "\n");
}

void results_markdown(capas_builder *text, const capas_value *rows,
                      const results_experiment *experiments, int count)
{
    add_head(text);
    for (int i = 0; i < count; i++) {
        char cells[COLUMNS][CELL];
        summary all = sum_up(rows, &experiments[i]);
        if (all.seeds == 0) continue;
        fill_cells(cells, &experiments[i], &all, " \\*");
        capas_builder_add(text, "|");
        for (int c = 0; c < COLUMNS; c++)
            capas_builder_print(text, " %s |", cells[c]);
        capas_builder_add(text, "\n");
    }
    capas_builder_add(text, "\n\\* The test set was also the validation set, as in the source; "
                            "nothing was chosen by it.\n");
}
