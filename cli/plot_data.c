/* capas plot samples, pixels, augmented: pictures of data. */
#include "plot.h"

#include "base/memory.h"
#include "base/option.h"
#include "base/status.h"
#include <capas/capas.h>
#include <stdio.h>
#include <string.h>

enum { MOST_SAMPLES = 1024, CAPTION = 64 };

static const char *name_of(const capas_dataset *dataset, int label, char text[CAPTION])
{
    int count;
    const char *const *names = capas_dataset_class_names(dataset, &count);
    if (names != NULL && label >= 0 && label < count)
        snprintf(text, CAPTION, "%s", names[label]);
    else if (label >= 0)
        snprintf(text, CAPTION, "%d", label);
    else
        text[0] = '\0';
    return text;
}

/* samples */

static capas_status draw_samples(capas_dataset *dataset, const cli_plot *plot, const char *path,
                                 const capas_plot_options *options)
{
    static char texts[MOST_SAMPLES][CAPTION];
    static const char *captions[MOST_SAMPLES];
    static capas_picture pictures[MOST_SAMPLES];
    int count = 0, label;
    capas_status status = CAPAS_OK;
    for (; count < plot->count && status == CAPAS_OK; count++) {
        pictures[count].pixels = NULL;
        status = capas_dataset_picture(dataset, 0, plot->first + count, &pictures[count], &label);
        captions[count] = name_of(dataset, label, texts[count]);
    }
    if (status == CAPAS_OK)
        status = capas_plot_images_with(path, pictures, captions, count, options);
    while (count > 0)
        capas_free(pictures[--count].pixels);
    return status;
}

static int run_samples(const cli_command *command, int argc, char **argv)
{
    cli_plot plot = {.data = "mnist", .part = "test", .count = 25};
    const cli_option options[] = {
        CLI_PLOT_DATA,
        {"--count", "N", "how many (default: 25)", CLI_INTEGER, &plot.count},
        {"--first", "N", "the first of them, from 0 (default: 0)", CLI_INTEGER, &plot.first},
        CLI_PLOT_OPTIONS("samples.svg"),
        CLI_PLOT_COLUMNS};
    capas_plot_options how;
    char room[1200];
    int count, status;
    if (!cli_plot_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &plot, &how,
                        &count, &status))
        return status;
    if (plot.count < 1 || plot.count > MOST_SAMPLES || plot.first < 0) {
        fprintf(stderr, "capas plot samples: --count must be 1 to %d, and --first at least 0.\n",
                MOST_SAMPLES);
        return CLI_WRONG_USE;
    }
    capas_dataset *dataset = NULL;
    const char *path = cli_plot_path(&plot, NULL, "samples", room);
    capas_status done = cli_open_data(plot.data, plot.part, &dataset);
    if (done == CAPAS_OK) done = draw_samples(dataset, &plot, path, &how);
    capas_dataset_free(dataset);
    return cli_plot_done(command, done, path);
}

const cli_command cli_plot_samples = {
    .name = "plot samples",
    .arguments = "",
    .summary = "A grid of a data set's pictures with the names of their classes.",
    .examples = "  capas plot samples\n"
                "  capas plot samples --data fashion-mnist --part train --count 40 --columns 8\n",
    .minimum = 0,
    .maximum = 0,
    .run = run_samples,
};

/* pixels */

static capas_status sample_picture(const cli_plot *plot, capas_picture *picture)
{
    capas_dataset *dataset = NULL;
    capas_status status = cli_open_data(plot->data, plot->part, &dataset);
    if (status == CAPAS_OK) status = capas_dataset_picture(dataset, 0, plot->first, picture, NULL);
    capas_dataset_free(dataset);
    return status;
}

static int run_pixels(const cli_command *command, int argc, char **argv)
{
    cli_plot plot = {.data = "mnist", .part = "test"};
    const cli_option options[] = {
        CLI_PLOT_DATA,
        {"--index", "N", "which sample, from 0 (default: 0)", CLI_INTEGER, &plot.first},
        CLI_PLOT_OPTIONS("pixels.svg")};
    capas_plot_options how;
    char room[1200];
    int count, status;
    if (!cli_plot_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &plot, &how,
                        &count, &status))
        return status;
    capas_picture picture = {0};
    const char *path = cli_plot_path(&plot, NULL, "pixels", room);
    capas_status done =
        count == 1 ? capas_load_picture(argv[0], 1, &picture) : sample_picture(&plot, &picture);
    if (done == CAPAS_OK) done = capas_plot_pixels_with(path, &picture, &how);
    capas_free(picture.pixels);
    return cli_plot_done(command, done, path);
}

