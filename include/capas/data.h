/* Data from files: MNIST and other IDX sets. Pictures are in capas/pictures.h. */
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

CAPAS_END

#endif
