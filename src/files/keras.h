/* The parts of a .keras file (keras-semantics 7.1, 7.2), shared by saving and opening. Weights and
 * optimizer state are HDF5; what Keras has no word for is in capas.json. */
#ifndef CAPAS_FILES_KERAS_H
#define CAPAS_FILES_KERAS_H

#include "base/value.h"
#include "files/archive.h"
#include "files/array_file.h"
#include "files/hdf5.h"
#include "model/model.h"
#include <capas/files.h>

/* The Keras whose form of files is written. */
#define CAPAS_KERAS_VERSION "3.15.1"

/* The entries of the archive, in Keras's order, ours last. */
#define CAPAS_KERAS_METADATA "metadata.json"
#define CAPAS_KERAS_CONFIG   "config.json"
#define CAPAS_KERAS_WEIGHTS  "model.weights.h5"
#define CAPAS_KERAS_EXTRA    "capas.json" /* in an .h5: an attribute of this name */

enum { CAPAS_KERAS_PATH = 512 };

/* Where a layer's variables are: "layers/conv2d_1"; false for a layer that has no place there (the
 * input of a Sequential). Layers are numbered by class, not by name. */
bool capas_keras_group(const capas_model *model, int layer, char path[CAPAS_KERAS_PATH]);

/* The groups that a layer's variables are in, outer ones first: its own, or, of one with a cell or
 * with layers in it, theirs too: "layers/bidirectional/forward_layer/cell". Each group holds
 * `count` of the weights that the visited layer has; a weight may be in two. Of a model as a layer
 * those in it are visited. */
typedef capas_status capas_keras_visitor(void *context, const capas_layer *layer, const char *group,
                                         const char *name, const capas_weight *const *weights,
                                         int count);
capas_status capas_keras_walk(const capas_layer *layer, const char *group,
                              capas_keras_visitor *visit, void *context);

/* "layers/conv2d_1/vars/0" */
void capas_keras_variable(const char *group, int variable, char path[CAPAS_KERAS_PATH]);

capas_status capas_keras_write_weights(const capas_model *model, capas_hdf5 *file);
capas_status capas_keras_write_optimizer(const capas_model *model, capas_hdf5 *file);
/* One weight, and what an optimizer's slot keeps for one, as arrays under `path`. */
capas_status capas_keras_write_weight(const capas_model *model, capas_hdf5 *file, const char *path,
                                      const capas_weight *weight);
capas_status capas_keras_write_slot(const capas_model *model, capas_hdf5 *file, const char *path,
                                    const capas_model_weight *place, int slot);
/* The bytes of model.weights.h5, with both of them; released with capas_release. */
capas_status capas_keras_weights_image(const capas_model *model, void **image, size_t *size);
/* By the layers' places, or, when the options say so, names. */
capas_status capas_keras_read_weights(capas_model *model, const capas_hdf5_contents *file,
                                      const capas_weights_options *options);
/* One weight, verified, from the array under `path`. */
capas_status capas_keras_read_weight(capas_model *model, const capas_hdf5_contents *file,
                                     const char *path, const char *layer,
                                     const capas_weight *weight);
/* Nothing when the model is not compiled or the file has no optimizer. `names`: of its variables in
 * an .h5; NULL: they are numbered. */
capas_status capas_keras_read_optimizer(capas_model *model, const capas_hdf5_contents *file,
                                        const capas_texts *names);

/* Whether a path has this at its end, and something before it. */
bool capas_path_ends_in(const char *path, const char *end);
/* What kind of file it is, by its first bytes; what is none of the others goes as zip. */
enum { CAPAS_FILE_ZIP, CAPAS_FILE_HDF5, CAPAS_FILE_JSON, CAPAS_FILE_FLAT };
int capas_file_kind(const char *path);
/* A .keras file; NULL with the sentence. */
capas_model *capas_keras_load(const char *path, bool compile);
capas_status capas_keras_save(const capas_model *model, const char *path);

/* The weights in it, of at most `limit` bytes. */
capas_hdf5_contents *capas_keras_open_weights(capas_archive *archive, const char *path,
                                              size_t limit);
/* TensorFlow's Keras before 2.15 had another word for "layers". */
void capas_keras_rename_old(capas_hdf5_contents *file);

/* From arrays, by order or by names. */
capas_status capas_array_read_weights(capas_model *model, capas_array_file *file,
                                      const capas_weights_options *options);
/* Into them, by the end of the path: .npz, or .safetensors. */
capas_status capas_array_write_weights(const capas_model *model, const char *path);

/* Keras's configuration with compile_config in it. */
capas_value *capas_keras_config(const capas_model *model);
/* Compiles as a compile_config or training_config says (NULL: not at all). What capas cannot
 * compile is a warning (the model predicts all the same), which `where` starts. */
capas_status capas_keras_compile(capas_model *model, const capas_value *compile, const char *where);
/* Compile settings as Keras 3 writes them, from those of any Keras; NULL on failure. */
capas_value *capas_keras_renew_compile(const capas_value *compile);

/* .h5: Keras 2's files, and Keras 3's legacy ones (keras-semantics 7.3). */

/* All weights of a layer in Keras's order, those that train first. */
typedef struct capas_keras_weights {
    struct capas_keras_weight {
        const capas_model *within; /* the model that the layer is in */
        const capas_layer *layer;
        const capas_weight *weight;
    } * items;
    size_t count, capacity;
} capas_keras_weights;
capas_status capas_keras_layer_weights(const capas_model *model, capas_layer *layer,
                                       capas_keras_weights *weights);

/* The contents of an HDF5 file; NULL with the sentence, which names it. */
capas_hdf5_contents *capas_h5_open(const char *path);

/* A whole model; NULL with the sentence. */
capas_model *capas_h5_load(const char *path, bool compile);
/* In Keras 3's legacy form. */
capas_status capas_h5_save(const capas_model *model, const char *path);
/* Its configurations; NULL on failure. */
capas_value *capas_h5_model_config(const capas_model *model);
capas_value *capas_h5_training_config(const capas_model *model);
capas_status capas_h5_write_weights(const capas_model *model, capas_hdf5 *file, const char *group);
capas_status capas_h5_write_optimizer(const capas_model *model, capas_hdf5 *file);
/* Weights in the groups under `group`, by the layers' order or, when the options say so, names. */
capas_status capas_h5_read_weights(capas_model *model, const capas_hdf5_contents *file,
                                   const char *group, const capas_weights_options *options);

#endif
