/* The pictures in a folder, as keras.utils.image_dataset_from_directory lists them: each sub folder
 * a class, in the order of bytes; in it all files with a picture's ending, those in folders below
 * too, sorted by folder and name; then shuffled and cut into two parts. */
#ifndef CAPAS_DATA_FOLDER_LIST_H
#define CAPAS_DATA_FOLDER_LIST_H

#include "base/status.h"
#include <capas/data.h>

typedef struct capas_folder_file {
    char *path;
    int folder_length; /* of the path up to the name */
    int32_t label;
} capas_folder_file;

typedef struct capas_folder_list {
    int root_length; /* of what all paths begin with */
    capas_folder_file *files;
    size_t count, capacity;
    char **class_names; /* NULL without labels */
    size_t class_count, class_capacity;
} capas_folder_list;

/* Options that are resolved. On failure there is nothing to be freed. */
capas_status capas_folder_list_read(const char *folder, const capas_folder_options *options,
                                    capas_folder_list *list);
void capas_folder_list_free(capas_folder_list *list);

#endif
