/* Numbers bent and brought to a scale, pictures resized, matrices multiplied, forward: completing
 * the kernel problem and handing pointers to the kernel. */
#include "ops/rows.h"

#define COMPLETE capas_op *op, const capas_program *program, const capas_op_setting *setting
#define FORWARD                                                                                    \
    const capas_op *op, const capas_kernel *kernel, const capas_operands *operands,                \
        const capas_call *call

/* SOFTMAX, LOG_SOFTMAX and SPARSEMAX */

void capas_complete_softmax(COMPLETE)
{
    (void)program;
    op->problem.softmax.workers = setting->workers;
}

void capas_forward_softmax(FORWARD)
{
    capas_softmax_arguments arguments = {.rows = op->sample_rows * call->n,
                                         .input = operands->inputs[0],
                                         .output = operands->output};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* RECTIFY */

void capas_complete_rectify(COMPLETE)
{
    (void)program;
    op->problem.rectify.batch = setting->batch;
    op->problem.rectify.workers = setting->workers;
}

void capas_forward_rectify(FORWARD)
{
    capas_rectify_arguments arguments = {
        .n = call->n,
        .input = operands->inputs[0],
        .slopes = operands->weights[0],
        .output = operands->output,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* STANDARDISE */

void capas_complete_standardise(COMPLETE)
{
    (void)program;
    op->problem.standardise.batch = setting->batch;
    op->problem.standardise.workers = setting->workers;
}

size_t capas_standardise_row(const capas_op *op, capas_element element)
{
    const capas_standardise_problem *p = &op->problem.standardise;
    size_t sets = (size_t)p->batch * (size_t)(p->rows * p->groups);
    return (sets * (size_t)capas_element_size(element) + 63) / 64 * 64;
}

size_t capas_saved_standardise(const capas_op *op, const capas_program *program,
                               const capas_op_setting *setting, capas_element element)
{
    (void)program;
    (void)setting;
    return 2 * capas_standardise_row(op, element);
}

void capas_forward_standardise(FORWARD)
{
    capas_standardise_arguments arguments = {
        .n = call->n,
        .input = operands->inputs[0],
        .gamma = operands->weights[0],
        .beta = operands->weights[1],
        .mean = operands->saved,
        .scale = (char *)operands->saved + capas_standardise_row(op, kernel->element),
        .output = operands->output,
        .workspace = operands->workspace,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* RESCALE */

void capas_complete_rescale(COMPLETE)
{
    (void)program;
    op->problem.rescale.workers = setting->workers;
}

void capas_forward_rescale(FORWARD)
{
    capas_rescale_arguments arguments = {
        .n = call->n,
        .input = operands->inputs[0],
        .mean = operands->weights[0],
        .variance = operands->weights[1],
        .output = operands->output,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* RESIZE */

void capas_complete_resize(COMPLETE)
{
    (void)program;
    op->problem.resize.workers = setting->workers;
}

void capas_forward_resize(FORWARD)
{
    capas_resize_arguments arguments = {
        .n = call->n,
        .input = operands->inputs[0],
        .output = operands->output,
        .workspace = operands->workspace,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* PRODUCT */

void capas_complete_product(COMPLETE)
{
    (void)program;
    op->problem.product.workers = setting->workers;
}

void capas_forward_product(FORWARD)
{
    capas_combine_arguments arguments = {.n = call->n,
                                         .a = operands->inputs[0],
                                         .b = operands->inputs[1],
                                         .output = operands->output};
    const capas_product_problem *p = &op->problem.product;
    const double flops = 2.0 * (double)p->rows * (double)p->columns * (double)p->length;
    capas_run_kernel(kernel, &op->problem, &arguments, flops * call->n);
}
