/* Arguments and output that all verbs share; see command.h. */
#include "command.h"

#include "base/memory.h"
#include "base/option.h"
#include "base/text.h"
#include "files/json.h"
#include "layers/object.h"
#include "model/application.h"
#include <capas/applications.h>
#include <capas/files.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void print_help(const cli_command *command, const cli_option *options, int count)
{
    printf("%s\n\nUse: capas %s %s%s\n", command->summary, command->name, command->arguments,
           count > 0 ? " [OPTIONS]" : "");
    if (count > 0) printf("\nOptions\n");
    for (int i = 0; i < count; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s%s%s", options[i].name, options[i].value != NULL ? " " : "",
                 options[i].value != NULL ? options[i].value : "");
        printf("  %-20s %s\n", left, options[i].help);
    }
    printf("\nExamples\n%s", command->examples);
}

static int wrong_use(const cli_command *command, const char *what, const char *found,
                     const char *expected)
{
    fprintf(stderr, "capas %s: %s", command->name, what);
    if (found != NULL) fprintf(stderr, " \"%s\"", found);
    if (expected != NULL) fprintf(stderr, "; %s", expected);
    fprintf(stderr, ". `capas %s --help` tells how it is used.\n", command->name);
    return CLI_WRONG_USE;
}

static bool store(const cli_option *option, const char *text)
{
    char *end = NULL;
    errno = 0;
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)option->target = true;
        return true;
    case CLI_STRING:
        *(const char **)option->target = text;
        return true;
    case CLI_INTEGER:
        *(long long *)option->target = strtoll(text, &end, 10);
        return end != text && *end == '\0' && errno == 0;
    case CLI_REAL:
        *(double *)option->target = strtod(text, &end);
        return end != text && *end == '\0' && errno == 0;
    case CLI_LIST: {
        cli_list *list = option->target;
        if (list->count == CLI_LIST_LIMIT) return false;
        list->items[list->count++] = text;
        return true;
    }
    }
    return false;
}

static int unknown_option(const cli_command *command, const cli_option *options, int count,
                          const char *found)
{
    const char *names[32];
    int known = 0;
    for (; known < count && known < 32; known++)
        names[known] = options[known].name;
    const char *nearest = capas_nearest_name(found, names, (size_t)known);
    char hint[64];
    if (nearest != NULL) snprintf(hint, sizeof hint, "did you mean %s?", nearest);
    fprintf(stderr, "capas %s: no option \"%s\"%s%s `capas %s --help` lists them.\n", command->name,
            found, nearest != NULL ? "; " : ".", nearest != NULL ? hint : "", command->name);
    return CLI_WRONG_USE;
}

/* Takes one option at argv[*i]; `--name value` or `--name=value`. */
static int take_option(const cli_command *command, const cli_option *options, int count, int argc,
                       char **argv, int *i)
{
    size_t length = strcspn(argv[*i], "=");
    for (int k = 0; k < count; k++) {
        const cli_option *option = &options[k];
        if (strlen(option->name) != length || strncmp(option->name, argv[*i], length) != 0)
            continue;
        const char *text = argv[*i][length] == '=' ? argv[*i] + length + 1 : NULL;
        if (option->value == NULL && text != NULL)
            return wrong_use(command, "this option takes no value:", argv[*i], NULL);
        if (option->value != NULL && text == NULL) {
            if (*i + 1 >= argc)
                return wrong_use(command, "a value is missing after", argv[*i], NULL);
            text = argv[++*i];
        }
        if (store(option, text)) return CLI_DONE;
        fprintf(stderr, "capas %s: %s needs %s, found \"%s\".\n", command->name, option->name,
                option->kind == CLI_INTEGER ? "a whole number"
                : option->kind == CLI_REAL  ? "a number"
                                            : "fewer repetitions",
                text);
        return CLI_WRONG_USE;
    }
    return unknown_option(command, options, count, argv[*i]);
}

