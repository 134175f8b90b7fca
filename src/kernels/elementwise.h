/* Element by element, and what is near it: activations, softmax over the last axis, sums and
 * products with broadcasting, affine maps, reordering of axes, padding, slices side by side,
 * dropout, activity penalties. */
#ifndef CAPAS_KERNELS_ELEMENTWISE_H
#define CAPAS_KERNELS_ELEMENTWISE_H

#include "kernels/kernel.h"
#include <capas/options.h>

/* Family activate: y = f(x) for all but softmax. Backward from the output alone: dx = dy * f'(y),
 * where relu' = y > 0, elu' = y >= 0 ? 1 : y + 1, selu' = y >= 0 ? scale : y + scale * alpha (at
 * the corner points as TensorFlow has them, keras-semantics 2.1), relu6' = y > 0 and y < 6.
 * relu(NaN) is NaN. In place (output == input) is allowed.
 *
 * Those past relu6 are not seen from their value: backward reads the input (so not in place), and
 * no other op takes them in. */
typedef struct capas_activate_problem {
    int workers;
    capas_activation activation;
} capas_activate_problem;

static inline bool capas_activation_reads_input(capas_activation activation)
{
    return activation > CAPAS_RELU6;
}

/* Those of a row together; the others are the same for each element wherever it lies. */
static inline bool capas_activation_is_of_rows(capas_activation activation)
{
    return activation == CAPAS_SOFTMAX || activation == CAPAS_LOG_SOFTMAX ||
           activation == CAPAS_SPARSEMAX;
}

typedef struct capas_activate_arguments {
    int64_t count;
    const void *input; /* forward; backward of those past relu6 */
    void *output;      /* written forward, read backward */
    const void *output_gradient;
    void *input_gradient; /* may be output_gradient */
} capas_activate_arguments;

/* Family softmax: rows of `classes`. dx = y * (dy - sum(dy * y)). Family log_softmax: its
 * logarithm, dx = dy - e^y * sum(dy). Family sparsemax: y = max(x - t, 0), see
 * plain/sparsemax.c; its backward reads the input. */
typedef struct capas_softmax_problem {
    int workers;
    int classes;
} capas_softmax_problem;

typedef struct capas_softmax_arguments {
    int64_t rows;
    const void *input;
    void *output;
    const void *output_gradient;
    void *input_gradient;
} capas_softmax_arguments;

/* Family combine: y = a + b, a * b, the larger or the smaller of both; shapes broadcast (a
 * dimension of 1 repeats); both shapes are given with the same rank, and dims[0] is the batch (n of
 * the arguments, unless it is 1 there). Backward, summed over the broadcast axes:
 *
 *   sum       da = dy, db = dy (a and b are not read)
 *   product   da = dy * b, db = dy * a
 *   extremum  dy to the one that was taken, to a when both are equal (TensorFlow's _MaximumGrad) */
typedef enum capas_combination {
    CAPAS_COMBINE_SUM,
    CAPAS_COMBINE_PRODUCT,
    CAPAS_COMBINE_MAXIMUM,
    CAPAS_COMBINE_MINIMUM
} capas_combination;

typedef struct capas_combine_problem {
    int workers;
    capas_shape a, b, output;
    capas_combination combination;
} capas_combine_problem;

typedef struct capas_combine_arguments {
    int n;
    const void *a, *b;
    void *output;
    const void *output_gradient;
    void *a_gradient, *b_gradient; /* overwritten; each may be NULL */
} capas_combine_arguments;

/* Families join and split: y [outer][a + b] from a [outer][a] and b [outer][b], and back; `outer`
 * rows of one sample. Of a split either half may be NULL. */
typedef struct capas_join_problem {
    int workers;
    int64_t outer, a, b;
} capas_join_problem;

typedef struct capas_join_arguments {
    int n;
    void *a, *b; /* read by join, written by split */
    void *output;
} capas_join_arguments;

/* Family repeat: y [rows][times][inner] from x [rows][inner]; `rows` of one sample. Backward from
 * dy (input) to dx (output), the sum over the times. */
typedef struct capas_repeat_problem {
    int workers, times;
    int64_t rows, inner;
} capas_repeat_problem;

typedef struct capas_repeat_arguments {
    int n;
    const void *input;
    void *output;
} capas_repeat_arguments;

/* Family affine: y = x * scale + offset (backward: the same with offset 0). */
typedef struct capas_affine_problem {
    int workers;
    double scale, offset;
} capas_affine_problem;

typedef struct capas_affine_arguments {
    int64_t count;
    const void *input;
    void *output;
} capas_affine_arguments;

/* Family move: axis i of the output is axis order[i] of the input; shape is the input's, dims[0] =
 * the batch and order[0] = 0. */
typedef struct capas_move_problem {
    int workers;
    capas_shape shape;
    int order[CAPAS_MAX_RANK];
} capas_move_problem;

typedef struct capas_move_arguments {
    int n;
    const void *input;
    void *output;
} capas_move_arguments;

/* Family pad: Y[n,y,x,c] = X[n, y - top, x - left, c], 0 where X has no such pixel. Sides below 0
 * cut off: so the way back is a pad as well. X [n][height][width][channels]; Y [n][height + top +
 * bottom][width + left + right][channels]. */
typedef struct capas_pad_problem {
    int workers;
    int height, width, channels;
    capas_margins sides;
} capas_pad_problem;

typedef struct capas_pad_arguments {
    int n;
    const void *input;
    void *output;
} capas_pad_arguments;

/* Families stack and unstack: the slices of a volume that a window along its depth sees, put side
 * by side as channels, group by group, and the sum of what comes back: Y[n,z,i,g,r,c] = X[n,
 * z*stride + r*dilation - before, i, g, c], 0 where X has no such slice X[n,d,i,g,c] = sum over the
 * (z,r) that see d of Y[n,z,i,g,r,c] X [n][depth][pixels][groups][channels], Y
 * [n][out_depth][pixels][groups][taps][channels]. Unstack reads Y as its input and writes X. */
typedef struct capas_stack_problem {
    int workers;
    int depth, out_depth, taps, stride, dilation, before;
    int64_t pixels;
    int groups, channels; /* of one group */
} capas_stack_problem;

typedef struct capas_stack_arguments {
    int n;
    const void *input;
    void *output;
} capas_stack_arguments;

/* Family dropout: y = keep ? x / (1 - rate) : 0, where element i of the noise (C order of the noise
 * shape, the sample first) is kept when uniform word i of the sequence `random` is >= rate.
 * Backward is the same call on the gradient. rate 1 gives zeros. noise has the input's rank; a 1 in
 * it repeats one draw. */
typedef struct capas_dropout_problem {
    int workers;
    double rate;
    capas_shape shape, noise; /* dims[0] = the batch; noise.dims[0] 1: one draw for all samples */
} capas_dropout_problem;

typedef struct capas_dropout_arguments {
    int n;
    capas_random random;
    const void *input;
    void *output;
} capas_dropout_arguments;

/* Family penalty: an activity regulariser, added = (l1 sum|x| + l2 sum x^2) / n; the gradient
 * (l1 sign(x) + 2 l2 x) / n is added to the output's and stored. Either half may be left out
 * (NULL). */
typedef struct capas_penalty_problem {
    double l1, l2;
} capas_penalty_problem;

typedef struct capas_penalty_arguments {
    int n;
    int64_t count; /* of all samples */
    const void *input;
    double *penalty; /* set */
    const void *output_gradient;
    void *input_gradient; /* set to output_gradient + the penalty's */
} capas_penalty_arguments;

#endif