const cli_command cli_plot_pixels = {
    .name = "plot pixels",
    .arguments = "[PICTURE]",
    .summary = "One small gray picture with the level printed in each pixel.",
    .examples = "  capas plot pixels --data mnist --index 5\n"
                "  capas plot pixels data/digits/digit-7.png --out seven.png\n",
    .minimum = 0,
    .maximum = 1,
    .run = run_pixels,
};

/* augmented */

static capas_status draw_epochs(capas_dataset *train, const cli_plot *plot, const char *path,
                                const capas_plot_options *options)
{
    static capas_picture pictures[MOST_SAMPLES];
    int count = 0;
    bool differ = false;
    capas_status status = CAPAS_OK;
    for (; count < plot->count && status == CAPAS_OK; count++) {
        pictures[count].pixels = NULL;
        status = capas_dataset_picture(train, count, plot->first, &pictures[count], NULL);
        size_t size =
            (size_t)pictures[0].height * (size_t)pictures[0].width * (size_t)pictures[0].channels;
        if (status == CAPAS_OK)
            differ |= memcmp(pictures[0].pixels, pictures[count].pixels, size) != 0;
    }
    if (status == CAPAS_OK && !differ && count > 1)
        status = capas_fail(CAPAS_BAD_DATA,
                            "the picture is the same in %d epochs: the recipe changes "
                            "none; say how in its data, under augment",
                            count);
    if (status == CAPAS_OK) status = capas_plot_images_with(path, pictures, NULL, count, options);
    while (count > 0)
        capas_free(pictures[--count].pixels);
    return status;
}

static int run_augmented(const cli_command *command, int argc, char **argv)
{
    cli_plot plot = {.count = 25};
    cli_list settings = {.count = 0};
    const cli_option options[] = {
        {"--index", "N", "which sample of the training part (default: 0)", CLI_INTEGER,
         &plot.first},
        {"--count", "N", "how many epochs (default: 25)", CLI_INTEGER, &plot.count},
        {"--data", "D", "other data: fashion-mnist, or a folder with IDX files", CLI_STRING,
         &plot.data},
        {"--set", "KEY=VALUE", "changes the recipe; may be repeated", CLI_LIST, &settings},
        CLI_PLOT_OPTIONS("augmented.svg"),
        CLI_PLOT_COLUMNS};
    capas_plot_options how;
    char room[1200];
    int count, status;
    if (!cli_plot_parse(command, options, (int)CAPAS_COUNT(options), argc, argv, &plot, &how,
                        &count, &status))
        return status;
    if (plot.count < 1 || plot.count > MOST_SAMPLES || plot.first < 0) {
        fprintf(stderr, "capas plot augmented: --count must be 1 to %d, and --index at least 0.\n",
                MOST_SAMPLES);
        return CLI_WRONG_USE;
    }
    capas_recipe_data data = {0};
    const char *path = cli_plot_path(&plot, NULL, "augmented", room);
    capas_recipe *recipe = capas_recipe_load(argv[0], settings.items, settings.count);
    capas_status done =
        recipe != NULL ? capas_recipe_open_data(recipe, plot.data, &data) : capas_error_status();
    if (done == CAPAS_OK) done = draw_epochs(data.train, &plot, path, &how);
    capas_recipe_close_data(&data);
    capas_recipe_free(recipe);
    return cli_plot_done(command, done, path);
}

const cli_command cli_plot_augmented = {
    .name = "plot augmented",
    .arguments = "RECIPE",
    .summary = "A training picture as a recipe changes it by chance, epoch after epoch.",
    .examples = "  capas plot augmented cnn-simple --set 'data.augment={rotation_range: 15}'\n"
                "  capas plot augmented my-recipe.yaml --index 5 --count 10 --out five.png\n",
    .minimum = 1,
    .maximum = 1,
    .run = run_augmented,
};
