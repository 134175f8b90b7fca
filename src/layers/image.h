/* What layers over images, sequences and volumes share: the sizes of an image in either data
 * format, the output of a sliding window with its padding (keras-semantics 1.2), and the way from
 * channels_first to channels_last and back, since the operations are channels_last. */
#ifndef CAPAS_LAYERS_IMAGE_H
#define CAPAS_LAYERS_IMAGE_H

#include "layers/layer.h"

typedef struct capas_image {
    int64_t height, width, channels, depth; /* depth: 1 but for volumes */
} capas_image;

/* A window that slides over one axis: `size` cells, dilation counted in. */
typedef struct capas_slide {
    int64_t size, stride;
    capas_padding padding;
} capas_slide;

/* Images have 2 axes besides batch and channels, sequences 1: [n, steps, channels], volumes 3: [n,
 * depth, height, width, channels]. To the operations a sequence is an image of height 1, and a
 * volume so many images. */

/* The sizes of an input with so many axes; a failure of the layer when it is none. */
capas_status capas_image_of(const capas_layer *layer, const capas_shape *shape, int axes,
                            capas_data_format format, capas_image *image);
capas_shape capas_image_shape(const capas_image *image, int axes, capas_data_format format);

/* An option's sizes as those of a volume: of an image, or of a sequence along its width. */
#define CAPAS_TRIPLE_OF_1(size) ((capas_triple){1, 1, (size)})
#define CAPAS_TRIPLE_OF_2(size) ((capas_triple){1, (size).height, (size).width})
#define CAPAS_TRIPLE_OF_3(size) (size)

/* "3x2", of a sequence "3", of a volume "2x3x3". */
enum { CAPAS_SIZES_TEXT = 72 };
const char *capas_sizes_text(int axes, int64_t depth, int64_t height, int64_t width,
                             char text[CAPAS_SIZES_TEXT]);

/* Positions of the window over `input` cells; below 1 when it does not fit. */
int64_t capas_slide_output(const capas_slide *slide, int64_t input);
/* Empty cells before the first: of an odd number the smaller part, as TensorFlow has it; all of
 * them when causal. */
int64_t capas_slide_before(const capas_slide *slide, int64_t input);

/* To the operations' order [n, height, width, channels], of a volume [n, depth, height, width,
 * channels], and back; the same buffer where it is that. */
int capas_image_to_last(const capas_layer *layer, capas_program *program, int buffer, int axes,
                        capas_data_format format);
int capas_image_from_last(const capas_layer *layer, capas_program *program, int buffer, int axes,
                          capas_data_format format);

/* The sizes of such a buffer as the layer's image; and a volume's buffer as an image [n, depth, 1,
 * the rest], to work along the depth, or again as the volume, whose depth may have changed. */
capas_image capas_image_of_buffer(const capas_program *program, int buffer);
int capas_image_along_depth(capas_program *program, int buffer);
int capas_image_as_volume(capas_program *program, int buffer, const capas_image *slices);

/* A row of an option table; FIELD is the table's. */
#define CAPAS_DATA_FORMAT_ROW                                                                      \
    {                                                                                              \
        "data_format", &capas_option_enum, FIELD(data_format), CAPAS_CHANNELS_LAST,                \
            .words = capas_data_format_names, .help = "where the channels are"                     \
    }

/* Keras's words for options. */
extern const char *const capas_padding_names[]; /* also causal, for Conv1D alone */
extern const char *const capas_data_format_names[];
extern const char *const capas_interpolation_names[]; /* all that resizing has */

#endif
