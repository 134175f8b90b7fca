/* A program: the operations that a network is compiled to, over numbered buffers and weights.
 *
 * Layers lower themselves into a program through the capas_program_... functions below; the model
 * turns it into a plan (fuses, chooses kernels, places buffers). An operation knows shapes and
 * kernels and nothing of Keras. Buffers are in plain C order, dims[0] the batch (CAPAS_ANY), as
 * Keras has them.
 *
 * Convolutions, pools and pads work on images [n, height, width, channels]; what is between n and
 * the height, as the slices of a volume, are more of them.
 *
 * Two kinds of buffer cost nothing: an alias (Flatten, Reshape, dropout at inference) shares
 * another's memory under another shape. */
#ifndef CAPAS_OPS_PROGRAM_H
#define CAPAS_OPS_PROGRAM_H

#include "base/status.h"
#include "kernels/conv.h"
#include "kernels/custom.h"
#include "kernels/dense.h"
#include "kernels/elementwise.h"
#include "kernels/loss.h"
#include "kernels/noise.h"
#include "kernels/normalise.h"
#include "kernels/pool2d.h"
#include "kernels/product.h"
#include "kernels/rectify.h"
#include "kernels/rescale.h"
#include "kernels/resize.h"
#include "kernels/scan.h"
#include "kernels/sequence.h"
#include "kernels/standardise.h"
#include "kernels/warp.h"

enum { CAPAS_NO_BUFFER = -1, CAPAS_NO_WEIGHT = -1, CAPAS_OP_INPUTS = 3, CAPAS_OP_WEIGHTS = 4 };

typedef struct capas_buffer {
    capas_shape shape; /* dims[0] = CAPAS_ANY */
    capas_element element;
    int alias_of;        /* a buffer, or CAPAS_NO_BUFFER */
    int mask;            /* the buffer of 0 and 1 that says which steps count, or CAPAS_NO_BUFFER */
    int times;           /* so many of its samples are one of the model's (TimeDistributed) */
    int producer;        /* index of the op that writes it; -1: given from outside */
    bool exposed;        /* asked for after a run: an output, or a tensor to look at */
    bool wants_gradient; /* a gradient with respect to it is asked for or passes through it */
    bool gets_gradient;  /* a loss, a penalty or an output's gradient depends on it */
} capas_buffer;

/* What a recurrent layer keeps from one batch to the next: for each sample `count` numbers. */
typedef struct capas_states {
    double *values;
    int64_t count;
    int batch; /* samples; 0: they begin with zeros, and the next batch says how many */
} capas_states;

typedef enum capas_op_kind {
    CAPAS_OP_CONV,           /* inputs x, residual or none; weights kernel, bias */
    CAPAS_OP_CONV_TRANSPOSE, /* inputs x; weights kernel */
    CAPAS_OP_BIAS,           /* inputs x; weights bias */
    CAPAS_OP_STACK,          /* inputs x */
    CAPAS_OP_UNSTACK,        /* inputs x */
    CAPAS_OP_DENSE,          /* inputs x;    weights kernel, bias */
    CAPAS_OP_POOL,           /* inputs x */
    CAPAS_OP_ACTIVATE,       /* inputs x */
    CAPAS_OP_SOFTMAX,        /* inputs x */
    CAPAS_OP_LOG_SOFTMAX,    /* inputs x */
    CAPAS_OP_SPARSEMAX,      /* inputs x */
    CAPAS_OP_RECTIFY,        /* inputs x;    weights slopes or none */
    CAPAS_OP_NORMALISE,      /* inputs x;    weights gamma, beta, moving mean, moving variance */
    CAPAS_OP_STANDARDISE,    /* inputs x;    weights gamma, beta */
    CAPAS_OP_RESCALE,        /* inputs x;    weights mean, variance or none */
    CAPAS_OP_ADD,            /* inputs a, b */
    CAPAS_OP_COMBINE,        /* inputs a, b; their product, maximum or minimum */
    CAPAS_OP_JOIN,           /* inputs a, b */
    CAPAS_OP_REPEAT,         /* inputs x */
    CAPAS_OP_AFFINE,         /* inputs x */
    CAPAS_OP_MOVE,           /* inputs x */
    CAPAS_OP_PAD,            /* inputs x */
    CAPAS_OP_RESIZE,         /* inputs x */
    CAPAS_OP_PRODUCT,        /* inputs a, b */
    CAPAS_OP_DROPOUT,        /* inputs x */
    CAPAS_OP_NOISE,          /* inputs x */
    CAPAS_OP_WARP,           /* inputs x */
    CAPAS_OP_ADJUST,         /* inputs x */
    CAPAS_OP_CUSTOM,         /* inputs and weights as the user's function has them */
    CAPAS_OP_SCAN,    /* inputs x, mask or none, states or none; weights recurrent kernel, bias */
    CAPAS_OP_LOOKUP,  /* inputs x;    weights table */
    CAPAS_OP_MASK,    /* inputs x */
    CAPAS_OP_SHARE,   /* inputs mask */
    CAPAS_OP_PENALTY, /* inputs x;    output an alias of x */
    CAPAS_OP_LOSS,    /* inputs prediction, target, weight or none; output the value of each row */
    CAPAS_OP_COUNT
} capas_op_kind;

