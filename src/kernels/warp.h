/* Pictures turned, moved, stretched and bent: each pixel of the output is the input at a place.
 *
 *   row    = map[0] * y + map[1] * x + map[2] + shift[0][y][x]
 *   column = map[3] * y + map[4] * x + map[5] + shift[1][y][x]
 *   Y[n,y,x,c] = X[n] at (row, column), channel c
 *
 * (0, 0) is the middle of the first pixel. Between pixels values are interpolated from the four
 * around (bilinear) or taken from the nearest one; outside the picture, pixels are as the fill mode
 * says (capas/options.h), and near its edge they are interpolated with those inside. */
#ifndef CAPAS_KERNELS_WARP_H
#define CAPAS_KERNELS_WARP_H

#include "kernels/kernel.h"
#include <capas/options.h>

typedef struct capas_warp_problem {
    int workers;
    int height, width, channels;
    int out_height, out_width;
    capas_fill_mode fill_mode;
    capas_interpolation interpolation;
    double fill_value; /* of constant */
    bool bytes; /* input and output are uint8, rounded to the nearest; otherwise of the kernel's
                   element */
} capas_warp_problem;

typedef struct capas_warp_arguments {
    int n;
    const void *input; /* [n][height][width][channels] */
    void *output;      /* [n][out_height][out_width][channels] */
    const void *map;   /* [n][6], of the kernel's element */
    const void *shift; /* [n][2][out_height][out_width], likewise; NULL: 0 */
    void *workspace;
} capas_warp_arguments;

/* Family warp_backward, the transposed map: dX[n] at the pixels that Y[n,y,x,c] was made of gets
 * dY[n,y,x,c] times the weight they had. Bytes have no gradient. */
typedef struct capas_warp_backward_arguments {
    int n;
    const void *map; /* as forward; no shifts */
    const void *output_gradient;
    void *input_gradient; /* overwritten */
} capas_warp_backward_arguments;

/* Family adjust: the contrast and brightness of pictures,
 *   Y = min(max((X - mean) contrast + mean + brightness, minimum), maximum)
 * with the mean of each channel of each picture; a contrast of 1 leaves it out. Backward: 0 where
 * the result was cut off (not where it is just the limit). */
typedef struct capas_adjust_problem {
    int workers;
    int64_t pixels; /* of a picture */
    int channels;
    double minimum, maximum;
} capas_adjust_problem;

typedef struct capas_adjust_arguments {
    int n;
    const void *input;
    const void *factor; /* [n][2]: contrast, brightness */
    void *output;       /* forward */
    const void *output_gradient;
    void *input_gradient;
} capas_adjust_arguments;

/* Where an axis ends, as both twins count: a place c becomes
 *   c - period * floor(c / period)     when there is a period
 *   min(c, mirror - c)                 when it reflects
 *   the nearest in low .. high
 * and then lies between the pixels -1 .. size, which for a constant fill and for wrap stand in a
 * rim around the picture. */
typedef struct capas_warp_axis {
    int size;
    float period, mirror; /* 0: none */
    float low, high;
} capas_warp_axis;

static inline capas_warp_axis capas_warp_axis_of(capas_fill_mode fill_mode, int size)
{
    capas_warp_axis axis = {.size = size, .low = 0, .high = (float)size - 1};
    if (fill_mode == CAPAS_FILL_CONSTANT) axis.low = -1;
    if (fill_mode == CAPAS_FILL_CONSTANT || fill_mode == CAPAS_FILL_WRAP) axis.high = (float)size;
    if (fill_mode == CAPAS_FILL_WRAP) axis.period = (float)size;
    if (fill_mode == CAPAS_FILL_REFLECT) {
        axis.period = 2 * (float)size;
        axis.mirror = axis.period - 1;
    }
    return axis;
}

/* Periods farther away are not counted: such places are garbage, but inside the picture. */
#define CAPAS_WARP_PERIODS 4194304.0f

#endif
