/* The layers that pool: each window, or the whole, to its largest number or its mean. Of equal
 * numbers in a window the first gets the gradient; of equal numbers in the whole each gets the same
 * share, as with Keras. (For MaxPooling3D and AdaptiveMaxPooling3D TensorFlow gives the whole
 * gradient to each of them on a CPU; capas gives it to the first, as Keras on JAX does.) */
#ifndef CAPAS_POOLING_H
#define CAPAS_POOLING_H

#include <capas/layers.h>

CAPAS_BEGIN

/* MaxPooling2D(pool_size) and AveragePooling2D(pool_size) over images [n, height, width, channels].
 */
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

/* MaxPooling1D(pool_size) and AveragePooling1D(pool_size) along sequences [n, steps, channels]. */
typedef struct capas_pooling1d_options {
    CAPAS_LAYER_OPTIONS
    int pool_size;                 /* default: 2 */
    int strides;                   /* default: the pool_size */
    capas_padding padding;         /* default: valid */
    capas_data_format data_format; /* default: channels_last */
} capas_pooling1d_options;
CAPAS_API capas_layer *capas_max_pooling1d_with(int pool_size,
                                                const capas_pooling1d_options *options);
CAPAS_API capas_layer *capas_average_pooling1d_with(int pool_size,
                                                    const capas_pooling1d_options *options);
#define capas_max_pooling1d(pool_size, ...)                                                        \
    capas_max_pooling1d_with(                                                                      \
        (pool_size),                                                                               \
        &(capas_pooling1d_options){.struct_size = sizeof(capas_pooling1d_options), __VA_ARGS__})
#define capas_average_pooling1d(pool_size, ...)                                                    \
    capas_average_pooling1d_with(                                                                  \
        (pool_size),                                                                               \
        &(capas_pooling1d_options){.struct_size = sizeof(capas_pooling1d_options), __VA_ARGS__})

/* MaxPooling3D(pool_size) and AveragePooling3D(pool_size) over volumes [n, depth, height, width,
 * channels]. */
typedef struct capas_pooling3d_options {
    CAPAS_LAYER_OPTIONS
    capas_triple pool_size;        /* default: 2; {1, 2, 2} here overrides the macro's cube */
    capas_triple strides;          /* default: the pool_size */
    capas_padding padding;         /* default: valid */
    capas_data_format data_format; /* default: channels_last */
} capas_pooling3d_options;
CAPAS_API capas_layer *capas_max_pooling3d_with(int pool_size,
                                                const capas_pooling3d_options *options);
CAPAS_API capas_layer *capas_average_pooling3d_with(int pool_size,
                                                    const capas_pooling3d_options *options);
#define capas_max_pooling3d(pool_size, ...)                                                        \
    capas_max_pooling3d_with(                                                                      \
        (pool_size),                                                                               \
        &(capas_pooling3d_options){.struct_size = sizeof(capas_pooling3d_options), __VA_ARGS__})
#define capas_average_pooling3d(pool_size, ...)                                                    \
    capas_average_pooling3d_with(                                                                  \
        (pool_size),                                                                               \
        &(capas_pooling3d_options){.struct_size = sizeof(capas_pooling3d_options), __VA_ARGS__})

/* AdaptiveAveragePooling1D, 2D, 3D and AdaptiveMaxPooling1D, 2D, 3D (output_size): as many windows
 * along each axis as are asked for, whatever the input's size; they overlap where it does not
 * divide. Sequences, images and volumes as above. */
typedef struct capas_adaptive_pooling1d_options {
    CAPAS_LAYER_OPTIONS
    int output_size;               /* required */
    capas_data_format data_format; /* default: channels_last */
} capas_adaptive_pooling1d_options;
CAPAS_API capas_layer *capas_adaptive_average_pooling1d_with(
    int output_size, const capas_adaptive_pooling1d_options *options);
CAPAS_API capas_layer *capas_adaptive_max_pooling1d_with(
    int output_size, const capas_adaptive_pooling1d_options *options);
#define capas_adaptive_average_pooling1d(output_size, ...)                                         \
    capas_adaptive_average_pooling1d_with(                                                         \
        (output_size), &(capas_adaptive_pooling1d_options){                                        \
                           .struct_size = sizeof(capas_adaptive_pooling1d_options), __VA_ARGS__})
#define capas_adaptive_max_pooling1d(output_size, ...)                                             \
    capas_adaptive_max_pooling1d_with(                                                             \
        (output_size), &(capas_adaptive_pooling1d_options){                                        \
                           .struct_size = sizeof(capas_adaptive_pooling1d_options), __VA_ARGS__})

