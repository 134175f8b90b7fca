/* Drawing a chart; see chart.h. Curves differ in colour (Okabe and Ito's, which the colour-blind
 * tell apart), in their marks and in being dashed, so that they differ in black and white too. */
#include "report/chart.h"
#include "base/option.h"
#include "report/ticks.h"
#include <float.h>
#include <math.h>

enum {
    LEGEND_SAMPLE = 34,
    LEGEND_GAP = 20,
    LEGEND_ROW = 20,
    LABEL = 12,
    PLOT_HEIGHT = 300,
    TICK_ROOM = 38, /* at least, so that charts below each other begin alike */
    MOST_MARKS = 30,
    MOST_X_TICKS = 12,
    MOST_Y_TICKS = 8
};

static const capas_colour colours[] = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7,
                                       0xe69f00, 0x56b4e9, 0x000000};

static const capas_lettering label_at_start = {.size = LABEL, .colour = CAPAS_INK};
static const capas_lettering label_at_middle = {
    .size = LABEL, .colour = CAPAS_INK, .anchor = CAPAS_AT_MIDDLE};
static const capas_lettering label_at_end = {
    .size = LABEL, .colour = CAPAS_INK, .anchor = CAPAS_AT_END};

/* Where the numbers lie on the page. */
typedef struct frame {
    capas_box box;
    double x_low, x_high, y_low, y_high;
} frame;

/* (value - low) / (high - low); halves, as the difference of two finite numbers may be infinite. */
static double part_of(double value, double low, double high)
{
    return (value / 2 - low / 2) / (high / 2 - low / 2);
}

static capas_point place(const frame *frame, double x, double y)
{
    const capas_box *box = &frame->box;
    return (capas_point){box->x + box->width * part_of(x, frame->x_low, frame->x_high),
                         box->y + box->height * (1 - part_of(y, frame->y_low, frame->y_high))};
}

/* Marks. */

static void draw_polygon(capas_figure *figure, capas_point at, int corners, double radius,
                         double turn, const capas_pen *pen)
{
    capas_point points[4];
    for (int i = 0; i < corners; i++) {
        double angle = turn + 2 * M_PI * i / corners;
        points[i] = (capas_point){at.x + radius * sin(angle), at.y - radius * cos(angle)};
    }
    capas_figure_path(figure, points, corners, pen);
}

static void draw_mark(capas_figure *figure, const capas_curve *curve, capas_point at)
{
    capas_colour colour = colours[(size_t)curve->number % CAPAS_COUNT(colours)];
    const capas_pen pen = {.stroke = colour,
                           .fill = curve->dashed ? CAPAS_PAPER : colour,
                           .width = 1.5,
                           .closed = true};
    switch (curve->number % 5) {
    case 0:
        capas_figure_circle(figure, at.x, at.y, 3.2, &pen);
        break;
    case 1:
        draw_polygon(figure, at, 4, 4.2, M_PI / 4, &pen);
        break;
    case 2:
        draw_polygon(figure, at, 3, 4.6, 0, &pen);
        break;
    case 3:
        draw_polygon(figure, at, 4, 4.4, 0, &pen);
        break;
    default:
        draw_polygon(figure, at, 3, 4.6, M_PI, &pen);
    }
}

/* Curves. */

static void draw_piece(capas_figure *figure, const capas_curve *curve, const capas_point *points,
                       int count)
{
    const capas_pen pen = {.stroke = colours[(size_t)curve->number % CAPAS_COUNT(colours)],
                           .fill = CAPAS_NO_PAINT,
                           .width = 2,
                           .dash = curve->dashed ? 6 : 0};
    if (count > 1) capas_figure_path(figure, points, count, &pen);
}

