/* Why a loss may have become NaN: a look at the batch that it came from. */
#include "base/element.h"
#include "base/text.h"
#include "training/step.h"
#include <math.h>
#include <stdio.h>

/* Inputs and targets larger than this are taken for numbers that somebody forgot to scale. */
static const double LARGE = 20;

typedef struct extremes {
    bool finite;
    double largest; /* of the absolute values that are finite */
} extremes;

static extremes look(capas_element element, const void *data, int64_t count)
{
    extremes seen = {.finite = true};
    for (int64_t i = 0; i < count; i++) {
        double value = capas_element_value(element, data, i);
        if (!isfinite(value))
            seen.finite = false;
        else if (fabs(value) > seen.largest)
            seen.largest = fabs(value);
    }
    return seen;
}

/* What is wrong with an input, or NULL. */
static const char *input_cause(const capas_model *model, const capas_dataset_spec *spec,
                               const capas_batch *batch, char *text, size_t size)
{
    for (int i = 0; i < spec->input_count; i++) {
        bool scaled = spec->input_elements[i] == CAPAS_UINT8 && !isnan(model->preprocessing.scale);
        extremes seen = look(spec->input_elements[i], batch->inputs[i],
                             batch->count * capas_shape_count(&spec->input_shapes[i], 0));
        if (!seen.finite)
            snprintf(text, size, "input %d of this batch has values that are NaN or infinite", i);
        else if (seen.largest > LARGE && !scaled)
            snprintf(text, size,
                     "the inputs reach %.6g: scale them, pixels usually by 1/255, or lower the "
                     "learning rate (%.6g)",
                     seen.largest, capas_optimizer_rate(model->trainer));
        else
            continue;
        return text;
    }
    return NULL;
}

static const char *target_cause(const capas_model *model, const capas_dataset_spec *spec,
                                const capas_batch *batch, char *text, size_t size)
{
    for (int i = 0; i < spec->target_count; i++) {
        if (capas_loss_takes_numbers(&model->trainer->losses[i])) continue;
        extremes seen = look(spec->target_elements[i], batch->targets[i],
                             batch->count * capas_shape_count(&spec->target_shapes[i], 0));
        if (!seen.finite)
            snprintf(text, size, "the targets of this batch have values that are NaN or infinite");
        else if (seen.largest > LARGE)
            snprintf(text, size,
                     "the targets reach %.6g: scale them, or lower the learning rate (%.6g)",
                     seen.largest, capas_optimizer_rate(model->trainer));
        else
            continue;
        return text;
    }
    return NULL;
}

const char *capas_likely_cause(const capas_model *model, const capas_dataset_spec *spec,
                               const capas_batch *batch, char *text, size_t size)
{
    if (input_cause(model, spec, batch, text, size)) return text;
    if (target_cause(model, spec, batch, text, size)) return text;
    snprintf(text, size, "likely the learning rate (%.6g) is too high: try a tenth of it",
             capas_optimizer_rate(model->trainer));
    return text;
}
