/* Progress lines drawn call by call into memory, with a clock that the test turns. */
#ifndef CAPAS_TESTS_PROGRESS_STAGE_H
#define CAPAS_TESTS_PROGRESS_STAGE_H

#include "report/progress.h"
#include "training/hooks.h"
#include <stdio.h>

extern double stage_now; /* seconds */
double stage_clock(void);

/* A progress that writes into memory. */
typedef struct stage {
    char *text;
    size_t size;
    FILE *stream;
    capas_callback *progress;
    capas_training training;
} stage;

void open_stage(stage *s, int verbose, bool redraw, bool colour);
/* What was written; the caller frees it. */
char *close_stage(stage *s);

/* One drawing of a line. */
typedef struct drawing {
    int current, target, count;
    double step; /* seconds */
    char names[8][32];
    double values[8];
} drawing;

typedef enum part { EPOCH, TEST_PART, PREDICT } part;

void begin(stage *s, part part);
void end_batch(stage *s, part part, int batch, capas_logs *logs);
void end(stage *s, part part, capas_logs *logs);

/* All batches within the time of one drawing, then the end: `first` NULL for verbose 2. */
void play(stage *s, part part, const drawing *first, const drawing *last);

#endif
