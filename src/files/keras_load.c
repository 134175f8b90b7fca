/* Opening .keras files: a model, compiled and with its optimizer's state when it has them. The file
 * is trusted in nothing: sizes are limited by what the model can need, and every weight is
 * verified.
 */
#include "base/memory.h"
#include "base/text.h"
#include "files/archive.h"
#include "files/json.h"
#include "files/keras.h"
#include "model/graph.h"
#include <stdio.h>

#if CAPAS_WITH_KERAS_FILES
/* The weights, as many slots as an optimizer may have, and room for the form. */
enum { MOST_JSON = 64 << 20, MOST_COPIES = 8, WEIGHTS_ROOM = 64 << 20, WHERE_SIZE = 1024 };

/* An entry as a tree; NULL on failure. */
static capas_value *read_json(capas_archive *archive, const char *path, const char *entry)
{
    char *text, where[WHERE_SIZE];
    size_t size;
    capas_cut_text(where, sizeof where, snprintf(where, sizeof where, "%s: %s", path, entry));
    if (capas_archive_read(archive, entry, MOST_JSON, &text, &size) != CAPAS_OK) return NULL;
    capas_value *value = capas_json_read(text, size, where);
    capas_release(text);
    return value;
}

static size_t most_weights(const capas_model *model)
{
    size_t count = 0;
    for (int i = 0; i < model->weight_count; i++)
        count += (size_t)model->weights[i].count;
    return MOST_COPIES * sizeof(float) * count + WEIGHTS_ROOM;
}

void capas_keras_rename_old(capas_hdf5_contents *file)
{
    capas_hdf5_rename(file, "_layer_checkpoint_dependencies", "layers");
}

capas_hdf5_contents *capas_keras_open_weights(capas_archive *archive, const char *path,
                                              size_t limit)
{
    char *image;
    size_t size;
    if (capas_archive_read(archive, CAPAS_KERAS_WEIGHTS, limit, &image, &size) != CAPAS_OK)
        return NULL;
    capas_hdf5_contents *file = capas_hdf5_open(&(capas_hdf5_bytes){image, size, false});
    if (file)
        capas_keras_rename_old(file);
    else
        capas_fail_in("%s: %s", path, CAPAS_KERAS_WEIGHTS);
    capas_release(image);
    return file;
}

static capas_status read_weights(capas_model *model, capas_archive *archive, const char *path)
{
    capas_hdf5_contents *file = capas_keras_open_weights(archive, path, most_weights(model));
    if (!file) return capas_error_status();
    capas_status status = capas_keras_read_weights(model, file, NULL);
    if (status == CAPAS_OK) status = capas_keras_read_optimizer(model, file, NULL);
    if (status != CAPAS_OK) capas_fail_in("%s: %s", path, CAPAS_KERAS_WEIGHTS);
    capas_hdf5_close_contents(file);
    return status;
}

static capas_status read_extra(capas_model *model, capas_archive *archive, const char *path)
{
    if (!capas_archive_has(archive, CAPAS_KERAS_EXTRA)) return CAPAS_OK;
    capas_value *extra = read_json(archive, path, CAPAS_KERAS_EXTRA);
    if (!extra) return capas_error_status();
    capas_status status = capas_model_read_extra(model, extra);
    if (status != CAPAS_OK) capas_fail_in("%s: %s", path, CAPAS_KERAS_EXTRA);
    capas_value_free(extra);
    return status;
}

static capas_model *read_model(capas_archive *archive, const char *path, bool compile)
{
    capas_value *config = read_json(archive, path, CAPAS_KERAS_CONFIG);
    if (!config) return NULL;
    capas_model *model = capas_model_from_config_with(config, CAPAS_VALUES_UNDEFINED);
    if (!model) capas_fail_in("%s", path);
    capas_status status =
        model && compile
            ? capas_keras_compile(model, capas_value_get(config, "compile_config"), path)
            : CAPAS_OK;
    capas_value_free(config);
    if (status == CAPAS_OK) return model;
    capas_model_free(model);
    return NULL;
}

capas_model *capas_keras_load(const char *path, bool compile)
{
    capas_archive *archive = capas_archive_open(path);
    if (!archive) return NULL;
    capas_model *model = read_model(archive, path, compile);
    capas_status status = model ? read_weights(model, archive, path) : CAPAS_OK;
    if (model && status == CAPAS_OK) status = read_extra(model, archive, path);
    capas_archive_close(archive);
    if (status == CAPAS_OK) return model;
    capas_model_free(model);
    return NULL;
}
#endif
