/* Normalisation layers that look at each sample alone; BatchNormalization is in capas/layers.h. */
#ifndef CAPAS_NORMALIZATION_H
#define CAPAS_NORMALIZATION_H

#include <capas/layers.h>

CAPAS_BEGIN

/* LayerNormalization: gamma (x - mean) / sqrt(variance + epsilon) + beta, with mean and variance
 * over the axes of each sample; gamma and beta have the sizes of these axes. */
typedef struct capas_layer_normalization_options {
    CAPAS_LAYER_OPTIONS
    capas_shape axis;  /* default: {1, {-1}}, the last; several together: {2, {1, 2}} */
    double epsilon;    /* default: 0.001 */
    int center, scale; /* default: true */
    int rms_scaling; /* default: false; true: gamma x / sqrt(variance + epsilon), as Keras has it */
    capas_initializer beta_initializer, gamma_initializer; /* default: zeros, ones */
    capas_regularizer beta_regularizer, gamma_regularizer;
    capas_constraint beta_constraint, gamma_constraint;
} capas_layer_normalization_options;
CAPAS_API capas_layer *capas_layer_normalization_with(
    const capas_layer_normalization_options *options);
#define capas_layer_normalization(...)                                                             \
    capas_layer_normalization_with(&(capas_layer_normalization_options){                           \
        .struct_size = sizeof(capas_layer_normalization_options), __VA_ARGS__})

/* GroupNormalization: as LayerNormalization, with mean and variance over a group of channels and
 * all places of a sample; gamma and beta for each channel. */
typedef struct capas_group_normalization_options {
    CAPAS_LAYER_OPTIONS
    int groups;        /* default: 32; must divide the channels; -1: as many as channels */
    int axis;          /* of the channels; default: -1, the last */
    double epsilon;    /* default: 0.001 */
    int center, scale; /* default: true */
    capas_initializer beta_initializer, gamma_initializer; /* default: zeros, ones */
    capas_regularizer beta_regularizer, gamma_regularizer;
    capas_constraint beta_constraint, gamma_constraint;
} capas_group_normalization_options;
CAPAS_API capas_layer *capas_group_normalization_with(
    const capas_group_normalization_options *options);
#define capas_group_normalization(...)                                                             \
    capas_group_normalization_with(&(capas_group_normalization_options){                           \
        .struct_size = sizeof(capas_group_normalization_options), __VA_ARGS__})

/* RMSNormalization: scale x / sqrt(mean of x^2 + epsilon). */
typedef struct capas_rms_normalization_options {
    CAPAS_LAYER_OPTIONS
    capas_shape axis; /* default: {1, {-1}}, the last */
    double epsilon;   /* default: 1e-6 */
} capas_rms_normalization_options;
CAPAS_API capas_layer *capas_rms_normalization_with(const capas_rms_normalization_options *options);
#define capas_rms_normalization(...)                                                               \
    capas_rms_normalization_with(&(capas_rms_normalization_options){                               \
        .struct_size = sizeof(capas_rms_normalization_options), __VA_ARGS__})

/* UnitNormalization: x / sqrt(sum of x^2). */
typedef struct capas_unit_normalization_options {
    CAPAS_LAYER_OPTIONS
    capas_shape axis; /* default: {1, {-1}}, the last */
} capas_unit_normalization_options;
CAPAS_API capas_layer *capas_unit_normalization_with(
    const capas_unit_normalization_options *options);
#define capas_unit_normalization(...)                                                              \
    capas_unit_normalization_with(&(capas_unit_normalization_options){                             \
        .struct_size = sizeof(capas_unit_normalization_options), __VA_ARGS__})

/* SpectralNormalization(layer): a Dense, a convolution or another layer that has a kernel (or an
 * Embedding), which each training step begins by dividing by its largest singular value. That is
 * estimated: a vector, which is a weight, moves towards its direction power_iterations times a
 * step. Prediction takes the kernel as the last step left it. In a model that uses the layer
 * several times the kernel is divided once a step, where Keras does it before each use. */
typedef struct capas_spectral_normalization_options {
    CAPAS_LAYER_OPTIONS
    capas_layer *layer;   /* required; taken over */
    int power_iterations; /* default: 1 */
} capas_spectral_normalization_options;
CAPAS_API capas_layer *capas_spectral_normalization_with(
    capas_layer *layer, const capas_spectral_normalization_options *options);
#define capas_spectral_normalization(layer, ...)                                                   \
    capas_spectral_normalization_with(                                                             \
        (layer), &(capas_spectral_normalization_options){                                          \
                     .struct_size = sizeof(capas_spectral_normalization_options), __VA_ARGS__})

/* Normalization: (x - mean) / sqrt(variance), for each place along the axes. The statistics are
 * given, copied by the layer, or weights that start at 0 and 1 and that capas_adapt
 * (capas/training.h) finds in data. */
typedef struct capas_normalization_options {
    CAPAS_LAYER_OPTIONS
    capas_shape axis;            /* default: {1, {-1}}, the last; {1, {CAPAS_NONE}}: one for all */
    int invert;                  /* default: false; true: x sqrt(variance) + mean */
    capas_tensor mean, variance; /* default: None; both or neither, of the same shape: rank 0 for
                                    one number, otherwise the sizes of the axes */
} capas_normalization_options;
CAPAS_API capas_layer *capas_normalization_with(const capas_normalization_options *options);
#define capas_normalization(...)                                                                   \
    capas_normalization_with(&(capas_normalization_options){                                       \
        .struct_size = sizeof(capas_normalization_options), __VA_ARGS__})

CAPAS_END

#endif
