/* The lines of progress as text; see progress_line.h. */
#include "report/progress_line.h"
#include <math.h>
#include <stdio.h>

enum { BAR_WIDTH = 20, SHORTEST_BAR = 6, VALUE_SIZE = 128 };

static void add_count(capas_line *line, const capas_progress_step *step)
{
    if (step->target <= 0) {
        capas_line_add(line, "%7lld/Unknown", (long long)step->seen);
        return;
    }
    int digits = snprintf(NULL, 0, "%lld", (long long)step->target);
    capas_line_colour(line, "\033[1m");
    capas_line_add(line, "%*lld/%lld", digits, (long long)step->seen, (long long)step->target);
    capas_line_colour(line, "\033[0m");
}

static void add_bar(capas_line *line, const capas_progress_step *step, int width)
{
    if (step->target <= 0 || width == 0) return;
    int done = (int)(width * (double)step->seen / (double)step->target);
    if (done > width) done = width;
    capas_line_add(line, " ");
    if (done > 0) capas_line_bar(line, "\033[32m", done);
    capas_line_bar(line, "\033[37m", width - done);
}

static void add_seconds(capas_line *line, double seconds)
{
    int64_t s = seconds < 9e15 ? (int64_t)seconds : 0;
    if (seconds > 3600)
        capas_line_add(line, "%lld:%02d:%02d", (long long)(s / 3600), (int)(s % 3600 / 60),
                       (int)(s % 60));
    else if (seconds > 60)
        capas_line_add(line, "%lld:%02d", (long long)(s / 60), (int)(s % 60));
    else
        capas_line_add(line, "%llds", (long long)s);
}

/* What remains, or at the end and without a target what went by; and the time of a step. */
static void add_times(capas_line *line, const capas_progress_step *step)
{
    capas_line_add(line, " ");
    capas_line_colour(line, "\033[1m");
    if (step->target > 0 && !step->last)
        add_seconds(line, step->step * (double)(step->target - step->seen));
    else
        capas_line_add(line, "%.0fs", step->seconds);
    capas_line_colour(line, "\033[0m");
    capas_line_step_time(line, step->step);
}

/* "accuracy: 0.9485"; Keras looks at the absolute value in a bar, and not in a line of verbose 2.
 */
static int write_value(char text[VALUE_SIZE], const capas_progress_value *shown, bool absolute)
{
    double value = shown->sum / (shown->weight > 1 ? shown->weight : 1);
    bool plain = (absolute ? fabs(value) : value) > 1e-3;
    int length = snprintf(text, VALUE_SIZE, plain ? "%s: %.4f" : "%s: %.4e", shown->name, value);
    return length < VALUE_SIZE ? length : VALUE_SIZE - 1;
}

static void add_values(capas_line *line, const capas_progress_step *step,
                       const capas_progress_value *values, size_t count, int columns)
{
    char text[VALUE_SIZE];
    int begin = 0; /* where the terminal's line begins */
    for (size_t i = 0; i < count; i++) {
        int length = write_value(text, &values[i], true);
        bool fits = columns == 0 || line->width - begin + 3 + length < columns;
        if (!fits && !step->last) return;
        if (!fits) {
            capas_line_add(line, "\n   ");
            begin = line->width - 3;
        }
        capas_line_add(line, " - %s", text);
    }
}

/* The bar's width beside the rest: all values, or at the end only what is on its line. */
static int room_for_bar(const capas_progress_step *step, const capas_progress_value *values,
                        size_t count, int columns)
{
    char text[VALUE_SIZE];
    capas_line rest = {0};
    if (columns == 0) return BAR_WIDTH;
    add_count(&rest, step);
    add_times(&rest, step);
    int room = columns - 2 - rest.width;
    for (size_t i = 0; i < count && !step->last; i++)
        room -= 3 + write_value(text, &values[i], true);
    return room >= BAR_WIDTH ? BAR_WIDTH : room < SHORTEST_BAR ? 0 : room;
}

void capas_progress_bar_line(capas_line *line, const capas_progress_step *step,
                             const capas_progress_value *values, size_t count, int columns)
{
    add_count(line, step);
    add_bar(line, step, room_for_bar(step, values, count, columns));
    add_times(line, step);
    add_values(line, step, values, count, columns);
}

void capas_progress_epoch_line(capas_line *line, const capas_progress_step *step,
                               const capas_progress_value *values, size_t count)
{
    char text[VALUE_SIZE];
    capas_line_add(line, "%lld/%lld - %.0fs -", (long long)step->seen, (long long)step->target,
                   step->seconds);
    capas_line_step_time(line, step->step);
    for (size_t i = 0; i < count; i++) {
        write_value(text, &values[i], false);
        capas_line_add(line, " - %s", text);
    }
    capas_line_add(line, "\n");
}
