/* Pictures from files: PNG of every depth, JPEG (baseline and progressive; gray, YCbCr, RGB, CMYK,
 * YCCK) and WebP, decoded and brought to a size as Keras and TensorFlow do it.
 *
 * Levels are 8 bits and as they are stored: of 16 bits the upper ones, no gamma or colour profile,
 * transparency is dropped unless a fourth channel is asked for. What a header announces is checked
 * before memory is asked for: at most 65,535 pixels a side and 2^27 in all. Each format is an
 * optional part of a build (CAPAS_WITH_PNG, _JPEG, _WEBP).
 *
 * Failures: CAPAS_NO_FILE; CAPAS_BAD_FILE for what is no picture, or a damaged one, with the file's
 * name and the place; CAPAS_UNSUPPORTED for a format that this build lacks; CAPAS_INVALID_ARGUMENT;
 * CAPAS_NO_MEMORY. A JPEG with damaged data that other programs show is decoded and the log told,
 * but one whose data end early is refused. */
#ifndef CAPAS_PICTURES_H
#define CAPAS_PICTURES_H

#include <capas/options.h>
#include <stddef.h>
#include <stdint.h>

CAPAS_BEGIN

/* uint8 [height, width, channels]. The pixels of one that capas made are freed with capas_free. */
typedef struct capas_picture {
    int height, width, channels;
    uint8_t *pixels;
} capas_picture;

/* The picture in its own size, with 1 (gray) or 3 (RGB) channels as asked. */
CAPAS_API capas_status capas_load_picture(const char *path, int channels, capas_picture *picture);

/* How a picture is made what a network takes. */
typedef struct capas_picture_options {
    size_t struct_size;
    int channels;      /* 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha; default: as the file has
                          them. Gray is ITU-R 601's luma */
    int height, width; /* to be brought to; default: its own */
    capas_interpolation
        interpolation;        /* default: bilinear. tf.image.resize's, half-pixel centres */
    int antialias;            /* true: shrinking takes the mean of all pixels under a result, as
                                 keras.ops.image.resize(antialias=True) */
    int crop_to_aspect_ratio; /* true: the middle in the wanted proportions, smart_resize's */
    int pad_to_aspect_ratio;  /* true: proportions stay, with a rim of 0, as
                                 tf.image.resize_with_pad */
    int upright;  /* true: turned as its EXIF block says the camera was held. Default: as it is
                     stored, which is what Keras's load_img and TensorFlow's decode_image give */
    int fast_dct; /* true: a JPEG with the fast integer transform of tf.image.decode_image, up to 5
                     levels away from the accurate one, which is Pillow's (and load_img's) */
} capas_picture_options;

/* Sums are in float32, rows before columns; the result is rounded to the nearest level. A picture
 * that is brought to a size is resized while its rows are decoded, and never lies in memory as a
 * whole unless it must be turned, or comes interlaced or as WebP. (A progressive JPEG needs two
 * bytes for each level of its own.) */
CAPAS_API capas_status capas_load_picture_with(const char *path,
                                               const capas_picture_options *options,
                                               capas_picture *picture);
#define capas_load_picture_as(path, picture, ...)                                                  \
    capas_load_picture_with(                                                                       \
        (path),                                                                                    \
        &(capas_picture_options){.struct_size = sizeof(capas_picture_options), __VA_ARGS__},       \
        (picture))

/* Only height, width and channels, from the file's header: those that the picture has itself, or
 * upright when that is asked for; the pixels are NULL. Options may be NULL. */
CAPAS_API capas_status capas_describe_picture(const char *path,
                                              const capas_picture_options *options,
                                              capas_picture *picture);

/* As capas_load_picture_with, but not rounded: `levels` has room for height x width x channels, all
 * of which the options must say. */
CAPAS_API capas_status capas_load_picture_levels(const char *path,
                                                 const capas_picture_options *options,
                                                 float *levels);

/* Resizes with bilinear interpolation and antialiasing, half-pixel centres, to the nearest level.
 */
CAPAS_API capas_status capas_resize_picture(const capas_picture *picture, int height, int width,
                                            capas_picture *resized);
/* Resizes as the options say, whose channels must be the picture's or 0. */
CAPAS_API capas_status capas_resize_picture_with(const capas_picture *picture,
                                                 const capas_picture_options *options,
                                                 capas_picture *resized);

CAPAS_END

#endif
