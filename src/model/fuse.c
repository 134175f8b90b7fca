/* Rewrites of a program, in this order, each one function:
 *
 *   padding     zeros around an image, then conv; or relu, such zeros, then max-pool, to which a
 *               zero beside numbers of at least zero is as good as no cell: one op
 *   normalise   in plans that only predict: conv, then a batch normalisation, which is worked into
 *               the weights (prepared.c): one op
 *   sum         in plans that only predict: conv, then its sum with what was there before: one op
 *   activation  conv or dense, then an element-wise activation: one op
 *   pool        conv with linear or relu, then max-pool without overlap: one op, the map is never
 *               stored
 *   softmax     a softmax whose only use besides being asked for is a loss from its logits: the
 *               loss makes it
 *
 * plan_options.no_fusion leaves all of them out; a test compares. */
#include "model/plan_parts.h"

#include "base/text.h"
#include <string.h>

/* How many ops read a buffer, under any of its aliases; a tensor that is asked for counts as read.
 */
static int readers(const capas_program *program, int buffer)
{
    int root = capas_program_root(program, buffer), count = 0;
    for (size_t i = 0; i < program->op_count; i++)
        for (int k = 0; k < CAPAS_OP_INPUTS; k++)
            if (!program->ops[i].removed && program->ops[i].inputs[k] >= 0 &&
                capas_program_root(program, program->ops[i].inputs[k]) == root)
                count++;
    for (size_t i = 0; i < program->buffer_count; i++)
        if (program->buffers[i].exposed && capas_program_root(program, (int)i) == root) count++;
    return count;
}

/* The op that makes an op's first input and whose output nobody else reads, or NULL. */
static capas_op *sole_producer(capas_program *program, const capas_op *op)
{
    int producer = program->buffers[op->inputs[0]].producer;
    if (producer < 0 || readers(program, op->inputs[0]) != 1) return NULL;
    return &program->ops[producer];
}

/* Whether the joined op has kernels at least as tuned as the one it starts from. */
static bool pays(const capas_plan *plan, capas_op before, capas_op after)
{
    capas_op_setting setting = capas_plan_setting(plan, &before);
    const capas_op_type *type = &capas_op_types[before.kind];
    type->complete(&before, &plan->program, &setting);
    type->complete(&after, &plan->program, &setting);
    capas_element element = plan->options.element;
    if (capas_choose_kernel(type->family, element, &after.problem)->level <
        capas_choose_kernel(type->family, element, &before.problem)->level)
        return false;
    if (!setting.backward) return true;
    capas_kernel_family backward = capas_backward_of(before.kind)->family;
    return capas_choose_kernel(backward, element, &after.problem)->level >=
           capas_choose_kernel(backward, element, &before.problem)->level;
}

/* The second op's work is now the first's. */
static void join(capas_program *program, capas_op *first, const capas_op *joined, capas_op *second)
{
    *first = *joined;
    first->output = second->output;
    program->buffers[second->output].producer = (int)(first - program->ops);
    second->removed = true;
}

/* The first op's work is now the second's. */
static void join_forward(capas_program *program, capas_op *first, capas_op *second,
                         const capas_op *joined)
{
    *second = *joined;
    second->inputs[0] = first->inputs[0];
    program->buffers[first->output].producer = (int)(second - program->ops);
    first->removed = true;
}

/* Whether nothing in a buffer is below zero. */
static bool is_rectified(const capas_program *program, int buffer)
{
    int producer = program->buffers[capas_program_root(program, buffer)].producer;
    return producer >= 0 && program->ops[producer].kind == CAPAS_OP_ACTIVATE &&
           program->ops[producer].problem.activate.activation == CAPAS_RELU;
}

