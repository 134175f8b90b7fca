/* Layers against learning by heart, besides Dropout (capas/layers.h): noise in training, and a
 * penalty on what passes. In prediction all pass their input as it is. */
#ifndef CAPAS_REGULARIZATION_H
#define CAPAS_REGULARIZATION_H

#include <capas/layers.h>

CAPAS_BEGIN

/* SpatialDropout1D(rate) of [n, steps, channels], 2D of [n, height, width, channels], 3D of [n,
 * depth, height, width, channels]: Dropout of whole channels. */
typedef struct capas_spatial_dropout_options {
    CAPAS_LAYER_OPTIONS
    double rate;                   /* required, 0 to 1 */
    int seed;                      /* default: None, the model's seed decides */
    capas_data_format data_format; /* default: channels_last; not of 1D */
} capas_spatial_dropout_options;
CAPAS_API capas_layer *capas_spatial_dropout1d_with(double rate,
                                                    const capas_spatial_dropout_options *options);
CAPAS_API capas_layer *capas_spatial_dropout2d_with(double rate,
                                                    const capas_spatial_dropout_options *options);
CAPAS_API capas_layer *capas_spatial_dropout3d_with(double rate,
                                                    const capas_spatial_dropout_options *options);
#define CAPAS_SPATIAL_DROPOUT_OPTIONS(...)                                                         \
    &(capas_spatial_dropout_options)                                                               \
    {                                                                                              \
        .struct_size = sizeof(capas_spatial_dropout_options), __VA_ARGS__                          \
    }
#define capas_spatial_dropout1d(rate, ...)                                                         \
    capas_spatial_dropout1d_with((rate), CAPAS_SPATIAL_DROPOUT_OPTIONS(__VA_ARGS__))
#define capas_spatial_dropout2d(rate, ...)                                                         \
    capas_spatial_dropout2d_with((rate), CAPAS_SPATIAL_DROPOUT_OPTIONS(__VA_ARGS__))
#define capas_spatial_dropout3d(rate, ...)                                                         \
    capas_spatial_dropout3d_with((rate), CAPAS_SPATIAL_DROPOUT_OPTIONS(__VA_ARGS__))

/* GaussianNoise(stddev): x + a normal number of that deviation. */
typedef struct capas_gaussian_noise_options {
    CAPAS_LAYER_OPTIONS
    double stddev; /* required, 0 to 1 */
    int seed;      /* default: None, the model's seed decides */
} capas_gaussian_noise_options;
CAPAS_API capas_layer *capas_gaussian_noise_with(double stddev,
                                                 const capas_gaussian_noise_options *options);
#define capas_gaussian_noise(stddev, ...)                                                          \
    capas_gaussian_noise_with(                                                                     \
        (stddev), &(capas_gaussian_noise_options){                                                 \
                      .struct_size = sizeof(capas_gaussian_noise_options), __VA_ARGS__})

/* GaussianDropout(rate): x times a normal number of mean 1 and deviation sqrt(rate / (1 - rate)).
 */
typedef struct capas_gaussian_dropout_options {
    CAPAS_LAYER_OPTIONS
    double rate; /* required, at least 0 and below 1 */
    int seed;    /* default: None, the model's seed decides */
} capas_gaussian_dropout_options;
CAPAS_API capas_layer *capas_gaussian_dropout_with(double rate,
                                                   const capas_gaussian_dropout_options *options);
#define capas_gaussian_dropout(rate, ...)                                                          \
    capas_gaussian_dropout_with(                                                                   \
        (rate), &(capas_gaussian_dropout_options){                                                 \
                    .struct_size = sizeof(capas_gaussian_dropout_options), __VA_ARGS__})

/* AlphaDropout(rate), to go with selu: a share of the elements becomes selu's lowest value, and all
 * are mapped so that mean and deviation stay what they were. */
typedef struct capas_alpha_dropout_options {
    CAPAS_LAYER_OPTIONS
    double rate;             /* required, at least 0 and below 1 */
    int seed;                /* default: None, the model's seed decides */
    capas_shape noise_shape; /* as Dropout's */
} capas_alpha_dropout_options;
CAPAS_API capas_layer *capas_alpha_dropout_with(double rate,
                                                const capas_alpha_dropout_options *options);
#define capas_alpha_dropout(rate, ...)                                                             \
    capas_alpha_dropout_with(                                                                      \
        (rate), &(capas_alpha_dropout_options){.struct_size = sizeof(capas_alpha_dropout_options), \
                                               __VA_ARGS__})

/* ActivityRegularization: adds (l1 sum|x| + l2 sum x^2) / batch size to the loss. */
typedef struct capas_activity_regularization_options {
    CAPAS_LAYER_OPTIONS
    double l1, l2; /* default: 0 */
} capas_activity_regularization_options;
CAPAS_API capas_layer *capas_activity_regularization_with(
    const capas_activity_regularization_options *options);
#define capas_activity_regularization(...)                                                         \
    capas_activity_regularization_with(&(capas_activity_regularization_options){                   \
        .struct_size = sizeof(capas_activity_regularization_options), __VA_ARGS__})

CAPAS_END

#endif
