/* The options of a data set from a folder: Keras's defaults, and what they may be. */
#include "data/folder.h"
#include "training/trainer.h"

enum { USUAL_SIDE = 256 };

static capas_status fail_option(const char *folder, const char *what)
{
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: %s", folder, what);
}

static capas_status check_options(const char *folder, const capas_folder_options *options)
{
    if (options->label_mode < 0 || options->label_mode > CAPAS_LABELS_NONE)
        return fail_option(folder, "there is no such label_mode");
    if (options->channels == 2)
        return fail_option(folder, "channels must be 1 (grayscale), 3 (rgb) or 4 (rgba), found 2");
    if (options->seed < 0 || options->seed > UINT32_MAX)
        return fail_option(folder, "seed must be 0 to 4294967295");
    if (!(options->validation_split >= 0 && options->validation_split < 1))
        return fail_option(folder, "validation_split must be at least 0 and below 1");
    if (options->subset < 0 || options->subset > CAPAS_SUBSET_VALIDATION ||
        (options->validation_split > 0) != (options->subset != 0))
        return fail_option(folder, "validation_split and subset (training or validation) go "
                                   "together; give both or none");
    if (options->element != CAPAS_FLOAT32 && options->element != CAPAS_UINT8)
        return fail_option(folder, "element must be float32 or uint8");
    if (options->class_count < 0 || (options->class_count > 0) != (options->class_names != NULL))
        return fail_option(folder, "class_names and class_count must both be given");
    if (options->class_count > 0 && options->label_mode == CAPAS_LABELS_NONE)
        return fail_option(folder, "class_names cannot be given when there are no labels");
    return CAPAS_OK;
}

capas_status capas_folder_options_take(capas_folder_options *all, const capas_folder_options *given,
                                       const char *folder)
{
    CAPAS_TRY(capas_copy_options(all, sizeof *all, given, "data set"));
    if (all->label_mode == 0) all->label_mode = CAPAS_LABELS_INT;
    if (all->channels == 0) all->channels = 3;
    if (all->height == 0) all->height = USUAL_SIDE;
    if (all->width == 0) all->width = USUAL_SIDE;
    all->shuffle = all->shuffle != CAPAS_FALSE;
    return check_options(folder, all);
}
