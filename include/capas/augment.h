/* Augmentation: pictures turned, moved, stretched, mirrored and bent by chance while they are
 * trained on, so that a network sees each of them otherwise in each epoch. The settings are those
 * of Keras's ImageDataGenerator (keras-semantics 9.3), and elastic distortion. */
#ifndef CAPAS_AUGMENT_H
#define CAPAS_AUGMENT_H

#include <capas/dataset.h>
#include <capas/options.h>

CAPAS_BEGIN

/* Of each range a picture draws a number of its own, both ends alike. All 0: nothing is changed. */
typedef struct capas_augment_options {
    size_t struct_size;
    double rotation_range; /* turned by up to so many degrees, either way; at most 360 */
    /* Moved by up to so much, either way. Below 1: of the picture's size. A whole number r: by
     * whole pixels, fewer than r. Any other: by up to r pixels. */
    double width_shift_range, height_shift_range;
    double shear_range; /* slanted by up to so many degrees, either way; below 90 */
    /* {0.1, 0}: 1 - 0.1 to 1 + 0.1; {0.8, 1}: from 0.8 to 1; below 1 enlarges. Height and width
     * draw apart. */
    capas_range zoom_range;
    capas_fill_mode fill_mode; /* of what comes in from outside; default: nearest */
    double cval;               /* the value of fill mode constant; of uint8 pictures 0 to 255 */
    int horizontal_flip, vertical_flip; /* true: mirrored or not, by a coin */
    int interpolation_order;            /* 0 nearest pixel, 1 bilinear; default: 1 */
    /* Bent: each pixel moves by noise of -1 to 1 in both directions, made smooth by a Gaussian of
     * elastic_sigma pixels and multiplied by elastic_alpha (Simard, Steinkraus, Platt 2003). For
     * digits of 28x28 pixels about 34 and 4. */
    double elastic_alpha; /* default: 0, none */
    double elastic_sigma; /* default: 4; at most 64 */
} capas_augment_options;

/* A set that gives what `dataset` gives, but with its first input augmented: pictures of uint8 or
 * float32, [n, height, width] or [n, height, width, channels]; uint8 is rounded to the nearest.
 * Borrows `dataset`, which must outlive it. NULL on failure: an option out of its range, or a first
 * input that is no picture.
 *
 * What happens to a picture depends on the seed (the model's, in capas_fit), the epoch and its
 * place in the epoch's order alone, on no batch size and no thread. validation_split of capas_fit
 * keeps pictures as they are. Order of the changes: zoom, shear, shift, rotation about the middle,
 * mirror, and elastic distortion, in one step, interpolated once. */
CAPAS_API capas_dataset *capas_dataset_augmented_with(capas_dataset *dataset,
                                                      const capas_augment_options *options);
#define capas_dataset_augmented(dataset, ...)                                                      \
    capas_dataset_augmented_with(                                                                  \
        (dataset),                                                                                 \
        &(capas_augment_options){.struct_size = sizeof(capas_augment_options), __VA_ARGS__})

CAPAS_END

#endif
