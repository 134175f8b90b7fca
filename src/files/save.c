/* capas_save: what kind of file it becomes, by the end of its name. */
#include "files/keras.h"
#include <capas/files.h>
#include <capas/flat.h>
#include <string.h>

bool capas_path_ends_in(const char *path, const char *end)
{
    size_t length = strlen(path), more = strlen(end);
    return length > more && strcmp(path + length - more, end) == 0;
}

#if CAPAS_WITH_KERAS_FILES
static capas_status save(const capas_model *model, const char *path)
{
    if (capas_path_ends_in(path, ".weights.h5"))
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s is a name for weights alone, which capas_save_weights writes; name a "
                          "whole model .keras or .h5",
                          path);
    bool legacy = capas_path_ends_in(path, ".h5") || capas_path_ends_in(path, ".hdf5");
    return legacy ? capas_h5_save(model, path) : capas_keras_save(model, path);
}
#else
static capas_status save(const capas_model *model, const char *path)
{
    (void)model;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "%s cannot be written: capas was built without Keras's files; build it with "
                      "-DCAPAS_WITH_HDF5=ON -DCAPAS_WITH_ZIP=ON -DCAPAS_WITH_JANSSON=ON",
                      path);
}
#endif

capas_status capas_save(capas_model *model, const char *path)
{
    CAPAS_TRY(capas_model_check(model));
    if (!path || !*path)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "the path to save the model at is missing");
    if (capas_path_ends_in(path, ".capas") || capas_path_ends_in(path, ".c"))
        return capas_save_flat(model, path);
    return save(model, path);
}
