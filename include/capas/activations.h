/* Activations as layers of their own: those that are told something more than their name. The
 * names are in capas/options.h, Activation itself in capas/layers.h. */
#ifndef CAPAS_ACTIVATIONS_H
#define CAPAS_ACTIVATIONS_H

#include <capas/layers.h>

CAPAS_BEGIN

/* ReLU: x above the threshold, but not more than max_value; below it negative_slope (x -
 * threshold). */
typedef struct capas_relu_options {
    CAPAS_LAYER_OPTIONS
    double max_value;      /* default: None, no limit */
    double negative_slope; /* default: 0 */
    double threshold;      /* default: 0 */
} capas_relu_options;
CAPAS_API capas_layer *capas_relu_with(const capas_relu_options *options);
#define capas_relu(...)                                                                            \
    capas_relu_with(&(capas_relu_options){.struct_size = sizeof(capas_relu_options), __VA_ARGS__})

/* LeakyReLU: x above 0, negative_slope x below. */
typedef struct capas_leaky_relu_options {
    CAPAS_LAYER_OPTIONS
    double negative_slope; /* default: 0.3 */
} capas_leaky_relu_options;
CAPAS_API capas_layer *capas_leaky_relu_with(const capas_leaky_relu_options *options);
#define capas_leaky_relu(...)                                                                      \
    capas_leaky_relu_with(                                                                         \
        &(capas_leaky_relu_options){.struct_size = sizeof(capas_leaky_relu_options), __VA_ARGS__})

/* ELU: x above 0, alpha (e^x - 1) below. */
typedef struct capas_elu_options {
    CAPAS_LAYER_OPTIONS
    double alpha; /* default: 1 */
} capas_elu_options;
CAPAS_API capas_layer *capas_elu_with(const capas_elu_options *options);
#define capas_elu(...)                                                                             \
    capas_elu_with(&(capas_elu_options){.struct_size = sizeof(capas_elu_options), __VA_ARGS__})

/* PReLU: x above 0, alpha x below, with trained alpha for each place of the input. */
typedef struct capas_prelu_options {
    CAPAS_LAYER_OPTIONS
    capas_initializer alpha_initializer; /* default: zeros */
    capas_regularizer alpha_regularizer;
    capas_constraint alpha_constraint;
    capas_shape shared_axes; /* axes along which one alpha serves, the first is 1: {2, {1, 2}} for
                                the rows and columns of images; rank 0: none */
} capas_prelu_options;
CAPAS_API capas_layer *capas_prelu_with(const capas_prelu_options *options);
#define capas_prelu(...)                                                                           \
    capas_prelu_with(                                                                              \
        &(capas_prelu_options){.struct_size = sizeof(capas_prelu_options), __VA_ARGS__})

/* Softmax: e^x divided by its sum along the axis. */
typedef struct capas_softmax_options {
    CAPAS_LAYER_OPTIONS
    capas_shape axis; /* default: {1, {-1}}, the last; several together: {2, {1, 2}} */
} capas_softmax_options;
CAPAS_API capas_layer *capas_softmax_with(const capas_softmax_options *options);
#define capas_softmax(...)                                                                         \
    capas_softmax_with(                                                                            \
        &(capas_softmax_options){.struct_size = sizeof(capas_softmax_options), __VA_ARGS__})

CAPAS_END

#endif
