/* A figure as SVG. Texts stay texts, so that they can be searched and their font follows the page;
 * pictures are small PNGs inside the file. Numbers have at most two decimals and never a comma,
 * whatever the locale. */
#include "base/memory.h"
#include "report/figure.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct text {
    char *data;
    size_t length, capacity;
    capas_status status;
} text;

static void put_bytes(text *to, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size && to->status == CAPAS_OK; i++) {
        to->status = capas_grow((void **)&to->data, to->length, &to->capacity, 1);
        if (to->status == CAPAS_OK) to->data[to->length++] = bytes[i];
    }
}

static void put(text *to, const char *piece)
{
    put_bytes(to, piece, strlen(piece));
}

/* 3, 3.5, -0.25 */
static void put_number(text *to, double number)
{
    char digits[32];
    long long hundredths = llround(number * 100), size = llabs(hundredths);
    int length = snprintf(digits, sizeof digits, "%s%lld.%02lld", hundredths < 0 ? "-" : "",
                          size / 100, size % 100);
    while (digits[length - 1] == '0')
        length--;
    if (digits[length - 1] == '.') length--;
    put_bytes(to, digits, (size_t)length);
}

static void put_attribute(text *to, const char *name, double number)
{
    put(to, " ");
    put(to, name);
    put(to, "=\"");
    put_number(to, number);
    put(to, "\"");
}

static void put_colour(text *to, const char *name, capas_colour colour)
{
    char value[40];
    if (colour == CAPAS_NO_PAINT)
        snprintf(value, sizeof value, " %s=\"none\"", name);
    else
        snprintf(value, sizeof value, " %s=\"#%06x\"", name, (unsigned)colour);
    put(to, value);
}

static void put_pen(text *to, const capas_pen *pen)
{
    put_colour(to, "fill", pen->fill);
    if (pen->stroke == CAPAS_NO_PAINT) return;
    put_colour(to, "stroke", pen->stroke);
    if (pen->width != 1) put_attribute(to, "stroke-width", pen->width);
    if (pen->dash > 0) put_attribute(to, "stroke-dasharray", pen->dash);
    if (!pen->closed) put(to, " stroke-linejoin=\"round\"");
}

static void put_path(text *to, const capas_drawing *drawing)
{
    put(to, "<path d=\"");
    for (int i = 0; i < drawing->count; i++) {
        put(to, i == 0 ? "M" : "L");
        put_number(to, drawing->points[i].x);
        put(to, ",");
        put_number(to, drawing->points[i].y);
    }
    put(to, drawing->pen.closed ? "z\"" : "\"");
    put_pen(to, &drawing->pen);
    put(to, "/>\n");
}

static void put_circle(text *to, const capas_drawing *drawing)
{
    put(to, "<circle");
    put_attribute(to, "cx", drawing->box.x);
    put_attribute(to, "cy", drawing->box.y);
    put_attribute(to, "r", drawing->box.width);
    put_pen(to, &drawing->pen);
    put(to, "/>\n");
}

static void put_escaped(text *to, const char *from)
{
    for (; *from; from++) {
        const char *written = *from == '&'   ? "&amp;"
                              : *from == '<' ? "&lt;"
                              : *from == '>' ? "&gt;"
                                             : NULL;
        if (written)
            put(to, written);
        else
            put_bytes(to, from, 1);
    }
}

static void put_text(text *to, const capas_drawing *drawing)
{
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    const capas_lettering *lettering = &drawing->lettering;
    put(to, "<text");
    if (lettering->upright) {
        put(to, " transform=\"translate(");
        put_number(to, drawing->box.x);
        put(to, ",");
        put_number(to, drawing->box.y);
        put(to, ") rotate(-90)\"");
    } else {
        put_attribute(to, "x", drawing->box.x);
        put_attribute(to, "y", drawing->box.y);
    }
    put_attribute(to, "font-size", lettering->size);
    put(to, anchors[lettering->anchor]);
    if (lettering->bold) put(to, " font-weight=\"bold\"");
    put_colour(to, "fill", lettering->colour);
    put(to, ">");
    put_escaped(to, drawing->text);
    put(to, "</text>\n");
}

static void put_base64(text *to, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned three = (unsigned)bytes[i] << 16 | (left > 1 ? bytes[i + 1] : 0u) << 8 |
                         (left > 2 ? bytes[i + 2] : 0u);
        const char four[] = {digits[three >> 18], digits[three >> 12 & 63],
                             left > 1 ? digits[three >> 6 & 63] : '=',
                             left > 2 ? digits[three & 63] : '='};
        put_bytes(to, four, sizeof four);
    }
}

/* Pixels that are made larger stay squares: they are made so here, as not every viewer heeds
 * image-rendering. */
static void put_image(text *to, const capas_drawing *drawing)
{
    enum { LARGEST_FACTOR = 16 };
    char *png = NULL;
    size_t size;
    if (to->status != CAPAS_OK) return;
    double factor = floor(2 * drawing->box.width / drawing->picture->width);
    factor = fmin(fmax(factor, 1), LARGEST_FACTOR);
    to->status = capas_picture_png(drawing->picture, (int)factor, &png, &size);
    if (to->status != CAPAS_OK) return;
    put(to, "<image");
    put_attribute(to, "x", drawing->box.x);
    put_attribute(to, "y", drawing->box.y);
    put_attribute(to, "width", drawing->box.width);
    put_attribute(to, "height", drawing->box.height);
    put(to, " preserveAspectRatio=\"none\"");
    if (drawing->box.width >= drawing->picture->width)
        put(to, " style=\"image-rendering:optimizeSpeed;image-rendering:pixelated\"");
    put(to, " xlink:href=\"data:image/png;base64,");
    put_base64(to, (const unsigned char *)png, size);
    put(to, "\"/>\n");
    capas_release(png);
}

static void put_drawing(text *to, const capas_drawing *drawing)
{
    switch (drawing->kind) {
    case CAPAS_DRAW_PATH:
        put_path(to, drawing);
        break;
    case CAPAS_DRAW_CIRCLE:
        put_circle(to, drawing);
        break;
    case CAPAS_DRAW_TEXT:
        put_text(to, drawing);
        break;
    case CAPAS_DRAW_IMAGE:
        put_image(to, drawing);
        break;
    }
}

static void put_head(text *to, const capas_figure *figure, int width)
{
    put(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
            "xmlns:xlink=\"http://www.w3.org/1999/xlink\"");
    put_attribute(to, "width", width);
    put_attribute(to, "height", width * figure->height / figure->width);
    put(to, " viewBox=\"0 0 ");
    put_number(to, figure->width);
    put(to, " ");
    put_number(to, figure->height);
    put(to, "\" font-family=\"'DejaVu Sans',Verdana,sans-serif\">\n"
            "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
}

capas_status capas_figure_svg(const capas_figure *figure, int width, char **data, size_t *size)
{
    text to = {0};
    put_head(&to, figure, width);
    for (size_t i = 0; i < figure->count; i++)
        put_drawing(&to, &figure->drawings[i]);
    put(&to, "</svg>\n");
    *data = to.data;
    *size = to.length;
    return to.status;
}
