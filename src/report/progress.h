/* The progress lines with everything that a test may want to say itself. */
#ifndef CAPAS_REPORT_PROGRESS_H
#define CAPAS_REPORT_PROGRESS_H

#include <capas/callbacks.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct capas_progress_style {
    int verbose; /* 0, 1, 2 */
    bool redraw; /* the bar is drawn over itself; otherwise only the last one is written */
    bool colour; /* escape sequences */
    double (*clock)(void);        /* seconds; NULL: the system's */
    int (*columns)(FILE *stream); /* of the terminal; NULL, or 0: lines of any length */
} capas_progress_style;

/* NULL when memory runs out; capas_progress_free frees it. */
capas_callback *capas_progress_styled(FILE *stream, const capas_progress_style *style);

#endif
