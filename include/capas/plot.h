/* Pictures of trainings, data and models, for a report or a book: SVG or PNG, by the path's ending.
 *
 * SVG needs nothing; PNG needs a capas that was built with cairo (CAPAS_WITH_CAIRO), otherwise it
 * is CAPAS_UNSUPPORTED. The same input gives the same bytes: no date and no version is in a file.
 * Colours are told apart by the colour-blind, lines also by their marks when printed in black.
 *
 * What is given is borrowed for the call. A file is written beside and renamed, so that a failure
 * leaves the old one. Besides the errors said below: CAPAS_INVALID_ARGUMENT for a path that ends in
 * neither .svg nor .png and for options out of range, CAPAS_WRITE_FAILED, CAPAS_NO_MEMORY. */
#ifndef CAPAS_PLOT_H
#define CAPAS_PLOT_H

#include <capas/classification.h>

CAPAS_BEGIN

/* For all kinds; see capas/options.h for what a field left out means. */
typedef struct capas_plot_options {
    size_t struct_size;
    const char *title; /* default: what the picture shows, in a few words; "": none */
    int width;         /* of the picture in pixels, 100 to 8192, with the text growing along;
                          default: 720 for SVG, 1440 for PNG. The height follows from the content */
    int columns;       /* of a grid of pictures; default: what gives an even shape */
} capas_plot_options;
#define CAPAS_PLOT_OPTIONS(...)                                                                    \
    (&(capas_plot_options){.struct_size = sizeof(capas_plot_options), __VA_ARGS__})

/* Curves over the epochs, which count from 1: for each metric a chart, one below the other, with
 * training dashed, validation solid and the best epoch ringed. A metric is said without its val_
 * ("accuracy"); metric_count 0: all that there are. Several runs are drawn over one another, each
 * with its name (NULL: none). NaN and infinity are gaps.
 * CAPAS_UNKNOWN_NAME: no run has such a metric; CAPAS_BAD_DATA: there is no epoch to draw. */
typedef struct capas_plot_run {
    const char *name;
    const capas_history *history;
} capas_plot_run;
CAPAS_API capas_status capas_plot_history_with(const char *path, const capas_plot_run *runs,
                                               int run_count, const char *const *metrics,
                                               int metric_count, const capas_plot_options *options);
#define capas_plot_history(path, runs, run_count, metrics, metric_count, ...)                      \
    capas_plot_history_with((path), (runs), (run_count), (metrics), (metric_count),                \
                            CAPAS_PLOT_OPTIONS(__VA_ARGS__))

/* The pictures that a run's folder is left with: of its history.csv one chart for each metric,
 * accuracy.svg, loss.svg, ...; `ending` is "svg" or "png". CAPAS_BAD_DATA, once the others are
 * drawn, for a metric without a finite number; CAPAS_NO_FILE and CAPAS_BAD_FILE for the CSV. */
CAPAS_API capas_status capas_plot_run_folder(const char *folder, const char *ending);

/* A grid of pictures, each above its caption (captions NULL, or one of them: none), which may have
 * several lines. All are drawn in the size of the largest; pixels stay square. */
CAPAS_API capas_status capas_plot_images_with(const char *path, const capas_picture *pictures,
                                              const char *const *captions, int count,
                                              const capas_plot_options *options);
#define capas_plot_images(path, pictures, captions, count, ...)                                    \
    capas_plot_images_with((path), (pictures), (captions), (count), CAPAS_PLOT_OPTIONS(__VA_ARGS__))

/* One gray picture, at most 64 x 64, with the level printed in each pixel. */
CAPAS_API capas_status capas_plot_pixels_with(const char *path, const capas_picture *picture,
                                              const capas_plot_options *options);
#define capas_plot_pixels(path, picture, ...)                                                      \
    capas_plot_pixels_with((path), (picture), CAPAS_PLOT_OPTIONS(__VA_ARGS__))

/* A confusion matrix: counts[true * classes + predicted], as capas_confusion fills it, each with
 * its share of the row. `names`: one for each class, or NULL for numbers. 2 to 100 classes; beyond
 * 24 the counts are left to the colours. The title tells the accuracy. */
CAPAS_API capas_status capas_plot_confusion_with(const char *path, const int64_t *counts,
                                                 int classes, const char *const *names,
                                                 const capas_plot_options *options);
#define capas_plot_confusion(path, counts, classes, names, ...)                                    \
    capas_plot_confusion_with((path), (counts), (classes), (names), CAPAS_PLOT_OPTIONS(__VA_ARGS__))

/* A grid of numbers as colours, all on one scale, which is drawn beside them. Where there are
 * negative numbers it is centred at zero: blue below, red above; otherwise it goes from white to
 * blue. NaN is gray. */
typedef struct capas_plot_map {
    const float *values; /* [height, width] */
    int height, width;
    const char *caption; /* NULL: none */
} capas_plot_map;
CAPAS_API capas_status capas_plot_maps_with(const char *path, const capas_plot_map *maps, int count,
                                            const capas_plot_options *options);
#define capas_plot_maps(path, maps, count, ...)                                                    \
    capas_plot_maps_with((path), (maps), (count), CAPAS_PLOT_OPTIONS(__VA_ARGS__))

/* The kernels of a Conv2D layer as maps (layer NULL: the first of the model). With one channel: a
 * grid of all filters, at most 256; with several: a row for each channel and a column for each
 * filter, of which the first 8 and 16 are shown. CAPAS_UNKNOWN_NAME: no such layer, or it has no
 * kernels to draw. */
CAPAS_API capas_status capas_plot_filters_with(const char *path, const capas_model *model,
                                               const char *layer,
                                               const capas_plot_options *options);
#define capas_plot_filters(path, model, layer, ...)                                                \
    capas_plot_filters_with((path), (model), (layer), CAPAS_PLOT_OPTIONS(__VA_ARGS__))

/* What a layer gives for one picture, a map for each of its channels, at most 256 (layer NULL: the
 * first Conv2D). The picture must have the size and channels of the model's input; its bytes are
 * scaled as the model says. CAPAS_UNKNOWN_NAME: no such layer; CAPAS_SHAPE_MISMATCH: another size,
 * or the layer gives no images; CAPAS_UNSUPPORTED: the model takes other than one picture. */
CAPAS_API capas_status capas_plot_features_with(const char *path, capas_model *model,
                                                const char *layer, const capas_picture *picture,
                                                const capas_plot_options *options);
#define capas_plot_features(path, model, layer, picture, ...)                                      \
    capas_plot_features_with((path), (model), (layer), (picture), CAPAS_PLOT_OPTIONS(__VA_ARGS__))

/* What a convolution does: a photo in gray, and beside it how strongly a vertical and a
 * horizontal 3x3 edge filter answer (the darker), by a Conv2D layer with those weights. At least 3
 * x 3 pixels. */
CAPAS_API capas_status capas_plot_edges_with(const char *path, const capas_picture *photo,
                                             const capas_plot_options *options);
#define capas_plot_edges(path, photo, ...)                                                         \
    capas_plot_edges_with((path), (photo), CAPAS_PLOT_OPTIONS(__VA_ARGS__))

CAPAS_END

#endif
