/* Layers, with Keras's names, options and defaults. A constructor returns a layer to be given to
 * capas_sequential or capas_graph_apply, which take it over. A wrong option is reported when the
 * layer is used. See capas/options.h for how options are written. */
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
    int kernel_constraint, bias_constraint; /* only None yet */
} capas_dense_options;
CAPAS_API capas_layer *capas_dense_with(int units, const capas_dense_options *options);
#define capas_dense(units, ...)                                                                    \
    capas_dense_with(                                                                              \
        (units), &(capas_dense_options){.struct_size = sizeof(capas_dense_options), __VA_ARGS__})

/* Conv2D(filters, kernel_size): W [kernel_height, kernel_width, channels / groups, filters]. */
typedef struct capas_conv2d_options {
    CAPAS_LAYER_OPTIONS
    int filters;                   /* required, at least 1 */
    capas_pair kernel_size;        /* required; {3, 2} here overrides the macro's square size */
    capas_pair strides;            /* default: 1 */
    capas_padding padding;         /* default: valid */
    capas_data_format data_format; /* default: channels_last */
    capas_pair dilation_rate;      /* default: 1 */
    int groups;                    /* default: 1 */
    capas_activation activation;   /* default: linear */
    int use_bias;                  /* default: true */
    capas_initializer kernel_initializer; /* default: glorot_uniform */
    capas_initializer bias_initializer;   /* default: zeros */
    capas_regularizer kernel_regularizer, bias_regularizer, activity_regularizer;
    int kernel_constraint, bias_constraint; /* only None yet */
} capas_conv2d_options;
CAPAS_API capas_layer *capas_conv2d_with(int filters, int kernel_size,
                                         const capas_conv2d_options *options);
#define capas_conv2d(filters, kernel_size, ...)                                                    \
    capas_conv2d_with(                                                                             \
        (filters), (kernel_size),                                                                  \
        &(capas_conv2d_options){.struct_size = sizeof(capas_conv2d_options), __VA_ARGS__})

/* MaxPooling2D(pool_size) and AveragePooling2D(pool_size). */
typedef struct capas_pooling2d_options {
    CAPAS_LAYER_OPTIONS
    capas_pair pool_size;          /* default: 2; {3, 2} here overrides the macro's square size */
    capas_pair strides;            /* default: the pool_size */
    capas_padding padding;         /* default: valid */
    capas_data_format data_format; /* default: channels_last */
} capas_pooling2d_options;
CAPAS_API capas_layer *capas_max_pooling2d_with(int pool_size,
                                                const capas_pooling2d_options *options);
CAPAS_API capas_layer *capas_average_pooling2d_with(int pool_size,
                                                    const capas_pooling2d_options *options);
#define capas_max_pooling2d(pool_size, ...)                                                        \
    capas_max_pooling2d_with(                                                                      \
        (pool_size),                                                                               \
        &(capas_pooling2d_options){.struct_size = sizeof(capas_pooling2d_options), __VA_ARGS__})
#define capas_average_pooling2d(pool_size, ...)                                                    \
    capas_average_pooling2d_with(                                                                  \
        (pool_size),                                                                               \
        &(capas_pooling2d_options){.struct_size = sizeof(capas_pooling2d_options), __VA_ARGS__})

/* GlobalAveragePooling2D: [n, height, width, channels] to [n, channels]. */
typedef struct capas_global_average_pooling2d_options {
    CAPAS_LAYER_OPTIONS
    capas_data_format data_format; /* default: channels_last */
    int keepdims;                  /* default: false */
} capas_global_average_pooling2d_options;
CAPAS_API capas_layer *capas_global_average_pooling2d_with(
    const capas_global_average_pooling2d_options *options);
#define capas_global_average_pooling2d(...)                                                        \
    capas_global_average_pooling2d_with(&(capas_global_average_pooling2d_options){                 \
        .struct_size = sizeof(capas_global_average_pooling2d_options), __VA_ARGS__})

/* Flatten: [n, ...] to [n, product]. */
typedef struct capas_flatten_options {
    CAPAS_LAYER_OPTIONS
    capas_data_format data_format; /* default: channels_last */
} capas_flatten_options;
CAPAS_API capas_layer *capas_flatten_with(const capas_flatten_options *options);
#define capas_flatten(...)                                                                         \
    capas_flatten_with(                                                                            \
        &(capas_flatten_options){.struct_size = sizeof(capas_flatten_options), __VA_ARGS__})

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
    int beta_constraint, gamma_constraint; /* only None yet */
    int synchronized;                      /* only false: there is one replica */
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

/* Add: the sum of two or more inputs, broadcast. */
typedef struct capas_add_options {
    CAPAS_LAYER_OPTIONS
} capas_add_options;
CAPAS_API capas_layer *capas_add_with(const capas_add_options *options);
#define capas_add(...)                                                                             \
    capas_add_with(&(capas_add_options){.struct_size = sizeof(capas_add_options), __VA_ARGS__})

CAPAS_END

#endif
