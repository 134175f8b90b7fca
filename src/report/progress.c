/* Keras 3's progress lines (keras-semantics 5.2; Keras utils/progbar.py,
 * callbacks/progbar_logger.py): a bar that is redrawn (verbose 1) or a line an epoch (verbose 2).
 * On a stream that is no terminal nothing is redrawn or coloured; NO_COLOR takes the colours away.
 * Numbers while an epoch runs are means over its batches so far, as Keras shows them; the last ones
 * are the epoch's own. */
#include "report/progress.h"
#include "base/memory.h"
#include "report/progress_line.h"
#include "training/reporter.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double INTERVAL = 0.05; /* seconds between two drawings */

typedef struct progress {
    capas_callback callback; /* first: what the user holds */
    FILE *stream;
    capas_progress_style style;
    bool in_fit;                           /* validation is silent then */
    bool is_open;                          /* a line was begun and not ended */
    int64_t target, seen, first;           /* steps; it began at `first`, after a checkpoint */
    double start, last_drawn, after_first; /* times; after_first 0: no step is done */
    int width;                             /* visible characters of the line that stands there */
    capas_progress_value *values;
    size_t value_count, value_capacity;
} progress;

static double system_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The bar's numbers. */

static void forget_values(progress *p)
{
    while (p->value_count > 0)
        capas_release(p->values[--p->value_count].name);
}

static void reset(progress *p, const capas_training *training)
{
    int64_t steps = capas_training_steps(training);
    if (steps != CAPAS_ANY) p->target = steps; /* otherwise what the epoch before showed */
    forget_values(p);
    p->seen = p->first = 0;
    p->width = 0;
    p->start = p->style.clock();
    p->last_drawn = -1e9;
    p->after_first = 0;
}

static capas_status value_of(progress *p, const char *name, capas_progress_value **found)
{
    for (size_t i = 0; i < p->value_count; i++) {
        *found = &p->values[i];
        if (strcmp(p->values[i].name, name) == 0) return CAPAS_OK;
    }
    CAPAS_TRY(capas_grow((void **)&p->values, p->value_count, &p->value_capacity, sizeof **found));
    *found = &p->values[p->value_count];
    **found = (capas_progress_value){.name = capas_copy_string(name)};
    if (!(*found)->name) return CAPAS_NO_MEMORY;
    p->value_count++;
    return CAPAS_OK;
}

static capas_status take_values(progress *p, const capas_logs *logs, int64_t seen, bool last)
{
    double weight = seen > p->seen ? (double)(seen - p->seen) : 1;
    for (int i = 0; i < capas_logs_count(logs); i++) {
        capas_progress_value *value;
        CAPAS_TRY(value_of(p, capas_logs_name(logs, i), &value));
        if (last) {
            value->sum = capas_logs_value(logs, i);
            value->weight = 1;
        } else {
            value->sum += capas_logs_value(logs, i) * weight;
            value->weight += weight;
        }
    }
    p->seen = seen;
    return CAPAS_OK;
}

/* Seconds a step; the first one, which is rarely like the others, counts only while it is alone. */
static double step_time(progress *p, double now)
{
    int64_t done = p->seen - p->first;
    if (done <= 0) return 0;
    double time = p->after_first > 0 && done > 1 ? (now - p->after_first) / (double)(done - 1)
                                                 : (now - p->start) / (double)done;
    if (done == 1) p->after_first = now;
    return time;
}

/* The line. */

static void put(progress *p, const capas_line *line)
{
    fwrite(line->text, 1, line->length, p->stream);
    fflush(p->stream);
}

static void draw_bar(progress *p, double now, double step, bool last)
{
    if (now - p->last_drawn < INTERVAL && !last) return;
    p->last_drawn = now;
    if (!p->style.redraw && !last) return;
    const capas_progress_step at = {p->seen, p->target, now - p->start, step, last};
    int columns = p->style.columns ? p->style.columns(p->stream) : 0;
    capas_line line = {.colour = p->style.colour};
    if (p->style.redraw) capas_line_back(&line, p->width);
    capas_progress_bar_line(&line, &at, p->values, p->value_count, columns);
    if (p->style.redraw && strchr(line.text, '\n')) { /* its first row may be the shorter one */
        line = (capas_line){.colour = p->style.colour};
        capas_line_back(&line, p->width);
        capas_line_add(&line, "%*s", p->width, "");
        capas_line_back(&line, p->width);
        line.width = 0;
        capas_progress_bar_line(&line, &at, p->values, p->value_count, columns);
    }
    int width = line.width;
    if (p->style.redraw)
        while (line.width < p->width)
            capas_line_add(&line, " ");
    if (last) capas_line_add(&line, "\n");
    p->width = width;
    p->is_open = !last;
    put(p, &line);
}

static void draw_line(progress *p, double now, double step, bool last)
{
    if (!last || p->target <= 0) return;
    const capas_progress_step at = {p->seen, p->target, now - p->start, step, last};
    capas_line line = {0};
    capas_progress_epoch_line(&line, &at, p->values, p->value_count);
    put(p, &line);
}

