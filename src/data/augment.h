/* What the files of augmentation share: the options' table, and what a picture draws. */
#ifndef CAPAS_DATA_AUGMENT_H
#define CAPAS_DATA_AUGMENT_H

#include "base/option.h"
#include "base/philox.h"
#include <capas/augment.h>

extern const capas_option_table capas_augment_table;

/* Defaults, what the map says, and checks; `where` begins the sentence of a failure. */
capas_status capas_augment_options_read(capas_augment_options *options, const capas_value *map,
                                        const char *where);

/* capas_dataset_augmented_with, with options that are resolved. */
capas_dataset *capas_augmented_new(capas_dataset *dataset, const capas_augment_options *options);

/* How one picture is changed. Rotation and shear in radians, shifts in pixels. */
typedef struct capas_augment_draw {
    double rotation, row_shift, column_shift, shear, row_zoom, column_zoom;
    bool horizontal_flip, vertical_flip;
} capas_augment_draw;

/* That of the picture at `index` in the order of an epoch (the random's step). */
capas_augment_draw capas_augment_draw_of(const capas_augment_options *options, capas_random random,
                                         int64_t index, int height, int width);

/* Where a pixel comes from: row = map[0] y + map[1] x + map[2], column = map[3] y + map[4] x +
 * map[5] (kernels/warp.h). */
void capas_augment_map(const capas_augment_draw *draw, int height, int width, float map[6]);

/* The Gaussian weights of elastic distortion: 2 radius + 1 of them, which sum to 1. */
enum { CAPAS_ELASTIC_MOST = 513 };
typedef struct capas_elastic {
    double alpha;
    int radius;
    float weight[CAPAS_ELASTIC_MOST];
} capas_elastic;
void capas_elastic_prepare(capas_elastic *elastic, double alpha, double sigma);

/* Adds nothing, writes: the shifts of rows, then of columns, height x width each, of the picture at
 * `index`. `scratch` has as many floats as one of them. */
void capas_elastic_fill(const capas_elastic *elastic, capas_random random, int64_t index,
                        int height, int width, float *shift, float *scratch);

#endif
