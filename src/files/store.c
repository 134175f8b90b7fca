/* What training asks of files (training/store.h): models and weights. */
#include "training/store.h"
#include "base/file.h"
#include "base/memory.h"
#include "files/keras.h"
#include <capas/files.h>

capas_status capas_store_model(capas_model *model, const char *path)
{
    return capas_save(model, path);
}

#if CAPAS_WITH_KERAS_FILES
capas_status capas_store_weights(capas_model *model, const char *path)
{
    void *image = NULL;
    size_t size = 0;
    CAPAS_TRY(capas_model_check(model));
    if (capas_keras_weights_image(model, &image, &size) != CAPAS_OK)
        return capas_fail_in("%s cannot be made", path);
    capas_status status = capas_write_file(path, image, size);
    capas_release(image);
    return status;
}
#else
capas_status capas_store_weights(capas_model *model, const char *path)
{
    (void)model;
    return capas_fail(CAPAS_UNSUPPORTED,
                      "%s cannot be written: capas was built without Keras's files; build it with "
                      "-DCAPAS_WITH_HDF5=ON -DCAPAS_WITH_ZIP=ON -DCAPAS_WITH_JANSSON=ON",
                      path);
}
#endif
