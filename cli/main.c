/* capas: the program. Finds the verb, and leaves the rest to its file. */
#include "command.h"

#include "base/option.h"
#include "base/text.h"
#include <capas/runtime.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const cli_command *const commands[] = {
    &cli_train,     &cli_evaluate,  &cli_predict, &cli_summary, &cli_layers,
    &cli_plot_verb, &cli_reproduce, &cli_convert, &cli_bench,   &cli_reference};

static void print_help(FILE *to)
{
    fprintf(to, "capas %s: neural networks in C, with Keras's words\n\nUse: capas VERB ...\n\n",
            capas_version());
    for (size_t i = 0; i < CAPAS_COUNT(commands); i++)
        fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(
        to,
        "\nTo begin with\n"
        "  capas train cnn-simple\n"
        "  capas predict runs/cnn-simple/model.keras data/digits/*.png\n"
        "\n`capas VERB --help` tells more, with examples. `capas --version` prints the version.\n"
        "CAPAS_THREADS sets the number of threads; NO_COLOR turns colours off.\n");
}

static int unknown_verb(const char *verb)
{
    const char *names[CAPAS_COUNT(commands)];
    for (size_t i = 0; i < CAPAS_COUNT(commands); i++)
        names[i] = commands[i]->name;
    const char *nearest = capas_nearest_name(verb, names, CAPAS_COUNT(commands));
    fprintf(stderr, "capas: there is no verb \"%s\"", verb);
    if (nearest != NULL) fprintf(stderr, "; did you mean \"%s\"?", nearest);
    fprintf(stderr, " `capas --help` lists them.\n");
    return CLI_WRONG_USE;
}

static void print_log(capas_log_level level, const char *message, void *context)
{
    (void)context;
    cli_print_line(stderr, level == CAPAS_LOG_WARNING ? "warning: " : "", message);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    capas_set_log(print_log, NULL);
    if (argc < 2) {
        print_help(stderr);
        return CLI_WRONG_USE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return CLI_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("capas %s (%s kernels, %d threads)\n", capas_version(), capas_kernel_set(),
               capas_threads());
        return CLI_DONE;
    }
    for (size_t i = 0; i < CAPAS_COUNT(commands); i++)
        if (strcmp(argv[1], commands[i]->name) == 0) {
            int status = commands[i]->run(commands[i], argc - 2, argv + 2);
            if (fflush(stdout) != 0 && status == CLI_DONE) {
                fprintf(stderr, "capas: the results could not be written to standard output\n");
                status = CLI_FAILED;
            }
            return status;
        }
    return unknown_verb(argv[1]);
}
