/* Putting arrays together and laying them out anew, forward: completing the kernel problem and
 * handing pointers to the kernel. */
#include "ops/arrange.h"

#define COMPLETE capas_op *op, const capas_program *program, const capas_op_setting *setting
#define FORWARD                                                                                    \
    const capas_op *op, const capas_kernel *kernel, const capas_operands *operands,                \
        const capas_call *call

/* ADD, COMBINE */

void capas_complete_combine(COMPLETE)
{
    (void)program;
    op->problem.combine.workers = setting->workers;
}

void capas_forward_combine(FORWARD)
{
    capas_combine_arguments arguments = {.n = call->n,
                                         .a = operands->inputs[0],
                                         .b = operands->inputs[1],
                                         .output = operands->output};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* BIAS */

void capas_forward_bias(FORWARD)
{
    capas_combine_arguments arguments = {.n = call->n,
                                         .a = operands->inputs[0],
                                         .b = operands->weights[0],
                                         .output = operands->output};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* STACK, UNSTACK */

void capas_complete_stack(COMPLETE)
{
    (void)program;
    op->problem.stack.workers = setting->workers;
}

void capas_forward_stack(FORWARD)
{
    capas_stack_arguments arguments = {
        .n = call->n, .input = operands->inputs[0], .output = operands->output};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* JOIN */

void capas_complete_join(COMPLETE)
{
    (void)program;
    op->problem.join.workers = setting->workers;
}

void capas_forward_join(FORWARD)
{
    capas_join_arguments arguments = {.n = call->n,
                                      .a = operands->inputs[0],
                                      .b = operands->inputs[1],
                                      .output = operands->output};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* REPEAT */

void capas_complete_repeat(COMPLETE)
{
    (void)program;
    op->problem.repeat.workers = setting->workers;
}

void capas_forward_repeat(FORWARD)
{
    capas_repeat_arguments arguments = {
        .n = call->n, .input = operands->inputs[0], .output = operands->output};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* MOVE */

void capas_complete_move(COMPLETE)
{
    (void)program;
    op->problem.move.workers = setting->workers;
}

void capas_forward_move(FORWARD)
{
    capas_move_arguments arguments = {
        .n = call->n, .input = operands->inputs[0], .output = operands->output};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* PAD */

void capas_complete_pad(COMPLETE)
{
    (void)program;
    op->problem.pad.workers = setting->workers;
}

void capas_forward_pad(FORWARD)
{
    capas_pad_arguments arguments = {
        .n = call->n * op->sample_images, .input = operands->inputs[0], .output = operands->output};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}
