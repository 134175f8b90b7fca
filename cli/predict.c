/* capas predict: what a saved model sees in pictures; each answer with its name and a bar for its
 * probability. */
#include "command.h"

#include "base/memory.h"
#include "base/option.h"
#include "base/status.h"
#include "base/text.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BAR = 20 };

typedef struct prediction {
    const cli_command *command;
    capas_model *model;
    int height, width, channels, classes;
    int top;
    int name_width, class_width; /* of the longest file name and class name */
    bool coloured;
    float *probability;
    int *order;           /* classes, the likeliest first */
    capas_value *answers; /* with --json */
} prediction;

static capas_status read_shapes(prediction *p)
{
    capas_shape in, out;
    CAPAS_TRY(capas_model_input_shape(p->model, 0, &in));
    CAPAS_TRY(capas_model_output_shape(p->model, 0, &out));
    bool picture =
        capas_model_input_count(p->model) == 1 && capas_model_output_count(p->model) == 1 &&
        (in.rank == 3 || (in.rank == 4 && (in.dims[3] == 1 || in.dims[3] == 3))) && out.rank == 2;
    if (!picture) {
        char takes[96], gives[96];
        return capas_fail(CAPAS_UNSUPPORTED,
                          "the model must take one picture with 1 or 3 channels and give one list "
                          "of probabilities; it takes %s and gives %s",
                          capas_shape_text(&in, takes, sizeof takes),
                          capas_shape_text(&out, gives, sizeof gives));
    }
    p->height = (int)in.dims[1];
    p->width = (int)in.dims[2];
    p->channels = in.rank == 4 ? (int)in.dims[3] : 1;
    p->classes = (int)out.dims[1];
    if (p->top > p->classes) p->top = p->classes;
    p->probability = capas_allocate((size_t)p->classes, sizeof *p->probability);
    p->order = capas_allocate((size_t)p->classes, sizeof *p->order);
    return p->probability != NULL && p->order != NULL ? CAPAS_OK : CAPAS_NO_MEMORY;
}

/* The picture in the model's size; says so when it had another. */
static capas_status load(const prediction *p, const char *file, capas_picture *picture)
{
    CAPAS_TRY(capas_load_picture(file, p->channels, picture));
    if (picture->height == p->height && picture->width == p->width) return CAPAS_OK;
    fprintf(stderr, "%s: resized from %dx%d to the model's %dx%d\n", file, picture->width,
            picture->height, p->width, p->height);
    capas_picture resized;
    capas_status status = capas_resize_picture(picture, p->height, p->width, &resized);
    capas_free(picture->pixels);
    *picture = resized;
    if (status != CAPAS_OK) picture->pixels = NULL;
    return status;
}

/* Insertion by probability; of equals the lower class first. */
static void sort_classes(prediction *p)
{
    for (int c = 0; c < p->classes; c++) {
        int place = c;
        for (; place > 0 && p->probability[p->order[place - 1]] < p->probability[c]; place--)
            p->order[place] = p->order[place - 1];
        p->order[place] = c;
    }
}

static const char *class_name(const prediction *p, int class, char text[16])
{
    int count;
    const char *const *names = capas_model_class_names(p->model, &count);
    if (names != NULL && class < count) return names[class];
    snprintf(text, 16, "%d", class);
    return text;
}

/* A bar in eighths of a character, padded to BAR characters; the likeliest class's is green. */
static void print_bar(const prediction *p, double share, bool first)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int eighths = (int)lround(share * BAR * 8), used = eighths / 8 + (eighths % 8 != 0);
    if (p->coloured) fputs(first ? "\33[32m" : "\33[37m", stdout);
    for (int i = 0; i < eighths / 8; i++)
        fputs("█", stdout);
    fputs(parts[eighths % 8], stdout);
    if (p->coloured) fputs("\33[39m", stdout);
    for (int i = used; i < BAR; i++)
        putchar(' ');
}

static void print_answer(const prediction *p, const char *file)
{
    for (int i = 0; i < p->top; i++) {
        char text[16];
        double share = p->probability[p->order[i]];
        printf("%-*s  %-*s  ", p->name_width, i == 0 ? file : "", p->class_width,
               class_name(p, p->order[i], text));
        print_bar(p, share < 0 ? 0 : share > 1 ? 1 : share, i == 0);
        printf(" %6.2f %%\n", 100 * share);
    }
}

