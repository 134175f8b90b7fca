/* Building programs, the operations of ops/rows.c: rectifiers, numbers brought to one scale,
 * pictures resized, products of matrices, noise. */
#include "ops/program_build.h"

#include "base/text.h"

int capas_program_rectify(capas_program *program, const char *label, int input,
                          const capas_rectify_problem *problem, int slopes)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_RECTIFY, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    op->problem.rectify = *problem;
    op->problem.rectify.shape = shape;
    op->weights[0] = slopes;
    return capas_program_finish(program, &shape);
}

int capas_program_standardise(capas_program *program, const char *label, int input,
                              const capas_standardise_problem *problem, int gamma, int beta)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_STANDARDISE, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    op->problem.standardise = *problem;
    op->weights[0] = gamma;
    op->weights[1] = beta;
    return capas_program_finish(program, &shape);
}

int capas_program_rescale(capas_program *program, const char *label, int input,
                          const capas_rescale_problem *problem, int mean, int variance)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_RESCALE, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    op->problem.rescale = *problem;
    op->problem.rescale.shape = shape;
    op->weights[0] = mean;
    op->weights[1] = variance;
    return capas_program_finish(program, &shape);
}

int capas_program_resize(capas_program *program, const char *label, int input, int axis, int size,
                         capas_interpolation interpolation, bool antialias)
{
    capas_shape shape = *capas_program_shape(program, input);
    if (input >= 0 && shape.dims[axis] == size) return input;
    capas_op *op = capas_program_add(program, CAPAS_OP_RESIZE, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    const int64_t inner = capas_shape_count(&shape, axis + 1);
    op->problem.resize = (capas_resize_problem){
        .rows = op->sample_count / (inner * shape.dims[axis]),
        .inner = inner,
        .size = (int)shape.dims[axis],
        .out_size = size,
        .interpolation = interpolation,
        .antialias = antialias,
    };
    shape.dims[axis] = size;
    return capas_program_finish(program, &shape);
}

int capas_program_product(capas_program *program, const char *label, int a, int b)
{
    capas_op *op = capas_program_add(program, CAPAS_OP_PRODUCT, label, b < 0 ? CAPAS_NO_BUFFER : a);
    if (op == NULL) return CAPAS_NO_BUFFER;
    op->inputs[1] = b;
    capas_shape shape = *capas_program_shape(program, a);
    op->problem.product = (capas_product_problem){
        .rows = shape.dims[1],
        .columns = capas_program_shape(program, b)->dims[1],
        .length = shape.dims[2],
    };
    shape.dims[2] = op->problem.product.columns;
    return capas_program_finish(program, &shape);
}

int capas_program_noise(capas_program *program, const char *label, int input, capas_noise_kind kind,
                        double amount, const capas_shape *draws, uint32_t stream)
{
    if (!program->training || amount == 0) return input;
    capas_op *op = capas_program_add(program, CAPAS_OP_NOISE, label, input);
    if (op == NULL) return CAPAS_NO_BUFFER;
    capas_shape shape = *capas_program_shape(program, input);
    op->stream = stream;
    op->problem.noise =
        (capas_noise_problem){.kind = kind, .amount = amount, .shape = shape, .draws = *draws};
    return capas_program_finish(program, &shape);
}
