/* Resizing pictures as keras.ops.image.resize does with interpolation="bilinear", antialias=True
 * (keras-semantics 8.5). */
#ifndef CAPAS_DATA_RESIZE_H
#define CAPAS_DATA_RESIZE_H

#include "base/status.h"
#include <capas/data.h>

/* `resized` holds height x width x the picture's channels; not rounded. */
capas_status capas_resize_bilinear(const capas_picture *picture, int height, int width,
                                   float *resized);

#endif
