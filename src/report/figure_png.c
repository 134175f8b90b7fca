/* A figure as PNG, through cairo; the only file that knows it. Without cairo PNG is unsupported. */
#include "report/figure.h"

#if CAPAS_WITH_CAIRO
#include <cairo.h>
#include <math.h>
#include <string.h>

static void set_colour(cairo_t *to, capas_colour colour)
{
    cairo_set_source_rgb(to, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
                         (colour & 255) / 255.0);
}

static void paint(cairo_t *to, const capas_pen *pen)
{
    if (pen->fill != CAPAS_NO_PAINT) {
        set_colour(to, pen->fill);
        cairo_fill_preserve(to);
    }
    if (pen->stroke != CAPAS_NO_PAINT) {
        set_colour(to, pen->stroke);
        cairo_set_line_width(to, pen->width);
        cairo_set_line_join(to, pen->closed ? CAIRO_LINE_JOIN_MITER : CAIRO_LINE_JOIN_ROUND);
        cairo_set_dash(to, &pen->dash, pen->dash > 0, 0);
        cairo_stroke_preserve(to);
    }
}

static void draw_path(cairo_t *to, const capas_drawing *drawing)
{
    for (int i = 0; i < drawing->count; i++)
        cairo_line_to(to, drawing->points[i].x, drawing->points[i].y);
    if (drawing->pen.closed) cairo_close_path(to);
    paint(to, &drawing->pen);
}

static void draw_circle(cairo_t *to, const capas_drawing *drawing)
{
    cairo_arc(to, drawing->box.x, drawing->box.y, drawing->box.width, 0, 2 * M_PI);
    paint(to, &drawing->pen);
}

static void draw_text(cairo_t *to, const capas_drawing *drawing)
{
    const capas_lettering *lettering = &drawing->lettering;
    cairo_text_extents_t extents;
    cairo_save(to);
    cairo_select_font_face(to, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           lettering->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(to, lettering->size);
    cairo_text_extents(to, drawing->text, &extents);
    cairo_translate(to, drawing->box.x, drawing->box.y);
    if (lettering->upright) cairo_rotate(to, -M_PI / 2);
    cairo_move_to(to, -extents.x_advance * lettering->anchor / 2, 0);
    set_colour(to, lettering->colour);
    cairo_show_text(to, drawing->text);
    cairo_restore(to);
}

static void copy_pixels(const capas_picture *picture, cairo_surface_t *surface)
{
    unsigned char *pixels = cairo_image_surface_get_data(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    for (int y = 0; y < picture->height; y++)
        for (int x = 0; x < picture->width; x++) {
            const uint8_t *from =
                picture->pixels +
                ((size_t)y * (size_t)picture->width + (size_t)x) * (size_t)picture->channels;
            int more = picture->channels == 3;
            uint32_t pixel = (uint32_t)from[0] << 16 | (uint32_t)from[more] << 8 | from[2 * more];
            memcpy(pixels + (size_t)y * stride + 4 * (size_t)x, &pixel, sizeof pixel);
        }
    cairo_surface_mark_dirty(surface);
}

/* Pixels that are made larger stay squares. */
static cairo_status_t draw_image(cairo_t *to, const capas_drawing *drawing, double scale)
{
    const capas_picture *picture = drawing->picture;
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, picture->width, picture->height);
    cairo_status_t status = cairo_surface_status(surface);
    if (status == CAIRO_STATUS_SUCCESS) {
        copy_pixels(picture, surface);
        cairo_save(to);
        cairo_translate(to, drawing->box.x, drawing->box.y);
        cairo_scale(to, drawing->box.width / picture->width, drawing->box.height / picture->height);
        cairo_set_source_surface(to, surface, 0, 0);
        bool larger = drawing->box.width * scale >= picture->width;
        cairo_pattern_set_filter(cairo_get_source(to),
                                 larger ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_GOOD);
        cairo_pattern_set_extend(cairo_get_source(to), CAIRO_EXTEND_PAD);
        cairo_rectangle(to, 0, 0, picture->width, picture->height);
        cairo_fill(to);
        cairo_restore(to);
    }
    cairo_surface_destroy(surface);
    return status;
}

static cairo_status_t draw_all(cairo_t *to, const capas_figure *figure, double scale)
{
    cairo_status_t status = CAIRO_STATUS_SUCCESS;
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(to, options);
    cairo_font_options_destroy(options);
    set_colour(to, CAPAS_PAPER);
    cairo_paint(to);
    cairo_scale(to, scale, scale);
    for (size_t i = 0; i < figure->count && status == CAIRO_STATUS_SUCCESS; i++) {
        const capas_drawing *drawing = &figure->drawings[i];
        cairo_new_path(to);
        switch (drawing->kind) {
        case CAPAS_DRAW_PATH:
            draw_path(to, drawing);
            break;
        case CAPAS_DRAW_CIRCLE:
            draw_circle(to, drawing);
            break;
        case CAPAS_DRAW_TEXT:
            draw_text(to, drawing);
            break;
        case CAPAS_DRAW_IMAGE:
            status = draw_image(to, drawing, scale);
            break;
        }
        if (status == CAIRO_STATUS_SUCCESS) status = cairo_status(to);
    }
    return status;
}

/* Four bytes of a pixel become three, in place of the first ones; rows follow without gaps. */
static uint8_t *pack_pixels(cairo_surface_t *surface, int width, int height)
{
    cairo_surface_flush(surface);
    uint8_t *pixels = cairo_image_surface_get_data(surface), *to = pixels;
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint32_t pixel;
            memcpy(&pixel, pixels + (size_t)y * stride + 4 * (size_t)x, sizeof pixel);
            for (int shift = 16; shift >= 0; shift -= 8)
                *to++ = (uint8_t)(pixel >> shift);
        }
    return pixels;
}

capas_status capas_figure_png(const capas_figure *figure, int width, char **data, size_t *size)
{
    enum { HIGHEST = 32767 }; /* cairo's limit */
    double height = ceil(width * figure->height / figure->width);
    if (height > HIGHEST)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "plot: the picture would be %.0f pixels high, more than the %d that PNG "
                          "can be drawn with; take a smaller width, fewer parts, or SVG",
                          height, HIGHEST);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, (int)height);
    cairo_t *to = cairo_create(surface);
    cairo_status_t drawn = cairo_status(to); /* the surface's, too */
    if (drawn == CAIRO_STATUS_SUCCESS) drawn = draw_all(to, figure, width / figure->width);
    cairo_destroy(to);
    capas_status status;
    if (drawn == CAIRO_STATUS_SUCCESS) {
        const capas_picture picture = {.height = (int)height,
                                       .width = width,
                                       .channels = 3,
                                       .pixels = pack_pixels(surface, width, (int)height)};
        status = capas_picture_png(&picture, 1, data, size);
    } else {
        status = capas_fail(CAPAS_NO_MEMORY, "plot: a picture of %d x %.0f could not be drawn: %s",
                            width, height, cairo_status_to_string(drawn));
    }
    cairo_surface_destroy(surface);
    return status;
}

#else

capas_status capas_figure_png(const capas_figure *figure, int width, char **data, size_t *size)
{
    (void)figure, (void)width, (void)data, (void)size;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "plot: this capas was built without cairo (CAPAS_WITH_CAIRO), which draws "
                      "PNG; SVG needs nothing: let the file end in .svg");
}

#endif