/* No window lies in the zeros alone. */
static bool windows_meet_image(const capas_pool_problem *pool)
{
    return pool->pad_top < pool->pool_height && pool->pad_left < pool->pool_width &&
           (pool->out_height - 1) * pool->stride_height - pool->pad_top < pool->height &&
           (pool->out_width - 1) * pool->stride_width - pool->pad_left < pool->width;
}

/* `op` reads what a pad made. */
static void fuse_padding(capas_plan *plan, capas_op *op)
{
    capas_program *program = &plan->program;
    capas_op *pad = sole_producer(program, op);
    if (pad == NULL || pad->kind != CAPAS_OP_PAD) return;
    const capas_pad_problem *p = &pad->problem.pad;
    const capas_margins *sides = &p->sides;
    /* Where edges are cut off, the op behind would find them in place of its zeros. */
    if (sides->top < 0 || sides->bottom < 0 || sides->left < 0 || sides->right < 0) return;
    capas_op joined = *op;
    if (op->kind == CAPAS_OP_CONV) {
        joined.problem.conv.height = p->height;
        joined.problem.conv.width = p->width;
        joined.problem.conv.pad_top += sides->top;
        joined.problem.conv.pad_left += sides->left;
    } else {
        capas_pool_problem *pool = &joined.problem.pool;
        pool->height = p->height;
        pool->width = p->width;
        bool taken = pool->average || pool->shares_ties || pool->adaptive ||
                     pool->pad_top + pool->pad_left > 0;
        pool->pad_top = sides->top;
        pool->pad_left = sides->left;
        if (taken || !windows_meet_image(pool) || !is_rectified(program, pad->inputs[0])) return;
    }
    joined.sample_count = pad->sample_count;
    joined.sample_rows = pad->sample_rows;
    if (pays(plan, *op, joined)) join_forward(program, pad, op, &joined);
}

static bool only_predicts(const capas_plan *plan)
{
    return !plan->options.training && !plan->options.backward;
}

/* A convolution that hands out plain sums. */
static bool is_bare(const capas_op *op)
{
    const capas_conv_problem *conv = &op->problem.conv;
    return op->kind == CAPAS_OP_CONV && conv->activation == CAPAS_LINEAR &&
           conv->pool.height == 0 && !conv->has_residual;
}

static void fuse_normalise(capas_plan *plan, capas_op *op)
{
    const capas_normalise_problem *p = &op->problem.normalise;
    capas_op *first = sole_producer(&plan->program, op);
    if (first == NULL || !is_bare(first) || first->folds || p->inner != 1) return;
    capas_op joined = *first;
    joined.problem.conv.has_bias = true;
    joined.folds = true;
    joined.epsilon = p->epsilon;
    memcpy(joined.folded, op->weights, sizeof joined.folded);
    if (pays(plan, *first, joined)) join(&plan->program, first, &joined, op);
}

/* Input k of a sum is made last, by a convolution that can add the other. */
static bool fuse_sum(capas_plan *plan, capas_op *op, int k)
{
    capas_program *program = &plan->program;
    int mine = op->inputs[k], other = op->inputs[1 - k];
    int maker = program->buffers[mine].producer;
    int before = program->buffers[capas_program_root(program, other)].producer;
    if (maker < 0 || before >= maker || readers(program, mine) != 1) return false;
    if (!capas_shape_equal(&op->problem.combine.a, &op->problem.combine.b)) return false;
    capas_op *first = &program->ops[maker];
    if (!is_bare(first)) return false;
    capas_op joined = *first;
    joined.problem.conv.has_residual = true;
    joined.inputs[1] = other;
    if (!pays(plan, *first, joined)) return false;
    join(program, first, &joined, op);
    return true;
}

