/* Convolutions to test and to measure: a problem is one line of text,
 *
 *     conv 32x28x28x1 k3 f32 relu pool2
 *
 * batch x height x width x channels, kernel k3 or k3x5, filters f32, and then as wanted: s2 or s2x1
 * (strides), d2 (dilation), g2 (groups), same (padding, else valid), relu, relu6, pool2 or pool3s2
 * or pool2x3, nobias, inference (no positions, weights prepared where the kernel can), residual
 * (only without a pool, and forward), nodx (no input gradient). Data are random, each array a piece
 * of memory of its own so that a sanitizer sees every step outside. */
#ifndef CAPAS_TESTS_CONV_CASE_H
#define CAPAS_TESTS_CONV_CASE_H

#include "kernels/conv.h"

/* False when the line is not such a problem. Workers: 1. */
bool conv_case_parse(const char *line, capas_conv_problem *problem);

/* The output sizes from the others: padding as Keras has it. */
void conv_case_complete(capas_conv_problem *problem, bool same);

/* Multiplications and additions of the forward pass for one image. */
double conv_case_flops(const capas_conv_problem *problem);

typedef struct conv_data {
    capas_element element;
    int64_t input_count, weight_count, output_count; /* of the batch, of the layer, of the batch */
    void *input, *weights, *bias, *residual, *output, *output_gradient;
    void *input_gradient, *weight_gradient, *bias_gradient;
    uint8_t *position;
    double seconds; /* that the last kernel took */
} conv_data;

typedef enum conv_values {
    CONV_SMOOTH, /* uniform in -1 .. 1 */
    CONV_WHOLE,  /* small whole numbers: many ties, and sums that are exact */
} conv_values;

/* Data for the batch: input, weights, bias and output gradient are filled, of which a share `live`
 * is not zero; the rest must be computed. */
conv_data conv_data_make(const capas_conv_problem *problem, uint64_t seed, conv_values values,
                         double live);
/* The same in the other element type, float or double. */
conv_data conv_data_convert(const capas_conv_problem *problem, const conv_data *data,
                            capas_element element);
void conv_data_free(conv_data *data);

/* Runs on the first n images with a workspace full of NaN. */
void conv_data_forward(const capas_kernel *kernel, const capas_conv_problem *problem, int n,
                       conv_data *data);
void conv_data_backward(const capas_kernel *kernel, const capas_conv_problem *problem, int n,
                        conv_data *data);

#endif
