/* Building programs: each function checks what it is given, works out the output's shape, and adds
 * one op. Nothing is fused or placed here; that is the plan's. Those over images are in
 * program_images.c. */
#include "ops/program_build.h"

#include "base/memory.h"
#include "base/text.h"
#include <string.h>

void capas_program_init(capas_program *program, bool training)
{
    *program = (capas_program){.training = training};
}

void capas_program_free(capas_program *program)
{
    capas_release(program->buffers);
    capas_release(program->ops);
    *program = (capas_program){0};
}

static int fail(capas_program *program, capas_status status)
{
    if (program->status == CAPAS_OK) program->status = status;
    return CAPAS_NO_BUFFER;
}

static int add_buffer(capas_program *program, const capas_shape *shape, capas_element element)
{
    if (program->status != CAPAS_OK) return CAPAS_NO_BUFFER;
    capas_status status = capas_grow((void **)&program->buffers, program->buffer_count,
                                     &program->buffer_capacity, sizeof *program->buffers);
    if (status != CAPAS_OK) return fail(program, status);
    program->buffers[program->buffer_count] = (capas_buffer){
        .shape = *shape,
        .element = element,
        .alias_of = CAPAS_NO_BUFFER,
        .mask = CAPAS_NO_BUFFER,
        .producer = -1,
        .times = 1,
    };
    return (int)program->buffer_count++;
}

int capas_program_input(capas_program *program, const capas_shape *shape, capas_element element)
{
    return add_buffer(program, shape, element);
}

capas_op *capas_program_add(capas_program *program, capas_op_kind kind, const char *label,
                            int input)
{
    if (program->status == CAPAS_OK && input < 0)
        fail(program, capas_fail(CAPAS_WRONG_STATE, "%s: an input has not been made", label));
    if (program->status != CAPAS_OK) return NULL;
    capas_status status = capas_grow((void **)&program->ops, program->op_count,
                                     &program->op_capacity, sizeof *program->ops);
    if (status != CAPAS_OK) {
        fail(program, status);
        return NULL;
    }
    capas_op *op = &program->ops[program->op_count++];
    memset(op, 0, sizeof *op);
    op->kind = kind;
    op->label = label;
    op->output = CAPAS_NO_BUFFER;
    op->probability = CAPAS_NO_BUFFER;
    op->loss_weight = 1;
    for (int i = 0; i < CAPAS_OP_INPUTS; i++)
        op->inputs[i] = CAPAS_NO_BUFFER;
    for (int i = 0; i < CAPAS_OP_WEIGHTS; i++)
        op->weights[i] = CAPAS_NO_WEIGHT;
    op->inputs[0] = input;
    const capas_shape *shape = capas_program_shape(program, input);
    op->times = program->buffers[input].times;
    op->sample_count = capas_shape_count(shape, 1);
    op->sample_images = 1;
    for (int i = 1; i < shape->rank - 3; i++)
        op->sample_images *= (int)shape->dims[i];
    op->sample_rows = shape->rank > 1 ? op->sample_count / shape->dims[shape->rank - 1] : 1;
    return op;
}

int capas_program_finish(capas_program *program, const capas_shape *shape)
{
    size_t index = program->op_count - 1;
    capas_element element = program->buffers[program->ops[index].inputs[0]].element;
    int output = add_buffer(program, shape, element);
    if (output < 0) return output;
    program->buffers[output].producer = (int)index;
    program->buffers[output].times = program->ops[index].times;
    program->ops[index].output = output;
    return output;
}

int capas_program_root(const capas_program *program, int buffer)
{
    while (buffer >= 0 && program->buffers[buffer].alias_of >= 0)
        buffer = program->buffers[buffer].alias_of;
    return buffer;
}

const capas_shape *capas_program_shape(const capas_program *program, int buffer)
{
    static const capas_shape none;
    return buffer < 0 ? &none : &program->buffers[buffer].shape;
}

int capas_program_dense(capas_program *program, const char *label, int input, int64_t units,
                        int kernel, int bias)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_DENSE, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    int64_t inputs = shape.dims[shape.rank - 1];
    op->problem.dense = (capas_dense_problem){
        .rows = op->sample_rows,
        .inputs = inputs,
        .units = units,
        .tile = capas_dense_tile(inputs, units),
        .activation = CAPAS_LINEAR,
        .has_bias = bias != CAPAS_NO_WEIGHT,
    };
    op->weights[0] = kernel;
    op->weights[1] = bias;
    shape.dims[shape.rank - 1] = units;
    return capas_program_finish(program, &shape);
}

