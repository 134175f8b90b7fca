/* What --data and --part name, for the verbs that look at data. */
#include "command.h"

#include "base/status.h"
#include "base/text.h"
#include "recipe/pictures.h"
#include <capas/data.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_SIZE = 4096 };

capas_status cli_open_data(const char *data, const char *part, capas_dataset **dataset)
{
    const char *folder = strcmp(data, "mnist") == 0 ? NULL : data;
    if (strcmp(part, "train") == 0) return capas_load_idx(folder, dataset, NULL);
    if (strcmp(part, "test") == 0) return capas_load_idx(folder, NULL, dataset);
    return capas_fail(CAPAS_INVALID_ARGUMENT, "--part must be train or test, found \"%s\"", part);
}

/* The part's folder, or the whole one when it has none. */
static const char *find_part(const char *data, const char *part, char path[PATH_SIZE])
{
    struct stat found;
    const int length = snprintf(path, PATH_SIZE, "%s/%s", data, part);
    const bool is_there = length > 0 && length < PATH_SIZE && stat(path, &found) == 0;
    return is_there && S_ISDIR(found.st_mode) ? path : data;
}

/* In the size and with the classes of the model. */
static capas_status open_pictures(const capas_model *model, const char *folder,
                                  capas_dataset **dataset)
{
    capas_shape in, out;
    int count;
    char text[96];
    CAPAS_TRY(capas_model_input_shape(model, 0, &in));
    CAPAS_TRY(capas_model_output_shape(model, 0, &out));
    if (in.rank != 4 || out.rank != 2 || in.dims[1] < 1 || in.dims[2] < 1)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "%s holds pictures, but the model takes %s; it must take pictures of one "
                          "size and give probabilities",
                          folder, capas_shape_text(&in, text, sizeof text));
    const char *const *names = capas_model_class_names(model, &count);
    *dataset = capas_dataset_from_folder(
        folder, .label_mode = out.dims[1] == 1 ? CAPAS_LABELS_BINARY : CAPAS_LABELS_INT,
        .class_names = names, .class_count = count, .channels = (int)in.dims[3],
        .height = (int)in.dims[1], .width = (int)in.dims[2], .shuffle = CAPAS_FALSE,
        .element = CAPAS_UINT8);
    return *dataset ? CAPAS_OK : capas_error_status();
}

capas_status cli_open_data_for(const capas_model *model, const char *data, const char *part,
                               capas_dataset **dataset)
{
    char path[PATH_SIZE];
    if (!capas_recipe_has_pictures(data)) return cli_open_data(data, part, dataset);
    return open_pictures(model, find_part(data, part, path), dataset);
}
