/* capas plot: pictures of trainings, data and models. Here are the list of kinds, what they share,
 * and the two that need neither data nor a model; see plot_data.c and plot_model.c. */
#include "plot.h"

#include "base/option.h"
#include "base/text.h"
#include <capas/capas.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const cli_command *const kinds[] = {
    &cli_plot_history,   &cli_plot_samples,   &cli_plot_pixels,
    &cli_plot_augmented, &cli_plot_confusion, &cli_plot_mistakes,
    &cli_plot_filters,   &cli_plot_features,  &cli_plot_edges};

static const char *kind_name(size_t kind)
{
    return kinds[kind]->name + strlen("plot ");
}

/* The options for the library; false when they are used wrongly, and says so. */
static bool fill_options(const cli_command *command, const cli_plot *plot,
                         capas_plot_options *options)
{
    *options = (capas_plot_options){.struct_size = sizeof *options, .title = plot->title};
    if (plot->format && strcmp(plot->format, "svg") != 0 && strcmp(plot->format, "png") != 0) {
        fprintf(stderr, "capas %s: --format must be svg or png.\n", command->name);
        return false;
    }
    bool good = (plot->width == 0 || (plot->width >= 100 && plot->width <= 8192)) &&
                plot->columns >= 0 && plot->columns <= 64;
    options->width = good ? (int)plot->width : 0;
    options->columns = good ? (int)plot->columns : 0;
    if (!good)
        fprintf(stderr, "capas %s: --width must be 100 to 8192, and --columns 1 to 64.\n",
                command->name);
    return good;
}

bool cli_plot_parse(const cli_command *command, const cli_option *table, int table_count, int argc,
                    char **argv, const cli_plot *plot, capas_plot_options *options, int *count,
                    int *status)
{
    if (!cli_parse(command, table, table_count, argc, argv, count, status)) return false;
    *status = CLI_WRONG_USE;
    return fill_options(command, plot, options);
}

static const char *ending(const cli_plot *plot)
{
    return plot->format ? plot->format : "svg";
}

const char *cli_plot_path(const cli_plot *plot, const char *beside, const char *name,
                          char path[1200])
{
    const char *slash = beside ? strrchr(beside, '/') : NULL;
    int folder = slash ? (int)(slash - beside) + 1 : 0;
    if (plot->out) return plot->out;
    snprintf(path, 1200, "%.*s%.60s.%.3s", folder < 1000 ? folder : 0, folder > 0 ? beside : "",
             name, ending(plot));
    return path;
}

int cli_plot_done(const cli_command *command, capas_status status, const char *path)
{
    if (status != CAPAS_OK) return cli_fail(command);
    printf("%s\n", path);
    return CLI_DONE;
}

/* history */

/* A run's folder, or its history.csv itself. */
static capas_history *load_history(const char *run)
{
    struct stat about;
    char path[1200];
    bool folder = stat(run, &about) == 0 && S_ISDIR(about.st_mode);
    snprintf(path, sizeof path, folder ? "%s/history.csv" : "%s", run);
    return capas_history_load(path);
}

/* "runs/cnn-simple/" is called cnn-simple; so is runs/cnn-simple/history.csv. */
static void name_run(const char *run, char name[256])
{
    static const char file[] = "/history.csv";
    size_t length = strlen(run), end = strlen(file);
    if (length > end && strcmp(run + length - end, file) == 0) length -= end;
    while (length > 1 && run[length - 1] == '/')
        length--;
    size_t start = length;
    while (start > 0 && run[start - 1] != '/')
        start--;
    snprintf(name, 256, "%.*s", (int)(length - start), run + start);
}

/* A picture of all metrics, or one for each in the run's folder (several runs: here). Without any
 * the library tells why. */
static int plot_runs(const cli_command *command, const cli_plot *plot,
                     const capas_plot_options *options, const char *folder,
                     const capas_plot_run *runs, int count, const cli_list *metrics)
{
    char path[1200];
    bool together = plot->out || metrics->count == 0;
    int status = CLI_DONE, pictures = together ? 1 : metrics->count;
    int each = together ? metrics->count : 1;
    for (int m = 0; m < pictures && status == CLI_DONE; m++) {
        const char *to = plot->out;
        if (!to) {
            snprintf(path, sizeof path, "%.1000s%s%.120s.%.3s", folder, *folder ? "/" : "",
                     together ? "history" : metrics->items[m], ending(plot));
            to = path;
        }
        capas_status done =
            capas_plot_history_with(to, runs, count, &metrics->items[m], each, options);
        status = cli_plot_done(command, done, to);
    }
    return status;
}

/* All metrics that any run has, when none was named. */
static void collect_metrics(const capas_plot_run *runs, int count, cli_list *metrics)
{
    for (int r = 0; r < count; r++)
        for (int s = 0; s < capas_history_count(runs[r].history); s++) {
            const char *name = capas_history_name(runs[r].history, s);
            bool known = false;
            if (strncmp(name, "val_", 4) == 0) name += 4;
            for (int m = 0; m < metrics->count; m++)
                known |= strcmp(metrics->items[m], name) == 0;
            if (!known && metrics->count < CLI_LIST_LIMIT) metrics->items[metrics->count++] = name;
        }
}

