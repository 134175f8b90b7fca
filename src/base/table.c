/* Tables as rich draws them (rich table.py, _wrap.py, _ratio.py; Keras utils/summary_utils.py gives
 * the columns their widths); see table.h. */
#include "base/table.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { PADDING = 2, LEAST_COLUMN = 4 };

/* Widths -----------------------------------------------------------------------------------------
 */

/* The columns and the bars between them are wider than the line: each gives up its share of what is
 * too much, rounded half to even, as rich's ratio_reduce does it. */
static void reduce(int *widths, int count, int excess)
{
    for (int i = 0; i < count; i++) {
        int part = (int)nearbyint((double)excess / (count - i));
        if (part > widths[i]) part = widths[i];
        widths[i] -= part;
        excess -= part;
    }
}

static capas_status find_widths(capas_table *table)
{
    int count = table->column_count, current = 0, total = 0;
    int available = table->line_length - (count + 1);
    for (int i = 0; i < count; i++) {
        int width = (int)(table->positions[i] * table->line_length) - current;
        if (width < LEAST_COLUMN) width = LEAST_COLUMN;
        current += width;
        table->widths[i] = width + PADDING;
        total += table->widths[i];
    }
    if (total > available) reduce(table->widths, count, total - available);
    for (int i = 0; i < count; i++) {
        table->widths[i] -= PADDING;
        if (table->widths[i] < 1)
            return capas_fail(
                CAPAS_INVALID_ARGUMENT,
                "line_length %d is too short for the summary's %d columns; give 80 or "
                "leave it out",
                table->line_length, count);
    }
    return CAPAS_OK;
}

/* Cells ------------------------------------------------------------------------------------------
 */

/* A piece of UTF-8 text. */
typedef struct piece {
    const char *text;
    size_t size;
} piece;

static bool begins_character(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

static int count_characters(piece piece)
{
    int count = 0;
    for (size_t i = 0; i < piece.size; i++)
        count += begins_character(piece.text[i]);
    return count;
}

static piece first_characters(piece whole, int count)
{
    piece part = {whole.text, 0};
    while (part.size < whole.size) {
        if (begins_character(whole.text[part.size]) && count-- == 0) break;
        part.size++;
    }
    return part;
}

static piece without_end_spaces(piece piece)
{
    while (piece.size > 0 && piece.text[piece.size - 1] == ' ')
        piece.size--;
    return piece;
}

/* The next word with the spaces around it. */
static piece next_word(piece rest)
{
    size_t end = 0;
    while (end < rest.size && rest.text[end] == ' ')
        end++;
    while (end < rest.size && rest.text[end] != ' ')
        end++;
    while (end < rest.size && rest.text[end] == ' ')
        end++;
    return (piece){rest.text, end};
}

/* Takes the first line of `rest`: as many words as fit, at least one. */
static piece take_line(piece *rest, int width)
{
    piece line = {rest->text, 0};
    int used = 0;
    while (rest->size > 0) {
        piece word = next_word(*rest);
        int length = count_characters(without_end_spaces(word));
        if (line.size > 0 && used + length > width) break;
        line.size += word.size;
        used += count_characters(word);
        rest->text += word.size;
        rest->size -= word.size;
    }
    return without_end_spaces(line);
}

static void draw_line(piece line, int width, capas_justify justify, capas_builder *out)
{
    int length = count_characters(line);
    bool cut = length > width;
    if (cut) {
        line = first_characters(line, width - 1);
        length = width;
    }
    int spare = width - length, before = 0;
    if (justify == CAPAS_JUSTIFY_RIGHT) before = spare;
    if (justify == CAPAS_JUSTIFY_CENTER) before = spare / 2;
    capas_builder_repeat(out, " ", before);
    capas_builder_add_bytes(out, line.text, line.size);
    if (cut) capas_builder_add(out, "…");
    capas_builder_repeat(out, " ", spare - before);
}

static void draw_cells(const capas_table *table, const char *const *cells, const char *bar,
                       capas_builder *out)
{
    piece rest[CAPAS_TABLE_COLUMNS];
    bool more = true;
    for (int i = 0; i < table->column_count; i++)
        rest[i] = (piece){cells[i], strlen(cells[i])};
    while (more) {
        more = false;
        capas_builder_add(out, bar);
        for (int i = 0; i < table->column_count; i++) {
            capas_builder_add(out, " ");
            draw_line(take_line(&rest[i], table->widths[i]), table->widths[i], table->justify[i],
                      out);
            capas_builder_add(out, " ");
            capas_builder_add(out, bar);
            more |= rest[i].size > 0;
        }
        capas_builder_add(out, "\n");
    }
}

/* Rules ------------------------------------------------------------------------------------------
 */

static void draw_rule(const capas_table *table, const char *left, const char *line,
                      const char *middle, const char *right, capas_builder *out)
{
    capas_builder_add(out, left);
    for (int i = 0; i < table->column_count; i++) {
        if (i > 0) capas_builder_add(out, middle);
        capas_builder_repeat(out, line, table->widths[i] + PADDING);
    }
    capas_builder_add(out, right);
    capas_builder_add(out, "\n");
}

capas_status capas_table_begin(capas_table *table, capas_builder *out)
{
    CAPAS_TRY(find_widths(table));
    draw_rule(table, "┏", "━", "┳", "┓", out);
    draw_cells(table, table->titles, "┃", out);
    draw_rule(table, "┡", "━", "╇", "┩", out);
    return CAPAS_OK;
}

void capas_table_row(const capas_table *table, const char *const *cells, int first,
                     capas_builder *out)
{
    if (!first) draw_rule(table, "├", "─", "┼", "┤", out);
    draw_cells(table, cells, "│", out);
}

void capas_table_end(const capas_table *table, capas_builder *out)
{
    draw_rule(table, "└", "─", "┴", "┘", out);
}
