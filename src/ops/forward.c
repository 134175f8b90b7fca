/* The forward half of every operation: completing its kernel problem, handing pointers to the
 * kernel, counting its multiplications. No arithmetic here. */
#include "ops/arrange.h"
#include "ops/chance.h"
#include "ops/custom.h"
#include "ops/op.h"
#include "ops/rows.h"
#include "ops/sequence.h"

#include "base/text.h"
#include <stdio.h>

#define COMPLETE capas_op *op, const capas_program *program, const capas_op_setting *setting
#define FORWARD                                                                                    \
    const capas_op *op, const capas_kernel *kernel, const capas_operands *operands,                \
        const capas_call *call

/* Whether the op's first input passes a gradient on. */
static bool wants_input_gradient(const capas_op *op, const capas_program *program,
                                 const capas_op_setting *setting)
{
    int root = capas_program_root(program, op->inputs[0]);
    return setting->backward && program->buffers[root].wants_gradient;
}

/* CONV */

static void complete_conv(COMPLETE)
{
    op->problem.conv.batch = setting->batch * op->sample_images;
    op->problem.conv.workers = setting->workers;
    /* In both the weights come as they are in every call. */
    op->problem.conv.for_training = setting->backward || setting->saves_memory;
    op->problem.conv.wants_input_gradient = wants_input_gradient(op, program, setting);
}

/* Where each maximum was, one byte an output. */
static size_t saved_conv(const capas_op *op, const capas_program *program,
                         const capas_op_setting *setting, capas_element element)
{
    (void)element;
    if (!setting->backward || op->problem.conv.pool.height == 0) return 0;
    return (size_t)setting->batch *
           (size_t)capas_shape_count(capas_program_shape(program, op->output), 1);
}

static double flops_conv(const capas_op *op)
{
    const capas_conv_problem *p = &op->problem.conv;
    return 2.0 * op->sample_images * p->out_height * p->out_width * p->filters * p->kernel_height *
           p->kernel_width * (p->channels / p->groups);
}

static void forward_conv(FORWARD)
{
    capas_conv_forward_arguments arguments = {
        .n = call->n * op->sample_images,
        .input = operands->inputs[0],
        .weights = operands->weights[0],
        .bias = operands->weights[1],
        .prepared = operands->prepared,
        .residual = operands->inputs[1],
        .output = operands->output,
        .position = operands->saved,
        .workspace = operands->workspace,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, flops_conv(op) * call->n);
}

static void describe_conv(const capas_op *op, char *text, size_t size)
{
    const capas_conv_problem *p = &op->problem.conv;
    char pool[32] = "", images[16] = "";
    if (p->pool.height > 0)
        snprintf(pool, sizeof pool, " pool%dx%d", p->pool.height, p->pool.width);
    if (op->sample_images > 1) snprintf(images, sizeof images, "%dx", op->sample_images);
    snprintf(text, size, "%s %s%dx%dx%d k%dx%d f%d s%dx%d%s%s%s%s",
             op->kind == CAPAS_OP_CONV ? "conv" : "transposed conv", images, p->height, p->width,
             p->channels, p->kernel_height, p->kernel_width, p->filters, p->stride_height,
             p->stride_width, op->folds ? " normalised" : "", p->has_residual ? " residual" : "",
             p->activation != CAPAS_LINEAR ? " activation" : "", pool);
}

/* CONV_TRANSPOSE: the convolution's way back to its input. Whose output it was does not matter, as
 * nothing was activated, but it must be there. */

static void complete_conv_transpose(COMPLETE)
{
    complete_conv(op, program, setting);
    op->problem.conv.wants_input_gradient = op->problem.conv.steady = true;
}

static void forward_conv_transpose(FORWARD)
{
    capas_conv_backward_arguments arguments = {
        .n = call->n * op->sample_images,
        .weights = operands->weights[0],
        .output = operands->inputs[0],
        .output_gradient = operands->inputs[0],
        .input_gradient = operands->output,
        .workspace = operands->workspace,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, flops_conv(op) * call->n);
}

