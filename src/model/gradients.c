/* Gradients of chosen outputs with respect to inputs and weights; those of a loss are training's.
 */
#include "base/text.h"
#include "model/plan.h"
#include <capas/gradients.h>
#include <stdint.h>
#include <string.h>

static const char where[] = "output_gradients";

void capas_take_gradients(const capas_model *model, capas_run *run, int64_t n,
                          float *const *input_gradients, float *const *weight_gradients)
{
    for (int i = 0; input_gradients && i < model->input_count; i++) {
        int64_t count = n * capas_shape_count(&model->uses[model->inputs[i]].output, 1);
        const float *gradient = capas_run_input_gradient(run, i);
        if (!input_gradients[i]) continue;
        if (gradient)
            memcpy(input_gradients[i], gradient, (size_t)count * sizeof *gradient);
        else /* integers, or no way leads from there */
            memset(input_gradients[i], 0, (size_t)count * sizeof *gradient);
    }
    const float *block = capas_run_gradients(run);
    for (int w = 0; weight_gradients && w < model->weight_count; w++) {
        const capas_model_weight *entry = &model->weights[w];
        size_t count = (size_t)capas_shape_count(&entry->weight->shape, 0);
        if (!weight_gradients[w]) continue;
        if (entry->gradient_offset >= 0)
            capas_weight_unpack(entry->weight, block + entry->gradient_offset, weight_gradients[w]);
        else
            memset(weight_gradients[w], 0, count * sizeof *block);
    }
}

static capas_status run_both_ways(capas_model *model, capas_run *run, const capas_tensor *inputs,
                                  int64_t n, const float *const *output_gradients)
{
    for (int i = 0; i < model->input_count; i++)
        capas_fill_input(model, i, &inputs[i], 0, n, capas_run_input(run, i));
    CAPAS_TRY(capas_run_forward(run, (int)n, 0, NULL, NULL));
    for (int i = 0; i < model->output_count; i++) {
        int64_t count = n * capas_shape_count(&model->uses[model->outputs[i]].output, 1);
        memcpy(capas_run_output_gradient(run, i), output_gradients[i],
               (size_t)count * sizeof(float));
    }
    return capas_run_backward(run);
}

capas_status capas_output_gradients(capas_model *model, const capas_tensor *inputs, int64_t n,
                                    const float *const *output_gradients,
                                    float *const *input_gradients, float *const *weight_gradients)
{
    CAPAS_TRY(capas_model_check(model));
    bool whole = inputs && output_gradients && n >= 1 && n <= INT32_MAX;
    for (int i = 0; whole && i < model->output_count; i++)
        whole = output_gradients[i] != NULL;
    if (!whole)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: inputs, a gradient for each output, and at least one sample are "
                          "needed",
                          where);
    CAPAS_TRY(capas_check_inputs(model, inputs, n, where));
    capas_enable_training();
    capas_plan_options options;
    memset(&options, 0, sizeof options); /* compared byte for byte */
    options.batch = (int)n;
    options.backward = options.input_gradients = true;
    capas_plan *plan;
    capas_run *run;
    CAPAS_TRY(capas_model_plan(model, &options, &plan));
    CAPAS_TRY(capas_plan_acquire(plan, &run));
    capas_status status = run_both_ways(model, run, inputs, n, output_gradients);
    if (status == CAPAS_OK) capas_take_gradients(model, run, n, input_gradients, weight_gradients);
    capas_plan_release(run);
    return status;
}
