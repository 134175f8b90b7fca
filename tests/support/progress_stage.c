/* Progress lines into memory; see progress_stage.h. */
#include "support/progress_stage.h"
#include "support/cmocka.h"

double stage_now;

double stage_clock(void)
{
    return stage_now;
}

void open_stage(stage *s, int verbose, bool redraw, bool colour)
{
    *s = (stage){.training = {.epochs = 1}};
    s->stream = open_memstream(&s->text, &s->size);
    capas_progress_style style = {verbose, redraw, colour, stage_clock, NULL};
    s->progress = capas_progress_styled(s->stream, &style);
    assert_non_null(s->progress);
    stage_now = 1000;
}

char *close_stage(stage *s)
{
    capas_progress_free(s->progress);
    fclose(s->stream);
    return s->text;
}

static void set_logs(capas_logs *logs, const drawing *d)
{
    capas_logs_cut(logs, 0);
    for (int i = 0; i < d->count; i++)
        assert_int_equal(capas_logs_set(logs, d->names[i], d->values[i]), CAPAS_OK);
}

void begin(stage *s, part part)
{
    capas_logs none = {0};
    if (part == EPOCH)
        s->progress->on_epoch_begin(s->progress->context, &s->training, s->training.epoch, &none);
    else if (part == TEST_PART)
        s->progress->on_test_begin(s->progress->context, &s->training, &none);
    else
        s->progress->on_predict_begin(s->progress->context, &s->training, &none);
}

void end_batch(stage *s, part part, int batch, capas_logs *logs)
{
    capas_callback *p = s->progress;
    if (part == EPOCH)
        p->on_train_batch_end(p->context, &s->training, batch, logs);
    else if (part == TEST_PART)
        p->on_test_batch_end(p->context, &s->training, batch, logs);
    else
        p->on_predict_batch_end(p->context, &s->training, batch, logs);
}

void end(stage *s, part part, capas_logs *logs)
{
    capas_callback *p = s->progress;
    if (part == EPOCH)
        p->on_epoch_end(p->context, &s->training, s->training.epoch, logs);
    else if (part == TEST_PART)
        p->on_test_end(p->context, &s->training, logs);
    else
        p->on_predict_end(p->context, &s->training, logs);
}

void play(stage *s, part part, const drawing *first, const drawing *last)
{
    capas_logs logs = {0};
    s->training.steps = last->target;
    begin(s, part);
    double start = stage_now;
    if (first) {
        stage_now = start + first->step;
        start = stage_now;
        set_logs(&logs, first);
    }
    for (int batch = 0; batch < last->target; batch++)
        end_batch(s, part, batch, &logs);
    stage_now = start + last->step * (first ? last->target - 1 : last->target);
    set_logs(&logs, last);
    end(s, part, &logs);
    capas_logs_clear(&logs);
}
