/* capas plot confusion, mistakes, filters, features: pictures of what a model does. */
#include "plot.h"

#include "base/memory.h"
#include "base/option.h"
#include "base/status.h"
#include "base/text.h"
#include <capas/capas.h>
#include <stdio.h>
#include <string.h>

enum { MOST_MISTAKES = 400, CAPTION = 200 };

/* A classifier's answers for a data set. */
typedef struct answers {
    capas_model *model;
    capas_dataset *dataset;
    capas_classification all;
    const char *const *names; /* of the classes, one for each; or NULL */
} answers;

static capas_status find_answers(answers *answers, const char *model, const cli_plot *plot)
{
    int named;
    answers->model = cli_load_model(model, plot->weights, false);
    if (answers->model == NULL) return capas_error_status();
    CAPAS_TRY(cli_open_data_for(answers->model, plot->data, plot->part, &answers->dataset));
    CAPAS_TRY(capas_classify(answers->model, answers->dataset, &answers->all));
    answers->names = capas_model_class_names(answers->model, &named);
    if (answers->names == NULL)
        answers->names = capas_dataset_class_names(answers->dataset, &named);
    if (answers->names != NULL && named < answers->all.classes) answers->names = NULL;
    return CAPAS_OK;
}

static void free_answers(answers *answers)
{
    capas_classification_free(&answers->all);
    capas_dataset_free(answers->dataset);
    capas_model_free(answers->model);
}

/* confusion */

static capas_status draw_confusion(const answers *answers, const char *path,
                                   const capas_plot_options *options)
{
    size_t classes = (size_t)answers->all.classes;
    int64_t *counts = capas_allocate(classes * classes, sizeof *counts);
    if (counts == NULL) return CAPAS_NO_MEMORY;
    capas_confusion(&answers->all, counts);
    capas_status status =
        capas_plot_confusion_with(path, counts, answers->all.classes, answers->names, options);
    capas_release(counts);
    return status;
}

static int run_confusion(const cli_command *command, int argc, char **argv)
{
    cli_plot plot = {.data = "mnist", .part = "test"};
    const cli_option options[] = {CLI_WEIGHTS_OPTION(&plot.weights), CLI_PLOT_DATA,
                                  CLI_PLOT_OPTIONS("confusion.svg beside the model")};
    capas_plot_options how;
    char room[1200];
    int count, status;
    if (!cli_plot_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &plot, &how,
                        &count, &status))
        return status;
    answers answers = {0};
    const char *path = cli_plot_path(&plot, argv[0], "confusion", room);
    capas_status done = find_answers(&answers, argv[0], &plot);
    if (done == CAPAS_OK) done = draw_confusion(&answers, path, &how);
    free_answers(&answers);
    return cli_plot_done(command, done, path);
}

const cli_command cli_plot_confusion = {
    .name = "plot confusion",
    .arguments = "MODEL",
    .summary = "What a classifier takes for what: counts and shares of each class.",
    .examples = "  capas plot confusion runs/cnn-simple/model.keras\n"
                "  capas plot confusion model.keras --data fashion-mnist --out confusion.png\n",
    .minimum = 1,
    .maximum = 1,
    .run = run_confusion,
};

/* mistakes */

static void write_caption(const answers *answers, int64_t sample, char text[CAPTION])
{
    int classes[] = {answers->all.labels[sample], answers->all.predicted[sample]};
    char numbers[2][16];
    const char *names[2];
    for (int i = 0; i < 2; i++) {
        snprintf(numbers[i], sizeof numbers[i], "%d", classes[i]);
        names[i] = answers->names != NULL ? answers->names[classes[i]] : numbers[i];
    }
    capas_cut_text(text, CAPTION,
                   snprintf(text, CAPTION, "is %.80s\nread as %.80s\n%.1f %%", names[0], names[1],
                            100 * (double)answers->all.probability[sample]));
}

static capas_status draw_mistakes(const answers *answers, const int64_t *samples, int count,
                                  const char *path, const capas_plot_options *options)
{
    static char texts[MOST_MISTAKES][CAPTION];
    static const char *captions[MOST_MISTAKES];
    static capas_picture pictures[MOST_MISTAKES];
    int drawn = 0;
    capas_status status = CAPAS_OK;
    for (; drawn < count && status == CAPAS_OK; drawn++) {
        pictures[drawn].pixels = NULL;
        status = capas_dataset_picture(answers->dataset, 0, samples[drawn], &pictures[drawn], NULL);
        write_caption(answers, samples[drawn], texts[drawn]);
        captions[drawn] = texts[drawn];
    }
    if (status == CAPAS_OK)
        status = capas_plot_images_with(path, pictures, captions, drawn, options);
    while (drawn > 0)
        capas_free(pictures[--drawn].pixels);
    return status;
}

static int64_t count_wrong(const capas_classification *all)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < all->count; i++)
        wrong += all->labels[i] != all->predicted[i];
    return wrong;
}

static int tell_mistakes(const cli_command *command, const answers *answers, int most,
                         const char *path, capas_plot_options *options)
{
    static int64_t samples[MOST_MISTAKES];
    char title[128], wrong[32], all[32];
    int count = capas_mistakes(&answers->all, samples, most);
    capas_thousands(answers->all.count, all, sizeof all);
    if (count == 0) {
        printf("all %s samples are right: there is no mistake to draw\n", all);
        return CLI_DONE;
    }
    capas_thousands(count_wrong(&answers->all), wrong, sizeof wrong);
    snprintf(title, sizeof title, "%s of %s are wrong; the surest %d", wrong, all, count);
    if (options->title == NULL) options->title = title;
    return cli_plot_done(command, draw_mistakes(answers, samples, count, path, options), path);
}

