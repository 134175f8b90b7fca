/* A grid of pictures with captions, and one picture with its levels printed. */
#include "report/grid.h"
#include <math.h>
#include <stdio.h>

enum { MOST_IMAGES = 4096, LARGEST_SIDE = 32768, MOST_PRINTED = 64, LARGEST_CELL = 330 };

static capas_status check_picture(const capas_picture *picture)
{
    bool good = picture->pixels && picture->height > 0 && picture->width > 0 &&
                picture->height <= LARGEST_SIDE && picture->width <= LARGEST_SIDE &&
                (picture->channels == 1 || picture->channels == 3);
    if (good) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "plot: a picture must have pixels, 1 to %d rows and columns, and 1 or 3 "
                      "channels; found %d x %d x %d%s",
                      LARGEST_SIDE, picture->height, picture->width, picture->channels,
                      picture->pixels ? "" : " without pixels");
}

/* The largest that fits into the cell with square pixels. */
static capas_box fit(const capas_box *cell, const capas_picture *picture)
{
    double scale = fmin(cell->width / picture->width, cell->height / picture->height);
    double width = scale * picture->width, height = scale * picture->height;
    return (capas_box){cell->x + (cell->width - width) / 2, cell->y + (cell->height - height) / 2,
                       width, height};
}

static void draw_grid(capas_figure *figure, const capas_picture *pictures,
                      const char *const *captions, int count, const capas_plot_options *options)
{
    double top = capas_figure_title(figure, options, ""), shape = 0;
    int lines = 0;
    for (int i = 0; i < count; i++) {
        shape = fmax(shape, (double)pictures[i].height / pictures[i].width);
        int own = captions ? capas_caption_lines(captions[i]) : 0;
        if (own > lines) lines = own;
    }
    capas_grid grid = capas_grid_make(CAPAS_MARGIN, figure->width - CAPAS_MARGIN, top, count,
                                      options->columns, fmin(shape, 4), LARGEST_CELL, lines);
    for (int i = 0; i < count; i++) {
        capas_box cell = capas_grid_cell(&grid, i), box = fit(&cell, &pictures[i]);
        capas_figure_image(figure, &box, &pictures[i]);
        capas_figure_rectangle(figure, &box, CAPAS_NO_PAINT, CAPAS_GRID_LINE);
        if (captions) capas_caption_draw(figure, &cell, captions[i]);
    }
    figure->height = capas_grid_end(&grid, count) + CAPAS_MARGIN / 2.0;
}

capas_status capas_plot_images_with(const char *path, const capas_picture *pictures,
                                    const char *const *captions, int count,
                                    const capas_plot_options *given)
{
    capas_plot_options options;
    CAPAS_TRY(capas_plot_resolve(path, given, &options));
    if (!pictures || count < 1 || count > MOST_IMAGES)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "plot: needs 1 to %d pictures, found %d",
                          MOST_IMAGES, pictures ? count : 0);
    for (int i = 0; i < count; i++)
        CAPAS_TRY(check_picture(&pictures[i]));
    capas_figure figure = {.width = CAPAS_PAGE};
    draw_grid(&figure, pictures, captions, count, &options);
    return capas_figure_save(&figure, path, &options);
}

/* Levels. */

static void draw_level(capas_figure *figure, const capas_box *box, int level)
{
    char text[8];
    snprintf(text, sizeof text, "%d", level);
    capas_colour gray = (capas_colour)level * 0x010101;
    capas_figure_rectangle(figure, box, gray, CAPAS_NO_PAINT);
    /* Three digits take nine tenths of the cell. */
    capas_figure_text(figure, box->x + box->width / 2, box->y + box->height / 2 + 0.16 * box->width,
                      text,
                      &(capas_lettering){.size = 0.44 * box->width,
                                         .colour = level < 128 ? 0xffffff : 0x000000,
                                         .anchor = CAPAS_AT_MIDDLE});
}

static void draw_levels(capas_figure *figure, const capas_picture *picture,
                        const capas_plot_options *options)
{
    double top = capas_figure_title(figure, options, "");
    double side = fmin((figure->width - 2.0 * CAPAS_MARGIN) / picture->width, 48);
    double left = (figure->width - side * picture->width) / 2;
    for (int y = 0; y < picture->height; y++)
        for (int x = 0; x < picture->width; x++) {
            capas_box cell = {left + side * x, top + side * y, side, side};
            draw_level(figure, &cell,
                       picture->pixels[(size_t)y * (size_t)picture->width + (size_t)x]);
        }
    double right = left + side * picture->width, bottom = top + side * picture->height;
    for (int x = 0; x <= picture->width; x++)
        capas_figure_line(figure, left + side * x, top, left + side * x, bottom, 0x808080, 0.4);
    for (int y = 0; y <= picture->height; y++)
        capas_figure_line(figure, left, top + side * y, right, top + side * y, 0x808080, 0.4);
    figure->height = bottom + CAPAS_MARGIN;
}

capas_status capas_plot_pixels_with(const char *path, const capas_picture *picture,
                                    const capas_plot_options *given)
{
    capas_plot_options options;
    CAPAS_TRY(capas_plot_resolve(path, given, &options));
    if (!picture) return capas_fail(CAPAS_INVALID_ARGUMENT, "plot: needs a picture (NULL)");
    CAPAS_TRY(check_picture(picture));
    if (picture->channels != 1 || picture->height > MOST_PRINTED || picture->width > MOST_PRINTED)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "plot: levels can be printed in a gray picture of at most %d x %d, found "
                          "%d x %d with %d channels; resize it first",
                          MOST_PRINTED, MOST_PRINTED, picture->height, picture->width,
                          picture->channels);
    capas_figure figure = {.width = CAPAS_PAGE};
    draw_levels(&figure, picture, &options);
    return capas_figure_save(&figure, path, &options);
}