static void fuse_activation(capas_plan *plan, capas_op *op)
{
    capas_op *first = sole_producer(&plan->program, op);
    if (first == NULL) return;
    capas_op joined = *first;
    capas_activation activation = op->problem.activate.activation;
    if (capas_activation_reads_input(activation)) return;
    if (first->kind == CAPAS_OP_CONV && first->problem.conv.activation == CAPAS_LINEAR)
        joined.problem.conv.activation = activation;
    else if (first->kind == CAPAS_OP_DENSE && first->problem.dense.activation == CAPAS_LINEAR)
        joined.problem.dense.activation = activation;
    else
        return;
    if (pays(plan, *first, joined)) join(&plan->program, first, &joined, op);
}

/* Max-pool whose windows do not overlap and lie inside the map. */
static bool poolable(const capas_pool_problem *pool)
{
    return !pool->average && !pool->shares_ties && !pool->adaptive && pool->pad_top == 0 &&
           pool->pad_left == 0 && pool->stride_height == pool->pool_height &&
           pool->stride_width == pool->pool_width &&
           pool->out_height * pool->pool_height <= pool->height &&
           pool->out_width * pool->pool_width <= pool->width &&
           pool->pool_height * pool->pool_width <= 256;
}

static void fuse_pool(capas_plan *plan, capas_op *op)
{
    const capas_pool_problem *pool = &op->problem.pool;
    capas_op *first = sole_producer(&plan->program, op);
    if (first == NULL || first->kind != CAPAS_OP_CONV || !poolable(pool)) return;
    capas_activation activation = first->problem.conv.activation;
    if (activation != CAPAS_LINEAR && activation != CAPAS_RELU) return;
    if (first->problem.conv.has_residual) return;
    capas_op joined = *first;
    joined.problem.conv.pool = (capas_conv_pool){
        .height = pool->pool_height,
        .width = pool->pool_width,
        .stride_height = pool->stride_height,
        .stride_width = pool->stride_width,
        .out_height = pool->out_height,
        .out_width = pool->out_width,
    };
    if (pays(plan, *first, joined)) join(&plan->program, first, &joined, op);
}

static void fuse_softmax(capas_plan *plan, capas_op *loss)
{
    capas_program *program = &plan->program;
    for (size_t i = 0; i < program->op_count; i++) {
        capas_op *op = &program->ops[i];
        if (op->kind != CAPAS_OP_SOFTMAX || op->removed || !loss->problem.loss.from_logits)
            continue;
        bool only_asked_for =
            program->buffers[op->output].exposed && readers(program, op->output) == 1;
        if (op->inputs[0] != loss->inputs[0] || !only_asked_for) continue;
        op->removed = true;
        loss->probability = op->output;
        program->buffers[op->output].producer = (int)(loss - program->ops);
        return;
    }
}

void capas_plan_fuse(capas_plan *plan)
{
    if (plan->options.no_fusion) return;
    capas_program *program = &plan->program;
    for (size_t i = 0; i < program->op_count; i++)
        if (program->ops[i].kind == CAPAS_OP_CONV || program->ops[i].kind == CAPAS_OP_POOL)
            fuse_padding(plan, &program->ops[i]);
    for (size_t i = 0; i < program->op_count && only_predicts(plan); i++)
        if (program->ops[i].kind == CAPAS_OP_NORMALISE && !plan->options.saves_memory)
            fuse_normalise(plan, &program->ops[i]);
    for (size_t i = 0; i < program->op_count && only_predicts(plan); i++)
        if (program->ops[i].kind == CAPAS_OP_ADD && !fuse_sum(plan, &program->ops[i], 0))
            fuse_sum(plan, &program->ops[i], 1);
    for (size_t i = 0; i < program->op_count; i++)
        if (program->ops[i].kind == CAPAS_OP_ACTIVATE) fuse_activation(plan, &program->ops[i]);
    for (size_t i = 0; i < program->op_count; i++)
        if (program->ops[i].kind == CAPAS_OP_POOL) fuse_pool(plan, &program->ops[i]);
    for (size_t i = 0; i < program->op_count; i++)
        if (program->ops[i].kind == CAPAS_OP_LOSS) fuse_softmax(plan, &program->ops[i]);
}
