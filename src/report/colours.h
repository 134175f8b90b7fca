/* Colours for numbers. */
#ifndef CAPAS_REPORT_COLOURS_H
#define CAPAS_REPORT_COLOURS_H

#include "report/figure.h"

/* Between two colours, share 0 to 1. */
capas_colour capas_colour_between(capas_colour from, capas_colour to, double share);
/* -1 dark blue, 0 white, 1 dark red; NaN gray. */
capas_colour capas_diverging_colour(double number);
/* 0 white, 1 dark blue; NaN gray. */
capas_colour capas_sequential_colour(double number);
/* Black or white, whichever can be read on it. */
capas_colour capas_readable_on(capas_colour ground);

#endif
