/* A model's configuration as JSON, with its compile settings: Keras's to_json and
 * model_from_json. Weights are not in it. */
#include "base/memory.h"
#include "files/json.h"
#include "files/keras.h"
#include "training/trainer.h"
#include <capas/files.h>
#include <string.h>

capas_value *capas_keras_config(const capas_model *model)
{
    capas_value *config = capas_model_config(model);
    if (!config) return NULL;
    if (capas_value_set(config, "compile_config", capas_compile_config(model)) == CAPAS_OK)
        return config;
    capas_value_free(config);
    return NULL;
}

capas_status capas_keras_compile(capas_model *model, const capas_value *compile, const char *where)
{
    if (!compile || compile->kind == CAPAS_VALUE_NULL) return CAPAS_OK;
    capas_value *renewed = capas_keras_renew_compile(compile);
    if (!renewed) return capas_error_status();
    capas_status status = capas_compile_from_config(model, renewed, "compile_config");
    capas_value_free(renewed);
    if (status == CAPAS_OK || status == CAPAS_NO_MEMORY) return status;
    capas_warn("%s: opened without its compile settings, so that it can predict and must be "
               "compiled to be trained: %s",
               where, capas_error());
    capas_model_clear_error(model);
    return CAPAS_OK;
}

capas_status capas_model_to_json(capas_model *model, char **json)
{
    CAPAS_TRY(capas_model_check(model));
    if (!json) return capas_fail(CAPAS_INVALID_ARGUMENT, "to_json needs a place for the text");
    capas_value *config = capas_keras_config(model);
    *json = config ? capas_json_write(config) : NULL;
    capas_value_free(config);
    return *json ? CAPAS_OK : capas_error_status();
}

capas_model *capas_model_from_json(const char *json)
{
    static const char where[] = "model_from_json";
    if (!json) {
        capas_fail(CAPAS_INVALID_ARGUMENT, "%s: the text is missing", where);
        return NULL;
    }
    capas_value *config = capas_json_read(json, strlen(json), where);
    capas_model *model = config ? capas_model_from_config(config) : NULL;
    const capas_value *compile = capas_value_get(config, "compile_config");
    if (model && capas_keras_compile(model, compile, where) != CAPAS_OK) {
        capas_model_free(model);
        model = NULL;
    }
    capas_value_free(config);
    return model;
}
