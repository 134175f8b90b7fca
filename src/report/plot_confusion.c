/* A confusion matrix: rows are what is true, columns what was predicted. What is right is blue,
 * what is wrong is red, both darker with the share of the row; shares of one in a hundred are seen
 * too, as the darkness goes with the root. */
#include "base/text.h"
#include "report/colours.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_CLASSES = 100,
    MOST_PRINTED = 24, /* classes, with numbers in the cells */
    MOST_SHARES = 12,  /* and the shares below them */
    LARGEST_CELL = 96,
    NAME = 12,     /* size of letters */
    LONGEST = 150, /* of a name, on the page */
    ROOM = 128
};

typedef struct matrix {
    const int64_t *counts;
    int classes;
    const char *const *names;
    double left, top, cell, name_size;
} matrix;

static const char *class_name(const matrix *matrix, int class, char text[ROOM])
{
    char number[16];
    snprintf(number, sizeof number, "%d", class);
    const char *name = matrix->names && matrix->names[class] ? matrix->names[class] : number;
    return capas_text_fit(name, matrix->name_size, LONGEST, text, ROOM);
}

static double longest_name(const matrix *matrix)
{
    char text[ROOM];
    double longest = 0;
    for (int c = 0; c < matrix->classes; c++)
        longest =
            fmax(longest, capas_text_width(class_name(matrix, c, text), matrix->name_size, false));
    return longest;
}

static int64_t row_sum(const matrix *matrix, int row)
{
    int64_t sum = 0;
    for (int c = 0; c < matrix->classes; c++)
        sum += matrix->counts[row * matrix->classes + c];
    return sum;
}

/* "1.2 %", "99.6 %", "100 %", "<0.1 %" */
static void write_share(double share, char *text, size_t size)
{
    double percent = 100 * share;
    if (percent < 0.05)
        snprintf(text, size, "<0.1 %%");
    else
        snprintf(text, size, percent > 99.95 ? "%.0f %%" : "%.1f %%", percent);
}

static void draw_cell(capas_figure *figure, const matrix *matrix, int row, int column, int64_t sum)
{
    int64_t count = matrix->counts[row * matrix->classes + column];
    double share = sum > 0 ? (double)count / (double)sum : 0, dark = sqrt(share);
    capas_box box = {matrix->left + matrix->cell * column, matrix->top + matrix->cell * row,
                     matrix->cell, matrix->cell};
    capas_colour ground = row == column ? capas_sequential_colour(0.9 * dark)
                                        : capas_diverging_colour(fmin(1.4 * dark, 0.9));
    capas_figure_rectangle(figure, &box, count > 0 ? ground : CAPAS_PAPER, CAPAS_GRID_LINE);
    if (matrix->classes > MOST_PRINTED) return;
    char text[32];
    bool shares = matrix->classes <= MOST_SHARES && count > 0;
    double size = fmin(13, matrix->cell * 0.26), x = box.x + box.width / 2,
           y = box.y + box.height / 2 + 0.36 * size;
    capas_lettering lettering = {.size = size,
                                 .colour = count > 0 ? capas_readable_on(ground) : 0xbbbbbb,
                                 .anchor = CAPAS_AT_MIDDLE};
    snprintf(text, sizeof text, "%lld", (long long)count);
    double width = capas_text_width(text, size, false);
    if (width > box.width - 4) lettering.size *= (box.width - 4) / width;
    capas_figure_text(figure, x, y - (shares ? 0.55 * size : 0), text, &lettering);
    if (!shares) return;
    write_share(share, text, sizeof text);
    lettering.size = 0.75 * size;
    capas_figure_text(figure, x, y + 0.7 * size, text, &lettering);
}

/* Names stand upright when they would touch each other. */
static void draw_names(capas_figure *figure, const matrix *matrix, bool upright)
{
    char text[ROOM];
    int every = matrix->cell < matrix->name_size + 2 ? 5 : 1;
    for (int c = 0; c < matrix->classes; c += every) {
        double middle = matrix->cell * (c + 0.5), base = 0.36 * matrix->name_size;
        class_name(matrix, c, text);
        capas_lettering lettering = {
            .size = matrix->name_size, .colour = CAPAS_INK, .anchor = CAPAS_AT_END};
        capas_figure_text(figure, matrix->left - 7, matrix->top + middle + base, text, &lettering);
        lettering.anchor = upright ? CAPAS_AT_START : CAPAS_AT_MIDDLE;
        lettering.upright = upright;
        capas_figure_text(figure, matrix->left + middle + (upright ? base : 0), matrix->top - 7,
                          text, &lettering);
    }
}

static void draw_sides(capas_figure *figure, const matrix *matrix, double names_left,
                       double names_top)
{
    double half = matrix->cell * matrix->classes / 2;
    capas_lettering lettering = {.size = 12, .colour = CAPAS_SOFT_INK, .anchor = CAPAS_AT_MIDDLE};
    capas_figure_text(figure, matrix->left + half, names_top - 10, "predicted", &lettering);
    lettering.upright = true;
    capas_figure_text(figure, names_left - 10, matrix->top + half, "true", &lettering);
}

static void draw(capas_figure *figure, matrix *matrix, const capas_plot_options *options)
{
    char title[128], right_text[32], all_text[32];
    int64_t right = 0, all = 0;
    for (int c = 0; c < matrix->classes; c++) {
        right += matrix->counts[c * matrix->classes + c];
        all += row_sum(matrix, c);
    }
    snprintf(title, sizeof title, "accuracy %.2f %% (%s of %s)",
             all > 0 ? 100.0 * (double)right / (double)all : 0.0,
             capas_thousands(right, right_text, sizeof right_text),
             capas_thousands(all, all_text, sizeof all_text));
    double top = capas_figure_title(figure, options, title);
    matrix->name_size = matrix->classes > MOST_PRINTED ? 9 : NAME;
    double names = longest_name(matrix), side = 22;
    matrix->left = CAPAS_MARGIN + side + names + 7;
    matrix->cell =
        fmin((figure->width - CAPAS_MARGIN - matrix->left) / matrix->classes, LARGEST_CELL);
    bool upright = names > matrix->cell - 4;
    matrix->top = top + side + 7 + (upright ? names : matrix->name_size);
    double shift =
        (figure->width - CAPAS_MARGIN - matrix->left - matrix->cell * matrix->classes) / 2;
    matrix->left += shift;
    for (int row = 0; row < matrix->classes; row++)
        for (int column = 0; column < matrix->classes; column++)
            draw_cell(figure, matrix, row, column, row_sum(matrix, row));
    draw_names(figure, matrix, upright);
    draw_sides(figure, matrix, matrix->left - 7 - names, top + side);
    figure->height = matrix->top + matrix->cell * matrix->classes + CAPAS_MARGIN;
}

capas_status capas_plot_confusion_with(const char *path, const int64_t *counts, int classes,
                                       const char *const *names, const capas_plot_options *given)
{
    capas_plot_options options;
    CAPAS_TRY(capas_plot_resolve(path, given, &options));
    if (!counts || classes < 2 || classes > MOST_CLASSES)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "plot: a confusion matrix needs counts of 2 to %d classes, found %d",
                          MOST_CLASSES, counts ? classes : 0);
    for (int i = 0; i < classes * classes; i++)
        if (counts[i] < 0)
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "plot: a confusion matrix has no negative counts, found %lld",
                              (long long)counts[i]);
    matrix matrix = {.counts = counts, .classes = classes, .names = names};
    capas_figure figure = {.width = CAPAS_PAGE};
    draw(&figure, &matrix, &options);
    return capas_figure_save(&figure, path, &options);
}
