/* capas predict: what a saved model, or a network by name, sees in pictures; each answer with its
 * name and a bar for its probability. */
#include "command.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/option.h"
#include "base/status.h"
#include "base/text.h"
#include "layers/image.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BAR = 20, IMAGENET = 1000, ID_WIDTH = 9, MOST_CLASSES_FILE = 16 << 20 };

typedef struct prediction {
    const cli_command *command;
    capas_model *model;
    capas_picture_options picture; /* how it becomes what the model takes */
    int classes, top;
    int name_width, class_width; /* of the longest file name and class name */
    bool has_ids;                /* some class has a number in WordNet */
    bool coloured;
    float *input, *probability;
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
    p->picture.height = (int)in.dims[1];
    p->picture.width = (int)in.dims[2];
    p->picture.channels = in.rank == 4 ? (int)in.dims[3] : 1;
    p->classes = (int)out.dims[1];
    if (p->top > p->classes) p->top = p->classes;
    p->input = capas_allocate((size_t)capas_shape_count(&in, 1), sizeof *p->input);
    p->probability = capas_allocate((size_t)p->classes, sizeof *p->probability);
    p->order = capas_allocate((size_t)p->classes, sizeof *p->order);
    return p->input != NULL && p->probability != NULL && p->order != NULL ? CAPAS_OK
                                                                          : CAPAS_NO_MEMORY;
}

/* The picture as the network takes it, upright; says so when it had another size. */
static capas_status load(const prediction *p, const char *file)
{
    capas_picture found;
    capas_preprocessing preprocessing;
    CAPAS_TRY(capas_describe_picture(file, &p->picture, &found));
    if (found.height != p->picture.height || found.width != p->picture.width)
        fprintf(stderr, "%s: resized from %dx%d to the model's %dx%d\n", file, found.width,
                found.height, p->picture.width, p->picture.height);
    CAPAS_TRY(capas_load_picture_levels(file, &p->picture, p->input));
    CAPAS_TRY(capas_model_preprocessing(p->model, &preprocessing));
    return capas_preprocess(&preprocessing, p->input, (int64_t)p->picture.height * p->picture.width,
                            p->picture.channels, p->input);
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

/* WordNet's number of a class that is called as ImageNet's of that number; in networks with 1001
 * classes they begin behind the background. NULL for other classes. */
static const char *class_id(const prediction *p, int class)
{
    int count, number = class - (p->classes == IMAGENET + 1);
    const char *const *names = capas_model_class_names(p->model, &count);
    const char *known = capas_imagenet_name(number);
    bool is_imagenet = count >= IMAGENET && class < count && known != NULL;
    return is_imagenet && strcmp(names[class], known) == 0 ? capas_imagenet_id(number) : NULL;
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
        const char *id = class_id(p, p->order[i]);
        printf("%-*s  ", p->name_width, i == 0 ? file : "");
        if (p->has_ids) printf("%-*s  ", ID_WIDTH, id ? id : "");
        printf("%-*s  ", p->class_width, class_name(p, p->order[i], text));
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
        const char *id = class_id(p, p->order[i]);
        capas_value_set(item, "class", capas_value_integer(p->order[i]));
        if (id) capas_value_set(item, "id", capas_value_string(id));
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
    CAPAS_TRY(load(p, file));
    CAPAS_TRY(capas_predict(p->model, p->input, 1, p->probability));
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
        p->has_ids = p->has_ids || class_id(p, c) != NULL;
    }
}

/* Names of classes. */

static capas_status set_imagenet(const prediction *p)
{
    const char *names[IMAGENET + 1];
    int background = p->classes == IMAGENET + 1;
    if (p->classes != IMAGENET && !background)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "ImageNet has 1000 classes, or 1001 with a background first; the model "
                          "has %d",
                          p->classes);
    names[0] = "background";
    for (int c = 0; c < IMAGENET; c++)
        names[c + background] = capas_imagenet_name(c);
    return capas_model_set_class_names(p->model, names, p->classes);
}

/* A name on each line of `text`, which is cut at its ends of lines. */
static capas_status set_lines(const prediction *p, const char *file, char *text)
{
    const char **names = capas_allocate((size_t)p->classes, sizeof *names);
    if (names == NULL) return CAPAS_NO_MEMORY;
    int count = 0;
    for (char *line = text; *line; count++) {
        size_t length = strcspn(line, "\n");
        bool last = line[length] == '\0';
        line[length] = '\0';
        if (length > 0 && line[length - 1] == '\r') line[length - 1] = '\0';
        if (count < p->classes) names[count] = line;
        line += length + !last;
    }
    capas_status status =
        count == p->classes
            ? capas_model_set_class_names(p->model, names, count)
            : capas_fail(CAPAS_INVALID_ARGUMENT,
                         "%s: there must be a name on a line for each of the model's %d classes, "
                         "found %d lines",
                         file, p->classes, count);
    capas_release(names);
    return status;
}

static capas_status name_classes(const prediction *p, const char *file)
{
    char *text;
    size_t size;
    if (file == NULL) return CAPAS_OK;
    if (strcmp(file, "imagenet") == 0) return set_imagenet(p);
    CAPAS_TRY(capas_read_file(file, MOST_CLASSES_FILE, &text, &size));
    capas_status status = set_lines(p, file, text);
    capas_release(text);
    return status;
}

static capas_status set_preprocessing(capas_model *model, const char *name)
{
    capas_preprocessing preprocessing;
    if (name == NULL) return CAPAS_OK;
    CAPAS_TRY(capas_preprocessing_by_name(name, &preprocessing));
    return capas_model_set_preprocessing(model, &preprocessing);
}

