/* The history: epochs and series, and their CSV as Keras's CSVLogger writes it
 * (keras-semantics 6.1): lines end with \r\n, epochs count from 0, columns are sorted, NA where an
 * epoch has no value; without any val_ column each column is repeated as an empty val_ one. */
#include "training/history.h"
#include "base/builder.h"
#include "base/memory.h"
#include "base/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct series {
    char *name;
    double *values; /* one for each epoch */
    bool *known;
} series;

struct capas_history {
    capas_callback callback;
    series *series; /* in the order in which their names came */
    size_t count, capacity;
    int *epochs; /* the numbers that Keras gives them, from 0 */
    size_t epoch_count, epoch_capacity;
};

static capas_status on_epoch_end(void *context, capas_training *training, int epoch,
                                 capas_logs *logs)
{
    (void)training;
    return capas_history_add(context, epoch, logs);
}

static capas_status save_state(void *context, capas_state *state);
static capas_status load_state(void *context, const capas_state *state);

capas_history *capas_history_new(void)
{
    capas_history *history = capas_allocate_zeroed(1, sizeof *history);
    if (!history) return NULL;
    history->callback.context = history;
    history->callback.on_epoch_end = on_epoch_end;
    history->callback.save_state = save_state;
    history->callback.load_state = load_state;
    return history;
}

const capas_callback *capas_history_callback(capas_history *history)
{
    return &history->callback;
}

void capas_history_free(capas_history *history)
{
    if (!history) return;
    for (size_t i = 0; i < history->count; i++) {
        capas_release(history->series[i].name);
        capas_release(history->series[i].values);
        capas_release(history->series[i].known);
    }
    capas_release(history->series);
    capas_release(history->epochs);
    capas_release(history);
}

static series *find(const capas_history *history, const char *name)
{
    for (size_t i = 0; i < history->count; i++)
        if (strcmp(history->series[i].name, name) == 0) return &history->series[i];
    return NULL;
}

/* A series that is unknown in the epochs so far, with room for those that there is room for. */
static capas_status add_series(capas_history *history, const char *name, series **added)
{
    CAPAS_TRY(capas_grow((void **)&history->series, history->count, &history->capacity,
                         sizeof *history->series));
    series *new = &history->series[history->count];
    *new = (series){
        .name = capas_copy_string(name),
        .values = capas_allocate(history->epoch_capacity, sizeof *new->values),
        .known = capas_allocate_zeroed(history->epoch_capacity, sizeof *new->known),
    };
    history->count++;
    if (!new->name || !new->values || !new->known) return CAPAS_NO_MEMORY;
    for (size_t i = 0; i < history->epoch_capacity; i++)
        new->values[i] = NAN;
    *added = new;
    return CAPAS_OK;
}

static capas_status widen(series *series, size_t from, size_t to)
{
    double *values = capas_allocate(to, sizeof *values);
    bool *known = capas_allocate_zeroed(to, sizeof *known);
    if (!values || !known) {
        capas_release(values);
        capas_release(known);
        return CAPAS_NO_MEMORY;
    }
    for (size_t i = 0; i < to; i++)
        values[i] = i < from ? series->values[i] : NAN;
    memcpy(known, series->known, from * sizeof *known);
    capas_release(series->values);
    capas_release(series->known);
    series->values = values;
    series->known = known;
    return CAPAS_OK;
}

/* Room for one more epoch in everything; on failure what is there stays whole. */
static capas_status make_room(capas_history *history)
{
    size_t before = history->epoch_capacity, capacity = before;
    CAPAS_TRY(capas_grow((void **)&history->epochs, history->epoch_count, &capacity,
                         sizeof *history->epochs));
    if (capacity == before) return CAPAS_OK;
    for (size_t i = 0; i < history->count; i++)
        CAPAS_TRY(widen(&history->series[i], history->epoch_count, capacity));
    history->epoch_capacity = capacity;
    return CAPAS_OK;
}

capas_status capas_history_add(capas_history *history, int epoch, const capas_logs *logs)
{
    CAPAS_TRY(make_room(history));
    size_t at = history->epoch_count;
    history->epochs[at] = epoch;
    for (size_t i = 0; i < logs->count; i++) {
        series *series = find(history, logs->entries[i].name);
        if (!series) CAPAS_TRY(add_series(history, logs->entries[i].name, &series));
        series->values[at] = logs->entries[i].value;
        series->known[at] = true;
    }
    history->epoch_count++;
    return CAPAS_OK;
}

int capas_history_epochs(const capas_history *history)
{
    return history ? (int)history->epoch_count : 0;
}

int capas_history_epoch(const capas_history *history, int index)
{
    bool there = history && index >= 0 && (size_t)index < history->epoch_count;
    return there ? history->epochs[index] : -1;
}

int capas_history_count(const capas_history *history)
{
    return history ? (int)history->count : 0;
}

const char *capas_history_name(const capas_history *history, int index)
{
    bool there = history && index >= 0 && (size_t)index < history->count;
    return there ? history->series[index].name : NULL;
}