static int run_mistakes(const cli_command *command, int argc, char **argv)
{
    cli_plot plot = {.data = "mnist", .part = "test", .count = 25};
    const cli_option options[] = {
        CLI_WEIGHTS_OPTION(&plot.weights),

        CLI_PLOT_DATA,
        {"--count", "N", "at most so many (default: 25)", CLI_INTEGER, &plot.count},
        CLI_PLOT_OPTIONS("mistakes.svg beside the model"),
        CLI_PLOT_COLUMNS};
    capas_plot_options how;
    char room[1200];
    int count, status;
    if (!cli_plot_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &plot, &how,
                        &count, &status))
        return status;
    if (plot.count < 1 || plot.count > MOST_MISTAKES) {
        fprintf(stderr, "capas plot mistakes: --count must be 1 to %d.\n", MOST_MISTAKES);
        return CLI_WRONG_USE;
    }
    answers answers = {0};
    const char *path = cli_plot_path(&plot, argv[0], "mistakes", room);
    if (find_answers(&answers, argv[0], &plot) != CAPAS_OK)
        status = cli_fail(command);
    else
        status = tell_mistakes(command, &answers, (int)plot.count, path, &how);
    free_answers(&answers);
    return status;
}

const cli_command cli_plot_mistakes = {
    .name = "plot mistakes",
    .arguments = "MODEL",
    .summary = "The pictures that a classifier gets wrong and is surest of.",
    .examples = "  capas plot mistakes runs/cnn-simple/model.keras\n"
                "  capas plot mistakes model.keras --count 12 --columns 6 --out mistakes.png\n",
    .minimum = 1,
    .maximum = 1,
    .run = run_mistakes,
};

/* filters */

static int run_filters(const cli_command *command, int argc, char **argv)
{
    cli_plot plot = {0};
    const cli_option options[] = {
        CLI_WEIGHTS_OPTION(&plot.weights),

        {"--layer", "NAME", "a Conv2D layer (default: the first)", CLI_STRING, &plot.layer},
        CLI_PLOT_OPTIONS("filters.svg beside the model"),
        CLI_PLOT_COLUMNS};
    capas_plot_options how;
    char room[1200];
    int count, status;
    if (!cli_plot_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &plot, &how,
                        &count, &status))
        return status;
    const char *path = cli_plot_path(&plot, argv[0], "filters", room);
    capas_model *model = cli_load_model(argv[0], plot.weights, false);
    capas_status done = model != NULL ? capas_plot_filters_with(path, model, plot.layer, &how)
                                      : capas_error_status();
    capas_model_free(model);
    return cli_plot_done(command, done, path);
}

const cli_command cli_plot_filters = {
    .name = "plot filters",
    .arguments = "MODEL",
    .summary = "The kernels that a convolution has learnt.",
    .examples = "  capas plot filters runs/cnn-simple/model.keras\n"
                "  capas plot filters model.keras --layer conv2d_1 --out filters.png\n",
    .minimum = 1,
    .maximum = 1,
    .run = run_filters,
};

/* features */

/* In the size and channels that the model takes. */
static capas_status load_picture(capas_model *model, const char *file, capas_picture *picture)
{
    capas_shape shape;
    CAPAS_TRY(capas_model_input_shape(model, 0, &shape));
    int channels = shape.rank == 4 && shape.dims[3] == 3 ? 3 : 1;
    CAPAS_TRY(capas_load_picture(file, channels, picture));
    if ((shape.rank != 3 && shape.rank != 4) ||
        (picture->height == shape.dims[1] && picture->width == shape.dims[2]))
        return CAPAS_OK;
    capas_picture whole = *picture;
    *picture = (capas_picture){0};
    capas_status status =
        capas_resize_picture(&whole, (int)shape.dims[1], (int)shape.dims[2], picture);
    capas_free(whole.pixels);
    return status;
}

static int run_features(const cli_command *command, int argc, char **argv)
{
    cli_plot plot = {0};
    const cli_option options[] = {
        CLI_WEIGHTS_OPTION(&plot.weights),

        {"--layer", "NAME", "whose output (default: the first Conv2D)", CLI_STRING, &plot.layer},
        CLI_PLOT_OPTIONS("features.svg beside the model"),
        CLI_PLOT_COLUMNS};
    capas_plot_options how;
    char room[1200];
    int count, status;
    if (!cli_plot_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &plot, &how,
                        &count, &status))
        return status;
    capas_picture picture = {0};
    const char *path = cli_plot_path(&plot, argv[0], "features", room);
    capas_model *model = cli_load_model(argv[0], plot.weights, false);
    capas_status done =
        model != NULL ? load_picture(model, argv[1], &picture) : capas_error_status();
    if (done == CAPAS_OK) done = capas_plot_features_with(path, model, plot.layer, &picture, &how);
    capas_free(picture.pixels);
    capas_model_free(model);
    return cli_plot_done(command, done, path);
}

const cli_command cli_plot_features = {
    .name = "plot features",
    .arguments = "MODEL PICTURE",
    .summary = "What each channel of a layer gives for a picture.",
    .examples = "  capas plot features runs/cnn-simple/model.keras data/digits/digit-7.png\n"
                "  capas plot features model.keras seven.png --layer max_pooling2d\n",
    .minimum = 2,
    .maximum = 2,
    .run = run_features,
};
