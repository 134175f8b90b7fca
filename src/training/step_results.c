/* What a stepper has counted: as logs, and as the part of a checkpoint that goes on counting. */
#include "base/text.h"
#include "training/step.h"
#include <stdio.h>

static capas_status log_value(capas_logs *logs, const char *prefix, const char *output,
                              const char *kind, const char *name, double value)
{
    char text[4 * CAPAS_NAME_SIZE];
    capas_cut_text(
        text, sizeof text,
        snprintf(text, sizeof text, "%s%s%s%s%s", prefix, output, *output ? "_" : "", kind, name));
    return capas_logs_set(logs, text, value);
}

static capas_status log_metric(const capas_stepper *stepper, const char *prefix, const char *name,
                               int output, int m, capas_logs *logs)
{
    const capas_trainer_metric *metric = &stepper->trainer->metrics[m];
    double value = stepper->metrics[output][m].config
                       ? capas_metric_value(&stepper->metrics[output][m])
                       : capas_accuracy_value(&stepper->accuracies[output][metric->weighted]);
    return log_value(logs, prefix, name, metric->repeats ? "weighted_" : "", metric->name, value);
}

capas_status capas_stepper_logs(const capas_stepper *stepper, const char *prefix, capas_logs *logs)
{
    const capas_trainer *trainer = stepper->trainer;
    double samples = stepper->samples > 0 ? (double)stepper->samples : 1;
    bool several = stepper->spec.target_count > 1;
    CAPAS_TRY(log_value(logs, prefix, "", "", "loss", stepper->loss / samples));
    for (int i = 0; i < stepper->spec.target_count; i++) {
        const char *output = several ? capas_output_name(stepper->model, i) : "";
        if (several)
            CAPAS_TRY(log_value(logs, prefix, output, "", "loss", stepper->losses[i] / samples));
        for (int m = 0; m < trainer->metric_count; m++)
            if (capas_metric_is_of(&trainer->metrics[m], i))
                CAPAS_TRY(log_metric(stepper, prefix, output, i, m, logs));
    }
    return CAPAS_OK;
}

/* The running values as one block: samples, loss, then each output's loss and accuracies. */
enum { RUNNING = 2 + 5 * CAPAS_DATASET_TENSORS };

capas_status capas_stepper_save(const capas_stepper *stepper, capas_state *state)
{
    double running[RUNNING] = {(double)stepper->samples, stepper->loss}, *next = running + 2;
    for (int i = 0; i < CAPAS_DATASET_TENSORS; i++) {
        *next++ = stepper->losses[i];
        for (int k = 0; k < 2; k++) {
            *next++ = stepper->accuracies[i][k].right;
            *next++ = stepper->accuracies[i][k].count;
        }
    }
    CAPAS_TRY(capas_state_set_data(state, "running", running, sizeof running));
    char name[CAPAS_NAME_SIZE];
    for (int i = 0; i < stepper->spec.target_count; i++)
        for (int m = 0; m < stepper->trainer->metric_count; m++) {
            const capas_metric_state *metric = &stepper->metrics[i][m];
            if (!metric->config) continue;
            snprintf(name, sizeof name, "running/%d/%d", i, m);
            CAPAS_TRY(capas_state_set_data(state, name, metric->sums,
                                           metric->sum_count * sizeof *metric->sums));
        }
    return CAPAS_OK;
}

capas_status capas_stepper_load(capas_stepper *stepper, const capas_state *state)
{
    double running[RUNNING], *next = running + 2;
    CAPAS_TRY(capas_state_get_data(state, "running", running, sizeof running));
    stepper->samples = (int64_t)running[0];
    stepper->loss = running[1];
    for (int i = 0; i < CAPAS_DATASET_TENSORS; i++) {
        stepper->losses[i] = *next++;
        for (int k = 0; k < 2; k++) {
            stepper->accuracies[i][k].right = *next++;
            stepper->accuracies[i][k].count = *next++;
        }
    }
    char name[CAPAS_NAME_SIZE];
    for (int i = 0; i < stepper->spec.target_count; i++)
        for (int m = 0; m < stepper->trainer->metric_count; m++) {
            const capas_metric_state *metric = &stepper->metrics[i][m];
            if (!metric->config) continue;
            snprintf(name, sizeof name, "running/%d/%d", i, m);
            CAPAS_TRY(capas_state_get_data(state, name, metric->sums,
                                           metric->sum_count * sizeof *metric->sums));
        }
    return CAPAS_OK;
}