/* DENSE */

static void complete_dense(COMPLETE)
{
    op->problem.dense.rows = op->sample_rows * setting->batch;
    op->problem.dense.workers = setting->workers;
    op->problem.dense.for_training = setting->backward;
    op->problem.dense.wants_input_gradient = wants_input_gradient(op, program, setting);
}

static double flops_dense(const capas_op *op)
{
    const capas_dense_problem *p = &op->problem.dense;
    return 2.0 * (double)op->sample_rows * (double)p->inputs * (double)p->units;
}

static void forward_dense(FORWARD)
{
    capas_dense_forward_arguments arguments = {
        .rows = op->sample_rows * call->n,
        .input = operands->inputs[0],
        .weights = operands->weights[0],
        .bias = operands->weights[1],
        .prepared = operands->prepared,
        .output = operands->output,
        .workspace = operands->workspace,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, flops_dense(op) * call->n);
}

static void describe_dense(const capas_op *op, char *text, size_t size)
{
    const capas_dense_problem *p = &op->problem.dense;
    snprintf(text, size, "dense %lldx%lldx%lld%s", (long long)op->sample_rows, (long long)p->inputs,
             (long long)p->units, p->activation != CAPAS_LINEAR ? " activation" : "");
}

/* POOL */

static void complete_pool(COMPLETE)
{
    (void)program;
    op->problem.pool.batch = setting->batch * op->sample_images;
    op->problem.pool.workers = setting->workers;
}

