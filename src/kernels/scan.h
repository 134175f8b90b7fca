/* Recurrent layers: one scan over the steps of a sequence, the cell an option
 * (keras-semantics 1.8). The product of the inputs and their kernel is a dense layer's and comes in
 * ready, without bias; what is left is, in the order of the steps,
 *
 *   simple   h = a(x + b + h U)
 *   LSTM     i, f, o = s(x + b + h U), g = a(x + b + h U);  c = f c + i g;  h = o a(c)
 *   GRU      z, r = s(x + b + h U);  h = z h + (1 - z) g with
 *            g = a(x + b + (r h) U), or, reset after, a(x + b + r (h U + b'))
 *
 * a the activation, s the recurrent one; gates in Keras's order: i f g o, z r g. U [units][gates x
 * units] lies in tiles, as all dense weights do (kernels/dense.h).
 *
 * With a window (an LSTM's alone) a sample is one pixel of an image, and h U a convolution: U
 * [depth][height][width of the window][units][gates x units] meets the h around the pixel, with
 * zeros outside the image. All pixels of an image have one mask.
 *
 * A step whose mask is 0 leaves h and c as they are and gives what the step before gave (nothing
 * before: zeros), or zeros.
 *
 * Recurrent dropout multiplies the h that meets U by a factor for each gate, sample and unit, drawn
 * once a call: element (gate, sample, unit) is word sample * units + unit of stream + gate * 2^18.
 *
 * What forward keeps for backward lies in `saved`, the same for every kernel: see scan_parts.h. */
#ifndef CAPAS_KERNELS_SCAN_H
#define CAPAS_KERNELS_SCAN_H

#include "kernels/kernel.h"
#include <capas/options.h>

typedef enum capas_cell { CAPAS_CELL_SIMPLE, CAPAS_CELL_LSTM, CAPAS_CELL_GRU } capas_cell;

enum { CAPAS_MOST_GATES = 4 };

/* Of height 0: there is none. The batch is so many images, pixel by pixel. */
typedef struct capas_scan_window {
    int depth, height, width;                      /* of an image */
    int kernel_depth, kernel_height, kernel_width; /* a pixel's own place is (size - 1) / 2 */
} capas_scan_window;

typedef struct capas_scan_problem {
    int batch, workers;
    capas_scan_window window;
    capas_cell cell;
    bool reset_after; /* GRU */
    int64_t steps, units;
    int tile;                                          /* of U */
    capas_activation activation, recurrent_activation; /* not softmax */
    int bias_rows;                                     /* 0; 1; reset after: 2, b and b' */
    bool has_initial;                                  /* h (and c) start from given numbers */
    bool backwards;                                    /* from the last step to the first */
    bool sequences;   /* gives every step's h, in the order in which they are made; otherwise the
                         last alone */
    bool flips;       /* sequences: in the opposite order */
    bool states;      /* h and c of the end come behind the output */
    bool zero_masked; /* a masked step gives zeros */
    double recurrent_dropout; /* 0: none */
    bool for_training;        /* forward fills `saved` */
    bool wants_input_gradient;
} capas_scan_problem;

static inline int capas_scan_gates(const capas_scan_problem *p)
{
    return p->cell == CAPAS_CELL_LSTM ? 4 : p->cell == CAPAS_CELL_GRU ? 3 : 1;
}

/* h, and c of an LSTM. */
static inline int capas_scan_states(const capas_scan_problem *p)
{
    return p->cell == CAPAS_CELL_LSTM ? 2 : 1;
}

/* Samples that share a mask, and the h that a product takes are among them. */
static inline int64_t capas_scan_pixels(const capas_scan_problem *p)
{
    const capas_scan_window *w = &p->window;
    return w->height > 0 ? (int64_t)w->depth * w->height * w->width : 1;
}

/* Samples whose h meets U for one. */
static inline int64_t capas_scan_taps(const capas_scan_problem *p)
{
    const capas_scan_window *w = &p->window;
    return w->height > 0 ? (int64_t)w->kernel_depth * w->kernel_height * w->kernel_width : 1;
}

/* Rows of `units` that one sample's output has. */
static inline int64_t capas_scan_rows(const capas_scan_problem *p)
{
    return (p->sequences ? p->steps : 1) + (p->states ? capas_scan_states(p) : 0);
}

/* Bytes of `saved` for a batch; 0 when nothing is kept. */
size_t capas_scan_saved(const capas_scan_problem *p, capas_element element);

typedef struct capas_scan_arguments {
    int n;
    capas_random random;
    const void *input;   /* [n][steps][gates][units] */
    const void *mask;    /* [n / pixels][steps], 0 or 1; NULL: all count */
    const void *initial; /* [n][states][units]; NULL: zeros */
    const void *weights; /* U */
    const void *bias;    /* [bias_rows][gates][units] */
    void *output;        /* [n][rows][units] */
    void *saved;
    void *workspace;
    /* backward; overwritten, each may be NULL; of U and the bias both or none */
    const void *output_gradient;
    void *input_gradient, *initial_gradient, *weight_gradient, *bias_gradient;
} capas_scan_arguments;

#endif
