/* A grid of cells of one size over the page's width, each with a caption of some lines below. */
#ifndef CAPAS_REPORT_GRID_H
#define CAPAS_REPORT_GRID_H

#include "report/figure.h"

enum { CAPAS_CAPTION = 11, CAPAS_CAPTION_LINE = 14 };

typedef struct capas_grid {
    int columns;
    double left, top, cell_width, cell_height;
    double column_step, row_step;
} capas_grid;

/* Lays `count` cells out between `left` and `right`, `columns` a row (0: an even shape). A cell is
 * height / width as high as wide, and at most `most` wide. `lines`: of the longest caption. */
capas_grid capas_grid_make(double left, double right, double top, int count, int columns,
                           double height_to_width, double most, int lines);
/* Where a cell is, and where the grid ends. */
capas_box capas_grid_cell(const capas_grid *grid, int cell);
double capas_grid_end(const capas_grid *grid, int count);

/* Lines of a caption; NULL: 0. */
int capas_caption_lines(const char *caption);
/* Below the box, each line cut to its width and a bit. */
void capas_caption_draw(capas_figure *figure, const capas_box *box, const char *caption);

#endif