static void forward_pool(FORWARD)
{
    capas_pool_forward_arguments arguments = {
        .n = call->n * op->sample_images, .input = operands->inputs[0], .output = operands->output};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void describe_pool(const capas_op *op, char *text, size_t size)
{
    const capas_pool_problem *p = &op->problem.pool;
    snprintf(text, size, "%s%s pool %dx%dx%d k%dx%d s%dx%d", p->adaptive ? "adaptive " : "",
             p->average ? "average" : "max", p->height, p->width, p->channels, p->pool_height,
             p->pool_width, p->stride_height, p->stride_width);
}

/* ACTIVATE, SOFTMAX, AFFINE: only the number of workers is left to say. */

static void complete_activate(COMPLETE)
{
    (void)program;
    op->problem.activate.workers = setting->workers;
}

static void forward_activate(FORWARD)
{
    capas_activate_arguments arguments = {.count = op->sample_count * call->n,
                                          .input = operands->inputs[0],
                                          .output = operands->output};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void complete_affine(COMPLETE)
{
    (void)program;
    op->problem.affine.workers = setting->workers;
}

static void forward_affine(FORWARD)
{
    capas_affine_arguments arguments = {.count = op->sample_count * call->n,
                                        .input = operands->inputs[0],
                                        .output = operands->output};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* NORMALISE */

static void complete_normalise(COMPLETE)
{
    (void)program;
    op->problem.normalise.batch = setting->batch;
    op->problem.normalise.workers = setting->workers;
}

/* The mean used and 1 / sqrt(variance + epsilon), each padded to whole cache lines. */
static size_t normalise_row(const capas_op *op, capas_element element)
{
    size_t bytes = (size_t)op->problem.normalise.channels * (size_t)capas_element_size(element);
    return (bytes + 63) / 64 * 64;
}

static size_t saved_normalise(const capas_op *op, const capas_program *program,
                              const capas_op_setting *setting, capas_element element)
{
    (void)program;
    (void)setting;
    return 2 * normalise_row(op, element);
}

static void forward_normalise(FORWARD)
{
    capas_normalise_arguments arguments = {
        .n = call->n,
        .input = operands->inputs[0],
        .gamma = operands->weights[0],
        .beta = operands->weights[1],
        .moving_mean = operands->weights[2],
        .moving_variance = operands->weights[3],
        .mean = operands->saved,
        .scale = (char *)operands->saved + normalise_row(op, kernel->element),
        .output = operands->output,
        .workspace = operands->workspace,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* DROPOUT */

static void complete_dropout(COMPLETE)
{
    (void)program;
    op->problem.dropout.workers = setting->workers;
}

static void forward_dropout(FORWARD)
{
    capas_dropout_arguments arguments = {
        .n = call->n,
        .random = {.seed = call->seed, .stream = op->stream, .step = call->step},
        .input = operands->inputs[0],
        .output = operands->output,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* PENALTY */

static void complete_penalty(COMPLETE)
{
    (void)op;
    (void)program;
    (void)setting;
}

static void forward_penalty(FORWARD)
{
    double penalty = 0;
    capas_penalty_arguments arguments = {.n = call->n,
                                         .count = op->sample_count * call->n,
                                         .input = operands->inputs[0],
                                         .penalty = &penalty};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
    *call->penalty += penalty;
}

/* LOSS */

static void complete_loss(COMPLETE)
{
    (void)program;
    op->problem.loss.workers = setting->workers;
    op->problem.loss.batch = setting->batch;
}

static void forward_loss(FORWARD)
{
    capas_loss_arguments arguments = {
        .rows = op->sample_rows * call->n,
        .prediction = operands->inputs[0],
        .target = operands->inputs[1],
        .weight = operands->inputs[2],
        .factor = call->loss_factor * op->loss_weight,
        .value = operands->output,
        .probability = operands->probability,
        .prediction_gradient = operands->input_gradients[0],
        .workspace = operands->workspace,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static bool reads_inputs_activate(const capas_op *op)
{
    return capas_activation_reads_input(op->problem.activate.activation);
}

#define OP(word, reads_inputs, reads_output, family_)                                              \
    .name = #word, .family = CAPAS_FAMILY_##family_, .backward_reads_inputs = reads_inputs,        \
    .backward_reads_output = reads_output, .complete = complete_##word, .forward = forward_##word

#define ARRANGEMENT(word, reads_inputs, family_)                                                   \
    .name = #word, .family = CAPAS_FAMILY_##family_, .backward_reads_inputs = reads_inputs,        \
    .complete = capas_complete_##word, .forward = capas_forward_##word

/* kind, functions, what its backward reads (inputs, output), kernels, and what it has beyond */
const capas_op_type capas_op_types[CAPAS_OP_COUNT] = {
    [CAPAS_OP_CONV] = {OP(conv, true, true, conv_forward), .saved = saved_conv, .flops = flops_conv,
                       .backward_flops = 2, .describe = describe_conv},
    [CAPAS_OP_CONV_TRANSPOSE] = {OP(conv_transpose, true, false, conv_backward),
                                 .flops = flops_conv, .backward_flops = 2,
                                 .describe = describe_conv},
    [CAPAS_OP_BIAS] = {.name = "bias",
                       .family = CAPAS_FAMILY_combine_forward,
                       .complete = capas_complete_combine,
                       .forward = capas_forward_bias},
    [CAPAS_OP_STACK] = {.name = "stack",
                        .family = CAPAS_FAMILY_stack,
                        .complete = capas_complete_stack,
                        .forward = capas_forward_stack},
    [CAPAS_OP_UNSTACK] = {.name = "unstack",
                          .family = CAPAS_FAMILY_unstack,
                          .complete = capas_complete_stack,
                          .forward = capas_forward_stack},
    [CAPAS_OP_DENSE] = {OP(dense, true, true, dense_forward), .flops = flops_dense,
                        .backward_flops = 2, .describe = describe_dense},
    [CAPAS_OP_POOL] = {OP(pool, true, false, pool_forward), .describe = describe_pool},
    [CAPAS_OP_ACTIVATE] = {OP(activate, false, true, activate_forward),
                           .reads_inputs = reads_inputs_activate},
    [CAPAS_OP_SOFTMAX] = {ARRANGEMENT(softmax, false, softmax_forward),
                          .backward_reads_output = true},
    [CAPAS_OP_LOG_SOFTMAX] = {.name = "log_softmax",
                              .family = CAPAS_FAMILY_log_softmax_forward,
                              .backward_reads_output = true,
                              .complete = capas_complete_softmax,
                              .forward = capas_forward_softmax},
    [CAPAS_OP_SPARSEMAX] = {.name = "sparsemax",
                            .family = CAPAS_FAMILY_sparsemax_forward,
                            .backward_reads_inputs = true,
                            .complete = capas_complete_softmax,
                            .forward = capas_forward_softmax},
    [CAPAS_OP_RECTIFY] = {ARRANGEMENT(rectify, true, rectify_forward)},
    [CAPAS_OP_NORMALISE] = {OP(normalise, true, false, normalise_forward),
                            .saved = saved_normalise},
    [CAPAS_OP_STANDARDISE] = {ARRANGEMENT(standardise, true, standardise_forward),
                              .saved = capas_saved_standardise},
    [CAPAS_OP_RESCALE] = {ARRANGEMENT(rescale, false, rescale)},
    [CAPAS_OP_ADD] = {ARRANGEMENT(combine, false, combine_forward)},
    [CAPAS_OP_COMBINE] = {ARRANGEMENT(combine, true, combine_forward)},
    [CAPAS_OP_JOIN] = {ARRANGEMENT(join, false, join)},
    [CAPAS_OP_REPEAT] = {ARRANGEMENT(repeat, false, repeat_forward)},
    [CAPAS_OP_AFFINE] = {OP(affine, false, false, affine)},
    [CAPAS_OP_MOVE] = {ARRANGEMENT(move, false, move)},
    [CAPAS_OP_PAD] = {ARRANGEMENT(pad, false, pad)},
    [CAPAS_OP_RESIZE] = {ARRANGEMENT(resize, false, resize_forward)},
    [CAPAS_OP_PRODUCT] = {ARRANGEMENT(product, true, product_forward)},
    [CAPAS_OP_DROPOUT] = {OP(dropout, false, false, dropout)},
    [CAPAS_OP_NOISE] = {ARRANGEMENT(noise, false, noise)},
    [CAPAS_OP_WARP] = {.name = "warp",
                       .family = CAPAS_FAMILY_warp,
                       .complete = capas_complete_warp,
                       .saved = capas_saved_warp,
                       .forward = capas_forward_warp},
    [CAPAS_OP_ADJUST] = {.name = "adjust",
                         .family = CAPAS_FAMILY_adjust,
                         .backward_reads_inputs = true,
                         .complete = capas_complete_adjust,
                         .saved = capas_saved_adjust,
                         .forward = capas_forward_adjust},
    [CAPAS_OP_CUSTOM] = {.name = "custom",
                         .family = CAPAS_FAMILY_custom,
                         .backward_reads_inputs = true,
                         .backward_reads_output = true,
                         .complete = capas_complete_custom,
                         .forward = capas_forward_custom},
    [CAPAS_OP_SCAN] = {ARRANGEMENT(scan, true, scan_forward), .no_gradient = 2,
                       .saved = capas_saved_scan, .flops = capas_flops_scan, .backward_flops = 2,
                       .describe = capas_describe_scan},
    [CAPAS_OP_LOOKUP] = {ARRANGEMENT(lookup, true, lookup), .no_gradient = 1},
    [CAPAS_OP_MASK] = {ARRANGEMENT(mask, false, mask), .no_gradient = 1},
    [CAPAS_OP_SHARE] = {ARRANGEMENT(share, false, share), .no_gradient = 1},
    [CAPAS_OP_PENALTY] = {OP(penalty, true, false, penalty)},
    [CAPAS_OP_LOSS] = {OP(loss, false, false, loss), .no_gradient = 6},
};
