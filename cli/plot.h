/* What the kinds of `capas plot` share: their options, where the picture goes, and telling it. */
#ifndef CAPAS_CLI_PLOT_H
#define CAPAS_CLI_PLOT_H

#include "command.h"
#include <capas/plot.h>

typedef struct cli_plot {
    const char *out, *format, *title, *data, *part, *layer, *weights;
    long long width, columns, count, first;
} cli_plot;

/* Rows of the table of options, which write into a cli_plot named `plot`. */
#define CLI_PLOT_OPTIONS(where)                                                                    \
    {"--out", "FILE", "the picture, .svg or .png (default: " where ")", CLI_STRING, &plot.out},    \
        {"--format", "F", "svg or png, without --out (default: svg)", CLI_STRING, &plot.format},   \
        {"--title", "TEXT", "over the picture, \"\" for none", CLI_STRING, &plot.title},           \
    {                                                                                              \
        "--width", "N", "in pixels (default: 720, PNG 1440)", CLI_INTEGER, &plot.width             \
    }
#define CLI_PLOT_COLUMNS                                                                           \
    {                                                                                              \
        "--columns", "N", "pictures in a row (default: an even shape)", CLI_INTEGER, &plot.columns \
    }
#define CLI_PLOT_DATA                                                                              \
    {"--data", "D", "mnist, fashion-mnist, or a folder with IDX files (default: mnist)",           \
     CLI_STRING, &plot.data},                                                                      \
    {                                                                                              \
        "--part", "P", "train or test (default: test)", CLI_STRING, &plot.part                     \
    }

/* cli_parse with a table that writes into `plot`, and then the options for the library. */
bool cli_plot_parse(const cli_command *command, const cli_option *table, int table_count, int argc,
                    char **argv, const cli_plot *plot, capas_plot_options *options, int *count,
                    int *status);
/* --out, or `name` with the ending of --format in the folder of `beside` (NULL: here). */
const char *cli_plot_path(const cli_plot *plot, const char *beside, const char *name,
                          char path[1200]);
/* Prints the path when the picture was written, the failure otherwise; gives back what the program
 * ends with. */
int cli_plot_done(const cli_command *command, capas_status status, const char *path);

/* The kinds. */
extern const cli_command cli_plot_history, cli_plot_samples, cli_plot_pixels, cli_plot_confusion,
    cli_plot_mistakes, cli_plot_filters, cli_plot_features, cli_plot_edges, cli_plot_augmented;

#endif
