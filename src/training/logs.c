/* Logs: a short list of names and values, looked through from the start. */
#include "training/logs.h"
#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int capas_logs_count(const capas_logs *logs)
{
    return logs ? (int)logs->count : 0;
}

static bool has(const capas_logs *logs, int index)
{
    return logs && index >= 0 && (size_t)index < logs->count;
}

const char *capas_logs_name(const capas_logs *logs, int index)
{
    return has(logs, index) ? logs->entries[index].name : NULL;
}

double capas_logs_value(const capas_logs *logs, int index)
{
    return has(logs, index) ? logs->entries[index].value : NAN;
}

static capas_log_entry *find(const capas_logs *logs, const char *name)
{
    for (size_t i = 0; logs && name && i < logs->count; i++)
        if (strcmp(logs->entries[i].name, name) == 0) return &logs->entries[i];
    return NULL;
}

double capas_logs_get(const capas_logs *logs, const char *name)
{
    const capas_log_entry *entry = find(logs, name);
    return entry ? entry->value : NAN;
}

capas_status capas_logs_set(capas_logs *logs, const char *name, double value)
{
    if (!logs || !name || !*name)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "logs: a value needs logs and a name");
    capas_log_entry *entry = find(logs, name);
    if (!entry) {
        CAPAS_TRY(capas_grow((void **)&logs->entries, logs->count, &logs->capacity, sizeof *entry));
        entry = &logs->entries[logs->count];
        entry->name = capas_copy_string(name);
        if (!entry->name) return CAPAS_NO_MEMORY;
        logs->count++;
    }
    entry->value = value;
    return CAPAS_OK;
}

void capas_logs_cut(capas_logs *logs, size_t count)
{
    while (logs->count > count)
        capas_release(logs->entries[--logs->count].name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const capas_log_entry *)a)->name, ((const capas_log_entry *)b)->name);
}

void capas_logs_sort(capas_logs *logs)
{
    if (logs->count > 1) qsort(logs->entries, logs->count, sizeof *logs->entries, by_name);
}

void capas_logs_clear(capas_logs *logs)
{
    capas_logs_cut(logs, 0);
    capas_release(logs->entries);
    *logs = (capas_logs){0};
}
