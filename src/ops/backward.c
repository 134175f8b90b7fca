/* The backward half of every operation: from the output's gradient to those of the inputs and
 * weights. LOSS has none: it makes its gradient on the way forward. Input gradients are
 * overwritten; only PENALTY adds to what is there, as its output is its input. */
#include "ops/custom.h"
#include "ops/rows.h"
#include "ops/sequence.h"

#define BACKWARD                                                                                   \
    const capas_op *op, const capas_kernel *kernel, const capas_operands *operands,                \
        const capas_call *call

static void backward_conv(BACKWARD)
{
    capas_conv_backward_arguments arguments = {
        .n = call->n * op->sample_images,
        .input = operands->inputs[0],
        .weights = operands->weights[0],
        .output = operands->output,
        .position = operands->saved,
        .output_gradient = operands->output_gradient,
        .input_gradient = operands->input_gradients[0],
        .weight_gradient = operands->weight_gradients[0],
        .bias_gradient = operands->weight_gradients[1],
        .workspace = operands->workspace,
    };
    double flops = 2 * capas_op_types[op->kind].flops(op) * call->n;
    capas_run_kernel(kernel, &op->problem, &arguments, flops);
}

/* The weights' gradient is the convolution's, with both sides changed; the input's is the
 * convolution itself. */
static void backward_conv_transpose(BACKWARD)
{
    const int n = call->n * op->sample_images;
    const double flops = capas_op_types[op->kind].flops(op) * call->n;
    capas_conv_backward_arguments weights = {
        .n = n,
        .input = operands->output_gradient,
        .weights = operands->weights[0],
        .output = operands->inputs[0],
        .output_gradient = operands->inputs[0],
        .weight_gradient = operands->weight_gradients[0],
        .workspace = operands->workspace,
    };
    if (operands->weight_gradients[0] != NULL)
        capas_run_kernel(kernel, &op->problem, &weights, flops);
    capas_conv_forward_arguments input = {
        .n = n,
        .input = operands->output_gradient,
        .weights = operands->weights[0],
        .output = operands->input_gradients[0],
        .workspace = operands->workspace,
    };
    if (operands->input_gradients[0] != NULL)
        capas_run_kernel(operands->input_kernel, &op->problem, &input, flops);
}