/* What a picture draws in each step to be warped by: numbers uniform in the ranges, each picture
 * its own. The kernel problem comes first, as in every op's. */
typedef enum capas_warp_kind {
    CAPAS_WARP_FIXED,     /* the map below, nothing is drawn */
    CAPAS_WARP_FLIP,      /* one coin for both directions, where they are mirrored */
    CAPAS_WARP_ROTATE,    /* first range: turns, counter-clockwise */
    CAPAS_WARP_TRANSLATE, /* parts of the height (down) and the width (to the right) */
    CAPAS_WARP_ZOOM,      /* 1 + what is drawn; above 1 the picture gets smaller */
    CAPAS_WARP_CROP,      /* whole rows and columns, the same for the whole batch */
} capas_warp_kind;

typedef struct capas_warp_op {
    capas_warp_problem warp;
    capas_warp_kind kind;
    capas_range range[2]; /* of the height, of the width */
    bool together;        /* the width draws what the height drew */
    bool horizontal, vertical;
    double map[6];
} capas_warp_op;

typedef struct capas_adjust_op {
    capas_adjust_problem adjust;
    capas_range contrast, brightness;
} capas_adjust_op;

/* How one op of a program is put: its kernel problem, without what the plan fills in (batch,
 * workers). */
typedef union capas_op_problem {
    capas_conv_problem conv;
    capas_dense_problem dense; /* rows: of one sample */
    capas_pool_problem pool;
    capas_activate_problem activate;
    capas_softmax_problem softmax;
    capas_rectify_problem rectify;
    capas_normalise_problem normalise;
    capas_standardise_problem standardise;
    capas_rescale_problem rescale;
    capas_combine_problem combine;
    capas_join_problem join;
    capas_repeat_problem repeat;
    capas_affine_problem affine;
    capas_move_problem move;
    capas_pad_problem pad;
    capas_stack_problem stack;
    capas_resize_problem resize;
    capas_product_problem product;
    capas_dropout_problem dropout;
    capas_noise_problem noise;
    capas_warp_op warp;
    capas_adjust_op adjust;
    capas_custom_problem custom;
    capas_scan_problem scan;
    capas_lookup_problem lookup;
    capas_mask_problem mask;
    capas_share_problem share;
    capas_penalty_problem penalty;
    capas_loss_problem loss;
} capas_op_problem;

typedef struct capas_op {
    capas_op_kind kind;
    const char *label; /* the layer's name, borrowed */
    int inputs[CAPAS_OP_INPUTS];
    int output;
    int times; /* as its buffers' */
    int weights[CAPAS_OP_WEIGHTS];
    uint32_t stream;      /* of its random numbers */
    int64_t sample_count; /* elements of the first input in one sample */
    int64_t sample_rows;  /* rows of its last axis in one sample */
    int sample_images;    /* CONV, CONV_TRANSPOSE, POOL, PAD: images in one sample, which a volume
                             has one a slice */
    capas_op_problem problem;
    capas_states *states; /* SCAN: where it begins and what it leaves; NULL: nothing. Borrowed */
    bool folds; /* CONV, in plans that only predict: a normalisation is worked into its weights ...
                 */
    int folded[CAPAS_OP_WEIGHTS]; /* ... of these weights ... */
    double epsilon;               /* ... and this constant */
    double loss_weight;           /* LOSS: a factor on the whole */
    int probability; /* LOSS from rescued logits: buffer that gets the softmax, or CAPAS_NO_BUFFER
                      */
    bool removed;    /* fused into another */
} capas_op;

