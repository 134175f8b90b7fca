/* Models on disk: Keras's .keras files (keras-semantics 7.1, 7.2). */
#ifndef CAPAS_FILES_H
#define CAPAS_FILES_H

#include <capas/model.h>

CAPAS_BEGIN

/* Writes a .keras file that Keras 3 opens: configuration, weights, compile settings and the optimizer's state,
 * and capas.json (scale and class names), which Keras ignores. Written beside and renamed: on failure the old
 * file is still there. */
CAPAS_API capas_status capas_save(capas_model *model, const char *path);

/* Opens a .keras file; NULL on failure. A compiled model comes back compiled, and goes on training where it
 * stood. Weights with NaN are refused. */
CAPAS_API capas_model *capas_load(const char *path);

/* The configuration alone, as Keras's model.to_json(), and a model from it (fresh weights). */
CAPAS_API capas_status capas_model_to_json(capas_model *model, char **json);
CAPAS_API capas_model *capas_model_from_json(const char *json);

CAPAS_END

#endif
