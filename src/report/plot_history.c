/* Curves of trainings: which series are a chart's, their names, and the best epoch. Drawing them is
 * chart.c's. */
#include "base/memory.h"
#include "base/option.h"
#include "base/text.h"
#include "report/chart.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_RUNS = 64, MOST_METRICS = 64, NAME = 128, CHART_GAP = 22 };

typedef struct plot {
    const capas_plot_run *runs;
    int run_count;
    char metrics[MOST_METRICS][NAME];
    int metric_count;
    double *epochs[MOST_RUNS]; /* what the x axis shows, of each run */
} plot;

/* Whether less is better (-1), more (1), or neither is known (0), by the name that Keras gives. */
static int better(const char *metric)
{
    static const char *const smaller[] = {"loss", "error", "crossentropy", "mae", "mse"};
    static const char *const larger[] = {"acc", "auc", "precision", "recall", "f1"};
    for (size_t i = 0; i < CAPAS_COUNT(smaller); i++)
        if (strstr(metric, smaller[i])) return -1;
    for (size_t i = 0; i < CAPAS_COUNT(larger); i++)
        if (strstr(metric, larger[i])) return 1;
    return 0;
}

/* Which metrics. */

static bool has_metric(const plot *plot, const char *name)
{
    for (int i = 0; i < plot->metric_count; i++)
        if (strcmp(plot->metrics[i], name) == 0) return true;
    return false;
}

static capas_status add_metric(plot *plot, const char *name)
{
    if (has_metric(plot, name)) return CAPAS_OK;
    if (plot->metric_count == MOST_METRICS || strlen(name) >= NAME)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "plot: at most %d metrics with names of less than %d bytes can be drawn",
                          MOST_METRICS, NAME);
    memcpy(plot->metrics[plot->metric_count++], name, strlen(name) + 1);
    return CAPAS_OK;
}

static capas_status add_all_metrics(plot *plot)
{
    for (int r = 0; r < plot->run_count; r++)
        for (int s = 0; s < capas_history_count(plot->runs[r].history); s++) {
            const char *name = capas_history_name(plot->runs[r].history, s);
            CAPAS_TRY(add_metric(plot, strncmp(name, "val_", 4) == 0 ? name + 4 : name));
        }
    return CAPAS_OK;
}

static capas_status fail_unknown(const plot *known, const char *metric)
{
    const char *names[MOST_METRICS];
    for (int i = 0; i < known->metric_count; i++)
        names[i] = known->metrics[i];
    const char *nearest = capas_nearest_name(metric, names, (size_t)known->metric_count);
    if (nearest)
        return capas_fail(CAPAS_UNKNOWN_NAME,
                          "plot: no run has a metric \"%.60s\"; did you mean \"%s\"?", metric,
                          nearest);
    return capas_fail(CAPAS_UNKNOWN_NAME,
                      "plot: no run has a metric \"%.60s\"; the first of %d is \"%s\"", metric,
                      known->metric_count, known->metric_count > 0 ? names[0] : "");
}

static capas_status choose_metrics(plot *plot, const char *const *metrics, int count)
{
    CAPAS_TRY(add_all_metrics(plot));
    if (plot->metric_count == 0)
        return capas_fail(CAPAS_BAD_DATA, "plot: there is no epoch to draw; was nothing trained?");
    if (count == 0) return CAPAS_OK;
    for (int i = 0; i < count; i++)
        if (!has_metric(plot, metrics[i])) return fail_unknown(plot, metrics[i]);
    plot->metric_count = 0;
    for (int i = 0; i < count; i++)
        CAPAS_TRY(add_metric(plot, metrics[i]));
    return CAPAS_OK;
}

/* Curves. */

static int find_best(const double *values, int count, int sign)
{
    int best = -1;
    for (int i = 0; i < count && sign != 0; i++)
        if (isfinite(values[i]) && (best < 0 || sign * values[i] > sign * values[best])) best = i;
    return best;
}

static void name_curve(capas_curve *curve, const plot *plot, int run)
{
    char best[64] = "";
    const char *name = plot->runs[run].name, *part = curve->dashed ? "training" : "validation";
    if (curve->ring >= 0) {
        double value = curve->y[curve->ring], size = fabs(value);
        snprintf(best, sizeof best,
                 size >= 1e-3 && size < 1e4 ? ", best %.4f in epoch %.0f"
                                            : ", best %.3g in epoch %.0f",
                 value, curve->x[curve->ring]);
    }
    capas_cut_text(curve->label, sizeof curve->label,
                   snprintf(curve->label, sizeof curve->label, "%.80s%s%s%s", name ? name : "",
                            name ? ", " : "", part, best));
}

/* Training and validation of a run, those that it has; the best epoch is that of the validation, if
 * there is one. A single run's two have colours of their own. */
static int add_curves(const plot *plot, const char *metric, int run, capas_curve *curves)
{
    char validation[NAME + 4];
    snprintf(validation, sizeof validation, "val_%s", metric);
    const capas_history *history = plot->runs[run].history;
    const double *series[] = {capas_history_values(history, metric),
                              capas_history_values(history, validation)};
    int count = 0, epochs = capas_history_epochs(history), sign = better(metric);
    for (int i = 0; i < 2; i++) {
        if (!series[i]) continue;
        capas_curve *curve = &curves[count++];
        *curve = (capas_curve){.x = plot->epochs[run],
                               .y = series[i],
                               .count = epochs,
                               .number = plot->run_count > 1 ? run : i,
                               .dashed = i == 0,
                               .ring = -1};
        if (i == 1 || !series[1]) curve->ring = find_best(series[i], epochs, sign);
        name_curve(curve, plot, run);
    }
    return count;
}

