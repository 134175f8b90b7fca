/* The op that calls a user's function, both ways: it puts the call together. */
#include "ops/custom.h"

void capas_complete_custom(capas_op *op, const capas_program *program,
                           const capas_op_setting *setting)
{
    (void)program;
    op->problem.custom.training = setting->training;
}

static void run(const capas_op *op, const capas_kernel *kernel, const capas_operands *operands,
                int64_t n, bool backward)
{
    const capas_custom_problem *problem = &op->problem.custom;
    const float *inputs[CAPAS_OP_INPUTS], *weights[CAPAS_OP_WEIGHTS];
    float *input_gradients[CAPAS_OP_INPUTS], *weight_gradients[CAPAS_OP_WEIGHTS];
    for (int i = 0; i < CAPAS_OP_INPUTS; i++) {
        inputs[i] = operands->inputs[i];
        input_gradients[i] = operands->input_gradients[i];
    }
    for (int i = 0; i < CAPAS_OP_WEIGHTS; i++) {
        weights[i] = operands->weights[i];
        weight_gradients[i] = operands->weight_gradients[i];
    }
    capas_custom_call call = {
        .context = problem->definition->context,
        .options = problem->options,
        .n = n,
        .training = problem->training,
        .input_count = problem->input_count,
        .input_shapes = problem->input_shapes,
        .output_shape = &problem->output_shape,
        .inputs = inputs,
        .weights = weights,
        .output = operands->output,
        .output_gradient = backward ? operands->output_gradient : NULL,
        .input_gradients = backward ? input_gradients : NULL,
        .weight_gradients = backward ? weight_gradients : NULL,
    };
    capas_custom_arguments arguments = {
        backward ? problem->definition->backward : problem->definition->forward, &call};
    capas_run_kernel(kernel, problem, &arguments, 0);
}

void capas_forward_custom(const capas_op *op, const capas_kernel *kernel,
                          const capas_operands *operands, const capas_call *call)
{
    run(op, kernel, operands, call->n, false);
}

void capas_backward_custom(const capas_op *op, const capas_kernel *kernel,
                           const capas_operands *operands, const capas_call *call)
{
    run(op, kernel, operands, call->n, true);
}
