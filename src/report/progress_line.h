/* The lines of progress as text: Keras's, and on a narrow terminal what of them fits. */
#ifndef CAPAS_REPORT_PROGRESS_LINE_H
#define CAPAS_REPORT_PROGRESS_LINE_H

#include "report/line.h"
#include <stdint.h>

/* A number that is shown: the mean of what came. */
typedef struct capas_progress_value {
    char *name;
    double sum, weight;
} capas_progress_value;

typedef struct capas_progress_step {
    int64_t seen, target; /* steps; target 0: unknown */
    double seconds;       /* since the start */
    double step;          /* seconds of one step */
    bool last;            /* the epoch is over */
} capas_progress_step;

/* Verbose 1: the bar's line. `columns` of the terminal, 0: any number. A line that will be redrawn
 * keeps within them: the bar becomes shorter or goes, then the last values. The last line of an
 * epoch is continued on further ones, between two values. */
void capas_progress_bar_line(capas_line *line, const capas_progress_step *step,
                             const capas_progress_value *values, size_t count, int columns);
/* Verbose 2: one line an epoch, with its end. */
void capas_progress_epoch_line(capas_line *line, const capas_progress_step *step,
                               const capas_progress_value *values, size_t count);

#endif
