/* capas_load: which kind of file it is, by its first bytes, and then that kind's own way. */
#include "base/file.h"
#include "base/memory.h"
#include "files/json.h"
#include "files/keras.h"
#include "model/flat.h"
#include <capas/files.h>
#include <stdio.h>
#include <string.h>

enum { MOST_JSON = 64 << 20 };

int capas_file_kind(const char *path)
{
    static const unsigned char hdf5[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    unsigned char start[64] = {0};
    FILE *file = fopen(path, "rbe");
    size_t got = file ? fread(start, 1, sizeof start, file) : 0, at = 0;
    if (file) fclose(file);
    if (got >= sizeof hdf5 && memcmp(start, hdf5, sizeof hdf5) == 0) return CAPAS_FILE_HDF5;
    if (capas_flat_begins(start, got)) return CAPAS_FILE_FLAT;
    while (at < got && start[at] && strchr(" \t\r\n", start[at]))
        at++;
    return at < got && start[at] == '{' ? CAPAS_FILE_JSON : CAPAS_FILE_ZIP;
}

static capas_model *load_json(const char *path, bool compile)
{
    char *text;
    size_t size;
    if (capas_read_file(path, MOST_JSON, &text, &size) != CAPAS_OK) return NULL;
    capas_value *config = capas_json_read(text, size, path);
    capas_release(text);
    if (!config) return NULL;
    capas_model *model = capas_model_from_config(config);
    if (!model) capas_fail_in("%s", path);
    const capas_value *settings = compile ? capas_value_get(config, "compile_config") : NULL;
    if (model && capas_keras_compile(model, settings, path) != CAPAS_OK) {
        capas_model_free(model);
        model = NULL;
    }
    capas_value_free(config);
    return model;
}

#if CAPAS_WITH_KERAS_FILES
static capas_model *load_weighted(const char *path, int kind, bool compile)
{
    return kind == CAPAS_FILE_HDF5 ? capas_h5_load(path, compile) : capas_keras_load(path, compile);
}
#else
static capas_model *load_weighted(const char *path, int kind, bool compile)
{
    (void)kind;
    (void)compile;
    capas_fail(CAPAS_UNSUPPORTED,
               "%s cannot be opened: capas was built without Keras's files; build it with "
               "-DCAPAS_WITH_HDF5=ON -DCAPAS_WITH_ZIP=ON -DCAPAS_WITH_JANSSON=ON",
               path);
    return NULL;
}
#endif

capas_model *capas_load_with(const char *path, const capas_load_options *options)
{
    if (!path || !*path) {
        capas_fail(CAPAS_INVALID_ARGUMENT, "the path of the model to open is missing");
        return NULL;
    }
    bool compile = !options || options->compile != CAPAS_FALSE;
    int kind = capas_file_kind(path);
    if (kind == CAPAS_FILE_FLAT) return capas_open_flat(path);
    return kind == CAPAS_FILE_JSON ? load_json(path, compile) : load_weighted(path, kind, compile);
}

capas_model *capas_load(const char *path)
{
    return capas_load_with(path, NULL);
}