/* Goes on in pieces of a fixed size, the last point of one being the first of the next. */
static void draw_line(capas_figure *figure, const capas_curve *curve, const frame *frame)
{
    enum { PIECE = 256 };
    capas_point points[PIECE];
    int count = 0;
    for (int i = 0; i < curve->count; i++) {
        if (!isfinite(curve->y[i])) {
            draw_piece(figure, curve, points, count);
            count = 0;
            continue;
        }
        points[count++] = place(frame, curve->x[i], curve->y[i]);
        if (count < PIECE) continue;
        draw_piece(figure, curve, points, count);
        points[0] = points[count - 1];
        count = 1;
    }
    draw_piece(figure, curve, points, count);
}

static bool stands_alone(const capas_curve *curve, int i)
{
    return (i == 0 || !isfinite(curve->y[i - 1])) &&
           (i + 1 == curve->count || !isfinite(curve->y[i + 1]));
}

static void draw_marks(capas_figure *figure, const capas_curve *curve, const frame *frame)
{
    int every = (curve->count + MOST_MARKS - 1) / MOST_MARKS;
    for (int i = 0; i < curve->count; i++) {
        if (!isfinite(curve->y[i])) continue;
        capas_point at = place(frame, curve->x[i], curve->y[i]);
        if (i % every == 0 || i == curve->ring || stands_alone(curve, i))
            draw_mark(figure, curve, at);
        if (i == curve->ring)
            capas_figure_circle(
                figure, at.x, at.y, 8,
                &(capas_pen){.stroke = CAPAS_INK, .fill = CAPAS_NO_PAINT, .width = 1.5});
    }
}

static double legend_width(const capas_curve *curve)
{
    return LEGEND_SAMPLE + capas_text_width(curve->label, LABEL, false);
}

/* The legend, in as many rows as it takes, those of one run in one row if they fit; gives back
 * where it ends. */
static double draw_legend(capas_figure *figure, double top, const capas_chart *chart)
{
    double x = CAPAS_MARGIN, right = figure->width - CAPAS_MARGIN, y = top + LEGEND_ROW / 2.0;
    for (int i = 0; i < chart->count; i++) {
        const capas_curve *curve = &chart->curves[i];
        char cut[sizeof curve->label];
        double width = legend_width(curve), needed = width;
        if (curve->dashed && i + 1 < chart->count && !curve[1].dashed)
            needed += LEGEND_GAP + legend_width(&curve[1]);
        if (x > CAPAS_MARGIN && x + needed > right) {
            x = CAPAS_MARGIN;
            y += LEGEND_ROW;
        }
        const capas_point ends[] = {{x, y}, {x + LEGEND_SAMPLE - 6, y}};
        draw_piece(figure, curve, ends, 2);
        draw_mark(figure, curve, (capas_point){x + (LEGEND_SAMPLE - 6) / 2.0, y});
        capas_text_fit(curve->label, LABEL, right - x - LEGEND_SAMPLE, cut, sizeof cut);
        capas_figure_text(figure, x + LEGEND_SAMPLE, y + 0.36 * LABEL, cut, &label_at_start);
        x += width + LEGEND_GAP;
    }
    return y + LEGEND_ROW / 2.0 + 10;
}

/* Ranges. */

typedef struct range {
    double low, high;
} range;

static range find_range(const capas_chart *chart, bool of_x)
{
    range found = {INFINITY, -INFINITY};
    for (int c = 0; c < chart->count; c++)
        for (int i = 0; i < chart->curves[c].count; i++) {
            const capas_curve *curve = &chart->curves[c];
            double value = of_x ? curve->x[i] : curve->y[i];
            if (!isfinite(curve->y[i])) continue;
            found.low = fmin(found.low, value);
            found.high = fmax(found.high, value);
        }
    return found;
}

bool capas_chart_has_points(const capas_chart *chart)
{
    return find_range(chart, false).low <= DBL_MAX;
}

/* A little more on both sides; something when all are equal. */
static range widen(range range, double share)
{
    double middle = fmax(fabs(range.low), fabs(range.high));
    double size = range.high / 2 - range.low / 2;
    double more = size > middle * 1e-9 ? 2 * share * size : middle > 0 ? middle * 0.05 : 0.5;
    range.low = fmax(range.low - more, -DBL_MAX);
    range.high = fmin(range.high + more, DBL_MAX);
    return range;
}