static capas_status add_answer(const prediction *p, const char *file)
{
    capas_value *top = capas_value_list();
    for (int i = 0; i < p->top; i++) {
        char text[16];
        capas_value *item = capas_value_map();
        capas_value_set(item, "class", capas_value_integer(p->order[i]));
        capas_value_set(item, "name", capas_value_string(class_name(p, p->order[i], text)));
        capas_value_set(item, "probability", capas_value_real(p->probability[p->order[i]]));
        capas_value_append(top, item);
    }
    capas_value *answer = capas_value_map();
    capas_value_set(answer, "file", capas_value_string(file));
    capas_value_set(answer, "top", top);
    return capas_value_append(p->answers, answer);
}

static capas_status predict_file(prediction *p, const char *file)
{
    capas_picture picture = {0};
    CAPAS_TRY(load(p, file, &picture));
    capas_tensor in = {.element = CAPAS_UINT8, .data = picture.pixels};
    capas_tensor out = {.element = CAPAS_FLOAT32, .data = p->probability};
    capas_status status = capas_predict_tensors(p->model, &in, &out, 1);
    capas_free(picture.pixels);
    if (status != CAPAS_OK) return status;
    sort_classes(p);
    if (p->answers != NULL) return add_answer(p, file);
    print_answer(p, file);
    return CAPAS_OK;
}

static void measure_columns(prediction *p, char **files, int count)
{
    char text[16];
    for (int i = 0; i < count; i++) {
        int length = (int)strlen(files[i]);
        if (length > p->name_width) p->name_width = length;
    }
    for (int c = 0; c < p->classes; c++) {
        int length = (int)strlen(class_name(p, c, text));
        if (length > p->class_width) p->class_width = length;
    }
}

/* Every picture gets its turn; one that fails is told, and the command fails at the end. */
static int predict_files(prediction *p, char **files, int count)
{
    int status = CLI_DONE;
    measure_columns(p, files, count);
    for (int i = 0; i < count; i++)
        if (predict_file(p, files[i]) != CAPAS_OK) status = cli_fail(p->command);
    if (p->answers == NULL) return status;
    capas_value *result = capas_value_map();
    capas_value_set(result, "predictions", p->answers);
    p->answers = NULL;
    return cli_print_json(result) ? status : cli_fail(p->command);
}

static int run_predict(const cli_command *command, int argc, char **argv)
{
    prediction p = {.command = command, .coloured = cli_has_colour(STDOUT_FILENO)};
    long long top = 0;
    bool json = false;
    cli_scale scale = {0};
    const char *weights = NULL;
    const cli_option options[] = {
        {"--top", "N", "the N likeliest (default: 3 for one picture, 1 for several)", CLI_INTEGER,
         &top},
        {"--scale", "S", "what bytes are multiplied by, e.g. 1/255 (default: as the model says)",
         CLI_STRING, &scale.text},
        CLI_WEIGHTS_OPTION(&weights),
        {"--json", NULL, "prints the result as JSON", CLI_FLAG, &json},
    };
    int count, status;
    if (!cli_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &count, &status))
        return status;
    if (top < 0 || top > 1 << 20) {
        fprintf(stderr, "capas predict: --top must be at least 1.\n");
        return CLI_WRONG_USE;
    }
    if (!cli_read_scale(command, &scale)) return CLI_WRONG_USE;
    p.top = top > 0 ? (int)top : count == 2 ? 3 : 1;
    p.model = cli_load_model(argv[0], weights, false);
    if (json) p.answers = capas_value_list();
    if (p.model == NULL || (json && p.answers == NULL) ||
        cli_set_scale(p.model, &scale) != CAPAS_OK)
        status = cli_fail(command);
    else if (read_shapes(&p) != CAPAS_OK)
        status = cli_fail(command);
    else
        status = predict_files(&p, argv + 1, count - 1);
    capas_value_free(p.answers);
    capas_release(p.probability);
    capas_release(p.order);
    capas_model_free(p.model);
    return status;
}

const cli_command cli_predict = {
    .name = "predict",
    .arguments = "MODEL FILE...",
    .summary = "Names what a saved model sees in pictures (PNG).",
    .examples = "  capas predict runs/cnn-simple/model.keras data/digits/digit-7.png\n"
                "  capas predict model.keras *.png --top 2 --json\n",
    .minimum = 2,
    .maximum = -1,
    .run = run_predict,
};
