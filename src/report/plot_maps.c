/* Numbers as colours: a grid of maps on one scale, which stands beside them. Each map is made a
 * picture of its own colours. */
#include "report/plot_maps.h"
#include "base/memory.h"
#include "report/colours.h"
#include "report/grid.h"
#include "report/ticks.h"
#include <math.h>

enum {
    MOST_MAPS = 4096,
    LARGEST_SIDE = 32768,
    LARGEST_CELL = 160,
    BAR = 14,      /* width of the scale */
    BAR_ROOM = 70, /* with its numbers */
    BAR_STEPS = 64,
    LEAST_BAR = 80,
    LARGEST_BAR = 220
};

typedef struct scale {
    double low, high; /* -high when it is centred at zero, otherwise 0 */
} scale;

static scale find_scale(const capas_plot_map *maps, int count)
{
    double low = 0, high = 0;
    for (int m = 0; m < count; m++)
        for (int64_t i = 0; i < (int64_t)maps[m].height * maps[m].width; i++)
            if (isfinite(maps[m].values[i])) {
                low = fmin(low, (double)maps[m].values[i]);
                high = fmax(high, (double)maps[m].values[i]);
            }
    if (low < 0) high = fmax(high, -low);
    if (high == 0) high = 1;
    return (scale){low < 0 ? -high : 0, high};
}

static capas_colour colour_of(const scale *scale, double value)
{
    return scale->low < 0 ? capas_diverging_colour(value / scale->high)
                          : capas_sequential_colour(value / scale->high);
}

static capas_status colour_map(const capas_plot_map *map, const scale *scale,
                               capas_picture *picture)
{
    int64_t count = (int64_t)map->height * map->width;
    *picture = (capas_picture){.height = map->height,
                               .width = map->width,
                               .channels = 3,
                               .pixels = capas_allocate((size_t)count, 3)};
    if (!picture->pixels) return CAPAS_NO_MEMORY;
    for (int64_t i = 0; i < count; i++) {
        capas_colour colour = colour_of(scale, (double)map->values[i]);
        for (int c = 0; c < 3; c++)
            picture->pixels[3 * i + c] = (uint8_t)(colour >> (16 - 8 * c));
    }
    return CAPAS_OK;
}

static void draw_bar(capas_figure *figure, const scale *scale, double top, double height)
{
    double left = figure->width - CAPAS_MARGIN - BAR_ROOM + 12, step = height / BAR_STEPS;
    for (int i = 0; i < BAR_STEPS; i++) {
        double value = scale->low + (scale->high - scale->low) * (BAR_STEPS - 0.5 - i) / BAR_STEPS;
        /* Down to the end, so that no seam is seen to the next one, which lies over it. */
        capas_box box = {left, top + step * i, BAR, height - step * i};
        capas_figure_rectangle(figure, &box, colour_of(scale, value), CAPAS_NO_PAINT);
    }
    capas_figure_rectangle(figure, &(capas_box){left, top, BAR, height}, CAPAS_NO_PAINT,
                           CAPAS_SOFT_INK);
    capas_tick_list ticks = capas_ticks(scale->low, scale->high, height < 120 ? 4 : 8, false);
    for (int i = 0; i < ticks.count; i++) {
        char text[40];
        double y = top + height * (scale->high - ticks.values[i]) / (scale->high - scale->low);
        capas_figure_line(figure, left + BAR, y, left + BAR + 4, y, CAPAS_SOFT_INK, 1);
        capas_figure_text(figure, left + BAR + 7, y + 4,
                          capas_tick_text(ticks.values[i], ticks.step, text, sizeof text),
                          &(capas_lettering){.size = 11, .colour = CAPAS_INK});
    }
}

static capas_status draw(capas_figure *figure, const capas_plot_map *maps, int count,
                         const char *title, const capas_plot_options *options,
                         capas_picture *pictures)
{
    scale scale = find_scale(maps, count);
    double top = capas_figure_title(figure, options, title), shape = 0;
    int lines = 0;
    for (int m = 0; m < count; m++) {
        CAPAS_TRY(colour_map(&maps[m], &scale, &pictures[m]));
        shape = fmax(shape, (double)maps[m].height / maps[m].width);
        int own = capas_caption_lines(maps[m].caption);
        if (own > lines) lines = own;
    }
    capas_grid grid = capas_grid_make(CAPAS_MARGIN, figure->width - CAPAS_MARGIN - BAR_ROOM, top,
                                      count, options->columns, fmin(shape, 4), LARGEST_CELL, lines);
    grid.left = CAPAS_MARGIN;
    for (int m = 0; m < count; m++) {
        capas_box box = capas_grid_cell(&grid, m);
        capas_figure_image(figure, &box, &pictures[m]);
        capas_figure_rectangle(figure, &box, CAPAS_NO_PAINT, CAPAS_GRID_LINE);
        capas_caption_draw(figure, &box, maps[m].caption);
    }
    double end = capas_grid_end(&grid, count),
           height = fmin(fmax(end - top - CAPAS_CAPTION_LINE, LEAST_BAR), LARGEST_BAR);
    draw_bar(figure, &scale, top + 4, height);
    figure->height = fmax(end, top + height + 12) + CAPAS_MARGIN / 2.0;
    return CAPAS_OK;
}

static capas_status check(const capas_plot_map *maps, int count)
{
    if (!maps || count < 1 || count > MOST_MAPS)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "plot: needs 1 to %d maps, found %d", MOST_MAPS,
                          maps ? count : 0);
    for (int m = 0; m < count; m++)
        if (!maps[m].values || maps[m].height < 1 || maps[m].width < 1 ||
            maps[m].height > LARGEST_SIDE || maps[m].width > LARGEST_SIDE)
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "plot: map %d must have values, and 1 to %d rows and columns; found "
                              "%d x %d",
                              m, LARGEST_SIDE, maps[m].height, maps[m].width);
    return CAPAS_OK;
}

capas_status capas_plot_maps_titled(const char *path, const capas_plot_map *maps, int count,
                                    const char *title, const capas_plot_options *given)
{
    capas_plot_options options;
    CAPAS_TRY(capas_plot_resolve(path, given, &options));
    CAPAS_TRY(check(maps, count));
    capas_picture *pictures = capas_allocate_zeroed((size_t)count, sizeof *pictures);
    if (!pictures) return CAPAS_NO_MEMORY;
    capas_figure figure = {.width = CAPAS_PAGE};
    capas_status status = draw(&figure, maps, count, title, &options, pictures);
    if (status != CAPAS_OK) figure.status = status;
    status = capas_figure_save(&figure, path, &options);
    for (int m = 0; m < count; m++)
        capas_release(pictures[m].pixels);
    capas_release(pictures);
    return status;
}

capas_status capas_plot_maps_with(const char *path, const capas_plot_map *maps, int count,
                                  const capas_plot_options *given)
{
    return capas_plot_maps_titled(path, maps, count, "", given);
}
