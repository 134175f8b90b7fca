/* What the parts of a dense layer's backward pass share: the call, and dZ = dY * activation'(Y). */
#ifndef CAPAS_KERNELS_TUNED_DENSE_BACKWARD_H
#define CAPAS_KERNELS_TUNED_DENSE_BACKWARD_H

#include "kernels/dense.h"
#include "kernels/tuned/dense_blocks.h"
#include "kernels/tuned/lists.h"
#include "kernels/tuned/math.h"

enum {
    GROUP_ROWS = 256,    /* rows whose lists are in the workspace at once */
    PART_ROWS = 256,     /* rows of dX under way */
    LIST_GRAIN = 3072,   /* elements of dZ */
    SUM_GRAIN = 1 << 16, /* multiplications */
    WANTED_PIECES = 16,
};

typedef struct backward_call {
    const capas_dense_problem *problem;
    const capas_dense_backward_arguments *arguments;
    int64_t tiles, first_row, rows; /* the group's rows */
    capas_lists of_rows, of_units;
    int list_shards;
    int input_parts, weight_parts; /* of each tile; 0 when not wanted */
    int shards;
    bool by_inputs;       /* dW from lists of X instead of dZ (dense_backward_inputs.h) */
    float *gradient_rows; /* then dZ by chunks */
    float *scratch;       /* of each worker: a block of X's tile, then PART_ROWS rows of dX's */
    int64_t scratch_room;
} backward_call;

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* dZ of up to CAPAS_VECTOR units of a row (0: of none, all zero). */
CAPAS_INLINE vfloat gradient_of(const backward_call *call, int64_t b, int64_t j, int units)
{
    const int64_t at = (call->first_row + b) * call->problem->units + j;
    const float *y = (const float *)call->arguments->output + at;
    const float *dy = (const float *)call->arguments->output_gradient + at;
    if (units == CAPAS_VECTOR)
        return v_activate_back(call->problem->activation, v_load(y), v_load(dy));
    return v_activate_back(call->problem->activation, v_load_part(y, units),
                           v_load_part(dy, units));
}

/* db of up to CAPAS_VECTOR units, on top of what the rows before this group's gave. */
CAPAS_INLINE void add_bias_gradient(const backward_call *call, int64_t j, int units, vfloat sum)
{
    float *bias = call->arguments->bias_gradient;
    if (!bias) return;
    if (call->first_row > 0) sum += v_load_part(bias + j, units);
    v_store_part(bias + j, sum, units);
}

#endif