static frame make_frame(const capas_chart *chart)
{
    range x = find_range(chart, true), found = find_range(chart, false), y = widen(found, 0.06);
    if (found.low >= 0 && y.low < 0) y.low = 0;
    if (found.high <= chart->most_y && y.high > chart->most_y) y.high = chart->most_y;
    if (!(y.high > y.low)) y.low -= 0.5;
    x = x.low < x.high ? widen(x, 0.02) : (range){x.low - 0.5, x.high + 0.5};
    return (frame){.x_low = x.low, .x_high = x.high, .y_low = y.low, .y_high = y.high};
}

/* Axes. */

static double widest(const capas_tick_list *ticks)
{
    double width = 0;
    char text[40];
    for (int i = 0; i < ticks->count; i++)
        width =
            fmax(width,
                 capas_text_width(capas_tick_text(ticks->values[i], ticks->step, text, sizeof text),
                                  LABEL, false));
    return width;
}

static void draw_axes(capas_figure *figure, const frame *frame, const capas_tick_list *x_ticks,
                      const capas_tick_list *y_ticks)
{
    char text[40];
    const capas_box *box = &frame->box;
    double bottom = box->y + box->height, right = box->x + box->width;
    for (int i = 0; i < y_ticks->count; i++) {
        double y = place(frame, frame->x_low, y_ticks->values[i]).y;
        capas_figure_line(figure, box->x, y, right, y, CAPAS_GRID_LINE, 1);
        capas_figure_text(figure, box->x - 8, y + 0.36 * LABEL,
                          capas_tick_text(y_ticks->values[i], y_ticks->step, text, sizeof text),
                          &label_at_end);
    }
    for (int i = 0; i < x_ticks->count; i++) {
        double x = place(frame, x_ticks->values[i], frame->y_low).x;
        capas_figure_line(figure, x, box->y, x, bottom, CAPAS_GRID_LINE, 1);
        capas_figure_line(figure, x, bottom, x, bottom + 4, CAPAS_SOFT_INK, 1);
        capas_figure_text(figure, x, bottom + 6 + LABEL,
                          capas_tick_text(x_ticks->values[i], x_ticks->step, text, sizeof text),
                          &label_at_middle);
    }
    capas_figure_line(figure, box->x, bottom, right, bottom, CAPAS_SOFT_INK, 1.2);
    capas_figure_line(figure, box->x, box->y, box->x, bottom, CAPAS_SOFT_INK, 1.2);
}

double capas_chart_draw(capas_figure *figure, double top, const capas_chart *chart)
{
    frame frame = make_frame(chart);
    double first = find_range(chart, true).low; /* no epoch 0 in the margin */
    capas_tick_list x_ticks = capas_ticks(first, frame.x_high, MOST_X_TICKS, chart->whole_x),
                    y_ticks = capas_ticks(frame.y_low, frame.y_high, MOST_Y_TICKS, false);
    capas_figure_text(figure, CAPAS_MARGIN, top + 13, chart->title,
                      &(capas_lettering){.size = 16, .colour = CAPAS_INK, .bold = true});
    top = draw_legend(figure, top + 26, chart);
    double left = CAPAS_MARGIN + fmax(widest(&y_ticks), TICK_ROOM) + 8;
    frame.box = (capas_box){left, top, figure->width - CAPAS_MARGIN - 4 - left, PLOT_HEIGHT};
    draw_axes(figure, &frame, &x_ticks, &y_ticks);
    for (int i = 0; i < chart->count; i++)
        draw_line(figure, &chart->curves[i], &frame);
    for (int i = 0; i < chart->count; i++)
        draw_marks(figure, &chart->curves[i], &frame);
    double bottom = top + PLOT_HEIGHT + 12 + 2 * LABEL;
    capas_figure_text(figure, frame.box.x + frame.box.width / 2, bottom, chart->x_label,
                      &label_at_middle);
    return bottom + 6;
}