static capas_status update(progress *p, int64_t seen, const capas_logs *logs, bool last)
{
    if (p->style.verbose == 0 || (p->style.verbose == 2 && !last)) {
        p->seen = seen;
        return CAPAS_OK;
    }
    CAPAS_TRY(take_values(p, logs, seen, last));
    double now = p->style.clock(), step = step_time(p, now);
    if (p->style.verbose == 1)
        draw_bar(p, now, step, last);
    else
        draw_line(p, now, step, last);
    return CAPAS_OK;
}

static capas_status finish(progress *p, const capas_logs *logs)
{
    if (p->target <= 0) p->target = p->seen;
    return update(p, p->target, logs, true);
}

/* The hooks. */

static capas_status on_train_begin(void *context, capas_training *training, capas_logs *logs)
{
    progress *p = context;
    (void)training, (void)logs;
    p->in_fit = true;
    p->target = 0;
    return CAPAS_OK;
}

static capas_status on_train_end(void *context, capas_training *training, capas_logs *logs)
{
    progress *p = context;
    (void)training, (void)logs;
    p->in_fit = false;
    return CAPAS_OK;
}

static capas_status on_epoch_begin(void *context, capas_training *training, int epoch,
                                   capas_logs *logs)
{
    progress *p = context;
    (void)logs;
    reset(p, training);
    if (p->style.verbose > 0 && capas_training_epochs(training) > 1) {
        fprintf(p->stream, "Epoch %d/%d\n", epoch + 1, capas_training_epochs(training));
        fflush(p->stream);
    }
    return CAPAS_OK;
}

static capas_status on_epoch_end(void *context, capas_training *training, int epoch,
                                 capas_logs *logs)
{
    (void)training, (void)epoch;
    return finish(context, logs);
}

static capas_status on_train_batch_end(void *context, capas_training *training, int64_t batch,
                                       capas_logs *logs)
{
    progress *p = context;
    (void)training;
    if (p->seen == 0) p->first = batch;
    return update(p, batch + 1, logs, false);
}

static capas_status on_test_begin(void *context, capas_training *training, capas_logs *logs)
{
    progress *p = context;
    (void)logs;
    if (p->in_fit) return CAPAS_OK;
    p->target = 0;
    reset(p, training);
    return CAPAS_OK;
}

static capas_status on_test_batch_end(void *context, capas_training *training, int64_t batch,
                                      capas_logs *logs)
{
    progress *p = context;
    (void)training;
    return p->in_fit ? CAPAS_OK : update(p, batch + 1, logs, false);
}

static capas_status on_test_end(void *context, capas_training *training, capas_logs *logs)
{
    progress *p = context;
    (void)training;
    return p->in_fit ? CAPAS_OK : finish(p, logs);
}

static capas_status on_predict_begin(void *context, capas_training *training, capas_logs *logs)
{
    progress *p = context;
    (void)logs;
    p->target = 0;
    reset(p, training);
    return CAPAS_OK;
}

static capas_status on_predict_batch_end(void *context, capas_training *training, int64_t batch,
                                         capas_logs *logs)
{
    (void)training, (void)logs;
    return update(context, batch + 1, NULL, false);
}

static capas_status on_predict_end(void *context, capas_training *training, capas_logs *logs)
{
    (void)training, (void)logs;
    return finish(context, NULL);
}

/* Making one. */

capas_callback *capas_progress_styled(FILE *stream, const capas_progress_style *style)
{
    progress *p = capas_allocate_zeroed(1, sizeof *p);
    if (!p) return NULL;
    p->stream = stream;
    p->style = *style;
    if (!p->style.clock) p->style.clock = system_clock;
    p->callback = (capas_callback){
        .context = p,
        .on_train_begin = on_train_begin,
        .on_train_end = on_train_end,
        .on_epoch_begin = on_epoch_begin,
        .on_epoch_end = on_epoch_end,
        .on_train_batch_end = on_train_batch_end,
        .on_test_begin = on_test_begin,
        .on_test_batch_end = on_test_batch_end,
        .on_test_end = on_test_end,
        .on_predict_begin = on_predict_begin,
        .on_predict_batch_end = on_predict_batch_end,
        .on_predict_end = on_predict_end,
    };
    return &p->callback;
}

static bool is_said(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value;
}

/* Of the terminal as it is now; 0 when it does not tell. */
static int terminal_columns(FILE *stream)
{
    struct winsize size;
    return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

capas_callback *capas_progress_new(void *stream, int verbose)
{
    if (!stream || verbose < 0 || verbose > 2) {
        capas_fail(CAPAS_INVALID_ARGUMENT,
                   "progress: needs a stream, and verbose 0, 1 or 2, found %d", verbose);
        return NULL;
    }
    int file = fileno(stream);
    const char *terminal = getenv("TERM");
    bool redraw = file >= 0 && isatty(file) == 1 && !(terminal && strcmp(terminal, "dumb") == 0);
    capas_progress_style style = {verbose, redraw, redraw && !is_said("NO_COLOR"), NULL,
                                  redraw ? terminal_columns : NULL};
    return capas_progress_styled(stream, &style);
}

void capas_progress_free(capas_callback *callback)
{
    if (!callback) return;
    progress *p = callback->context;
    if (p->is_open) fputc('\n', p->stream);
    forget_values(p);
    capas_release(p->values);
    capas_release(p);
}

capas_callback *capas_reporter_new(int verbose)
{
    return capas_progress_new(stderr, verbose);
}

void capas_reporter_free(capas_callback *reporter)
{
    capas_progress_free(reporter);
}
