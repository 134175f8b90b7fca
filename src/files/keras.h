/* The parts of a .keras file (keras-semantics 7.1, 7.2), shared by saving and opening. Weights and
 * optimizer state are HDF5; what Keras has no word for is in capas.json. */
#ifndef CAPAS_FILES_KERAS_H
#define CAPAS_FILES_KERAS_H

#include "base/value.h"
#include "files/hdf5.h"
#include "model/model.h"

/* The entries of the archive, in Keras's order, ours last. */
#define CAPAS_KERAS_METADATA "metadata.json"
#define CAPAS_KERAS_CONFIG   "config.json"
#define CAPAS_KERAS_WEIGHTS  "model.weights.h5"
#define CAPAS_KERAS_EXTRA    "capas.json"

enum { CAPAS_KERAS_PATH = 160 };

/* Where a layer's variables are: "layers/conv2d_1"; false for a layer that has no place there (the
 * input of a Sequential). Layers are numbered by class, not by name. */
bool capas_keras_group(const capas_model *model, int layer, char path[CAPAS_KERAS_PATH]);

/* "layers/conv2d_1/vars/0" */
void capas_keras_variable(const char *group, int variable, char path[CAPAS_KERAS_PATH]);

capas_status capas_keras_write_weights(const capas_model *model, capas_hdf5 *file);
capas_status capas_keras_write_optimizer(const capas_model *model, capas_hdf5 *file);
/* The bytes of model.weights.h5, with both of them; released with capas_release. */
capas_status capas_keras_weights_image(const capas_model *model, void **image, size_t *size);
capas_status capas_keras_read_weights(capas_model *model, capas_hdf5 *file);
/* Nothing when the model is not compiled or the file has no optimizer. */
capas_status capas_keras_read_optimizer(capas_model *model, capas_hdf5 *file);

/* capas.json: how bytes are scaled, what the training data was like, names of the classes. */
capas_value *capas_keras_extra(const capas_model *model);
capas_status capas_keras_read_extra(capas_model *model, const capas_value *extra);

/* Keras's configuration with compile_config in it. */
capas_value *capas_keras_config(const capas_model *model);
/* Compiles as the configuration says. What capas cannot compile is a warning (the model predicts
 * all the same), which `where` starts. */
capas_status capas_keras_compile(capas_model *model, const capas_value *config, const char *where);

#endif
