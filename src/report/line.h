/* A line of text that knows its visible width: what escape sequences and bytes of UTF-8 do not add
 * to. What does not fit is cut off. */
#ifndef CAPAS_REPORT_LINE_H
#define CAPAS_REPORT_LINE_H

#include <stdbool.h>
#include <stddef.h>

enum { CAPAS_LINE_SIZE = 4096 };

typedef struct capas_line {
    char text[CAPAS_LINE_SIZE];
    size_t length;
    int width;   /* visible characters */
    bool colour; /* escape sequences are written */
} capas_line;

/* Visible text in ASCII. */
void capas_line_add(capas_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An escape sequence, when there is colour. */
void capas_line_colour(capas_line *line, const char *sequence);
/* `count` pieces of a bar in a colour. */
void capas_line_bar(capas_line *line, const char *colour, int count);
/* Back over `width` characters to the line's start. */
void capas_line_back(capas_line *line, int width);
/* " 19ms/step" */
void capas_line_step_time(capas_line *line, double seconds);

#endif
