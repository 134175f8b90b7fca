/* Layers that the caller has registered (capas/custom.h): finding their types by name. */
#ifndef CAPAS_LAYERS_CUSTOM_H
#define CAPAS_LAYERS_CUSTOM_H

#include "layers/layer.h"

/* By class name, or by package and class name, as "Custom>Swish"; NULL without a sentence when
 * there is none. */
const capas_layer_type *capas_custom_type_of(const char *name);

#endif