typedef struct capas_program {
    capas_buffer *buffers;
    size_t buffer_count, buffer_capacity;
    capas_op *ops;
    size_t op_count, op_capacity;
    bool training;       /* dropout is on, batch normalisation uses the batch */
    capas_status status; /* the first failure; every later call returns CAPAS_NO_BUFFER at once */
    bool tells_masks, told_masks; /* whether layers that end a mask are to be named, and were */
} capas_program;

void capas_program_init(capas_program *program, bool training);
void capas_program_free(capas_program *program);

/* A buffer given from outside (an input, a target). */
int capas_program_input(capas_program *program, const capas_shape *shape, capas_element element);

/* Each adds one op and returns its output buffer, CAPAS_NO_BUFFER on failure. `label` is the
 * layer's name and must outlive the program. Weights are numbers of the model's weights.
 * Activations other than softmax may be fused into conv and dense by the plan; layers always add
 * them as ops of their own (capas_program_activate does nothing for linear and adds SOFTMAX for
 * softmax). */
int capas_program_conv(capas_program *program, const char *label, int input,
                       const capas_conv_problem *problem, int kernel, int bias);
/* The gradient of such a convolution, put forward: `problem` is the convolution's, whose output is
 * shaped as the input here, and whose input as the output. No bias. */
int capas_program_conv_transpose(capas_program *program, const char *label, int input,
                                 const capas_conv_problem *problem, int kernel);
/* A number for each place of the last axis is added. */
int capas_program_bias(capas_program *program, const char *label, int input, int bias);
int capas_program_dense(capas_program *program, const char *label, int input, int64_t units,
                        int kernel, int bias);
int capas_program_pool(capas_program *program, const char *label, int input,
                       const capas_pool_problem *problem);
int capas_program_activate(capas_program *program, const char *label, int input,
                           capas_activation activation);
/* Statistics over all axes but `axis`. Weights may be CAPAS_NO_WEIGHT (gamma, beta). */
int capas_program_normalise(capas_program *program, const char *label, int input, int axis,
                            double epsilon, double momentum, bool batch_statistics,
                            const int weights[CAPAS_OP_WEIGHTS]);
/* The problem without the input's shape. `slopes`: a weight, or CAPAS_NO_WEIGHT. */
int capas_program_rectify(capas_program *program, const char *label, int input,
                          const capas_rectify_problem *problem, int slopes);
/* The problem with its sizes. Weights may be CAPAS_NO_WEIGHT. */
int capas_program_standardise(capas_program *program, const char *label, int input,
                              const capas_standardise_problem *problem, int gamma, int beta);
/* The problem without the input's shape. Weights may be CAPAS_NO_WEIGHT when it has numbers. */
int capas_program_rescale(capas_program *program, const char *label, int input,
                          const capas_rescale_problem *problem, int mean, int variance);
/* Shapes broadcast; the lower rank gets ones after the batch axis, as Keras's merge layers do. */
int capas_program_combine(capas_program *program, const char *label, int a, int b,
                          capas_combination combination);
/* b behind a along an axis; the other sizes are equal. */
int capas_program_join(capas_program *program, const char *label, int a, int b, int axis);
/* An axis `times` as long: each of its places so often. */
int capas_program_repeat(capas_program *program, const char *label, int input, int axis, int times);
int capas_program_affine(capas_program *program, const char *label, int input, double scale,
                         double offset);
/* Axis i of the output is axis order[i] of the input; order[0] = 0. */
int capas_program_move(capas_program *program, const char *label, int input, const int *order);
/* Slices that a window along the depth sees become channels, [n, depth, height, width, channels] to
 * [n, out_depth, height, width, taps * channels], and back (kernels/elementwise.h). Of the problem:
 * depth, out_depth, taps, stride, dilation, before and groups. */
