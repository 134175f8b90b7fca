/* Folders of pictures, for recipes: the public face is capas_dataset_from_folder (capas/data.h). */
#ifndef CAPAS_DATA_FOLDER_H
#define CAPAS_DATA_FOLDER_H

#include "data/statistics.h"
#include <capas/data.h>

/* How often each level occurs in some pictures of a set from a folder, at even distances. */
capas_status capas_folder_count_levels(const capas_dataset *dataset, int64_t levels[CAPAS_LEVELS]);

#endif
