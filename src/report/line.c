/* A line of text with its visible width; see line.h. */
#include "report/line.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A piece that does not fit as a whole is left out. */
static bool append(capas_line *line, const char *piece, size_t size)
{
    if (size >= CAPAS_LINE_SIZE - line->length) return false;
    memcpy(line->text + line->length, piece, size);
    line->length += size;
    line->text[line->length] = '\0';
    return true;
}

void capas_line_add(capas_line *line, const char *format, ...)
{
    char piece[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (size < 0) return;
    if (size >= (int)sizeof piece) size = (int)sizeof piece - 1;
    if (append(line, piece, (size_t)size)) line->width += size;
}

void capas_line_colour(capas_line *line, const char *sequence)
{
    if (line->colour) append(line, sequence, strlen(sequence));
}

void capas_line_bar(capas_line *line, const char *colour, int count)
{
    capas_line_colour(line, colour);
    for (int i = 0; i < count; i++)
        line->width += append(line, "\u2501", strlen("\u2501"));
    capas_line_colour(line, "\033[0m");
}

void capas_line_back(capas_line *line, int width)
{
    for (int i = 0; i < width; i++)
        append(line, "\b", 1);
    append(line, "\r", 1);
}

void capas_line_step_time(capas_line *line, double seconds)
{
    if (seconds >= 1 || seconds == 0)
        capas_line_add(line, " %.0fs/step", seconds);
    else if (seconds >= 1e-3)
        capas_line_add(line, " %.0fms/step", 1e3 * seconds);
    else
        capas_line_add(line, " %.0fus/step", 1e6 * seconds);
}
