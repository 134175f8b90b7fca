/* The rules of watching a number; see monitor.h. */
#include "training/monitor.h"
#include "base/memory.h"
#include "training/metric.h"
#include "training/trainer.h"
#include <capas/state.h>
#include <math.h>
#include <string.h>

capas_status capas_monitor_open(capas_monitor *monitor)
{
    monitor->name = capas_copy_string(monitor->name);
    return monitor->name ? CAPAS_OK : CAPAS_NO_MEMORY;
}

void capas_monitor_close(capas_monitor *monitor)
{
    capas_release(monitor->name);
}

void capas_monitor_reset(capas_monitor *monitor)
{
    monitor->has_best = monitor->mode_known = monitor->warned = false;
}

/* Whether a compiled metric has this name; *larger_is_better then. */
static bool is_metric(const capas_model *model, const char *name, bool *larger_is_better)
{
    const capas_trainer *trainer = model->trainer;
    for (int i = 0; trainer && i < trainer->metric_count; i++) {
        if (strcmp(trainer->metrics[i].name, name) != 0) continue;
        *larger_is_better = capas_metric_rises(&trainer->metrics[i].config);
        return true;
    }
    return false;
}

static capas_status choose_mode(capas_monitor *monitor, const capas_model *model)
{
    const char *name = monitor->name;
    if (strncmp(name, "val_", 4) == 0) name += 4;
    monitor->mode_known = true;
    monitor->larger_is_better = monitor->mode == CAPAS_MONITOR_MAX;
    if (monitor->mode != CAPAS_MONITOR_AUTO || strcmp(name, "loss") == 0) return CAPAS_OK;
    if (is_metric(model, name, &monitor->larger_is_better)) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT,
                      "%s: whether %s should become smaller or larger is not known; say "
                      "mode \"min\" or \"max\"",
                      monitor->owner, monitor->name);
}

static bool has_log(const capas_logs *logs, const char *name)
{
    for (int i = 0; i < capas_logs_count(logs); i++)
        if (strcmp(capas_logs_name(logs, i), name) == 0) return true;
    return false;
}

static void warn_missing(capas_monitor *monitor, const capas_logs *logs)
{
    const char *example = capas_logs_count(logs) > 0 ? capas_logs_name(logs, 0) : "nothing";
    if (!monitor->warned)
        capas_warn("%s watches %s, which this training does not have (it has %s%s); %s",
                   monitor->owner, monitor->name, example,
                   capas_logs_count(logs) > 1 ? " and others" : "", monitor->without);
    monitor->warned = true;
}

capas_status capas_monitor_look(capas_monitor *monitor, const capas_model *model,
                                const capas_logs *logs, double *value, bool *found)
{
    *found = false;
    if (!monitor->mode_known) CAPAS_TRY(choose_mode(monitor, model));
    *found = has_log(logs, monitor->name);
    if (!*found) warn_missing(monitor, logs);
    *value = capas_logs_get(logs, monitor->name);
    return CAPAS_OK;
}

bool capas_monitor_is_better(const capas_monitor *monitor, double value, double than)
{
    double least = fabs(monitor->min_delta);
    return monitor->larger_is_better ? (float)(value - least) > (float)than
                                     : (float)(value + least) < (float)than;
}

bool capas_monitor_improves(const capas_monitor *monitor, double value)
{
    return !monitor->has_best || capas_monitor_is_better(monitor, value, monitor->best);
}

void capas_monitor_take(capas_monitor *monitor, double value)
{
    monitor->best = value;
    monitor->has_best = true;
}

capas_status capas_monitor_save(const capas_monitor *monitor, capas_state *state)
{
    return monitor->has_best ? capas_state_set_number(state, "best", monitor->best) : CAPAS_OK;
}

capas_status capas_monitor_load(capas_monitor *monitor, const capas_state *state)
{
    monitor->has_best = capas_state_has(state, "best");
    return monitor->has_best ? capas_state_get_number(state, "best", &monitor->best) : CAPAS_OK;
}
