/* What layers that draw have in common: their sequences of random numbers, and the options of those
 * that change pictures (Keras layers/preprocessing/image_preprocessing/). */
#ifndef CAPAS_LAYERS_RANDOM_H
#define CAPAS_LAYERS_RANDOM_H

#include "layers/image.h"

/* The sequence of the next op of this layer: a layer that is used several times draws anew each
 * time; a seed of its own (not CAPAS_NONE) gives the same draws in whatever layer. */
uint32_t capas_random_stream(const capas_layer *layer, const capas_program *program, int seed);

/* Keras's noise_shape, with the batch (rank 0: none): whether it fits an input, and the shape of
 * what is drawn, 1 where one draw is shared. */
capas_status capas_random_check_noise(const capas_layer *layer, const capas_shape *noise,
                                      const capas_shape *input);
capas_shape capas_random_noise(const capas_shape *noise, const capas_shape *input);

/* capas_range, always with both ends: Keras makes [-f, f] of a number f, or what of that is not
 * below the option's minimum. */
extern const capas_option_kind capas_option_factor;
/* capas_range, two numbers; left out: 0 to 255. */
extern const capas_option_kind capas_option_value_range;

/* A range as an option may still have it: of one number f it is -|f| to |f|. */
capas_range capas_range_about_zero(const capas_range *range);

/* How the options of all layers that change pictures begin, and of those that move them. */
typedef struct capas_random_options {
    CAPAS_RANDOM_OPTIONS
} capas_random_options;
typedef struct capas_random_move_options {
    CAPAS_RANDOM_MOVE_OPTIONS
} capas_random_move_options;

/* The output is as the input, which must be pictures of a known size. */
capas_status capas_random_infer(const capas_layer *layer, const capas_shape *inputs, int count,
                                capas_shape *output);

/* Sets a constructor's number, unless the options say a range. */
void capas_random_set_range(capas_range *range, double number);

/* Rows of the options that they all have. */
#define CAPAS_RANDOM_ROWS                                                                          \
    {.name = "seed",                                                                               \
     .kind = &capas_option_integer,                                                                \
     .offset = offsetof(capas_random_options, seed),                                               \
     .standard = CAPAS_NONE,                                                                       \
     .nullable = true,                                                                             \
     .help = "a sequence of its own; None: as the model's seed says"},                             \
        {.name = "data_format",                                                                    \
         .kind = &capas_option_enum,                                                               \
         .offset = offsetof(capas_random_options, data_format),                                    \
         .standard = CAPAS_CHANNELS_LAST,                                                          \
         .words = capas_data_format_names,                                                         \
         .help = "where the channels are"},                                                        \
    {                                                                                              \
        .name = "bounding_box_format", .kind = &capas_option_only_none, .omit_none = true,         \
        .help = "Keras's, for boxes beside the pictures"                                           \
    }

#endif
