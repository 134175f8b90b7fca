/* Layers that lay numbers out anew: Flatten, Reshape, Permute, RepeatVector, zeros around images,
 * sequences and volumes, edges cut off, steps repeated, images resized. */
#ifndef CAPAS_RESHAPING_H
#define CAPAS_RESHAPING_H

#include <capas/layers.h>

CAPAS_BEGIN

/* Identity: what it takes, as it is. */
typedef struct capas_identity_options {
    CAPAS_LAYER_OPTIONS
} capas_identity_options;
CAPAS_API capas_layer *capas_identity_layer_with(const capas_identity_options *options);
#define capas_identity_layer(...)                                                                  \
    capas_identity_layer_with(                                                                     \
        &(capas_identity_options){.struct_size = sizeof(capas_identity_options), __VA_ARGS__})

/* Flatten: [n, ...] to [n, product]. */
typedef struct capas_flatten_options {
    CAPAS_LAYER_OPTIONS
    capas_data_format data_format; /* default: channels_last */
} capas_flatten_options;
CAPAS_API capas_layer *capas_flatten_with(const capas_flatten_options *options);
#define capas_flatten(...)                                                                         \
    capas_flatten_with(                                                                            \
        &(capas_flatten_options){.struct_size = sizeof(capas_flatten_options), __VA_ARGS__})

/* Reshape(target_shape): the same numbers in another shape, given without the batch; one size may
 * be -1, which is worked out. capas_reshape(7, 7, 64). */
