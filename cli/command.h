/* What the verbs of the program share: reading arguments, exit statuses, and printing in plain
 * words or JSON. Results go to stdout; progress and messages to stderr. */
#ifndef CAPAS_CLI_COMMAND_H
#define CAPAS_CLI_COMMAND_H

#include "base/value.h"
#include <capas/dataset.h>
#include <capas/model.h>
#include <stdbool.h>
#include <stdio.h>

/* Exit statuses: done, failed, used wrongly. */
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_WRONG_USE = 2 };

typedef enum cli_kind {
    CLI_FLAG,    /* bool */
    CLI_STRING,  /* const char * */
    CLI_INTEGER, /* long long */
    CLI_REAL,    /* double */
    CLI_LIST,    /* cli_list: may be given several times */
} cli_kind;

enum { CLI_LIST_LIMIT = 64 };

typedef struct cli_list {
    const char *items[CLI_LIST_LIMIT];
    int count;
} cli_list;

typedef struct cli_option {
    const char *name;  /* "--seed" */
    const char *value; /* "N", or NULL for a flag */
    const char *help;  /* one line, with the default */
    cli_kind kind;
    void *target;
} cli_option;

typedef struct cli_command {
    const char *name, *arguments; /* "train", "RECIPE" */
    const char *summary;          /* one line */
    const char *examples;         /* whole lines */
    int minimum, maximum;         /* of arguments; maximum -1: any */
    int (*run)(const struct cli_command *command, int argc, char **argv);
} cli_command;

/* The verbs, in the order of the help. */
extern const cli_command cli_train, cli_evaluate, cli_predict, cli_summary, cli_layers, cli_bench,
    cli_plot_verb, cli_reproduce, cli_reference, cli_convert;

/* Splits argv into options and arguments (moved to the front; *count of them). True: go on.
 * Otherwise *status is what the program ends with (help was printed, or the use is wrong and said
 * so). */
bool cli_parse(const cli_command *command, const cli_option *options, int option_count, int argc,
               char **argv, int *count, int *status);

/* "capas train: SENTENCE" of the thread's last failure on stderr; returns CLI_FAILED. */
int cli_fail(const cli_command *command);

/* The model with the weights of a file (NULL: those it has); takes it over, NULL on failure. */
capas_model *cli_with_weights(capas_model *model, const char *weights);
/* A network by name with the weights of a file, which may be NULL; NULL on failure. */
capas_model *cli_application(const char *name, const char *weights);
/* Whether it names one of the networks of capas/applications.h, and no file. */
bool cli_is_application(const char *name);

/* A saved model, to predict only or compiled as it was; with the weights of another file when
 * `weights` is not NULL. A model that is JSON alone needs them. */
capas_model *cli_load_model(const char *path, const char *weights, bool compile);
/* Whether a path has this at its end, and something before it. */
bool cli_ends_in(const char *path, const char *end);
/* Whether a file's name says that it is a model: .keras, .h5, .hdf5, .json or .capas. */
bool cli_is_model(const char *path);

/* --weights FILE */
#define CLI_WEIGHTS_OPTION(target)                                                                 \
    {                                                                                              \
        "--weights", "FILE", "takes the weights from another file (.h5, .keras, .npz, ...)",       \
            CLI_STRING, target                                                                     \
    }

/* --scale S: what bytes are multiplied by instead of what the model says. */
typedef struct cli_scale {
    const char *text; /* a number or a fraction, "1/255"; NULL: not given */
    double value;
} cli_scale;
/* False, after saying so, when the text is no scale. */
bool cli_read_scale(const cli_command *command, cli_scale *scale);
/* Tells the model, when a scale was given. */
capas_status cli_set_scale(capas_model *model, const cli_scale *scale);

/* Prints a value as one JSON text with a newline to stdout, and frees it. False, with the sentence,
 * on failure (also when `value` is NULL or the build has no JSON). */
bool cli_print_json(capas_value *value);

/* The part ("train" or "test") of the data that --data names: mnist, fashion-mnist, or a folder. */
capas_status cli_open_data(const char *data, const char *part, capas_dataset **dataset);

/* The same for a model, which may also be given a folder of pictures with a sub folder for each
 * class, or with such a folder for the part. */
capas_status cli_open_data_for(const capas_model *model, const char *data, const char *part,
                               capas_dataset **dataset);

/* A line of text; on a terminal it is broken between words, and goes on indented. */
void cli_print_line(FILE *to, const char *begin, const char *text);

/* Whether what goes to a file is seen in colours: a terminal, and no NO_COLOR. */
bool cli_has_colour(int file);

#endif