static capas_model *open_model(const char *name, const char *weights)
{
    if (!cli_is_application(name)) return cli_load_model(name, weights, false);
    if (weights != NULL) return cli_application(name, weights);
    capas_fail(CAPAS_INVALID_ARGUMENT,
               "%s is a network without weights; give them with --weights FILE", name);
    return NULL;
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

/* The number of a word in a list that NULL ends; -1 and the sentence when it is none. */
static int find_word(const char *option, const char *word, const char *const *words)
{
    char known[128] = "";
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], word) == 0) return i;
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i > 0 ? ", " : "",
                 words[i]);
    }
    capas_fail(CAPAS_INVALID_ARGUMENT, "%s must be one of %s, found \"%s\"", option, known, word);
    return -1;
}

/* Photographs keep their proportions on the way into networks by name; what a saved model was
 * trained on was most likely stretched, as Keras does with folders of pictures. */
static capas_status set_fit(prediction *p, const char *model, const char *fit,
                            const char *interpolation)
{
    static const char *const fits[] = {"stretch", "pad", "crop", NULL};
    int way = fit ? find_word("--fit", fit, fits) : cli_is_application(model);
    int kind = interpolation
                   ? find_word("--interpolation", interpolation, capas_interpolation_names)
                   : CAPAS_INTERPOLATE_BILINEAR - 1;
    if (way < 0 || kind < 0) return capas_error_status();
    p->picture = (capas_picture_options){
        .struct_size = sizeof p->picture,
        .interpolation = (capas_interpolation)(kind + 1),
        .antialias = 1,
        .pad_to_aspect_ratio = way == 1,
        .crop_to_aspect_ratio = way == 2,
        .upright = 1,
    };
    return CAPAS_OK;
}

typedef struct wishes {
    const char *weights, *preprocess, *classes, *fit, *interpolation;
    cli_scale scale;
    bool save_memory;
} wishes;

static capas_status prepare(prediction *p, const char *model, const wishes *wishes)
{
    CAPAS_TRY(set_fit(p, model, wishes->fit, wishes->interpolation));
    p->model = open_model(model, wishes->weights);
    if (p->model == NULL) return capas_error_status();
    CAPAS_TRY(capas_model_set_save_memory(p->model, wishes->save_memory));
    CAPAS_TRY(set_preprocessing(p->model, wishes->preprocess));
    CAPAS_TRY(cli_set_scale(p->model, &wishes->scale));
    CAPAS_TRY(read_shapes(p));
    return name_classes(p, wishes->classes);
}

static int run_predict(const cli_command *command, int argc, char **argv)
{
    prediction p = {.command = command, .coloured = cli_has_colour(STDOUT_FILENO)};
    long long top = 0;
    bool json = false;
    wishes wishes = {0};
    const cli_option options[] = {
        {"--top", "N", "the N likeliest (default: 3 for one picture, 1 for several)", CLI_INTEGER,
         &top},
        {"--scale", "S", "what bytes are multiplied by, e.g. 1/255 (default: as the model says)",
         CLI_STRING, &wishes.scale.text},
        {"--preprocess", "P", "keras.applications' caffe, tf, torch, lite or none (the same)",
         CLI_STRING, &wishes.preprocess},
        {"--classes", "FILE", "their names, one a line, or the word imagenet (the same)",
         CLI_STRING, &wishes.classes},
        {"--fit", "F", "stretch, pad or crop (default: stretch; of networks by name pad)",
         CLI_STRING, &wishes.fit},
        {"--interpolation", "I", "nearest, bilinear, bicubic, lanczos3 or lanczos5 (bilinear)",
         CLI_STRING, &wishes.interpolation},
        CLI_WEIGHTS_OPTION(&wishes.weights),
        {"--save-memory", NULL, "keeps no second copy of the weights; slower", CLI_FLAG,
         &wishes.save_memory},
        {"--json", NULL, "prints the result as JSON", CLI_FLAG, &json},
    };
    int count, status;
    if (!cli_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &count, &status))
        return status;
    if (top < 0 || top > 1 << 20) {
        fprintf(stderr, "capas predict: --top must be at least 1.\n");
        return CLI_WRONG_USE;
    }
    if (!cli_read_scale(command, &wishes.scale)) return CLI_WRONG_USE;
    p.top = top > 0 ? (int)top : count == 2 ? 3 : 1;
    if (json) p.answers = capas_value_list();
    if ((json && p.answers == NULL) || prepare(&p, argv[0], &wishes) != CAPAS_OK)
        status = cli_fail(command);
    else
        status = predict_files(&p, argv + 1, count - 1);
    capas_value_free(p.answers);
    capas_release(p.input);
    capas_release(p.probability);
    capas_release(p.order);
    capas_model_free(p.model);
    return status;
}

const cli_command cli_predict = {
    .name = "predict",
    .arguments = "MODEL|NETWORK FILE...",
    .summary = "Names what a network sees in pictures (PNG, JPEG, WebP).",
    .examples = "  capas predict runs/cnn-simple/model.keras data/digits/digit-7.png\n"
                "  capas predict model.keras *.png --top 2 --json\n"
                "  capas predict resnet50 photo.jpg --weights "
                "resnet50_weights_tf_dim_ordering_tf_kernels.h5\n"
                "  capas predict old.h5 photo.jpg --preprocess caffe --classes imagenet\n",
    .minimum = 2,
    .maximum = -1,
    .run = run_predict,
};
