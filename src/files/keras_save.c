/* Writing .keras files. Everything is made in memory and written at once,
 * beside and renamed. Nothing in the file tells a time, so that equal models give equal files:
 * entries are dated 1980-01-01, the first day that a zip can say, and so is metadata.json's
 * date_saved, which Keras writes but never reads; the file's own time tells when it was made. */
#include "base/memory.h"
#include "files/archive.h"
#include "files/json.h"
#include "files/keras.h"
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
static const char metadata[] =
    "{\"keras_version\": \"" CAPAS_KERAS_VERSION "\", \"date_saved\": \"1980-01-01@00:00:00\"}";

typedef struct parts {
    char *config, *extra;
    void *weights;
    size_t weights_size;
} parts;

static void free_parts(parts *parts)
{
    capas_release(parts->config);
    capas_release(parts->extra);
    capas_release(parts->weights);
}

/* Takes `value` over. */
static capas_status make_json(capas_value *value, char **json)
{
    *json = value ? capas_json_write(value) : NULL;
    capas_value_free(value);
    return *json ? CAPAS_OK : capas_error_status();
}

static capas_status make_parts(const capas_model *model, parts *parts)
{
    CAPAS_TRY(make_json(capas_keras_config(model), &parts->config));
    CAPAS_TRY(make_json(capas_model_extra(model), &parts->extra));
    return capas_keras_weights_image(model, &parts->weights, &parts->weights_size);
}

static capas_status write_parts(const parts *parts, const char *path)
{
    capas_archive_entry entries[] = {
        {CAPAS_KERAS_METADATA, metadata, strlen(metadata)},
        {CAPAS_KERAS_CONFIG, parts->config, strlen(parts->config)},
        {CAPAS_KERAS_WEIGHTS, parts->weights, parts->weights_size},
        {CAPAS_KERAS_EXTRA, parts->extra, strlen(parts->extra)},
    };
    return capas_archive_write(path, entries, sizeof entries / sizeof entries[0]);
}

capas_status capas_keras_save(const capas_model *model, const char *path)
{
    parts parts = {0};
    capas_status status = make_parts(model, &parts);
    if (status != CAPAS_OK) capas_fail_in("%s cannot be made", path);
    if (status == CAPAS_OK) status = write_parts(&parts, path);
    free_parts(&parts);
    return status;
}
#endif
