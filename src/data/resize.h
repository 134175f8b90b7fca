/* Pictures brought to a size as tf.image.resize and keras.ops.image.resize do it (keras-semantics
 * 8.4, 8.5), from rows that come one after another. */
#ifndef CAPAS_DATA_RESIZE_H
#define CAPAS_DATA_RESIZE_H

#include "base/status.h"
#include <capas/pictures.h>

/* What of a picture goes where in the result; the rest of the result is 0. */
typedef struct capas_placement {
    int top, left, height, width;             /* of the source */
    int to_top, to_left, to_height, to_width; /* in the result */
    int result_height, result_width;          /* as a whole */
} capas_placement;

/* The weights of one axis: result i is the sum of weights[i * span + j] * source[starts[i] + j]. */
typedef struct capas_resize_axis {
    int size, span;
    int *starts, *counts;
    float *weights;
} capas_resize_axis;

typedef struct capas_resizer {
    capas_placement placement;
    int channels;
    capas_resize_axis down, across;
    int row, first; /* of the source; of the result the first that is not done */
    float *rows;    /* of the result, but as long as the source's */
} capas_resizer;

/* For options that are in their ranges. */
capas_status capas_resizer_open(capas_resizer *resizer, const capas_picture_options *options,
                                int height, int width, int channels);
/* The next row of the source, as many times as it is high. */
void capas_resizer_take(capas_resizer *resizer, const uint8_t *row);
/* Fills the result, of height x width x channels. */
void capas_resizer_finish(const capas_resizer *resizer, float *result);
void capas_resizer_close(capas_resizer *resizer);

#endif