static int run_history(const cli_command *command, int argc, char **argv)
{
    cli_plot plot = {0};
    cli_list metrics = {.count = 0};
    const cli_option options[] = {{"--metric", "NAME",
                                   "accuracy, loss, ...; may be repeated (default: all)", CLI_LIST,
                                   &metrics},
                                  CLI_PLOT_OPTIONS("METRIC.svg in the run's folder")};
    capas_plot_options how;
    capas_plot_run runs[CLI_LIST_LIMIT];
    char names[CLI_LIST_LIMIT][256];
    int count, status, loaded = 0;
    if (!cli_plot_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &plot, &how,
                        &count, &status))
        return status;
    status = CLI_DONE;
    for (; loaded < count && status == CLI_DONE; loaded++) {
        name_run(argv[loaded], names[loaded]);
        runs[loaded] = (capas_plot_run){.name = count > 1 ? names[loaded] : NULL,
                                        .history = load_history(argv[loaded])};
        if (!runs[loaded].history) status = cli_fail(command);
    }
    if (status == CLI_DONE) {
        char folder[1200] = "";
        struct stat about;
        if (count == 1 && stat(argv[0], &about) == 0 && S_ISDIR(about.st_mode))
            snprintf(folder, sizeof folder, "%s", argv[0]);
        size_t length = strlen(folder);
        if (length > 1 && folder[length - 1] == '/') folder[length - 1] = '\0';
        if (metrics.count == 0) collect_metrics(runs, count, &metrics);
        status = plot_runs(command, &plot, &how, folder, runs, count, &metrics);
    }
    for (int r = 0; r < loaded; r++)
        capas_history_free((capas_history *)runs[r].history);
    return status;
}

const cli_command cli_plot_history = {
    .name = "plot history",
    .arguments = "RUN...",
    .summary = "Accuracy, loss, ... over the epochs of runs, one figure each.",
    .examples = "  capas plot history runs/cnn-simple\n"
                "  capas plot history runs/one runs/two --metric accuracy --out compared.png\n",
    .minimum = 1,
    .maximum = CLI_LIST_LIMIT,
    .run = run_history,
};

/* edges */

static int run_edges(const cli_command *command, int argc, char **argv)
{
    cli_plot plot = {0};
    const cli_option options[] = {CLI_PLOT_OPTIONS("edges.svg"), CLI_PLOT_COLUMNS};
    capas_plot_options how;
    char room[1200];
    int count, status;
    if (!cli_plot_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &plot, &how,
                        &count, &status))
        return status;
    const char *path = cli_plot_path(&plot, NULL, "edges", room);
    capas_picture photo = {0};
    capas_status done = capas_load_picture(argv[0], 1, &photo);
    if (done == CAPAS_OK) done = capas_plot_edges_with(path, &photo, &how);
    capas_free(photo.pixels);
    return cli_plot_done(command, done, path);
}

const cli_command cli_plot_edges = {
    .name = "plot edges",
    .arguments = "PHOTO",
    .summary = "A photo before and after a convolution with edge filters.",
    .examples = "  capas plot edges photo.png\n"
                "  capas plot edges photo.png --columns 1 --out edges.png\n",
    .minimum = 1,
    .maximum = 1,
    .run = run_edges,
};

/* The verb. */

static void print_help(FILE *to)
{
    fprintf(to, "%s\n\nUse: capas plot KIND ...\n\n", cli_plot_verb.summary);
    for (size_t i = 0; i < CAPAS_COUNT(kinds); i++)
        fprintf(to, "  %-10s %s\n", kind_name(i), kinds[i]->summary);
    fprintf(to, "\n`capas plot KIND --help` tells more.\n\nExamples\n%s", cli_plot_verb.examples);
}

static int unknown_kind(const char *kind)
{
    const char *names[CAPAS_COUNT(kinds)];
    for (size_t i = 0; i < CAPAS_COUNT(kinds); i++)
        names[i] = kind_name(i);
    const char *nearest = capas_nearest_name(kind, names, CAPAS_COUNT(kinds));
    fprintf(stderr, "capas plot: there is no kind \"%s\"", kind);
    if (nearest != NULL) fprintf(stderr, "; did you mean \"%s\"?", nearest);
    fprintf(stderr, " `capas plot --help` lists them.\n");
    return CLI_WRONG_USE;
}

static int run_plot(const cli_command *command, int argc, char **argv)
{
    (void)command;
    if (argc == 0) {
        print_help(stderr);
        return CLI_WRONG_USE;
    }
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
        print_help(stdout);
        return CLI_DONE;
    }
    for (size_t i = 0; i < CAPAS_COUNT(kinds); i++)
        if (strcmp(argv[0], kind_name(i)) == 0) return kinds[i]->run(kinds[i], argc - 1, argv + 1);
    return unknown_kind(argv[0]);
}

const cli_command cli_plot_verb = {
    .name = "plot",
    .arguments = "KIND ...",
    .summary = "Draws curves, data, mistakes and what a network sees (SVG, PNG).",
    .examples = "  capas plot history runs/cnn-simple\n"
                "  capas plot confusion runs/cnn-simple/model.keras --out confusion.png\n",
    .run = run_plot,
};