typedef struct capas_reshape_options {
    CAPAS_LAYER_OPTIONS
    capas_shape target_shape;
} capas_reshape_options;
CAPAS_API capas_layer *capas_reshape_with(const capas_reshape_options *options);
CAPAS_API capas_layer *capas_reshape_dims(int rank, const int *dims); /* the sizes alone */
#define capas_reshape(...)                                                                         \
    capas_reshape_dims((int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (int[]){__VA_ARGS__})

/* Permute(dims): axis i of the output is axis dims[i] of the input; the batch is not counted, the
 * first axis is 1. capas_permute(2, 1). */
typedef struct capas_permute_options {
    CAPAS_LAYER_OPTIONS
    capas_shape dims;
} capas_permute_options;
CAPAS_API capas_layer *capas_permute_with(const capas_permute_options *options);
CAPAS_API capas_layer *capas_permute_dims(int rank, const int *dims); /* the axes alone */
#define capas_permute(...)                                                                         \
    capas_permute_dims((int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), (int[]){__VA_ARGS__})

/* RepeatVector(n): [batch, features] to [batch, n, features]. */
typedef struct capas_repeat_vector_options {
    CAPAS_LAYER_OPTIONS
    int n; /* required, at least 1 */
} capas_repeat_vector_options;
CAPAS_API capas_layer *capas_repeat_vector_with(int n, const capas_repeat_vector_options *options);
#define capas_repeat_vector(n, ...)                                                                \
    capas_repeat_vector_with(                                                                      \
        (n), &(capas_repeat_vector_options){.struct_size = sizeof(capas_repeat_vector_options),    \
                                            __VA_ARGS__})

/* UpSampling1D(size): each step of [n, steps, channels] so many times. */
typedef struct capas_up_sampling1d_options {
    CAPAS_LAYER_OPTIONS
    int size; /* default: 2 */
} capas_up_sampling1d_options;
CAPAS_API capas_layer *capas_up_sampling1d_with(int size,
                                                const capas_up_sampling1d_options *options);
#define capas_up_sampling1d(size, ...)                                                             \
    capas_up_sampling1d_with(                                                                      \
        (size), &(capas_up_sampling1d_options){.struct_size = sizeof(capas_up_sampling1d_options), \
                                               __VA_ARGS__})

/* UpSampling2D(size): each row and column of images so many times, or images resized. */
typedef struct capas_up_sampling2d_options {
    CAPAS_LAYER_OPTIONS
    capas_pair size;                   /* default: 2; {2, 3} here overrides the macro's number */
    capas_data_format data_format;     /* default: channels_last */
    capas_interpolation interpolation; /* default: nearest */
} capas_up_sampling2d_options;
CAPAS_API capas_layer *capas_up_sampling2d_with(int size,
                                                const capas_up_sampling2d_options *options);
#define capas_up_sampling2d(size, ...)                                                             \
    capas_up_sampling2d_with(                                                                      \
        (size), &(capas_up_sampling2d_options){.struct_size = sizeof(capas_up_sampling2d_options), \
                                               __VA_ARGS__})

/* UpSampling3D(size): each plane, row and column of volumes so many times. */
typedef struct capas_up_sampling3d_options {
    CAPAS_LAYER_OPTIONS
    capas_triple size;             /* default: 2; {2, 3, 1} here overrides the macro's number */
    capas_data_format data_format; /* default: channels_last */
} capas_up_sampling3d_options;
CAPAS_API capas_layer *capas_up_sampling3d_with(int size,
                                                const capas_up_sampling3d_options *options);
#define capas_up_sampling3d(size, ...)                                                             \
    capas_up_sampling3d_with(                                                                      \
        (size), &(capas_up_sampling3d_options){.struct_size = sizeof(capas_up_sampling3d_options), \
                                               __VA_ARGS__})

/* Resizing(height, width) of images, with half-pixel centres as TensorFlow has them. */
typedef struct capas_resizing_options {
    CAPAS_LAYER_OPTIONS
    int height, width;                 /* required, at least 1 */
    capas_interpolation interpolation; /* default: bilinear */
    int crop_to_aspect_ratio;          /* default: false; true: the largest window that keeps
                                          proportions */
    int pad_to_aspect_ratio;           /* default: false; true: a rim keeps them */
    capas_fill_mode fill_mode;         /* only constant */
    double fill_value;                 /* of the rim; default: 0 */
    capas_data_format data_format;     /* default: channels_last */
    int antialias; /* default: false; true: shrinking takes the mean of all under a pixel */
} capas_resizing_options;
CAPAS_API capas_layer *capas_resizing_with(int height, int width,
                                           const capas_resizing_options *options);
#define capas_resizing(height, width, ...)                                                         \
    capas_resizing_with(                                                                           \
        (height), (width),                                                                         \
        &(capas_resizing_options){.struct_size = sizeof(capas_resizing_options), __VA_ARGS__})

/* CenterCrop(height, width): the middle of images; smaller ones are cut to the proportions and
 * resized. */
typedef struct capas_center_crop_options {
    CAPAS_LAYER_OPTIONS
    int height, width;             /* required, at least 1 */
    capas_data_format data_format; /* default: channels_last */
} capas_center_crop_options;
CAPAS_API capas_layer *capas_center_crop_with(int height, int width,
                                              const capas_center_crop_options *options);
#define capas_center_crop(height, width, ...)                                                      \
    capas_center_crop_with((height), (width),                                                      \
                           &(capas_center_crop_options){                                           \
                               .struct_size = sizeof(capas_center_crop_options), __VA_ARGS__})

/* ZeroPadding2D(padding): rows and columns of zeros around an image, as many on each side. */
typedef struct capas_zero_padding2d_options {
    CAPAS_LAYER_OPTIONS
    capas_margins padding;         /* default: 1; {3, 3, 1, 1} here overrides the macro's number */
    capas_data_format data_format; /* default: channels_last */
} capas_zero_padding2d_options;
CAPAS_API capas_layer *capas_zero_padding2d_with(int padding,
                                                 const capas_zero_padding2d_options *options);
#define capas_zero_padding2d(padding, ...)                                                         \
    capas_zero_padding2d_with(                                                                     \
        (padding), &(capas_zero_padding2d_options){                                                \
                       .struct_size = sizeof(capas_zero_padding2d_options), __VA_ARGS__})

/* ZeroPadding1D(padding): steps of zeros before and behind a sequence. */
typedef struct capas_zero_padding1d_options {
    CAPAS_LAYER_OPTIONS
    capas_pair
        padding; /* default: 1; before and behind; {1, 2} here overrides the macro's number */
    capas_data_format data_format; /* default: channels_last */
} capas_zero_padding1d_options;
CAPAS_API capas_layer *capas_zero_padding1d_with(int padding,
                                                 const capas_zero_padding1d_options *options);
#define capas_zero_padding1d(padding, ...)                                                         \
    capas_zero_padding1d_with(                                                                     \
        (padding), &(capas_zero_padding1d_options){                                                \
                       .struct_size = sizeof(capas_zero_padding1d_options), __VA_ARGS__})

/* Cropping2D(cropping): without the rows and columns at the four sides. */
typedef struct capas_cropping2d_options {
    CAPAS_LAYER_OPTIONS
    capas_margins cropping;        /* default: 0; {3, 3, 1, 1} here overrides the macro's number */
    capas_data_format data_format; /* default: channels_last */
} capas_cropping2d_options;
CAPAS_API capas_layer *capas_cropping2d_with(int cropping, const capas_cropping2d_options *options);
#define capas_cropping2d(cropping, ...)                                                            \
    capas_cropping2d_with(                                                                         \
        (cropping),                                                                                \
        &(capas_cropping2d_options){.struct_size = sizeof(capas_cropping2d_options), __VA_ARGS__})

/* Cropping1D(cropping): without the first and last steps. */
typedef struct capas_cropping1d_options {
    CAPAS_LAYER_OPTIONS
    capas_pair cropping; /* default: 1; {1, 2} here overrides the macro's number */
} capas_cropping1d_options;
CAPAS_API capas_layer *capas_cropping1d_with(int cropping, const capas_cropping1d_options *options);
#define capas_cropping1d(cropping, ...)                                                            \
    capas_cropping1d_with(                                                                         \
        (cropping),                                                                                \
        &(capas_cropping1d_options){.struct_size = sizeof(capas_cropping1d_options), __VA_ARGS__})

/* ZeroPadding3D(padding): slices, rows and columns of zeros around a volume. */
typedef struct capas_zero_padding3d_options {
    CAPAS_LAYER_OPTIONS
    capas_margins3d padding; /* default: 1; {1, 1, 2, 2, 0, 0} here overrides the macro's number */
    capas_data_format data_format; /* default: channels_last */
} capas_zero_padding3d_options;
CAPAS_API capas_layer *capas_zero_padding3d_with(int padding,
                                                 const capas_zero_padding3d_options *options);
#define capas_zero_padding3d(padding, ...)                                                         \
    capas_zero_padding3d_with(                                                                     \
        (padding), &(capas_zero_padding3d_options){                                                \
                       .struct_size = sizeof(capas_zero_padding3d_options), __VA_ARGS__})

/* Cropping3D(cropping): without the slices, rows and columns at the six sides. */
typedef struct capas_cropping3d_options {
    CAPAS_LAYER_OPTIONS
    capas_margins3d cropping; /* default: 1; {1, 1, 2, 2, 0, 0} here overrides the macro's number */
    capas_data_format data_format; /* default: channels_last */
} capas_cropping3d_options;
CAPAS_API capas_layer *capas_cropping3d_with(int cropping, const capas_cropping3d_options *options);
#define capas_cropping3d(cropping, ...)                                                            \
    capas_cropping3d_with(                                                                         \
        (cropping),                                                                                \
        &(capas_cropping3d_options){.struct_size = sizeof(capas_cropping3d_options), __VA_ARGS__})

CAPAS_END

#endif
