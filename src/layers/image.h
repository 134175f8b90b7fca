/* What layers over images and sequences share: the sizes of an image in either data format, the
 * output of a sliding window with its padding (keras-semantics 1.2), and the way from
 * channels_first to channels_last and back, since the operations are channels_last. */
#ifndef CAPAS_LAYERS_IMAGE_H
#define CAPAS_LAYERS_IMAGE_H

#include "layers/layer.h"

typedef struct capas_image {
    int64_t height, width, channels;
} capas_image;

/* A window that slides over one axis: `size` cells, dilation counted in. */
typedef struct capas_slide {
    int64_t size, stride;
    capas_padding padding;
} capas_slide;

/* Images have 2 axes besides batch and channels, sequences 1: [n, steps, channels]. To the
 * operations a sequence is an image of height 1. */

/* The sizes of an input [n, height, width, channels] or [n, steps, channels]; a failure of the
 * layer when it is none. */
capas_status capas_image_of(const capas_layer *layer, const capas_shape *shape, int axes,
                            capas_data_format format, capas_image *image);
capas_shape capas_image_shape(const capas_image *image, int axes, capas_data_format format);

/* Positions of the window over `input` cells; below 1 when it does not fit. */
int64_t capas_slide_output(const capas_slide *slide, int64_t input);
/* Empty cells before the first: of an odd number the smaller part, as TensorFlow has it; all of
 * them when causal. */
int64_t capas_slide_before(const capas_slide *slide, int64_t input);

/* To the operations' order [n, height, width, channels] and back; the same buffer where it is that.
 */
int capas_image_to_last(const capas_layer *layer, capas_program *program, int buffer, int axes,
                        capas_data_format format);
int capas_image_from_last(const capas_layer *layer, capas_program *program, int buffer, int axes,
                          capas_data_format format);

/* Keras's words for options. */
extern const char *const capas_padding_names[]; /* also causal, for Conv1D alone */
extern const char *const capas_data_format_names[];

#endif
