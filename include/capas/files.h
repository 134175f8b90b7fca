/* Models on disk: Keras's .keras files (keras-semantics 7.1, 7.2). */
#ifndef CAPAS_FILES_H
#define CAPAS_FILES_H

#include <capas/model.h>

CAPAS_BEGIN

/* Writes a .keras file that Keras 3 opens: configuration, weights, compile settings and the
 * optimizer's state, and capas.json (scale and class names), which Keras ignores. Written beside
 * and renamed: on failure the old file is still there, and the model is as before, so that it can
 * be saved elsewhere. */
CAPAS_API capas_status capas_save(capas_model *model, const char *path);

/* Opens a .keras file; NULL on failure. A compiled model comes back compiled, and goes on training
 * where it stood. Weights with NaN are refused. */
CAPAS_API capas_model *capas_load(const char *path);

/* The same with options. A model opened only to predict needs no compile settings and no state of
 * an optimizer: left out, they save time and memory. */
typedef struct capas_load_options {
    size_t struct_size;
    int compile; /* default: true */
} capas_load_options;
CAPAS_API capas_model *capas_load_with(const char *path, const capas_load_options *options);

/* The configuration alone, as Keras's model.to_json(), and a model from it (fresh weights). */
CAPAS_API capas_status capas_model_to_json(capas_model *model, char **json);
CAPAS_API capas_model *capas_model_from_json(const char *json);

CAPAS_END

#endif
