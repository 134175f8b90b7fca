/* Opening .h5 files: a model's configuration, its weights, its compile settings and the optimizer's
 * state (keras-semantics 7.3). */
#include "base/mapping.h"
#include "base/memory.h"
#include "base/text.h"
#include "files/json.h"
#include "files/keras.h"
#include "model/graph.h"
#include <stdio.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
enum { WHERE_SIZE = 1024 };

/* An attribute that holds JSON, as a tree; NULL on failure. */
static capas_value *read_json(const capas_hdf5_contents *file, const char *path, const char *name)
{
    char where[WHERE_SIZE];
    const char *text = capas_hdf5_text(file, "", name);
    capas_cut_text(where, sizeof where, snprintf(where, sizeof where, "%s: %s", path, name));
    return capas_json_read(text, strlen(text), where);
}

static capas_status fail_no_model(const capas_hdf5_contents *file, const char *path)
{
    bool weights = capas_hdf5_has(file, "layers");
    capas_texts names;
    if (!weights && capas_hdf5_read_texts(file, "", "layer_names", &names) == CAPAS_OK) {
        weights = true;
        capas_hdf5_release_texts(&names);
    }
    if (weights)
        return capas_fail(CAPAS_BAD_FILE,
                          "%s holds weights only, and no model; open the model first, then its "
                          "weights from this file (capas_load_weights; --weights)",
                          path);
    return capas_fail(CAPAS_BAD_FILE,
                      "%s is an HDF5 file, but none of Keras: it has no model_config", path);
}

static capas_model *read_model(const capas_hdf5_contents *file, const char *path)
{
    if (!capas_hdf5_text(file, "", "model_config")) {
        fail_no_model(file, path);
        return NULL;
    }
    capas_value *config = read_json(file, path, "model_config");
    capas_model *model =
        config ? capas_model_from_config_with(config, CAPAS_VALUES_UNDEFINED) : NULL;
    if (config && !model) capas_fail_in("%s", path);
    capas_value_free(config);
    return model;
}

static capas_status compile_model(capas_model *model, const capas_hdf5_contents *file,
                                  const char *path)
{
    if (!capas_hdf5_text(file, "", "training_config")) return CAPAS_OK;
    capas_value *config = read_json(file, path, "training_config");
    if (!config) return capas_error_status();
    capas_status status = capas_keras_compile(model, config, path);
    capas_value_free(config);
    return status;
}

static capas_status read_optimizer(capas_model *model, const capas_hdf5_contents *file)
{
    capas_texts names;
    if (!model->trainer || !capas_hdf5_has(file, "optimizer_weights")) return CAPAS_OK;
    CAPAS_TRY(capas_hdf5_read_texts(file, "optimizer_weights", "weight_names", &names));
    capas_status status = CAPAS_OK;
    if (names.count > 0) status = capas_keras_read_optimizer(model, file, &names);
    capas_hdf5_release_texts(&names);
    return status;
}

/* What capas.json is in a .keras file. */
static capas_status read_extra(capas_model *model, const capas_hdf5_contents *file,
                               const char *path)
{
    if (!capas_hdf5_text(file, "", CAPAS_KERAS_EXTRA)) return CAPAS_OK;
    capas_value *extra = read_json(file, path, CAPAS_KERAS_EXTRA);
    if (!extra) return capas_error_status();
    capas_status status = capas_model_read_extra(model, extra);
    if (status != CAPAS_OK) capas_fail_in("%s: %s", path, CAPAS_KERAS_EXTRA);
    capas_value_free(extra);
    return status;
}

static capas_status fill(capas_model *model, const capas_hdf5_contents *file, const char *path,
                         bool compile)
{
    if (compile) CAPAS_TRY(compile_model(model, file, path));
    CAPAS_TRY(read_extra(model, file, path));
    capas_status status = capas_h5_read_weights(model, file, "model_weights", NULL);
    if (status == CAPAS_OK) status = read_optimizer(model, file);
    return status == CAPAS_OK ? CAPAS_OK : capas_fail_in("%s", path);
}

capas_hdf5_contents *capas_h5_open(const char *path)
{
    capas_mapping mapping;
    if (capas_map_file(path, &mapping) != CAPAS_OK) return NULL;
    const capas_hdf5_bytes image = {mapping.data, mapping.size, .mapped = true};
    capas_hdf5_contents *file = capas_hdf5_open(&image);
    if (file)
        capas_keras_rename_old(file);
    else
        capas_fail_in("%s", path);
    capas_unmap(&mapping);
    return file;
}

capas_model *capas_h5_load(const char *path, bool compile)
{
    capas_hdf5_contents *file = capas_h5_open(path);
    if (!file) return NULL;
    capas_model *model = read_model(file, path);
    if (model && fill(model, file, path, compile) != CAPAS_OK) {
        capas_model_free(model);
        model = NULL;
    }
    capas_hdf5_close_contents(file);
    return model;
}
#endif
