/* Prediction: inference in batches, from as many threads at once as like. */
#include "base/memory.h"
#include "base/text.h"
#include "kernels/fill.h"
#include "model/nested.h"
#include "model/plan.h"
#include <limits.h>
#include <string.h>

/* Measured with 32 MB of third cache: what a layer reads and writes must stay in it. */
enum { MOST_TENSOR_BYTES = 20 << 20 };

/* As Keras's input says, or all samples. */
static int stateful_batch(const capas_model *model, int64_t n)
{
    const capas_layer *input = model->layers[model->uses[model->inputs[0]].layer];
    const int batch = ((const capas_input_options *)input->options)->batch_size;
    return batch > 0 ? batch : n < INT_MAX ? (int)n : INT_MAX;
}

/* Few samples do not pay for a large batch's memory; and a network of large tensors is faster a few
 * samples at a time. */
static int batch_for(const capas_model *model, int64_t n)
{
    for (int i = 0; i < model->layer_count; i++)
        if (capas_nested_is_stateful(model->layers[i])) return stateful_batch(model, n);
    static const int batches[] = {1, 2, 8, 32, 128};
    const int last = (int)(sizeof batches / sizeof batches[0]) - 1;
    int64_t largest = 1;
    int choice = 0;
    for (int i = 0; i < model->use_count; i++) {
        int64_t bytes = capas_shape_count(&model->uses[i].output, 1) * (int64_t)sizeof(float);
        if (bytes > largest) largest = bytes;
    }
    while (choice < last && batches[choice] < n &&
           batches[choice + 1] <= MOST_TENSOR_BYTES / largest)
        choice++;
    return batches[choice];
}

/* Whether a tensor given by the caller has the model's shape behind the batch; rank 0 is taken on
 * trust. */
static capas_status check_shape(const char *where, const char *what, int index,
                                const capas_tensor *tensor, const capas_shape *wanted, int64_t n)
{
    if (tensor->data == NULL && n > 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: %s %d has no data", where, what, index);
    if (tensor->shape.rank == 0) return CAPAS_OK;
    bool same = tensor->shape.rank == wanted->rank && tensor->shape.dims[0] >= n;
    for (int i = 1; same && i < wanted->rank; i++)
        same = wanted->dims[i] == CAPAS_ANY || tensor->shape.dims[i] == wanted->dims[i];
    if (same) return CAPAS_OK;
    char found[128], expected[128];
    return capas_fail(CAPAS_SHAPE_MISMATCH,
                      "%s: %s %d must have the shape %s for %lld samples, found %s", where, what,
                      index, capas_shape_text(wanted, expected, sizeof expected), (long long)n,
                      capas_shape_text(&tensor->shape, found, sizeof found));
}

capas_status capas_check_inputs(const capas_model *model, const capas_tensor *inputs, int64_t n,
                                const char *where)
{
    for (int i = 0; i < model->input_count; i++) {
        const capas_use *use = &model->uses[model->inputs[i]];
        CAPAS_TRY(check_shape(where, "input", i, &inputs[i], &use->output, n));
        if (inputs[i].element != use->element &&
            !(use->element == CAPAS_FLOAT32 && inputs[i].element == CAPAS_UINT8))
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "%s: input %d must be float32 or uint8, found %s", where, i,
                              capas_element_name(inputs[i].element));
    }
    return CAPAS_OK;
}

static capas_status check_outputs(const capas_model *model, const capas_tensor *outputs, int64_t n)
{
    for (int i = 0; i < model->output_count; i++) {
        CAPAS_TRY(check_shape("predict", "output", i, &outputs[i],
                              &model->uses[model->outputs[i]].output, n));
        if (outputs[i].element != CAPAS_FLOAT32)
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "predict: output %d must be float32, found %s", i,
                              capas_element_name(outputs[i].element));
    }
    return CAPAS_OK;
}

void capas_fill_input(const capas_model *model, int input, const capas_tensor *from, int64_t first,
                      int64_t n, void *to)
{
    int64_t count = capas_shape_count(&model->uses[model->inputs[input]].output, 1);
    const char *data = (const char *)from->data +
                       (size_t)(first * count) * (size_t)capas_element_size(from->element);
    if (from->element == CAPAS_UINT8 &&
        model->uses[model->inputs[input]].element == CAPAS_FLOAT32) {
        capas_model_scale_bytes(model, input, (const uint8_t *)data, n * count, to);
    } else {
        capas_copy_samples(to, data,
                           (size_t)(n * count) * (size_t)capas_element_size(from->element));
    }
}

static capas_status predict_batches(capas_model *model, capas_run *run, const capas_tensor *inputs,
                                    capas_tensor *outputs, int64_t n, int batch)
{
    for (int64_t first = 0; first < n; first += batch) {
        int64_t count = n - first < batch ? n - first : batch;
        for (int i = 0; i < model->input_count; i++)
            capas_fill_input(model, i, &inputs[i], first, count, capas_run_input(run, i));
        CAPAS_TRY(capas_run_forward(run, (int)count, 0, NULL, NULL));
        for (int i = 0; i < model->output_count; i++) {
            int64_t size = capas_shape_count(&model->uses[model->outputs[i]].output, 1);
            memcpy((float *)outputs[i].data + first * size, capas_run_output(run, i),
                   (size_t)(count * size) * sizeof(float));
        }
    }
    return CAPAS_OK;
}

capas_status capas_predict_tensors(capas_model *model, const capas_tensor *inputs,
                                   capas_tensor *outputs, int64_t n)
{
    CAPAS_TRY(capas_model_check(model));
    if (n < 0 || inputs == NULL || outputs == NULL)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "predict: inputs, outputs and a count of 0 or more "
                          "are needed");
    CAPAS_TRY(capas_check_inputs(model, inputs, n, "predict"));
    CAPAS_TRY(check_outputs(model, outputs, n));
    int batch = batch_for(model, n);
    capas_plan_options options;
    memset(&options, 0, sizeof options);
    options.batch = batch;
    capas_plan *plan;
    capas_run *run;
    CAPAS_TRY(capas_model_plan(model, &options, &plan));
    CAPAS_TRY(capas_plan_acquire(plan, &run));
    capas_status status = predict_batches(model, run, inputs, outputs, n, batch);
    capas_plan_release(run);
    return status;
}

capas_status capas_predict(capas_model *model, const float *input, int64_t n, float *output)
{
    CAPAS_TRY(capas_model_check(model));
    if (model->input_count != 1 || model->output_count != 1)
        return capas_fail(
            CAPAS_INVALID_ARGUMENT,
            "predict: the model has %d inputs and %d outputs; use capas_predict_tensors",
            model->input_count, model->output_count);
    capas_tensor in = {.element = CAPAS_FLOAT32, .data = (void *)input};
    capas_tensor out = {.element = CAPAS_FLOAT32, .data = output};
    return capas_predict_tensors(model, &in, &out, n);
}
