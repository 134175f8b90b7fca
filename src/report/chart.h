/* A chart: curves over a grid, with ticks at round numbers, and the legend above them. */
#ifndef CAPAS_REPORT_CHART_H
#define CAPAS_REPORT_CHART_H

#include "report/figure.h"

typedef struct capas_curve {
    char label[160];
    const double *x, *y; /* x grows; what is not finite in y is a gap */
    int count;
    int number;  /* decides colour and mark */
    bool dashed; /* and the marks are hollow */
    int ring;    /* a point to be ringed; -1: none */
} capas_curve;

typedef struct capas_chart {
    const char *title, *x_label;
    const capas_curve *curves;
    int count;
    bool whole_x;  /* only integers are marked on the x axis */
    double most_y; /* the axis goes no further when no curve does; infinity: as it likes */
} capas_chart;

/* Whether any point can be drawn. */
bool capas_chart_has_points(const capas_chart *chart);

/* Draws it over the whole width from `top` down; gives back where it ends. */
double capas_chart_draw(capas_figure *figure, double top, const capas_chart *chart);

#endif