const double *capas_history_values(const capas_history *history, const char *name)
{
    const series *series = history && name ? find(history, name) : NULL;
    return series ? series->values : NULL;
}

/* Into a checkpoint and back: the epochs' numbers, and for each series its name, values, and which
 * of them are known. */

static capas_status save_series(const capas_history *history, size_t number, capas_state *state)
{
    const series *series = &history->series[number];
    char name[32];
    snprintf(name, sizeof name, "series/%zu", number);
    capas_state part = capas_state_part(state, name);
    CAPAS_TRY(capas_state_set_text(&part, "name", series->name));
    CAPAS_TRY(capas_state_set_data(&part, "values", series->values,
                                   history->epoch_count * sizeof *series->values));
    return capas_state_set_data(&part, "known", series->known,
                                history->epoch_count * sizeof *series->known);
}

static capas_status save_state(void *context, capas_state *state)
{
    const capas_history *history = context;
    CAPAS_TRY(capas_state_set_number(state, "series", (double)history->count));
    for (size_t i = 0; i < history->count; i++)
        CAPAS_TRY(save_series(history, i, state));
    return capas_state_set_data(state, "epochs", history->epochs,
                                history->epoch_count * sizeof *history->epochs);
}

static capas_status load_series(capas_history *history, size_t number, const capas_state *state)
{
    series *added;
    const char *text;
    char name[32];
    snprintf(name, sizeof name, "series/%zu", number);
    const capas_state part = capas_state_part(state, name);
    CAPAS_TRY(capas_state_get_text(&part, "name", &text));
    CAPAS_TRY(add_series(history, text, &added));
    uint8_t *known = (uint8_t *)added->known;
    size_t count = history->epoch_count;
    CAPAS_TRY(capas_state_get_data(&part, "values", added->values, count * sizeof *added->values));
    CAPAS_TRY(capas_state_get_data(&part, "known", known, count * sizeof *added->known));
    for (size_t i = 0; i < count; i++)
        known[i] = known[i] != 0; /* no other byte is a bool */
    return CAPAS_OK;
}

/* Into a history that is empty. */
static capas_status load_state(void *context, const capas_state *state)
{
    capas_history *history = context;
    double count;
    size_t size;
    CAPAS_TRY(capas_state_get_number(state, "series", &count));
    CAPAS_TRY(capas_state_get_size(state, "epochs", &size));
    history->epochs = capas_allocate(size, 1);
    if (!history->epochs) return CAPAS_NO_MEMORY;
    CAPAS_TRY(capas_state_get_data(state, "epochs", history->epochs, size));
    history->epoch_count = history->epoch_capacity = size / sizeof *history->epochs;
    for (size_t i = 0; (double)i < count; i++)
        CAPAS_TRY(load_series(history, i, state));
    return CAPAS_OK;
}

/* CSV. */

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const series *const *)a)->name, (*(const series *const *)b)->name);
}

static void write_header(capas_builder *text, const series *const *columns, size_t count,
                         bool repeat)
{
    capas_builder_add(text, "epoch");
    for (size_t i = 0; i < count; i++) {
        capas_builder_add(text, ",");
        capas_builder_add(text, columns[i]->name);
    }
    for (size_t i = 0; i < count && repeat; i++) {
        capas_builder_add(text, ",val_");
        capas_builder_add(text, columns[i]->name);
    }
    capas_builder_add(text, "\r\n");
}

static void write_row(capas_builder *text, int epoch, size_t at, const series *const *columns,
                      size_t count, bool repeat)
{
    char number[CAPAS_REAL_TEXT];
    capas_builder_print(text, "%d", epoch);
    for (size_t i = 0; i < count; i++) {
        capas_builder_add(text, ",");
        bool known = columns[i]->known[at];
        capas_builder_add(text, known ? capas_real_text(columns[i]->values[at], number) : "NA");
    }
    for (size_t i = 0; i < count && repeat; i++)
        capas_builder_add(text, ",NA");
    capas_builder_add(text, "\r\n");
}

capas_status capas_history_csv(const capas_history *history, char **csv)
{
    if (!history || !csv)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "history: a CSV needs a history and a pointer");
    *csv = NULL;
    const series **columns = capas_allocate(history->count, sizeof *columns);
    if (!columns) return CAPAS_NO_MEMORY;
    bool repeat = history->count > 0;
    for (size_t i = 0; i < history->count; i++) {
        columns[i] = &history->series[i];
        if (strncmp(columns[i]->name, "val_", 4) == 0) repeat = false;
    }
    if (history->count > 1) qsort(columns, history->count, sizeof *columns, by_name);
    capas_builder text = {0};
    write_header(&text, columns, history->count, repeat);
    for (size_t at = 0; at < history->epoch_count; at++)
        write_row(&text, history->epochs[at], at, columns, history->count, repeat);
    capas_release(columns);
    return capas_builder_finish(&text, csv);
}
