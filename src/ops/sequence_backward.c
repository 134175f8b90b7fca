/* The backward half of the operations of sequences, for the table in backward.c. MASK and SHARE
 * have none: a mask has no gradient. */
#include "ops/sequence.h"

#define BACKWARD                                                                                   \
    const capas_op *op, const capas_kernel *kernel, const capas_operands *operands,                \
        const capas_call *call

void capas_backward_scan(BACKWARD)
{
    capas_scan_arguments arguments = capas_scan_arguments_of(op, kernel, operands, call);
    arguments.output_gradient = operands->output_gradient;
    arguments.input_gradient = operands->input_gradients[0];
    arguments.initial_gradient = operands->input_gradients[2];
    arguments.weight_gradient = operands->weight_gradients[0];
    arguments.bias_gradient = operands->weight_gradients[1];
    capas_run_kernel(kernel, &op->problem, &arguments, 2 * capas_flops_scan(op) * call->n);
}

void capas_backward_lookup(BACKWARD)
{
    capas_lookup_arguments arguments = {
        .count = op->sample_count * call->n,
        .input = operands->inputs[0],
        .output_gradient = operands->output_gradient,
        .table_gradient = operands->weight_gradients[0],
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}
