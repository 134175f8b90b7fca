/* Cells side by side; see grid.h. */
#include "report/grid.h"
#include <math.h>
#include <string.h>

enum { GAP = 10 };

/* A little wider than high, with as few cells as can be left empty in the last row. */
static int even_columns(int count)
{
    if (count <= 3) return count;
    int least = (int)fmin(ceil(sqrt(count)), 16), most = (int)fmin(1.6 * sqrt(count), 16);
    int best = least, left_empty = count;
    for (int columns = least; columns <= most; columns++) {
        int empty = (columns - count % columns) % columns;
        if (empty < left_empty) {
            best = columns;
            left_empty = empty;
        }
    }
    return best;
}

capas_grid capas_grid_make(double left, double right, double top, int count, int columns,
                           double height_to_width, double most, int lines)
{
    if (columns == 0) columns = even_columns(count);
    if (columns > count) columns = count;
    double gap = columns > 12 ? GAP / 2.0 : GAP;
    double width = fmin((right - left - gap * (columns - 1)) / columns, most);
    double used = width * columns + gap * (columns - 1);
    double height = width * height_to_width;
    return (capas_grid){.columns = columns,
                        .left = left + (right - left - used) / 2,
                        .top = top,
                        .cell_width = width,
                        .cell_height = height,
                        .column_step = width + gap,
                        .row_step =
                            height + gap + lines * CAPAS_CAPTION_LINE + (lines > 0 ? 2 : 0)};
}

capas_box capas_grid_cell(const capas_grid *grid, int cell)
{
    return (capas_box){grid->left + grid->column_step * (cell % grid->columns),
                       grid->top + grid->row_step * (cell / grid->columns), grid->cell_width,
                       grid->cell_height};
}

double capas_grid_end(const capas_grid *grid, int count)
{
    return grid->top + grid->row_step * ((count + grid->columns - 1) / grid->columns);
}

int capas_caption_lines(const char *caption)
{
    int lines = caption && *caption ? 1 : 0;
    for (; caption && *caption; caption++)
        lines += *caption == '\n';
    return lines;
}

void capas_caption_draw(capas_figure *figure, const capas_box *box, const char *caption)
{
    enum { ROOM = 256 };
    char line[ROOM], cut[ROOM];
    double y = box->y + box->height + CAPAS_CAPTION_LINE;
    for (const char *next; caption && *caption; caption = next, y += CAPAS_CAPTION_LINE) {
        size_t length = strcspn(caption, "\n"), kept = length < ROOM ? length : ROOM - 1;
        memcpy(line, caption, kept);
        line[kept] = '\0';
        next = caption + length + (caption[length] == '\n');
        capas_text_fit(line, CAPAS_CAPTION, box->width + GAP - 2, cut, sizeof cut);
        capas_figure_text(figure, box->x + box->width / 2, y - 1, cut,
                          &(capas_lettering){.size = CAPAS_CAPTION,
                                             .colour = CAPAS_INK,
                                             .anchor = CAPAS_AT_MIDDLE});
    }
}
