/* A figure: a list of things to draw, in units of which 720 are a page's width, and its writers.
 * The kinds of plots draw into it without looking for failures: the figure keeps the first, and
 * saving tells it. Only figure_png.c knows cairo; figure_svg.c needs nothing.
 *
 * The layout must not depend on the fonts of a machine, so texts are measured with the widths of
 * DejaVu Sans (text_width.c), whoever draws them. */
#ifndef CAPAS_REPORT_FIGURE_H
#define CAPAS_REPORT_FIGURE_H

#include "base/status.h"
#include <capas/plot.h>
#include <stdbool.h>
#include <stdint.h>

/* 0xRRGGBB */
typedef uint32_t capas_colour;
enum {
    CAPAS_NO_PAINT = 0x1000000,
    CAPAS_INK = 0x222222,
    CAPAS_SOFT_INK = 0x666666,
    CAPAS_GRID_LINE = 0xdddddd,
    CAPAS_PAPER = 0xffffff
};

enum { CAPAS_PAGE = 720, CAPAS_MARGIN = 16 };

typedef struct capas_point {
    double x, y;
} capas_point;

typedef struct capas_box {
    double x, y, width, height;
} capas_box;

typedef struct capas_pen {
    capas_colour stroke, fill; /* CAPAS_NO_PAINT: none */
    double width;              /* of the stroke */
    double dash;               /* length of dashes and gaps; 0: solid */
    bool closed;
} capas_pen;

typedef enum capas_anchor { CAPAS_AT_START, CAPAS_AT_MIDDLE, CAPAS_AT_END } capas_anchor;

typedef struct capas_lettering {
    double size;
    capas_colour colour;
    capas_anchor anchor; /* which part of the text is at x */
    bool bold;
    bool upright; /* turned by a quarter: reads upwards */
} capas_lettering;

typedef enum capas_drawing_kind {
    CAPAS_DRAW_PATH,
    CAPAS_DRAW_CIRCLE,
    CAPAS_DRAW_TEXT,
    CAPAS_DRAW_IMAGE,
} capas_drawing_kind;

typedef struct capas_drawing {
    capas_drawing_kind kind;
    capas_box box; /* of an image; x and y of a text's baseline or a circle's centre, whose radius
                      is `width` */
    capas_pen pen;
    capas_lettering lettering;
    capas_point *points; /* copied */
    int count;
    char *text;                   /* copied, valid UTF-8 */
    const capas_picture *picture; /* borrowed until the figure is saved */
} capas_drawing;

typedef struct capas_figure {
    double width, height;
    capas_drawing *drawings;
    size_t count, capacity;
    capas_status status; /* the first failure; its sentence is the thread's */
} capas_figure;

void capas_figure_path(capas_figure *figure, const capas_point *points, int count,
                       const capas_pen *pen);
void capas_figure_line(capas_figure *figure, double x0, double y0, double x1, double y1,
                       capas_colour colour, double width);
void capas_figure_rectangle(capas_figure *figure, const capas_box *box, capas_colour fill,
                            capas_colour stroke);
void capas_figure_circle(capas_figure *figure, double x, double y, double radius,
                         const capas_pen *pen);
void capas_figure_text(capas_figure *figure, double x, double y, const char *text,
                       const capas_lettering *lettering);
void capas_figure_image(capas_figure *figure, const capas_box *box, const capas_picture *picture);

/* The title at the top left, or `standard` when the options name none; gives back where what is
 * below it begins. */
double capas_figure_title(capas_figure *figure, const capas_plot_options *options,
                          const char *standard);

/* Options as they were given, with the fields that are left out filled in; NULL: all. */
capas_status capas_plot_resolve(const char *path, const capas_plot_options *given,
                                capas_plot_options *options);

/* Writes the file, unless something failed, and frees all that was drawn. */
capas_status capas_figure_save(capas_figure *figure, const char *path,
                               const capas_plot_options *options);

/* Width of a text in the given size. */
double capas_text_width(const char *text, double size, bool bold);
/* The text, or as much of it as fits, with an ellipsis; gives back `cut`. */
const char *capas_text_fit(const char *text, double size, double width, char *cut, size_t room);

/* The writers: *data is the caller's to release. */
capas_status capas_figure_svg(const capas_figure *figure, int width, char **data, size_t *size);
capas_status capas_figure_png(const capas_figure *figure, int width, char **data, size_t *size);

/* A picture of 1 or 3 channels as a PNG file, each pixel made a square of `factor`. */
capas_status capas_picture_png(const capas_picture *picture, int factor, char **data, size_t *size);

#endif