bool cli_parse(const cli_command *command, const cli_option *options, int option_count, int argc,
               char **argv, int *count, int *status)
{
    *count = 0;
    bool only_arguments = false;
    for (int i = 0; i < argc; i++) {
        if (!only_arguments && strcmp(argv[i], "--") == 0) {
            only_arguments = true;
        } else if (!only_arguments &&
                   (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            print_help(command, options, option_count);
            *status = CLI_DONE;
            return false;
        } else if (!only_arguments && argv[i][0] == '-' && argv[i][1] != '\0') {
            *status = take_option(command, options, option_count, argc, argv, &i);
            if (*status != CLI_DONE) return false;
        } else {
            argv[(*count)++] = argv[i];
        }
    }
    if (*count >= command->minimum && (command->maximum < 0 || *count <= command->maximum))
        return true;
    *status =
        *count < command->minimum
            ? wrong_use(command, "an argument is missing, it needs", command->arguments, NULL)
            : wrong_use(command, "there is an argument too many:", argv[command->maximum], NULL);
    return false;
}

int cli_fail(const cli_command *command)
{
    fprintf(stderr, "capas %s: %s\n", command->name, capas_error());
    return CLI_FAILED;
}

bool cli_print_json(capas_value *value)
{
    char *text = value != NULL ? capas_json_write(value) : NULL;
    capas_value_free(value);
    if (text == NULL) return false;
    printf("%s\n", text);
    capas_release(text);
    return true;
}

bool cli_has_colour(int file)
{
    const char *terminal = getenv("TERM"), *none = getenv("NO_COLOR");
    return isatty(file) && !(none != NULL && *none != '\0') &&
           !(terminal != NULL && strcmp(terminal, "dumb") == 0);
}

bool cli_ends_in(const char *path, const char *end)
{
    size_t length = strlen(path), more = strlen(end);
    return length > more && strcmp(path + length - more, end) == 0;
}

bool cli_is_model(const char *path)
{
    static const char *const ends[] = {".keras", ".h5", ".hdf5", ".json", ".capas"};
    for (size_t i = 0; i < CAPAS_COUNT(ends); i++)
        if (cli_ends_in(path, ends[i])) return true;
    return false;
}

bool cli_is_application(const char *name)
{
    const char *known;
    for (int i = 0; (known = capas_application_name(i)) != NULL; i++)
        if (capas_same_name(known, name)) return access(name, F_OK) != 0;
    return false;
}

capas_model *cli_with_weights(capas_model *model, const char *weights)
{
    if (model == NULL || weights == NULL || capas_load_weights(model, weights) == CAPAS_OK)
        return model;
    capas_model_free(model);
    return NULL;
}

capas_model *cli_application(const char *name, const char *weights)
{
    capas_model *model = cli_with_weights(capas_application(name), weights);
    if (model == NULL || capas_efficientnet_mend(model) == CAPAS_OK) return model;
    capas_model_free(model);
    return NULL;
}

capas_model *cli_load_model(const char *path, const char *weights, bool compile)
{
    const capas_load_options how = {.struct_size = sizeof how,
                                    .compile = compile ? CAPAS_TRUE : CAPAS_FALSE};
    if (weights == NULL && cli_ends_in(path, ".json")) {
        capas_fail(CAPAS_INVALID_ARGUMENT,
                   "%s is a configuration without weights; give them with --weights FILE", path);
        return NULL;
    }
    return cli_with_weights(capas_load_with(path, &how), weights);
}

static bool parse_scale(const char *text, double *scale)
{
    char *end;
    *scale = strtod(text, &end);
    if (end == text) return false;
    if (*end == '/') {
        const char *below = end + 1;
        double divisor = strtod(below, &end);
        if (end == below || divisor == 0) return false;
        *scale /= divisor;
    }
    return *end == '\0' && isfinite(*scale);
}

bool cli_read_scale(const cli_command *command, cli_scale *scale)
{
    if (scale->text == NULL || parse_scale(scale->text, &scale->value)) return true;
    fprintf(stderr,
            "capas %s: --scale must be a number or a fraction such as 1/255, found \"%s\".\n",
            command->name, scale->text);
    return false;
}

capas_status cli_set_scale(capas_model *model, const cli_scale *scale)
{
    capas_preprocessing preprocessing;
    if (scale->text == NULL) return CAPAS_OK;
    CAPAS_TRY(capas_model_preprocessing(model, &preprocessing));
    preprocessing.scale = scale->value;
    preprocessing.offset = 0;
    preprocessing.bgr = 0;
    memset(preprocessing.channel_deviation, 0, sizeof preprocessing.channel_deviation);
    return capas_model_set_preprocessing(model, &preprocessing);
}

void cli_print_line(FILE *to, const char *begin, const char *text)
{
    struct winsize size;
    size_t columns = ioctl(fileno(to), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
    size_t used = strlen(begin);
    fputs(begin, to);
    for (const char *word = text; *word;) {
        size_t length = strcspn(word, " ");
        if (columns > 20 && used + length >= columns && used > 2) {
            fputs("\n  ", to);
            used = 2;
        }
        length += strspn(word + length, " ");
        fwrite(word, 1, length, to);
        used += length;
        word += length;
    }
    fputc('\n', to);
}