int capas_program_activate(capas_program *program, const char *label, int input,
                           capas_activation activation)
{
    if (activation == CAPAS_LINEAR) return input;
    capas_op_kind kind = CAPAS_OP_ACTIVATE;
    if (activation == CAPAS_SOFTMAX) kind = CAPAS_OP_SOFTMAX;
    if (activation == CAPAS_LOG_SOFTMAX) kind = CAPAS_OP_LOG_SOFTMAX;
    if (activation == CAPAS_SPARSEMAX) kind = CAPAS_OP_SPARSEMAX;
    capas_op *op = capas_program_add(program, kind, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    if (kind == CAPAS_OP_ACTIVATE)
        op->problem.activate.activation = activation;
    else
        op->problem.softmax.classes = (int)shape.dims[shape.rank - 1];
    return capas_program_finish(program, &shape);
}

int capas_program_normalise(capas_program *program, const char *label, int input, int axis,
                            double epsilon, double momentum, bool batch_statistics,
                            const int weights[CAPAS_OP_WEIGHTS])
{
    capas_op *op = capas_program_add(program, CAPAS_OP_NORMALISE, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    capas_normalise_problem *problem = &op->problem.normalise;
    problem->outer = problem->inner = 1;
    for (int i = 1; i < axis; i++)
        problem->outer *= shape.dims[i];
    for (int i = axis + 1; i < shape.rank; i++)
        problem->inner *= shape.dims[i];
    problem->channels = (int)shape.dims[axis];
    problem->epsilon = epsilon;
    problem->momentum = momentum;
    problem->batch_statistics = batch_statistics;
    memcpy(op->weights, weights, sizeof op->weights);
    return capas_program_finish(program, &shape);
}

/* Puts ones after the batch axis until the shape has the rank, as Keras's merge layers do. */
static capas_shape promote(capas_shape shape, int rank)
{
    capas_shape wide = {.rank = rank};
    for (int i = 0; i < rank; i++) {
        int from = i - (rank - shape.rank);
        wide.dims[i] = i == 0 ? shape.dims[0] : from < 1 ? 1 : shape.dims[from];
    }
    return wide;
}

int capas_program_combine(capas_program *program, const char *label, int a, int b,
                          capas_combination combination)
{
    capas_op_kind kind = combination == CAPAS_COMBINE_SUM ? CAPAS_OP_ADD : CAPAS_OP_COMBINE;
    capas_op *op = capas_program_add(program, kind, label, a < 0 || b < 0 ? CAPAS_NO_BUFFER : a);
    if (op == NULL) return CAPAS_NO_BUFFER;
    op->inputs[1] = b;
    const capas_shape *sa = capas_program_shape(program, a), *sb = capas_program_shape(program, b);
    int rank = sa->rank > sb->rank ? sa->rank : sb->rank;
    capas_combine_problem *problem = &op->problem.combine;
    problem->a = promote(*sa, rank);
    problem->b = promote(*sb, rank);
    problem->output = problem->a;
    problem->combination = combination;
    for (int i = 1; i < rank; i++) {
        int64_t da = problem->a.dims[i], db = problem->b.dims[i];
        if (da != db && da != 1 && db != 1) {
            char first[96], second[96];
            return fail(program, capas_fail(CAPAS_SHAPE_MISMATCH,
                                            "%s: shapes %s and %s do not fit; every axis must be "
                                            "equal or 1",
                                            label, capas_shape_text(sa, first, sizeof first),
                                            capas_shape_text(sb, second, sizeof second)));
        }
        problem->output.dims[i] = da == 1 ? db : da;
    }
    capas_shape shape = problem->output;
    return capas_program_finish(program, &shape);
}

int capas_program_join(capas_program *program, const char *label, int a, int b, int axis)
{
    capas_op *op =
        capas_program_add(program, CAPAS_OP_JOIN, label, a < 0 || b < 0 ? CAPAS_NO_BUFFER : a);
    if (op == NULL) return CAPAS_NO_BUFFER;
    op->inputs[1] = b;
    capas_shape shape = *capas_program_shape(program, a);
    const capas_shape *second = capas_program_shape(program, b);
    op->problem.join = (capas_join_problem){
        .outer = 1, .a = capas_shape_count(&shape, axis), .b = capas_shape_count(second, axis)};
    for (int i = 1; i < axis; i++)
        op->problem.join.outer *= shape.dims[i];
    shape.dims[axis] += second->dims[axis];
    return capas_program_finish(program, &shape);
}

int capas_program_repeat(capas_program *program, const char *label, int input, int axis, int times)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_REPEAT, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    const int64_t inner = capas_shape_count(&shape, axis + 1);
    op->problem.repeat = (capas_repeat_problem){
        .times = times, .rows = op->sample_count / (inner > 0 ? inner : 1), .inner = inner};
    shape.dims[axis] *= times;
    return capas_program_finish(program, &shape);
}

int capas_program_affine(capas_program *program, const char *label, int input, double scale,
                         double offset)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_AFFINE, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    op->problem.affine = (capas_affine_problem){.scale = scale, .offset = offset};
    capas_shape shape = *capas_program_shape(program, input);
    return capas_program_finish(program, &shape);
}

