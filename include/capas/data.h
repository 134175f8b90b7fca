/* Data from files: MNIST and other IDX sets, and folders of pictures. Single pictures are in
 * capas/pictures.h. */
#ifndef CAPAS_DATA_H
#define CAPAS_DATA_H

#include <capas/dataset.h>
#include <capas/pictures.h>

CAPAS_BEGIN

/* The training part (60,000) and the test part (10,000) of an IDX set: train-images-idx3-ubyte,
 * train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte in `folder`, each gzipped
 * (.gz) or not. Images come as uint8 [n, height, width, 1], labels as uint8 [n]. Either pointer may
 * be NULL.
 *
 * folder NULL: MNIST as it comes with capas, whose checksums are verified; it is looked for in the
 * environment's CAPAS_DATA/mnist, in data/mnist below the current folder, and where capas was
 * installed. "fashion-mnist": where the Debian package dataset-fashion-mnist puts it, and below
 * CAPAS_DATA.
 *
 * Pictures of a megabyte and more are unpacked and checked once, into a file below
 * $XDG_CACHE_HOME/capas or ~/.cache/capas, and mapped from there in later calls. The environment's
 * CAPAS_CACHE names another folder; when it is empty, nothing is kept. Such a file is used only for
 * the source that it was made of (path, size, times of modification and change), and summed up each
 * time, so that damage is found and the source read again; where it cannot be written, each call
 * unpacks. The folder may be removed at any time. */
CAPAS_API capas_status capas_load_idx(const char *folder, capas_dataset **train,
                                      capas_dataset **test);

/* capas_load_idx(NULL, ...) for one part: capas_mnist() is the training part, NULL on failure. */
CAPAS_API capas_dataset *capas_mnist(void);
CAPAS_API capas_dataset *capas_mnist_test(void);

/* How labels come from a folder of pictures. */
typedef enum capas_label_mode {
    CAPAS_LABELS_INT = 1,     /* int32 []: for sparse_categorical_crossentropy */
    CAPAS_LABELS_CATEGORICAL, /* float32 [classes]: 1 at the class, for categorical_crossentropy */
    CAPAS_LABELS_BINARY,      /* float32 [1]: 0 or 1 of two classes, for binary_crossentropy */
    CAPAS_LABELS_NONE,        /* no targets; all pictures below the folder */
} capas_label_mode;

typedef enum capas_subset { CAPAS_SUBSET_TRAINING = 1, CAPAS_SUBSET_VALIDATION } capas_subset;

/* keras.utils.image_dataset_from_directory's, with its defaults. */
typedef struct capas_folder_options {
    size_t struct_size;
    capas_label_mode label_mode;    /* default: int */
    const char *const *class_names; /* which sub folders, in this order; default: all, sorted */
    int class_count;
    int channels;            /* color_mode: 1 grayscale, 3 rgb, 4 rgba; default: 3 */
    int height, width;       /* image_size; default: 256 */
    int shuffle;             /* of the list of files, before it is split; default: true */
    int64_t seed;            /* of that, 0 to 2^32 - 1; default: 0 */
    double validation_split; /* the share that is for validation; default: 0, none */
    capas_subset subset;     /* which part this set is; must be said with a validation_split */
    capas_interpolation interpolation; /* default: bilinear */
    int crop_to_aspect_ratio, pad_to_aspect_ratio;
    int follow_links; /* true: links to folders below a class's are followed; default: false */
    /* What Keras's function has not. */
    int antialias;         /* true: see capas/pictures.h */
    int upright;           /* true: likewise */
    int cache;             /* true: decoded pictures stay in memory, as with tf.data's cache() */
    int accurate_dct;      /* true: JPEGs as Pillow decodes them, not as tf.image.decode_image */
    capas_element element; /* CAPAS_UINT8: rounded, and scaled by what the model says; default:
                              CAPAS_FLOAT32, 0 to 255, as Keras's */
} capas_folder_options;

/* Pictures in a folder that has a sub folder for each class. Files end in .png, .jpg, .jpeg or
 * .webp in any case; hidden sub folders are passed over, hidden files are not. The same seed and
 * split give the same files as Keras's function. Pictures are decoded by threads of their own ahead
 * of the batches that want them, in each epoch anew unless they are cached; the numbers do not
 * depend on the threads. The
 * set can be cut and augmented. A picture that cannot be read fails the epoch, by its name. NULL on
 * failure: CAPAS_NO_FILE, CAPAS_BAD_DATA (no pictures, an empty part), CAPAS_UNSUPPORTED for .gif
 * and .bmp, CAPAS_INVALID_ARGUMENT. */
CAPAS_API capas_dataset *capas_dataset_from_folder_with(const char *folder,
                                                        const capas_folder_options *options);
#define capas_dataset_from_folder(folder, ...)                                                     \
    capas_dataset_from_folder_with(                                                                \
        (folder),                                                                                  \
        &(capas_folder_options){.struct_size = sizeof(capas_folder_options), __VA_ARGS__})

CAPAS_END

#endif
