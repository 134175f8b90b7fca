/* One batch that the caller holds: a step of training, its loss and metrics, or its gradients. */
#include "training/evaluate.h"
#include "training/trainer.h"
#include <capas/gradients.h>
#include <string.h>

/* A call of train_on_batch or test_on_batch. */
typedef struct batch_call {
    const capas_tensor *inputs, *targets;
    int64_t n;
    capas_batch_options options;
    int mode;
    float *const *input_gradients, *const *weight_gradients; /* with CAPAS_STEP_GRADIENTS */
    const char *where;
} batch_call;

static capas_status add_weights(const batch_call *call, capas_dataset *view, capas_batch *batch)
{
    for (int i = 0; call->options.sample_weights && i < view->spec.target_count; i++) {
        const capas_tensor *weights = &call->options.sample_weights[i];
        if (!weights->data) continue;
        CAPAS_TRY(capas_dataset_set_sample_weight(view, i, *weights, 0));
        batch->weights[i] = weights->data;
    }
    return CAPAS_OK;
}

/* Tensors are looked at as a data set of n samples, for its checks. */
static capas_status describe_tensors(const capas_model *model, const batch_call *call,
                                     capas_dataset_spec *spec, capas_batch *batch)
{
    const capas_tensor *inputs = call->inputs, *targets = call->targets;
    const char *where = call->where;
    int64_t n = call->n;
    if (!inputs || !targets || n < 1 || n > INT32_MAX)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: inputs, targets and at least one sample are needed", where);
    *batch = (capas_batch){.capacity = n, .count = n};
    capas_dataset *view =
        capas_dataset_from_tensors(inputs, model->input_count, targets, model->output_count, 0);
    if (!view) return capas_fail_in("%s", where);
    capas_status status = add_weights(call, view, batch);
    *spec = view->spec;
    capas_dataset_free(view);
    if (status != CAPAS_OK) return capas_fail_in("%s", where);
    if (spec->count < n)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: %lld samples were said, the tensors have %lld", where, (long long)n,
                          (long long)spec->count);
    for (int i = 0; i < model->input_count; i++)
        batch->inputs[i] = inputs[i].data;
    for (int i = 0; i < model->output_count; i++)
        batch->targets[i] = targets[i].data;
    return CAPAS_OK;
}

static capas_status step_on_batch(capas_model *model, const batch_call *call,
                                  capas_evaluation *evaluation)
{
    capas_dataset_spec spec;
    capas_batch batch;
    capas_stepper stepper;
    capas_logs logs = {0};
    capas_step_extras extras = {.watch.count = 0};
    CAPAS_TRY(describe_tensors(model, call, &spec, &batch));
    CAPAS_TRY(capas_class_weights_take(&extras.class_weights, call->options.class_weight,
                                       call->options.class_weight_count, call->where));
    CAPAS_TRY(capas_stepper_open_with(&stepper, model, &spec, (int)call->n, call->mode, &extras,
                                      call->where));
    capas_status status = capas_stepper_step(&stepper, &batch, NULL);
    if (status == CAPAS_OK && stepper.gradients) status = capas_run_backward(stepper.run);
    if (status != CAPAS_OK) status = capas_fail_in("%s", call->where);
    if (status == CAPAS_OK && stepper.gradients)
        capas_take_gradients(model, stepper.run, call->n, call->input_gradients,
                             call->weight_gradients);
    if (status == CAPAS_OK) status = capas_stepper_logs(&stepper, "", &logs);
    capas_logs_sort(&logs);
    if (status == CAPAS_OK) capas_evaluation_fill(evaluation, &logs, call->n);
    capas_logs_clear(&logs);
    capas_stepper_close(&stepper);
    return status;
}

static capas_status on_batch(capas_model *model, batch_call *call,
                             const capas_batch_options *options, capas_evaluation *evaluation)
{
    capas_evaluation ignored;
    if (!evaluation) evaluation = &ignored;
    memset(evaluation, 0, sizeof *evaluation);
    CAPAS_TRY(capas_model_check(model));
    capas_status status =
        capas_copy_options(&call->options, sizeof call->options, options, call->where);
    if (status == CAPAS_OK) status = step_on_batch(model, call, evaluation);
    bool changes = call->mode != CAPAS_STEP_GRADIENTS;
    return status == CAPAS_OK || !changes ? status : capas_model_keep_failure(model, status);
}

capas_status capas_train_on_batch_with(capas_model *model, const capas_tensor *inputs,
                                       const capas_tensor *targets, int64_t n,
                                       const capas_batch_options *options,
                                       capas_evaluation *evaluation)
{
    batch_call call = {inputs, targets, n, .mode = CAPAS_STEP_TRAIN, .where = "train_on_batch"};
    return on_batch(model, &call, options, evaluation);
}

capas_status capas_test_on_batch_with(capas_model *model, const capas_tensor *inputs,
                                      const capas_tensor *targets, int64_t n,
                                      const capas_batch_options *options,
                                      capas_evaluation *evaluation)
{
    batch_call call = {inputs, targets, n, .mode = CAPAS_STEP_TEST, .where = "test_on_batch"};
    return on_batch(model, &call, options, evaluation);
}

capas_status capas_train_on_batch(capas_model *model, const capas_tensor *inputs,
                                  const capas_tensor *targets, int64_t n,
                                  capas_evaluation *evaluation)
{
    return capas_train_on_batch_with(model, inputs, targets, n, NULL, evaluation);
}

capas_status capas_test_on_batch(capas_model *model, const capas_tensor *inputs,
                                 const capas_tensor *targets, int64_t n,
                                 capas_evaluation *evaluation)
{
    return capas_test_on_batch_with(model, inputs, targets, n, NULL, evaluation);
}

capas_status capas_loss_gradients(capas_model *model, const capas_tensor *inputs,
                                  const capas_tensor *targets, int64_t n,
                                  float *const *input_gradients, float *const *weight_gradients,
                                  double *loss)
{
    batch_call call = {
        inputs,
        targets,
        n,
        .mode = CAPAS_STEP_GRADIENTS,
        .where = "loss_gradients",
        .input_gradients = input_gradients,
        .weight_gradients = weight_gradients,
    };
    capas_evaluation evaluation;
    capas_status status = on_batch(model, &call, NULL, &evaluation);
    if (status == CAPAS_OK && loss) *loss = capas_evaluation_get(&evaluation, "loss");
    return status;
}
