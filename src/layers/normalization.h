/* What finds the statistics of a Normalization layer needs to know of it (training/adapt.c). */
#ifndef CAPAS_LAYERS_NORMALIZATION_H
#define CAPAS_LAYERS_NORMALIZATION_H

#include "layers/layer.h"

/* Whether it is one whose statistics are weights, and not given. */
bool capas_normalization_adapts(const capas_layer *layer);

/* The shape of its statistics beside an input: 1 where one number is for all, the batch too. */
capas_status capas_normalization_statistics(const capas_layer *layer, const capas_shape *input,
                                            capas_shape *statistics);

#endif
