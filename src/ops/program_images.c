/* Building programs: the ops over images and the slices of volumes; see program.h. */
#include "ops/program_build.h"

/* The shape of an op's input with other images in it. */
static capas_shape images_of(const capas_program *program, int input, int height, int width,
                             int channels)
{
    capas_shape shape = *capas_program_shape(program, input);
    shape.dims[shape.rank - 3] = height;
    shape.dims[shape.rank - 2] = width;
    shape.dims[shape.rank - 1] = channels;
    return shape;
}

int capas_program_conv(capas_program *program, const char *label, int input,
                       const capas_conv_problem *problem, int kernel, int bias)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_CONV, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    op->problem.conv = *problem;
    op->problem.conv.activation = CAPAS_LINEAR;
    op->problem.conv.pool = (capas_conv_pool){0};
    op->problem.conv.has_bias = bias != CAPAS_NO_WEIGHT;
    op->weights[0] = kernel;
    op->weights[1] = bias;
    capas_shape shape =
        images_of(program, input, problem->out_height, problem->out_width, problem->filters);
    return capas_program_finish(program, &shape);
}

int capas_program_conv_transpose(capas_program *program, const char *label, int input,
                                 const capas_conv_problem *problem, int kernel)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_CONV_TRANSPOSE, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    op->problem.conv = *problem;
    op->problem.conv.activation = CAPAS_LINEAR;
    op->problem.conv.has_bias = false;
    op->weights[0] = kernel;
    capas_shape shape =
        images_of(program, input, problem->height, problem->width, problem->channels);
    return capas_program_finish(program, &shape);
}

int capas_program_bias(capas_program *program, const char *label, int input, int bias)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_BIAS, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    capas_combine_problem *problem = &op->problem.combine;
    *problem = (capas_combine_problem){.a = shape, .b = shape, .output = shape};
    problem->combination = CAPAS_COMBINE_SUM;
    for (int i = 0; i < shape.rank - 1; i++)
        problem->b.dims[i] = 1;
    op->weights[0] = bias;
    return capas_program_finish(program, &shape);
}

int capas_program_pool(capas_program *program, const char *label, int input,
                       const capas_pool_problem *problem)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_POOL, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    op->problem.pool = *problem;
    capas_shape shape =
        images_of(program, input, problem->out_height, problem->out_width, problem->channels);
    return capas_program_finish(program, &shape);
}

int capas_program_pad(capas_program *program, const char *label, int input,
                      const capas_margins *sides)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_PAD, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    const capas_shape *from = capas_program_shape(program, input);
    const int64_t *image = from->dims + from->rank - 3;
    op->problem.pad = (capas_pad_problem){
        .height = (int)image[0],
        .width = (int)image[1],
        .channels = (int)image[2],
        .sides = *sides,
    };
    capas_shape shape = images_of(program, input, (int)image[0] + sides->top + sides->bottom,
                                  (int)image[1] + sides->left + sides->right, (int)image[2]);
    return capas_program_finish(program, &shape);
}

static int add_stack(capas_program *program, capas_op_kind kind, const char *label, int input,
                     const capas_stack_problem *problem)
{
    capas_op *op = capas_program_add(program, kind, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    const bool stacks = kind == CAPAS_OP_STACK;
    capas_shape shape = *capas_program_shape(program, input);
    const int blocks = problem->groups * (stacks ? 1 : problem->taps);
    op->problem.stack = *problem;
    op->problem.stack.pixels = shape.dims[2] * shape.dims[3];
    op->problem.stack.channels = (int)shape.dims[4] / blocks;
    shape.dims[1] = stacks ? problem->out_depth : problem->depth;
    shape.dims[4] = (int64_t)op->problem.stack.channels * problem->groups;
    if (stacks) shape.dims[4] *= problem->taps;
    return capas_program_finish(program, &shape);
}

int capas_program_stack(capas_program *program, const char *label, int input,
                        const capas_stack_problem *problem)
{
    return add_stack(program, CAPAS_OP_STACK, label, input, problem);
}

int capas_program_unstack(capas_program *program, const char *label, int input,
                          const capas_stack_problem *problem)
{
    return add_stack(program, CAPAS_OP_UNSTACK, label, input, problem);
}
