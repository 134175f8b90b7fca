/* Layers that hold others: Bidirectional, TimeDistributed, SpectralNormalization. The type tells at
 * which offsets of its options they are; the wrapper owns them and has copies of their weights
 * among its own. */
#ifndef CAPAS_LAYERS_WRAPPER_H
#define CAPAS_LAYERS_WRAPPER_H

#include "layers/layer.h"
#include <capas/sequences.h>

/* A wrapper of options that hold layers, which it takes over whatever becomes of it. */
capas_layer *capas_wrapper_new(const capas_layer_type *type, const void *options);

/* Builds the layer for the shapes, which may be built already, and adds its weights to the
 * wrapper's. */
capas_status capas_wrapper_build(capas_layer *wrapper, capas_layer *inner,
                                 const capas_shape *shapes, int count);

/* Gives it the name `prefix` and what it was called, or its class in snake case. */
capas_status capas_wrapper_name(capas_layer *inner, const char *prefix);

/* capas_layer *, which the options own once the layer is made. */
extern const capas_option_kind capas_option_layer;

#endif
