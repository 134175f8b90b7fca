/* Folders of pictures, inside: the public face is capas_dataset_from_folder (capas/data.h). */
#ifndef CAPAS_DATA_FOLDER_H
#define CAPAS_DATA_FOLDER_H

#include "base/status.h"
#include "data/statistics.h"
#include <capas/data.h>

/* The caller's options with the defaults in them, checked but for what a picture's check knows. */
capas_status capas_folder_options_take(capas_folder_options *all, const capas_folder_options *given,
                                       const char *folder);

/* How often each level occurs in some pictures of a set from a folder, at even distances. */
capas_status capas_folder_count_levels(const capas_dataset *dataset, int64_t levels[CAPAS_LEVELS]);

#endif
