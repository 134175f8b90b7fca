/* Tables of text in boxes, as Python's rich draws them for Keras's summary: columns of a fixed
 * width that together fill a line, cells wrapped at words, words that are too long cut with "…".
 * A character counts as one cell. */
#ifndef CAPAS_BASE_TABLE_H
#define CAPAS_BASE_TABLE_H

#include "base/builder.h"

enum { CAPAS_TABLE_COLUMNS = 8 };

typedef enum capas_justify {
    CAPAS_JUSTIFY_LEFT,
    CAPAS_JUSTIFY_RIGHT,
    CAPAS_JUSTIFY_CENTER,
} capas_justify;

typedef struct capas_table {
    int column_count;
    const char *titles[CAPAS_TABLE_COLUMNS];
    capas_justify justify[CAPAS_TABLE_COLUMNS];
    /* Where columns end, as a share of the line: rising to 1. */
    double positions[CAPAS_TABLE_COLUMNS];
    int line_length;
    int widths[CAPAS_TABLE_COLUMNS]; /* of the text in a cell; set by begin */
} capas_table;

/* Works the widths out and draws the head; fails when a line is too short for the columns. */
capas_status capas_table_begin(capas_table *table, capas_builder *out);
/* One row, a cell for each column; `first`: it comes right under the head. */
void capas_table_row(const capas_table *table, const char *const *cells, int first,
                     capas_builder *out);
void capas_table_end(const capas_table *table, capas_builder *out);

#endif
