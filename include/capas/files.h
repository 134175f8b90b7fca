/* Models on disk, in Keras's files: .keras (Keras 3, and TensorFlow's Keras 2.13 to 2.15), .h5
 * (Keras 2.0 to 2.15, and Keras 3's legacy form), the configuration alone as JSON, and capas's own
 * flat form. */
#ifndef CAPAS_FILES_H
#define CAPAS_FILES_H

#include <capas/model.h>

CAPAS_BEGIN

/* Writes the model: configuration, weights, compile settings and the optimizer's state, and what
 * Keras has no word for and ignores (scale, class names). A path that ends in .h5 or .hdf5 gives
 * Keras 3's legacy form of HDF5, which older programs open; one that ends in .capas or .c a flat
 * model (capas/flat.h), which only predicts; any other a .keras file. Written beside and renamed:
 * on failure the old file is still there, and the model is as before, so that it can be saved
 * elsewhere. */
CAPAS_API capas_status capas_save(capas_model *model, const char *path);

/* Opens a .keras, .h5, .json or flat (.capas) file, told by what is in it; NULL on failure. A
 * compiled model comes back compiled, and goes on training where it stood. Weights with NaN are
 * refused. JSON is a configuration alone: the weights are fresh ones. HDF5 is read in a process of
 * its own, so that a hostile file cannot harm this one (docs/security.md). */
CAPAS_API capas_model *capas_load(const char *path);

/* The same with options. A model opened only to predict needs no compile settings and no state of
 * an optimizer: left out, they save time and memory. */
typedef struct capas_load_options {
    size_t struct_size;
    int compile; /* default: true */
} capas_load_options;
CAPAS_API capas_model *capas_load_with(const char *path, const capas_load_options *options);

/* Weights alone. They are taken from Keras 3's .weights.h5, from Keras 2's .h5 of weights, and from
 * whole models (.keras, .h5): layer after layer, whatever the layers are called. From .npz and
 * .safetensors too: by name, when arrays are called after layer and weight ("conv1/kernel", as
 * Keras 3's variables, or "conv1.kernel"), otherwise in the order of Keras's get_weights. When the
 * file does not fit the model, the weights are as before. The optimizer is not touched. */
CAPAS_API capas_status capas_load_weights(capas_model *model, const char *path);

typedef struct capas_weights_options {
    size_t struct_size;
    int by_name;       /* layers of the same name get theirs, all others stay: for a network without
                          its top, or with another. Not for flat models. Default: false */
    int skip_mismatch; /* with by_name: layers whose weights have other shapes stay, with a warning.
                          Default: false */
} capas_weights_options;
CAPAS_API capas_status capas_load_weights_with(capas_model *model, const char *path,
                                               const capas_weights_options *options);

/* Writes a file that Keras 3's load_weights opens, with the optimizer's state as Keras has it; the
 * path must end in .weights.h5. Or the weights alone, called "layer/weight", for .npz and
 * .safetensors; CAPAS_UNSUPPORTED where such names are not enough (Bidirectional). */
CAPAS_API capas_status capas_save_weights(capas_model *model, const char *path);

/* The largest difference between what two models give for `samples` random inputs; their inputs and
 * outputs must have the same shapes. Inputs are in [0, 1), and where a layer takes whole numbers 0
 * or 1. A difference that is not finite is told as infinity. */
CAPAS_API capas_status capas_model_difference(capas_model *first, capas_model *second, int samples,
                                              double *difference);

/* The configuration alone, as Keras's model.to_json(), and a model from it (fresh weights). */
CAPAS_API capas_status capas_model_to_json(capas_model *model, char **json);
CAPAS_API capas_model *capas_model_from_json(const char *json);

CAPAS_END

#endif
