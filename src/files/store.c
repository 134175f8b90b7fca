/* What training asks of files (training/store.h): models and weights. */
#include "training/store.h"
#include <capas/files.h>

capas_status capas_store_model(capas_model *model, const char *path)
{
    return capas_save(model, path);
}

capas_status capas_store_weights(capas_model *model, const char *path)
{
    return capas_save_weights(model, path);
}
