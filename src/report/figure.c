/* The list of things to draw; see figure.h. */
#include "report/figure.h"
#include "base/file.h"
#include "base/memory.h"
#include <string.h>
#include <strings.h>

static capas_drawing *add(capas_figure *figure, capas_drawing_kind kind)
{
    if (figure->status != CAPAS_OK) return NULL;
    figure->status = capas_grow((void **)&figure->drawings, figure->count, &figure->capacity,
                                sizeof *figure->drawings);
    if (figure->status != CAPAS_OK) return NULL;
    capas_drawing *drawing = &figure->drawings[figure->count++];
    *drawing = (capas_drawing){.kind = kind};
    return drawing;
}

void capas_figure_path(capas_figure *figure, const capas_point *points, int count,
                       const capas_pen *pen)
{
    capas_drawing *drawing = add(figure, CAPAS_DRAW_PATH);
    if (!drawing) return;
    drawing->pen = *pen;
    drawing->points = capas_copy_memory(points, (size_t)count * sizeof *points);
    drawing->count = count;
    if (!drawing->points) figure->status = CAPAS_NO_MEMORY;
}

void capas_figure_line(capas_figure *figure, double x0, double y0, double x1, double y1,
                       capas_colour colour, double width)
{
    const capas_point ends[] = {{x0, y0}, {x1, y1}};
    capas_figure_path(figure, ends, 2,
                      &(capas_pen){.stroke = colour, .fill = CAPAS_NO_PAINT, .width = width});
}

void capas_figure_rectangle(capas_figure *figure, const capas_box *box, capas_colour fill,
                            capas_colour stroke)
{
    double right = box->x + box->width, bottom = box->y + box->height;
    const capas_point corners[] = {
        {box->x, box->y}, {right, box->y}, {right, bottom}, {box->x, bottom}};
    capas_figure_path(figure, corners, 4,
                      &(capas_pen){.stroke = stroke, .fill = fill, .width = 1, .closed = true});
}

void capas_figure_circle(capas_figure *figure, double x, double y, double radius,
                         const capas_pen *pen)
{
    capas_drawing *drawing = add(figure, CAPAS_DRAW_CIRCLE);
    if (!drawing) return;
    drawing->box = (capas_box){.x = x, .y = y, .width = radius};
    drawing->pen = *pen;
}

/* Bytes of the UTF-8 character at `text`; 0: none that may stand in a file. */
static int character_bytes(const unsigned char *text)
{
    int bytes = *text < 0x80 ? 1 : *text >= 0xc2 && *text < 0xe0 ? 2 : 0;
    if (*text >= 0xe0 && *text < 0xf5) bytes = *text < 0xf0 ? 3 : 4;
    for (int i = 1; i < bytes; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    if (bytes == 1) return *text >= 0x20 && *text != 0x7f;
    if (bytes < 3) return bytes;
    unsigned second = *text << 8 | text[1]; /* longer than needed, surrogates, beyond Unicode */
    bool wrong = second < 0xe0a0 || (second >= 0xeda0 && second < 0xee00) ||
                 (second >= 0xf000 && second < 0xf090) || second >= 0xf490 ||
                 (second == 0xefbf && text[2] >= 0xbe);
    return wrong ? 0 : bytes;
}

static void clean(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at;) {
        int bytes = character_bytes(at);
        if (bytes == 0) *at = *at < 0x20 ? ' ' : '?';
        at += bytes > 0 ? bytes : 1;
    }
}

void capas_figure_text(capas_figure *figure, double x, double y, const char *text,
                       const capas_lettering *lettering)
{
    capas_drawing *drawing = add(figure, CAPAS_DRAW_TEXT);
    if (!drawing) return;
    drawing->box = (capas_box){.x = x, .y = y};
    drawing->lettering = *lettering;
    drawing->text = capas_copy_string(text);
    if (drawing->text)
        clean(drawing->text);
    else
        figure->status = CAPAS_NO_MEMORY;
}

void capas_figure_image(capas_figure *figure, const capas_box *box, const capas_picture *picture)
{
    capas_drawing *drawing = add(figure, CAPAS_DRAW_IMAGE);
    if (!drawing) return;
    drawing->box = *box;
    drawing->picture = picture;
}

double capas_figure_title(capas_figure *figure, const capas_plot_options *options,
                          const char *standard)
{
    enum { SIZE = 16, ROOM = 400 };
    const char *title = options->title ? options->title : standard;
    if (*title == '\0') return CAPAS_MARGIN;
    char cut[ROOM];
    const double most = (figure->width - 2 * CAPAS_MARGIN) / 1.12; /* bold is wider */
    capas_figure_text(figure, CAPAS_MARGIN, CAPAS_MARGIN + SIZE - 3,
                      capas_text_fit(title, SIZE, most, cut, sizeof cut),
                      &(capas_lettering){.size = SIZE, .colour = CAPAS_INK, .bold = true});
    return CAPAS_MARGIN + SIZE + 12;
}

static bool ends_in(const char *path, const char *ending)
{
    size_t length = strlen(path), end = strlen(ending);
    return length > end && strcasecmp(path + length - end, ending) == 0;
}

capas_status capas_plot_resolve(const char *path, const capas_plot_options *given,
                                capas_plot_options *options)
{
    *options = (capas_plot_options){0};
    if (!path || (!ends_in(path, ".svg") && !ends_in(path, ".png")))
        return capas_fail(CAPAS_INVALID_ARGUMENT, "plot: the file must end in .svg or .png: %s",
                          path ? path : "none was given (NULL)");
    if (given && given->struct_size > 0)
        memcpy(options, given,
               given->struct_size < sizeof *options ? given->struct_size : sizeof *options);
    if (options->width == 0) options->width = ends_in(path, ".svg") ? 720 : 1440;
    if (options->width < 100 || options->width > 8192)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "plot: width must be 100 to 8192 pixels, found %d", options->width);
    if (options->columns < 0 || options->columns > 64)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "plot: columns must be 1 to 64, found %d",
                          options->columns);
    return CAPAS_OK;
}

static void clear(capas_figure *figure)
{
    for (size_t i = 0; i < figure->count; i++) {
        capas_release(figure->drawings[i].points);
        capas_release(figure->drawings[i].text);
    }
    capas_release(figure->drawings);
    *figure = (capas_figure){0};
}

capas_status capas_figure_save(capas_figure *figure, const char *path,
                               const capas_plot_options *options)
{
    char *data = NULL;
    size_t size = 0;
    capas_status status = figure->status;
    if (status == CAPAS_OK)
        status = ends_in(path, ".svg") ? capas_figure_svg(figure, options->width, &data, &size)
                                       : capas_figure_png(figure, options->width, &data, &size);
    clear(figure);
    if (status == CAPAS_OK) status = capas_write_file(path, data, size);
    capas_release(data);
    return status;
}