static capas_status draw_metric(const plot *plot, const char *metric, capas_figure *figure,
                                double *top)
{
    capas_curve *curves = capas_allocate((size_t)plot->run_count * 2, sizeof *curves);
    if (!curves) return CAPAS_NO_MEMORY;
    capas_chart chart = {.title = metric,
                         .x_label = "epoch",
                         .curves = curves,
                         .whole_x = true,
                         .most_y = better(metric) > 0 ? 1 : INFINITY};
    for (int r = 0; r < plot->run_count; r++)
        chart.count += add_curves(plot, metric, r, curves + chart.count);
    capas_status status = CAPAS_OK;
    if (capas_chart_has_points(&chart))
        *top = capas_chart_draw(figure, *top, &chart);
    else
        status =
            capas_fail(CAPAS_BAD_DATA, "plot: there is no epoch with a finite %s to draw", metric);
    capas_release(curves);
    return status;
}

static capas_status draw(plot *plot, const capas_plot_options *options, capas_figure *figure)
{
    double top = capas_figure_title(figure, options, "");
    for (int i = 0; i < plot->metric_count; i++) {
        if (i > 0) top += CHART_GAP;
        CAPAS_TRY(draw_metric(plot, plot->metrics[i], figure, &top));
    }
    figure->height = top + CAPAS_MARGIN / 2.0;
    return CAPAS_OK;
}

static capas_status number_epochs(plot *plot)
{
    for (int r = 0; r < plot->run_count; r++) {
        const capas_history *history = plot->runs[r].history;
        int count = capas_history_epochs(history);
        plot->epochs[r] = capas_allocate((size_t)count, sizeof *plot->epochs[r]);
        if (!plot->epochs[r]) return CAPAS_NO_MEMORY;
        for (int i = 0; i < count; i++)
            plot->epochs[r][i] = capas_history_epoch(history, i) + 1;
    }
    return CAPAS_OK;
}

capas_status capas_plot_history_with(const char *path, const capas_plot_run *runs, int run_count,
                                     const char *const *metrics, int metric_count,
                                     const capas_plot_options *given)
{
    capas_plot_options options;
    CAPAS_TRY(capas_plot_resolve(path, given, &options));
    if (!runs || run_count < 1 || run_count > MOST_RUNS || metric_count < 0 ||
        (metric_count > 0 && !metrics))
        return capas_fail(CAPAS_INVALID_ARGUMENT, "plot: needs 1 to %d runs, found %d", MOST_RUNS,
                          run_count);
    plot *plot = capas_allocate_zeroed(1, sizeof *plot);
    if (!plot) return CAPAS_NO_MEMORY;
    plot->runs = runs;
    plot->run_count = run_count;
    capas_figure figure = {.width = CAPAS_PAGE};
    capas_status status = choose_metrics(plot, metrics, metric_count);
    if (status == CAPAS_OK) status = number_epochs(plot);
    if (status == CAPAS_OK) status = draw(plot, &options, &figure);
    if (status != CAPAS_OK) figure.status = status;
    status = capas_figure_save(&figure, path, &options);
    for (int r = 0; r < run_count; r++)
        capas_release(plot->epochs[r]);
    capas_release(plot);
    return status;
}

static capas_status plot_metrics(const char *folder, const char *ending,
                                 const capas_history *history)
{
    const capas_plot_run run = {.history = history};
    const capas_plot_options none = {.struct_size = sizeof none};
    capas_status all = CAPAS_OK;
    for (int i = 0; i < capas_history_count(history); i++) {
        char path[1400];
        const char *name = capas_history_name(history, i);
        if (strncmp(name, "val_", 4) == 0 && capas_history_values(history, name + 4)) continue;
        if (strncmp(name, "val_", 4) == 0) name += 4;
        int length = snprintf(path, sizeof path, "%s/%s.%s", folder, name, ending);
        if (length >= (int)sizeof path || strchr(name, '/'))
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "plot: %.100s/%.60s.%s is no path for a picture", folder, name,
                              ending);
        capas_status status = capas_plot_history_with(path, &run, 1, &name, 1, &none);
        if (status != CAPAS_OK) all = status;
        if (status != CAPAS_OK && status != CAPAS_BAD_DATA) return status;
    }
    return all;
}

capas_status capas_plot_run_folder(const char *folder, const char *ending)
{
    char path[1400];
    if (!folder || !ending || (strcmp(ending, "svg") != 0 && strcmp(ending, "png") != 0))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "plot: needs a run's folder and the ending \"svg\" or \"png\"");
    if (snprintf(path, sizeof path, "%s/history.csv", folder) >= (int)sizeof path)
        return capas_fail(CAPAS_NO_FILE, "plot: the path %.100s... is too long", folder);
    capas_history *history = capas_history_load(path);
    if (!history) return capas_error_status();
    capas_status status = capas_history_epochs(history) > 0 && capas_history_count(history) > 0
                              ? plot_metrics(folder, ending, history)
                              : capas_fail(CAPAS_BAD_DATA, "%s: there is no epoch to draw", path);
    capas_history_free(history);
    return status;
}
