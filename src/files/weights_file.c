/* Weights alone, in and out: Keras 3's .weights.h5, Keras 2's .h5 of weights, and those of whole
 * models. When a file does not fit, the model's weights are as before. */
#include "base/file.h"
#include "base/memory.h"
#include "files/archive.h"
#include "files/keras.h"
#include <capas/files.h>
#include <capas/flat.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
static capas_status read_contents(capas_model *model, const capas_hdf5_contents *file,
                                  const capas_weights_options *options)
{
    if (!capas_hdf5_has(file, "layers")) {
        capas_texts names;
        bool whole = capas_hdf5_has(file, "model_weights") &&
                     capas_hdf5_read_texts(file, "", "layer_names", &names) != CAPAS_OK;
        if (!whole && capas_hdf5_has(file, "model_weights")) capas_hdf5_release_texts(&names);
        return capas_h5_read_weights(model, file, whole ? "model_weights" : "", options);
    }
    return capas_keras_read_weights(model, file, options);
}

/* What weights come from: one of the two. */
typedef struct source {
    capas_hdf5_contents *contents;
    capas_array_file *arrays;
} source;

/* A .keras file has its weights as an entry; an .npz has arrays. */
static void open_archive(const char *path, source *source)
{
    capas_archive *archive = capas_archive_open(path);
    if (!archive) return;
    if (!capas_archive_has(archive, CAPAS_KERAS_WEIGHTS) &&
        !capas_archive_has(archive, CAPAS_KERAS_CONFIG)) {
        source->arrays = capas_npz_open(archive, path);
        return;
    }
    source->contents = capas_keras_open_weights(archive, path, SIZE_MAX / 2);
    capas_archive_close(archive);
}

static bool open_source(const char *path, source *source)
{
    if (capas_is_safetensors(path))
        source->arrays = capas_safetensors_open(path);
    else if (capas_file_kind(path) == CAPAS_FILE_HDF5)
        source->contents = capas_h5_open(path);
    else
        open_archive(path, source);
    return source->contents || source->arrays;
}

static capas_status read_source(capas_model *model, const source *source,
                                const capas_weights_options *options)
{
    return source->arrays ? capas_array_read_weights(model, source->arrays, options)
                          : read_contents(model, source->contents, options);
}

static capas_status read_file(capas_model *model, const char *path,
                              const capas_weights_options *options)
{
    source source = {0};
    size_t size = (size_t)model->value_count * sizeof *model->values;
    if (!open_source(path, &source)) return capas_error_status();
    capas_status status = capas_model_own_values(model);
    float *before = status == CAPAS_OK ? capas_copy_memory(model->values, size) : NULL;
    status = before ? read_source(model, &source, options) : CAPAS_NO_MEMORY;
    if (status != CAPAS_OK) capas_fail_in("%s", path);
    if (status != CAPAS_OK && before) {
        memcpy(model->values, before, size);
        capas_model_touch(model);
    }
    capas_release(before);
    capas_hdf5_close_contents(source.contents);
    capas_array_file_close(source.arrays);
    return status;
}

static capas_status write_file(const capas_model *model, const char *path)
{
    void *image = NULL;
    size_t size = 0;
    if (!capas_path_ends_in(path, ".weights.h5")) return capas_array_write_weights(model, path);
    if (capas_keras_weights_image(model, &image, &size) != CAPAS_OK)
        return capas_fail_in("%s cannot be made", path);
    capas_status status = capas_write_file(path, image, size);
    capas_release(image);
    return status;
}
#else
static capas_status fail_unsupported(const char *path)
{
    return capas_fail(CAPAS_UNSUPPORTED,
                      "%s: capas was built without Keras's files; build it with "
                      "-DCAPAS_WITH_HDF5=ON -DCAPAS_WITH_ZIP=ON -DCAPAS_WITH_JANSSON=ON",
                      path);
}

static capas_status read_file(capas_model *model, const char *path,
                              const capas_weights_options *options)
{
    (void)model;
    (void)options;
    return fail_unsupported(path);
}

static capas_status write_file(const capas_model *model, const char *path)
{
    (void)model;
    return fail_unsupported(path);
}
#endif

/* Layer after layer, as whole models of Keras are taken. */
static capas_status read_flat(capas_model *model, const char *path,
                              const capas_weights_options *options)
{
    if (options->by_name)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "%s: by_name is not for flat models, whose layers belong together", path);
    capas_model *flat = capas_open_flat(path);
    if (!flat) return capas_error_status();
    capas_status status = capas_model_take_weights(model, flat);
    if (status != CAPAS_OK) capas_fail_in("%s", path);
    capas_model_free(flat);
    return status;
}

capas_status capas_load_weights_with(capas_model *model, const char *path,
                                     const capas_weights_options *options)
{
    static const capas_weights_options usual = {.struct_size = sizeof usual};
    CAPAS_TRY(capas_model_check(model));
    if (!path || !*path)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "the path of the weights to open is missing");
    if (!options) options = &usual;
    if (options->skip_mismatch == CAPAS_TRUE && options->by_name != CAPAS_TRUE)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: skip_mismatch needs by_name: without names it cannot be told which "
                          "layer is another's",
                          path);
    if (capas_file_kind(path) == CAPAS_FILE_FLAT) return read_flat(model, path, options);
    return read_file(model, path, options);
}

capas_status capas_load_weights(capas_model *model, const char *path)
{
    return capas_load_weights_with(model, path, NULL);
}

capas_status capas_save_weights(capas_model *model, const char *path)
{
    CAPAS_TRY(capas_model_check(model));
    if (!path || !(capas_path_ends_in(path, ".weights.h5") || capas_path_ends_in(path, ".npz") ||
                   capas_path_ends_in(path, ".safetensors")))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "a file of weights must be named *.weights.h5, as Keras wants it, *.npz "
                          "or *.safetensors, found %s%s%s",
                          path ? "\"" : "", path ? path : "nothing", path ? "\"" : "");
    return write_file(model, path);
}