int capas_program_move(capas_program *program, const char *label, int input, const int *order)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_MOVE, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape from = *capas_program_shape(program, input), to = from;
    op->problem.move.shape = from;
    for (int i = 0; i < from.rank; i++) {
        op->problem.move.order[i] = order[i];
        to.dims[i] = from.dims[order[i]];
    }
    return capas_program_finish(program, &to);
}

int capas_program_dropout(capas_program *program, const char *label, int input, double rate,
                          const capas_shape *noise, uint32_t stream)
{
    if (!program->training || rate == 0) return input;
    capas_op *op = capas_program_add(program, CAPAS_OP_DROPOUT, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    op->stream = stream;
    op->problem.dropout = (capas_dropout_problem){.rate = rate, .shape = shape, .noise = *noise};
    return capas_program_finish(program, &shape);
}

int capas_program_warp(capas_program *program, const char *label, int input,
                       const capas_warp_op *warp, uint32_t stream)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_WARP, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    op->stream = stream;
    op->problem.warp = *warp;
    capas_warp_problem *problem = &op->problem.warp.warp;
    problem->height = (int)shape.dims[1];
    problem->width = (int)shape.dims[2];
    problem->channels = (int)shape.dims[3];
    if (problem->out_height == 0) problem->out_height = problem->height;
    if (problem->out_width == 0) problem->out_width = problem->width;
    shape.dims[1] = problem->out_height;
    shape.dims[2] = problem->out_width;
    return capas_program_finish(program, &shape);
}

int capas_program_adjust(capas_program *program, const char *label, int input,
                         const capas_adjust_op *adjust, uint32_t stream)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_ADJUST, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    op->stream = stream;
    op->problem.adjust = *adjust;
    op->problem.adjust.adjust.pixels = shape.dims[1] * shape.dims[2];
    op->problem.adjust.adjust.channels = (int)shape.dims[3];
    return capas_program_finish(program, &shape);
}

int capas_program_custom(capas_program *program, const char *label, const int *inputs, int count,
                         const capas_shape *output, const capas_custom_layer *definition,
                         const double *options, const int weights[CAPAS_OP_WEIGHTS])
{
    capas_op *op = capas_program_add(program, CAPAS_OP_CUSTOM, label, inputs[0]);
    if (op == NULL) return CAPAS_NO_BUFFER;
    op->problem.custom = (capas_custom_problem){
        .definition = definition,
        .options = options,
        .input_count = count,
        .output_shape = *output,
    };
    for (int i = 0; i < count; i++) {
        op->inputs[i] = inputs[i];
        op->problem.custom.input_shapes[i] = *capas_program_shape(program, inputs[i]);
    }
    for (int i = 0; i < CAPAS_OP_WEIGHTS; i++)
        op->weights[i] = weights[i];
    return capas_program_finish(program, output);
}

int capas_program_penalty(capas_program *program, const char *label, int input, double l1,
                          double l2)
{
    if (l1 == 0 && l2 == 0) return input;
    capas_op *op = capas_program_add(program, CAPAS_OP_PENALTY, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    op->problem.penalty = (capas_penalty_problem){.l1 = l1, .l2 = l2};
    return input;
}

int capas_program_reshape(capas_program *program, int input, const capas_shape *shape)
{
    if (program->status != CAPAS_OK || input < 0) return CAPAS_NO_BUFFER;
    return capas_program_regroup(program, input, shape, program->buffers[input].times);
}

int capas_program_regroup(capas_program *program, int input, const capas_shape *shape, int times)
{
    if (program->status != CAPAS_OK || input < 0) return CAPAS_NO_BUFFER;
    int output = add_buffer(program, shape, program->buffers[input].element);
    if (output < 0) return output;
    program->buffers[output].alias_of = input;
    program->buffers[output].times = times;
    return output;
}

int capas_program_loss(capas_program *program, const char *label, int prediction, int target,
                       int sample_weight, const capas_loss_problem *problem, double loss_weight)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_LOSS, label, prediction);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, prediction);
    op->inputs[1] = target;
    op->inputs[2] = sample_weight;
    op->problem.loss = *problem;
    op->problem.loss.classes = shape.rank > 1 ? (int)shape.dims[shape.rank - 1] : 1;
    op->loss_weight = loss_weight;
    if (problem->kind == CAPAS_LOSS_KIND_CTC) { /* a sample has one value */
        op->problem.loss.steps = (int)shape.dims[1];
        op->sample_rows = shape.rank = 1;
    }
    if (shape.rank > 1) shape.rank--;
    return capas_program_finish(program, &shape);
}
