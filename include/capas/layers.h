/* Layers, with Keras's names, options and defaults. A constructor returns a layer to be given to
 * capas_sequential or capas_graph_apply, which take it over. A wrong option is reported when the
 * layer is used. See capas/options.h for how options are written. Activations that are told
 * something are in capas/activations.h, those that convolve in capas/convolutions.h, those that
 * pool in capas/pooling.h, those that normalise each sample in capas/normalization.h, those that
 * add noise in capas/regularization.h, those that lay numbers out anew in capas/reshaping.h,
 * those for sequences in capas/sequences.h; this header brings them. */
#ifndef CAPAS_LAYERS_H
#define CAPAS_LAYERS_H

#include <capas/options.h>

CAPAS_BEGIN

typedef struct capas_layer capas_layer;

/* For a layer that was given to nobody. NULL does nothing. */
CAPAS_API void capas_layer_free(capas_layer *layer);

/* Options that every layer has. */
#define CAPAS_LAYER_OPTIONS                                                                        \
    size_t struct_size;                                                                            \
    const char *name; /* default: the class in snake case, numbered */                             \
    int trainable;    /* default: true */

/* Input(shape): what a network takes, without the batch. capas_input(28, 28, 1). */
typedef struct capas_input_options {
    CAPAS_LAYER_OPTIONS
    capas_shape shape;     /* without the batch */
    capas_element element; /* default: float32 */
    int batch_size;        /* what Keras then fixes it to, for its stateful layers; default: any */
} capas_input_options;
CAPAS_API capas_layer *capas_input_with(const capas_input_options *options);
/* The dimensions alone. */
CAPAS_API capas_layer *capas_input_dims(int rank, const int *dims);
#define capas_input(...)                                                                           \
    capas_input_dims((int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (int[]){__VA_ARGS__})

/* Dense(units): y = activation(x W + b) over the last axis; W [inputs, units]. */
typedef struct capas_dense_options {
    CAPAS_LAYER_OPTIONS
    int units;                            /* required, at least 1 */
    capas_activation activation;          /* default: linear */
    int use_bias;                         /* default: true */
    capas_initializer kernel_initializer; /* default: glorot_uniform */
    capas_initializer bias_initializer;   /* default: zeros */
    capas_regularizer kernel_regularizer, bias_regularizer;
    capas_regularizer activity_regularizer; /* on the output, divided by the batch's size */
    capas_constraint kernel_constraint, bias_constraint;
} capas_dense_options;
CAPAS_API capas_layer *capas_dense_with(int units, const capas_dense_options *options);
#define capas_dense(units, ...)                                                                    \
    capas_dense_with(                                                                              \
        (units), &(capas_dense_options){.struct_size = sizeof(capas_dense_options), __VA_ARGS__})

/* Dropout(rate): in training keeps an element with probability 1 - rate and scales it by 1 / (1 -
 * rate). */
typedef struct capas_dropout_options {
    CAPAS_LAYER_OPTIONS
    double rate;             /* required, 0 to 1 */
    capas_shape noise_shape; /* with the batch; CAPAS_ANY takes the input's, 1 shares a draw; rank
                                0: none */
    int seed;                /* default: None, the model's seed decides */
} capas_dropout_options;
CAPAS_API capas_layer *capas_dropout_with(double rate, const capas_dropout_options *options);
#define capas_dropout(rate, ...)                                                                   \
    capas_dropout_with((rate), &(capas_dropout_options){                                           \
                                   .struct_size = sizeof(capas_dropout_options), __VA_ARGS__})

/* Pictures changed by chance, in training only; in prediction they pass as they are (but for
 * RandomCrop). Each picture of a batch draws its own numbers, uniform in a range: a number f means
 * -f to f, and a range in the options, {-0.1, 0.3}, overrides the macro's number. What they draw
 * depends on the model's seed (or theirs), the step and the picture's place in the batch alone. At
 * edges wrap and constant blend with what is outside, as with Keras on JAX. */
#define CAPAS_RANDOM_OPTIONS                                                                       \
    CAPAS_LAYER_OPTIONS                                                                            \
    int seed;                      /* default: None, the model's seed decides */                   \
    capas_data_format data_format; /* default: channels_last */
#define CAPAS_RANDOM_MOVE_OPTIONS                                                                  \
    CAPAS_RANDOM_OPTIONS                                                                           \
    capas_fill_mode fill_mode;         /* default: reflect */                                      \
    capas_interpolation interpolation; /* default: bilinear */                                     \
    double fill_value;                 /* of fill mode constant; default: 0 */

/* RandomFlip: mirrored with a chance of one half; in both directions at once, by one coin. */
typedef enum capas_flip_mode {
    CAPAS_FLIP_HORIZONTAL = 1,
    CAPAS_FLIP_VERTICAL,
    CAPAS_FLIP_HORIZONTAL_AND_VERTICAL,
} capas_flip_mode;
typedef struct capas_random_flip_options {
    CAPAS_RANDOM_OPTIONS
    capas_flip_mode mode; /* default: horizontal_and_vertical */
} capas_random_flip_options;
CAPAS_API capas_layer *capas_random_flip_with(const capas_random_flip_options *options);
#define capas_random_flip(...)                                                                     \
    capas_random_flip_with(&(capas_random_flip_options){                                           \
        .struct_size = sizeof(capas_random_flip_options), __VA_ARGS__})

/* RandomRotation(factor): turned about the middle, in whole turns, counter-clockwise; -1 to 1. */
typedef struct capas_random_rotation_options {
    CAPAS_RANDOM_MOVE_OPTIONS
    capas_range factor; /* required */
} capas_random_rotation_options;
CAPAS_API capas_layer *capas_random_rotation_with(double factor,
                                                  const capas_random_rotation_options *options);
#define capas_random_rotation(factor, ...)                                                         \
    capas_random_rotation_with(                                                                    \
        (factor), &(capas_random_rotation_options){                                                \
                      .struct_size = sizeof(capas_random_rotation_options), __VA_ARGS__})

/* RandomTranslation(height_factor, width_factor): moved down and to the right by parts of the size,
 * -1 to 1. */
typedef struct capas_random_translation_options {
    CAPAS_RANDOM_MOVE_OPTIONS
    capas_range height_factor, width_factor; /* required */
} capas_random_translation_options;
CAPAS_API capas_layer *capas_random_translation_with(
    double height_factor, double width_factor, const capas_random_translation_options *options);
#define capas_random_translation(height_factor, width_factor, ...)                                 \
    capas_random_translation_with(                                                                 \
        (height_factor), (width_factor),                                                           \
        &(capas_random_translation_options){                                                       \
            .struct_size = sizeof(capas_random_translation_options), __VA_ARGS__})

/* RandomZoom(height_factor): above 0 shrinks, below 0 enlarges; above -1, at most 1. */
typedef struct capas_random_zoom_options {
    CAPAS_RANDOM_MOVE_OPTIONS
    capas_range height_factor; /* required */
    capas_range width_factor;  /* default: None, what the height draws */
} capas_random_zoom_options;
CAPAS_API capas_layer *capas_random_zoom_with(double height_factor,
                                              const capas_random_zoom_options *options);
#define capas_random_zoom(height_factor, ...)                                                      \
    capas_random_zoom_with((height_factor),                                                        \
                           &(capas_random_zoom_options){                                           \
                               .struct_size = sizeof(capas_random_zoom_options), __VA_ARGS__})

/* RandomCrop(height, width): a window, drawn for the whole batch. Where the pictures are not larger
 * in both directions, and in prediction: the largest window of these proportions from the middle,
 * made this size (bilinear), as Keras documents it; its 3.15 leaves pictures whole in prediction.
 */
typedef struct capas_random_crop_options {
    CAPAS_RANDOM_OPTIONS
    int height, width; /* required, at least 1 */
} capas_random_crop_options;
CAPAS_API capas_layer *capas_random_crop_with(int height, int width,
                                              const capas_random_crop_options *options);
#define capas_random_crop(height, width, ...)                                                      \
    capas_random_crop_with((height), (width),                                                      \
                           &(capas_random_crop_options){                                           \
                               .struct_size = sizeof(capas_random_crop_options), __VA_ARGS__})

/* RandomContrast(factor): the distance from the mean of each channel is multiplied by 1 - low to
 * 1 + high, with low and high from 0 to 1; a number f means {0, f}, as in Keras 3.15.
 * RandomBrightness(factor): -1 to 1 times the width of the value range is added. */
typedef struct capas_random_color_options {
    CAPAS_RANDOM_OPTIONS
    capas_range factor;      /* required */
    capas_range value_range; /* what is outside is cut off; default: {0, 255} */
} capas_random_color_options;
CAPAS_API capas_layer *capas_random_contrast_with(double factor,
                                                  const capas_random_color_options *options);
CAPAS_API capas_layer *capas_random_brightness_with(double factor,
                                                    const capas_random_color_options *options);
#define capas_random_contrast(factor, ...)                                                         \
    capas_random_contrast_with(                                                                    \
        (factor), &(capas_random_color_options){.struct_size = sizeof(capas_random_color_options), \
                                                __VA_ARGS__})
#define capas_random_brightness(factor, ...)                                                       \
    capas_random_brightness_with(                                                                  \
        (factor), &(capas_random_color_options){.struct_size = sizeof(capas_random_color_options), \
                                                __VA_ARGS__})

/* BatchNormalization over all axes but one. */
typedef struct capas_batch_normalization_options {
    CAPAS_LAYER_OPTIONS
    int axis;                                              /* default: -1, the last */
    double momentum;                                       /* default: 0.99 */
    double epsilon;                                        /* default: 0.001 */
    int center, scale;                                     /* default: true */
    capas_initializer beta_initializer, gamma_initializer; /* default: zeros, ones */
    capas_initializer moving_mean_initializer, moving_variance_initializer; /* zeros, ones */
    capas_regularizer beta_regularizer, gamma_regularizer;
    capas_constraint beta_constraint, gamma_constraint;
    int synchronized; /* only false: there is one replica */
} capas_batch_normalization_options;
CAPAS_API capas_layer *capas_batch_normalization_with(
    const capas_batch_normalization_options *options);
#define capas_batch_normalization(...)                                                             \
    capas_batch_normalization_with(&(capas_batch_normalization_options){                           \
        .struct_size = sizeof(capas_batch_normalization_options), __VA_ARGS__})

/* Activation(activation). */
typedef struct capas_activation_options {
    CAPAS_LAYER_OPTIONS
    capas_activation activation; /* required */
} capas_activation_options;
CAPAS_API capas_layer *capas_activation_with(capas_activation activation,
                                             const capas_activation_options *options);
#define capas_activation_layer(activation, ...)                                                    \
    capas_activation_with(                                                                         \
        (activation),                                                                              \
        &(capas_activation_options){.struct_size = sizeof(capas_activation_options), __VA_ARGS__})

/* Rescaling(scale, offset): x * scale + offset. */
typedef struct capas_rescaling_options {
    CAPAS_LAYER_OPTIONS
    double scale;  /* required */
    double offset; /* default: 0 */
} capas_rescaling_options;
CAPAS_API capas_layer *capas_rescaling_with(double scale, const capas_rescaling_options *options);
#define capas_rescaling(scale, ...)                                                                \
    capas_rescaling_with(                                                                          \
        (scale),                                                                                   \
        &(capas_rescaling_options){.struct_size = sizeof(capas_rescaling_options), __VA_ARGS__})

/* Layers of two or more inputs, element by element; sizes of 1 repeat. Add, Subtract (the first
 * less the second, just two), Multiply, Average, Maximum, Minimum. */
typedef struct capas_merge_options {
    CAPAS_LAYER_OPTIONS
} capas_merge_options;
CAPAS_API capas_layer *capas_add_with(const capas_merge_options *options);
CAPAS_API capas_layer *capas_subtract_with(const capas_merge_options *options);
CAPAS_API capas_layer *capas_multiply_with(const capas_merge_options *options);
CAPAS_API capas_layer *capas_average_with(const capas_merge_options *options);
CAPAS_API capas_layer *capas_maximum_with(const capas_merge_options *options);
CAPAS_API capas_layer *capas_minimum_with(const capas_merge_options *options);
#define CAPAS_MERGE_OPTIONS(...)                                                                   \
    &(capas_merge_options)                                                                         \
    {                                                                                              \
        .struct_size = sizeof(capas_merge_options), __VA_ARGS__                                    \
    }
#define capas_add(...)      capas_add_with(CAPAS_MERGE_OPTIONS(__VA_ARGS__))
#define capas_subtract(...) capas_subtract_with(CAPAS_MERGE_OPTIONS(__VA_ARGS__))
#define capas_multiply(...) capas_multiply_with(CAPAS_MERGE_OPTIONS(__VA_ARGS__))
#define capas_average(...)  capas_average_with(CAPAS_MERGE_OPTIONS(__VA_ARGS__))
#define capas_maximum(...)  capas_maximum_with(CAPAS_MERGE_OPTIONS(__VA_ARGS__))
#define capas_minimum(...)  capas_minimum_with(CAPAS_MERGE_OPTIONS(__VA_ARGS__))

/* Concatenate: the inputs one behind the other along an axis; their other sizes are equal. */
typedef struct capas_concatenate_options {
    CAPAS_LAYER_OPTIONS
    int axis; /* default: -1, the last */
} capas_concatenate_options;
CAPAS_API capas_layer *capas_concatenate_with(const capas_concatenate_options *options);
#define capas_concatenate(...)                                                                     \
    capas_concatenate_with(&(capas_concatenate_options){                                           \
        .struct_size = sizeof(capas_concatenate_options), __VA_ARGS__})

/* Dot(axes): the products of two inputs summed along an axis of each; the batch is kept, and all
 * other axes of the first, then of the second. */
typedef struct capas_dot_options {
    CAPAS_LAYER_OPTIONS
    capas_shape axes; /* {2, {1, 2}}: axis 1 of the first, 2 of the second; overrides the macro's */
    int normalize;    /* default: false; true: cosines, along the axes numbers have length 1 */
} capas_dot_options;
CAPAS_API capas_layer *capas_dot_with(int axes, const capas_dot_options *options);
#define capas_dot(axes, ...)                                                                       \
    capas_dot_with((axes),                                                                         \
                   &(capas_dot_options){.struct_size = sizeof(capas_dot_options), __VA_ARGS__})

CAPAS_END

#include <capas/activations.h>
#include <capas/convolutions.h>
#include <capas/normalization.h>
#include <capas/pooling.h>
#include <capas/regularization.h>
#include <capas/reshaping.h>
#include <capas/sequences.h>

#endif