typedef struct capas_adaptive_pooling2d_options {
    CAPAS_LAYER_OPTIONS
    capas_pair output_size;        /* required; {3, 2} here overrides the macro's square size */
    capas_data_format data_format; /* default: channels_last */
} capas_adaptive_pooling2d_options;
CAPAS_API capas_layer *capas_adaptive_average_pooling2d_with(
    int output_size, const capas_adaptive_pooling2d_options *options);
CAPAS_API capas_layer *capas_adaptive_max_pooling2d_with(
    int output_size, const capas_adaptive_pooling2d_options *options);
#define capas_adaptive_average_pooling2d(output_size, ...)                                         \
    capas_adaptive_average_pooling2d_with(                                                         \
        (output_size), &(capas_adaptive_pooling2d_options){                                        \
                           .struct_size = sizeof(capas_adaptive_pooling2d_options), __VA_ARGS__})
#define capas_adaptive_max_pooling2d(output_size, ...)                                             \
    capas_adaptive_max_pooling2d_with(                                                             \
        (output_size), &(capas_adaptive_pooling2d_options){                                        \
                           .struct_size = sizeof(capas_adaptive_pooling2d_options), __VA_ARGS__})

typedef struct capas_adaptive_pooling3d_options {
    CAPAS_LAYER_OPTIONS
    capas_triple output_size;      /* required; {1, 2, 2} here overrides the macro's cube */
    capas_data_format data_format; /* default: channels_last */
} capas_adaptive_pooling3d_options;
CAPAS_API capas_layer *capas_adaptive_average_pooling3d_with(
    int output_size, const capas_adaptive_pooling3d_options *options);
CAPAS_API capas_layer *capas_adaptive_max_pooling3d_with(
    int output_size, const capas_adaptive_pooling3d_options *options);
#define capas_adaptive_average_pooling3d(output_size, ...)                                         \
    capas_adaptive_average_pooling3d_with(                                                         \
        (output_size), &(capas_adaptive_pooling3d_options){                                        \
                           .struct_size = sizeof(capas_adaptive_pooling3d_options), __VA_ARGS__})
#define capas_adaptive_max_pooling3d(output_size, ...)                                             \
    capas_adaptive_max_pooling3d_with(                                                             \
        (output_size), &(capas_adaptive_pooling3d_options){                                        \
                           .struct_size = sizeof(capas_adaptive_pooling3d_options), __VA_ARGS__})

/* GlobalAveragePooling1D, 2D and 3D, GlobalMaxPooling1D, 2D and 3D: each channel of a sequence, an
 * image or a volume to its mean or its largest number, [n, channels]. */
typedef struct capas_global_pooling_options {
    CAPAS_LAYER_OPTIONS
    capas_data_format data_format; /* default: channels_last */
    int keepdims;                  /* the other axes stay, as 1; default: false */
} capas_global_pooling_options;
CAPAS_API capas_layer *capas_global_average_pooling1d_with(
    const capas_global_pooling_options *options);
CAPAS_API capas_layer *capas_global_average_pooling2d_with(
    const capas_global_pooling_options *options);
CAPAS_API capas_layer *capas_global_average_pooling3d_with(
    const capas_global_pooling_options *options);
CAPAS_API capas_layer *capas_global_max_pooling1d_with(const capas_global_pooling_options *options);
CAPAS_API capas_layer *capas_global_max_pooling2d_with(const capas_global_pooling_options *options);
CAPAS_API capas_layer *capas_global_max_pooling3d_with(const capas_global_pooling_options *options);
#define CAPAS_GLOBAL_POOLING_OPTIONS(...)                                                          \
    &(capas_global_pooling_options)                                                                \
    {                                                                                              \
        .struct_size = sizeof(capas_global_pooling_options), __VA_ARGS__                           \
    }
#define capas_global_average_pooling1d(...)                                                        \
    capas_global_average_pooling1d_with(CAPAS_GLOBAL_POOLING_OPTIONS(__VA_ARGS__))
#define capas_global_average_pooling2d(...)                                                        \
    capas_global_average_pooling2d_with(CAPAS_GLOBAL_POOLING_OPTIONS(__VA_ARGS__))
#define capas_global_average_pooling3d(...)                                                        \
    capas_global_average_pooling3d_with(CAPAS_GLOBAL_POOLING_OPTIONS(__VA_ARGS__))
#define capas_global_max_pooling1d(...)                                                            \
    capas_global_max_pooling1d_with(CAPAS_GLOBAL_POOLING_OPTIONS(__VA_ARGS__))
#define capas_global_max_pooling2d(...)                                                            \
    capas_global_max_pooling2d_with(CAPAS_GLOBAL_POOLING_OPTIONS(__VA_ARGS__))
#define capas_global_max_pooling3d(...)                                                            \
    capas_global_max_pooling3d_with(CAPAS_GLOBAL_POOLING_OPTIONS(__VA_ARGS__))

CAPAS_END

#endif