/* The bias has the sum over all rows. */
static void backward_bias(BACKWARD)
{
    capas_combine_arguments arguments = {
        .n = call->n,
        .a = operands->inputs[0],
        .b = operands->weights[0],
        .output_gradient = operands->output_gradient,
        .a_gradient = operands->input_gradients[0],
        .b_gradient = operands->weight_gradients[0],
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

/* Also of UNSTACK: one is the other's way back. */
static void backward_stack(BACKWARD)
{
    capas_stack_arguments arguments = {
        .n = call->n, .input = operands->output_gradient, .output = operands->input_gradients[0]};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_dense(BACKWARD)
{
    capas_dense_backward_arguments arguments = {
        .rows = op->sample_rows * call->n,
        .input = operands->inputs[0],
        .weights = operands->weights[0],
        .output = operands->output,
        .output_gradient = operands->output_gradient,
        .input_gradient = operands->input_gradients[0],
        .weight_gradient = operands->weight_gradients[0],
        .bias_gradient = operands->weight_gradients[1],
        .workspace = operands->workspace,
    };
    double flops = 2 * capas_op_types[op->kind].flops(op) * call->n;
    capas_run_kernel(kernel, &op->problem, &arguments, flops);
}

static void backward_pool(BACKWARD)
{
    capas_pool_backward_arguments arguments = {
        .n = call->n * op->sample_images,
        .input = operands->inputs[0],
        .output_gradient = operands->output_gradient,
        .input_gradient = operands->input_gradients[0],
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_activate(BACKWARD)
{
    capas_activate_arguments arguments = {
        .count = op->sample_count * call->n,
        .input = operands->inputs[0],
        .output = operands->output,
        .output_gradient = operands->output_gradient,
        .input_gradient = operands->input_gradients[0],
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_softmax(BACKWARD)
{
    capas_softmax_arguments arguments = {
        .rows = op->sample_rows * call->n,
        .input = operands->inputs[0],
        .output = operands->output,
        .output_gradient = operands->output_gradient,
        .input_gradient = operands->input_gradients[0],
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_rectify(BACKWARD)
{
    capas_rectify_arguments arguments = {
        .n = call->n,
        .input = operands->inputs[0],
        .slopes = operands->weights[0],
        .output_gradient = operands->output_gradient,
        .input_gradient = operands->input_gradients[0],
        .slopes_gradient = operands->weight_gradients[0],
        .workspace = operands->workspace,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_normalise(BACKWARD)
{
    size_t row =
        (size_t)op->problem.normalise.channels * (size_t)capas_element_size(kernel->element);
    capas_normalise_arguments arguments = {
        .n = call->n,
        .input = operands->inputs[0],
        .gamma = operands->weights[0],
        .beta = operands->weights[1],
        .mean = operands->saved,
        .scale = (char *)operands->saved + (row + 63) / 64 * 64,
        .output_gradient = operands->output_gradient,
        .input_gradient = operands->input_gradients[0],
        .gamma_gradient = operands->weight_gradients[0],
        .beta_gradient = operands->weight_gradients[1],
        .workspace = operands->workspace,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_standardise(BACKWARD)
{
    capas_standardise_arguments arguments = {
        .n = call->n,
        .input = operands->inputs[0],
        .gamma = operands->weights[0],
        .beta = operands->weights[1],
        .mean = operands->saved,
        .scale = (char *)operands->saved + capas_standardise_row(op, kernel->element),
        .output_gradient = operands->output_gradient,
        .input_gradient = operands->input_gradients[0],
        .gamma_gradient = operands->weight_gradients[0],
        .beta_gradient = operands->weight_gradients[1],
        .workspace = operands->workspace,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_rescale(BACKWARD)
{
    capas_rescale_problem problem = op->problem.rescale;
    problem.without_mean = true;
    capas_rescale_arguments arguments = {
        .n = call->n,
        .input = operands->output_gradient,
        .mean = operands->weights[0],
        .variance = operands->weights[1],
        .output = operands->input_gradients[0],
    };
    capas_run_kernel(kernel, &problem, &arguments, 0);
}

static void backward_resize(BACKWARD)
{
    capas_resize_arguments arguments = {
        .n = call->n,
        .output_gradient = operands->output_gradient,
        .input_gradient = operands->input_gradients[0],
        .workspace = operands->workspace,
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_combine(BACKWARD)
{
    capas_combine_arguments arguments = {
        .n = call->n,
        .a = operands->inputs[0],
        .b = operands->inputs[1],
        .output_gradient = operands->output_gradient,
        .a_gradient = operands->input_gradients[0],
        .b_gradient = operands->input_gradients[1],
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_join(BACKWARD)
{
    capas_join_arguments arguments = {.n = call->n,
                                      .a = operands->input_gradients[0],
                                      .b = operands->input_gradients[1],
                                      .output = operands->output_gradient};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_repeat(BACKWARD)
{
    capas_repeat_arguments arguments = {
        .n = call->n, .input = operands->output_gradient, .output = operands->input_gradients[0]};
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_affine(BACKWARD)
{
    capas_affine_problem problem = op->problem.affine;
    problem.offset = 0;
    capas_affine_arguments arguments = {.count = op->sample_count * call->n,
                                        .input = operands->output_gradient,
                                        .output = operands->input_gradients[0]};
    capas_run_kernel(kernel, &problem, &arguments, 0);
}

/* The inverse reordering of the output's axes. */
static void backward_move(BACKWARD)
{
    const capas_move_problem *forward = &op->problem.move;
    capas_move_problem problem = *forward;
    for (int i = 0; i < forward->shape.rank; i++) {
        problem.shape.dims[i] = forward->shape.dims[forward->order[i]];
        problem.order[forward->order[i]] = i;
    }
    capas_move_arguments arguments = {
        .n = call->n, .input = operands->output_gradient, .output = operands->input_gradients[0]};
    capas_run_kernel(kernel, &problem, &arguments, 0);
}

/* What was put around is cut off. */
static void backward_pad(BACKWARD)
{
    capas_pad_problem problem = op->problem.pad;
    const capas_margins sides = problem.sides;
    problem.height += sides.top + sides.bottom;
    problem.width += sides.left + sides.right;
    problem.sides = (capas_margins){-sides.top, -sides.bottom, -sides.left, -sides.right};
    capas_pad_arguments arguments = {.n = call->n * op->sample_images,
                                     .input = operands->output_gradient,
                                     .output = operands->input_gradients[0]};
    capas_run_kernel(kernel, &problem, &arguments, 0);
}

/* The same draws again: nothing was kept. */
static void backward_dropout(BACKWARD)
{
    capas_dropout_arguments arguments = {
        .n = call->n,
        .random = {.seed = call->seed, .stream = op->stream, .step = call->step},
        .input = operands->output_gradient,
        .output = operands->input_gradients[0],
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_noise(BACKWARD)
{
    capas_noise_problem problem = op->problem.noise;
    problem.without_offset = true;
    capas_noise_arguments arguments = {
        .n = call->n,
        .random = {.seed = call->seed, .stream = op->stream, .step = call->step},
        .input = operands->output_gradient,
        .output = operands->input_gradients[0],
    };
    capas_run_kernel(kernel, &problem, &arguments, 0);
}

/* By the maps that were drawn. */
static void backward_warp(BACKWARD)
{
    capas_warp_backward_arguments arguments = {
        .n = call->n,
        .map = operands->saved,
        .output_gradient = operands->output_gradient,
        .input_gradient = operands->input_gradients[0],
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_adjust(BACKWARD)
{
    capas_adjust_arguments arguments = {
        .n = call->n,
        .input = operands->inputs[0],
        .factor = operands->saved,
        .output_gradient = operands->output_gradient,
        .input_gradient = operands->input_gradients[0],
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

static void backward_penalty(BACKWARD)
{
    capas_penalty_arguments arguments = {
        .n = call->n,
        .count = op->sample_count * call->n,
        .input = operands->inputs[0],
        .output_gradient = operands->input_gradients[0],
        .input_gradient = operands->input_gradients[0],
    };
    capas_run_kernel(kernel, &op->problem, &arguments, 0);
}

#define OP(word, kernels)                                                                          \
    {                                                                                              \
        .has_kernel = true, .family = CAPAS_FAMILY_##kernels, .backward = backward_##word          \
    }

const capas_op_backward capas_op_backwards[CAPAS_OP_COUNT] = {
    [CAPAS_OP_CONV] = OP(conv, conv_backward),
    [CAPAS_OP_CONV_TRANSPOSE] = {.has_kernel = true,
                                 .family = CAPAS_FAMILY_conv_backward,
                                 .has_input_kernel = true,
                                 .input_family = CAPAS_FAMILY_conv_forward,
                                 .backward = backward_conv_transpose},
    [CAPAS_OP_BIAS] = OP(bias, combine_backward),
    [CAPAS_OP_STACK] = OP(stack, unstack),
    [CAPAS_OP_UNSTACK] = OP(stack, stack),
    [CAPAS_OP_DENSE] = OP(dense, dense_backward),
    [CAPAS_OP_POOL] = OP(pool, pool_backward),
    [CAPAS_OP_ACTIVATE] = OP(activate, activate_backward),
    [CAPAS_OP_SOFTMAX] = OP(softmax, softmax_backward),
    [CAPAS_OP_LOG_SOFTMAX] = OP(softmax, log_softmax_backward),
    [CAPAS_OP_SPARSEMAX] = OP(softmax, sparsemax_backward),
    [CAPAS_OP_RECTIFY] = OP(rectify, rectify_backward),
    [CAPAS_OP_STANDARDISE] = OP(standardise, standardise_backward),
    [CAPAS_OP_RESCALE] = OP(rescale, rescale),
    [CAPAS_OP_RESIZE] = OP(resize, resize_backward),
    [CAPAS_OP_PRODUCT] = OP(combine, product_backward),
    [CAPAS_OP_NOISE] = OP(noise, noise),
    [CAPAS_OP_NORMALISE] = OP(normalise, normalise_backward),
    [CAPAS_OP_ADD] = OP(combine, combine_backward),
    [CAPAS_OP_COMBINE] = OP(combine, combine_backward),
    [CAPAS_OP_JOIN] = OP(join, split),
    [CAPAS_OP_REPEAT] = OP(repeat, repeat_backward),
    [CAPAS_OP_AFFINE] = OP(affine, affine),
    [CAPAS_OP_MOVE] = OP(move, move),
    [CAPAS_OP_PAD] = OP(pad, pad),
    [CAPAS_OP_DROPOUT] = OP(dropout, dropout),
    [CAPAS_OP_WARP] = OP(warp, warp_backward),
    [CAPAS_OP_ADJUST] = OP(adjust, adjust_backward),
    [CAPAS_OP_CUSTOM] = {.has_kernel = true,
                         .family = CAPAS_FAMILY_custom,
                         .backward = capas_backward_custom},
    [CAPAS_OP_SCAN] = {.has_kernel = true,
                       .family = CAPAS_FAMILY_scan_backward,
                       .backward = capas_backward_scan},
    [CAPAS_OP_LOOKUP] = {.has_kernel = true,
                         .family = CAPAS_FAMILY_lookup_backward,
                         .backward = capas_backward_lookup},
    [CAPAS_OP_PENALTY] = OP(penalty, penalty),
};