int capas_program_stack(capas_program *program, const char *label, int input,
                        const capas_stack_problem *problem);
int capas_program_unstack(capas_program *program, const char *label, int input,
                          const capas_stack_problem *problem);
/* Zeros around pictures [n, height, width, channels]. */
int capas_program_pad(capas_program *program, const char *label, int input,
                      const capas_margins *sides);
/* An axis made `size` long; the input as it is when it is that. */
int capas_program_resize(capas_program *program, const char *label, int input, int axis, int size,
                         capas_interpolation interpolation, bool antialias);
/* a [n, rows, length] and b [n, columns, length] to [n, rows, columns]. */
int capas_program_product(capas_program *program, const char *label, int a, int b);
/* noise: the input's rank, 1 where one draw is shared, dims[0] CAPAS_ANY or 1. Nothing in
 * inference. */
int capas_program_dropout(capas_program *program, const char *label, int input, double rate,
                          const capas_shape *noise, uint32_t stream);
/* The amount as in kernels/noise.h; draws as above. Nothing in inference. */
int capas_program_noise(capas_program *program, const char *label, int input, capas_noise_kind kind,
                        double amount, const capas_shape *draws, uint32_t stream);
/* Pictures [n, height, width, channels]. The op's problem without what follows from the input:
 * fill mode and value, interpolation, the output's size (0: the input's) and what is drawn. */
int capas_program_warp(capas_program *program, const char *label, int input,
                       const capas_warp_op *warp, uint32_t stream);
int capas_program_adjust(capas_program *program, const char *label, int input,
                         const capas_adjust_op *adjust, uint32_t stream);
/* A function of the user's, which outlives the program with its options. */
int capas_program_custom(capas_program *program, const char *label, const int *inputs, int count,
                         const capas_shape *output, const capas_custom_layer *definition,
                         const double *options, const int weights[CAPAS_OP_WEIGHTS]);
/* What a scan takes: x [n, steps, gates x units] without bias, and, each CAPAS_NO_BUFFER when there
 * is none, a mask [n, steps] and the states to start from [n, states, units]. */
typedef struct capas_scan_inputs {
    int x, mask, initial;
    capas_states *states; /* kept from batch to batch; NULL: none are */
} capas_scan_inputs;
/* The kernel's problem without what follows from the input (steps, tile). Recurrent dropout draws
 * from `stream`, see kernels/scan.h. */
int capas_program_scan(capas_program *program, const char *label, const capas_scan_inputs *inputs,
                       const capas_scan_problem *problem, int recurrent_kernel, int bias,
                       uint32_t stream);
/* Rows of a weight [rows, width] by number, along a new last axis. A number that names no row fails
 * the run. */
int capas_program_lookup(capas_program *program, const char *label, int input, int64_t rows,
                         int64_t width, int table);
/* 1 where a number is not `value`, otherwise 0; of_rows: where any along the last axis is not. */
int capas_program_mask(capas_program *program, const char *label, int input, double value,
                       bool of_rows);
/* A mask's share in a mean (kernels/sequence.h), over the batch or over each sample. */
int capas_program_share(capas_program *program, const char *label, int input, bool by_sample);
int capas_program_penalty(capas_program *program, const char *label, int input, double l1,
                          double l2);
/* The same numbers under another shape (dims[0] = CAPAS_ANY); no work. */
int capas_program_reshape(capas_program *program, int input, const capas_shape *shape);
/* The same, of a buffer whose samples are taken apart into `times` as many, or put together. */
int capas_program_regroup(capas_program *program, int input, const capas_shape *shape, int times);
/* Values of the rows [batch x rows of a sample]; prediction [batch, ..., classes]. */
int capas_program_loss(capas_program *program, const char *label, int prediction, int target,
                       int sample_weight, const capas_loss_problem *problem, double loss_weight);

/* The buffer at the end of a chain of aliases. */
int capas_program_root(const capas_program *program, int buffer);
const capas_shape *capas_program_shape(const capas_program *program, int buffer);

#endif
