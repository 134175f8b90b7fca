/* Folders of pictures in recipes: the words are those of keras.utils.image_dataset_from_directory.
 * Pictures come as bytes, so that the recipe's scale travels with the model and `capas predict`
 * gives it the same. */
#include "recipe/pictures.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/folder.h"
#include "training/dataset.h"
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_SIZE = 4096, WHERE_SIZE = 600, FOUND_SIZE = 96 };

static const char *const label_modes[] = {"int", "categorical", "binary", NULL};
static const char *const color_modes[] = {"grayscale", "rgb", "rgba", NULL};
static const int channels_of[] = {0, 1, 3, 4}; /* by the number of a color_mode */
static const char *const interpolations[] = {"nearest",  "bilinear",      "bicubic",
                                             "lanczos3", "lanczos5",      "area",
                                             "gaussian", "mitchellcubic", NULL};

#define FIELD(name) offsetof(capas_recipe_pictures, name)
#define YES_OR_NO(name, text)                                                                      \
    {                                                                                              \
#name, &capas_option_bool, FIELD(name), 0, .help = text                                    \
    }
static const capas_option options[] = {
    {"image_size", &capas_option_pair, FIELD(image_size), 256, .minimum = 1, .maximum = 32768,
     .help = "height and width that pictures are brought to"},
    {"color_mode", &capas_option_enum, FIELD(color_mode), 2, .words = color_modes,
     .help = "how many channels"},
    {"label_mode", &capas_option_enum, FIELD(label_mode), CAPAS_LABELS_INT, .words = label_modes,
     .help = "how classes are told"},
    {"interpolation", &capas_option_enum, FIELD(interpolation), CAPAS_INTERPOLATE_BILINEAR,
     .words = interpolations, .help = "what lies between pixels"},
    {.name = "validation_split",
     .kind = &capas_option_real,
     .offset = FIELD(validation_split),
     .maximum = 1,
     .help = "the share of the pictures that is for validation"},
    {.name = "seed",
     .kind = &capas_option_integer,
     .offset = FIELD(seed),
     .minimum = 0,
     .maximum = 2147483646,
     .help = "of the order before the split"},
    YES_OR_NO(crop_to_aspect_ratio, "whether sides are cut so that proportions stay"),
    YES_OR_NO(pad_to_aspect_ratio, "whether a rim is put around so that proportions stay"),
    YES_OR_NO(follow_links, "whether links to folders are followed"),
    YES_OR_NO(cache, "whether decoded pictures stay in memory"),
    YES_OR_NO(antialias, "whether shrinking takes the mean of all pixels under a result"),
    YES_OR_NO(upright, "whether pictures are turned as EXIF says"),
    YES_OR_NO(accurate_dct, "whether JPEGs are decoded as Pillow does"),
};

static const capas_option_table table = {"data", options, CAPAS_COUNT(options),
                                         sizeof(capas_recipe_pictures)};

size_t capas_recipe_picture_words(const char **names, size_t limit)
{
    size_t count = 0;
    if (limit > 0) names[count++] = "class_names";
    for (size_t i = 0; i < CAPAS_COUNT(options) && count < limit; i++)
        names[count++] = options[i].name;
    return count;
}

/* Reading -----------------------------------------------------------------------------------------
 */

static capas_status read_class_names(capas_recipe *recipe, const capas_value *list)
{
    char found[FOUND_SIZE];
    bool right = list->kind == CAPAS_VALUE_LIST && list->count > 0;
    for (size_t i = 0; right && i < list->count; i++)
        right = list->items[i]->kind == CAPAS_VALUE_STRING;
    if (!right)
        return capas_recipe_fail(recipe, list, CAPAS_INVALID_ARGUMENT,
                                 "data: class_names must be a list of the names of sub folders, "
                                 "found %s",
                                 capas_value_describe(list, found, sizeof found));
    recipe->pictures.class_names = list;
    return CAPAS_OK;
}

/* The words of the table, out of a map with others. */
static capas_status read_words(capas_recipe_pictures *pictures, const capas_value *data,
                               const char *where)
{
    capas_value *own = capas_value_map();
    capas_status status = own ? CAPAS_OK : CAPAS_NO_MEMORY;
    for (size_t i = 0; i < CAPAS_COUNT(options) && status == CAPAS_OK; i++) {
        const capas_value *said = capas_value_get(data, options[i].name);
        if (said) status = capas_value_set(own, options[i].name, capas_value_clone(said));
    }
    if (status == CAPAS_OK) status = capas_options_read(&table, pictures, own, where);
    if (own && own->count > 0) pictures->said = true;
    capas_value_free(own);
    return status;
}

capas_status capas_recipe_read_pictures(capas_recipe *recipe, const capas_value *data)
{
    char where[WHERE_SIZE];
    capas_recipe_pictures *pictures = &recipe->pictures;
    const capas_value *names = capas_value_get(data, "class_names");
    capas_cut_text(where, sizeof where, snprintf(where, sizeof where, "%s: data", recipe->path));
    CAPAS_TRY(capas_options_resolve(&table, pictures, where));
    CAPAS_TRY(read_words(pictures, data, where));
    if (names) CAPAS_TRY(read_class_names(recipe, names));
    pictures->said = pictures->said || names;
    if (pictures->crop_to_aspect_ratio && pictures->pad_to_aspect_ratio)
        return capas_recipe_fail(recipe, data, CAPAS_INVALID_ARGUMENT,
                                 "data: crop_to_aspect_ratio and pad_to_aspect_ratio cannot both "
                                 "be true");
    if (recipe->one_hot) pictures->label_mode = CAPAS_LABELS_CATEGORICAL;
    return CAPAS_OK;
}

capas_shape capas_recipe_picture_shape(const capas_recipe *recipe)
{
    const capas_recipe_pictures *pictures = &recipe->pictures;
    return (capas_shape){3,
                         {pictures->image_size.height, pictures->image_size.width,
                          channels_of[pictures->color_mode]}};
}

/* Folders -----------------------------------------------------------------------------------------
 */

/* "FOLDER/NAME"; false when that is no folder. */
static bool find_folder(const char *folder, const char *name, char path[PATH_SIZE])
{
    struct stat found;
    const int length = snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    return length > 0 && length < PATH_SIZE && stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

bool capas_recipe_has_pictures(const char *folder)
{
    static const char idx[] = "train-images-idx3-ubyte";
    char path[PATH_SIZE];
    bool has_folders = false, has_idx = false;
    DIR *listing = opendir(folder);
    if (!listing) return false;
    for (struct dirent *entry; !has_idx && (entry = readdir(listing));) {
        has_idx = strncmp(entry->d_name, idx, sizeof idx - 1) == 0;
        if (entry->d_name[0] != '.' && !has_folders)
            has_folders = find_folder(folder, entry->d_name, path);
    }
    closedir(listing);
    return has_folders && !has_idx;
}

/* Where the parts are. */
typedef struct parts {
    char train[PATH_SIZE], validation[PATH_SIZE], test[PATH_SIZE];
    bool apart;                    /* they are sub folders */
    bool has_validation, has_test; /* apart */
} parts;

static void find_parts(const char *folder, parts *parts)
{
    parts->apart = find_folder(folder, "train", parts->train);
    if (!parts->apart) {
        snprintf(parts->train, sizeof parts->train, "%s", folder);
        parts->has_validation = parts->has_test = false;
        return;
    }
    parts->has_validation = find_folder(folder, "validation", parts->validation) ||
                            find_folder(folder, "val", parts->validation);
    parts->has_test = find_folder(folder, "test", parts->test);
}

/* Opening -----------------------------------------------------------------------------------------
 */

/* Names of classes as the constructor takes them. */
typedef struct class_list {
    const char **names;
    int count;
} class_list;

static capas_status take_names(const capas_value *list, class_list *classes)
{
    *classes = (class_list){0};
    if (!list) return CAPAS_OK;
    classes->names = capas_allocate(list->count, sizeof *classes->names);
    if (!classes->names) return CAPAS_NO_MEMORY;
    for (size_t i = 0; i < list->count; i++)
        classes->names[i] = list->items[i]->string;
    classes->count = (int)list->count;
    return CAPAS_OK;
}

static capas_status open_part(const capas_recipe *recipe, const char *folder,
                              const class_list *classes, capas_subset subset, capas_dataset **set)
{
    const capas_recipe_pictures *from = &recipe->pictures;
    *set = capas_dataset_from_folder(
        folder, .label_mode = from->label_mode, .class_names = classes->names,
        .class_count = classes->count, .channels = channels_of[from->color_mode],
        .height = from->image_size.height, .width = from->image_size.width, .seed = from->seed,
        .validation_split = subset ? from->validation_split : 0, .subset = subset,
        .interpolation = from->interpolation, .crop_to_aspect_ratio = from->crop_to_aspect_ratio,
        .pad_to_aspect_ratio = from->pad_to_aspect_ratio, .follow_links = from->follow_links,
        .cache = from->cache, .antialias = from->antialias, .upright = from->upright,
        .accurate_dct = from->accurate_dct, .element = CAPAS_UINT8);
    return *set ? CAPAS_OK : capas_error_status();
}

/* The other parts have the classes of the training part, in its order. */
static capas_status open_others(const capas_recipe *recipe, const parts *parts,
                                capas_recipe_data *opened)
{
    int count;
    const char *const *names = capas_dataset_class_names(opened->train, &count);
    const class_list classes = {(const char **)names, count};
    if (parts->has_validation)
        CAPAS_TRY(open_part(recipe, parts->validation, &classes, 0, &opened->validation));
    else if (recipe->pictures.validation_split > 0)
        CAPAS_TRY(open_part(recipe, parts->train, &classes, CAPAS_SUBSET_VALIDATION,
                            &opened->validation));
    if (parts->has_test) CAPAS_TRY(open_part(recipe, parts->test, &classes, 0, &opened->test));
    return CAPAS_OK;
}

static capas_status open_parts(const capas_recipe *recipe, const char *folder,
                               capas_recipe_data *opened)
{
    parts parts;
    class_list classes;
    find_parts(folder, &parts);
    if (parts.has_validation && recipe->pictures.validation_split > 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: validation_split cuts the training pictures, but there is a folder "
                          "%s; leave one of them out",
                          folder, parts.validation);
    CAPAS_TRY(take_names(recipe->pictures.class_names, &classes));
    const bool splits = recipe->pictures.validation_split > 0;
    capas_status status = open_part(recipe, parts.train, &classes,
                                    splits ? CAPAS_SUBSET_TRAINING : 0, &opened->train);
    capas_release(classes.names);
    return status == CAPAS_OK ? open_others(recipe, &parts, opened) : status;
}

/* What models made from now on are told of their data. A few pictures stand for all, but for the
 * range. */
static capas_status note(capas_recipe *recipe, const capas_dataset *train)
{
    int64_t levels[CAPAS_LEVELS];
    int count;
    const double scale = isnan(recipe->scale) ? 1 : recipe->scale;
    CAPAS_TRY(capas_folder_count_levels(train, levels));
    capas_describe_levels(levels, scale, recipe->offset, &recipe->statistics);
    const double ends[] = {recipe->offset, 255 * scale + recipe->offset};
    recipe->statistics.minimum = fmin(ends[0], ends[1]);
    recipe->statistics.maximum = fmax(ends[0], ends[1]);
    recipe->sample = capas_recipe_picture_shape(recipe);
    const char *const *names = capas_dataset_class_names(train, &count);
    CAPAS_TRY(capas_recipe_keep_classes(recipe, names, count));
    recipe->data_known = true;
    return CAPAS_OK;
}

capas_status capas_recipe_open_pictures(capas_recipe *recipe, const char *folder,
                                        capas_recipe_data *opened)
{
    CAPAS_TRY(open_parts(recipe, folder, opened));
    if (recipe->validates_on_test) {
        if (!opened->test)
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "fit: validation is test, but %s has no folder test beside train",
                              folder);
        if (opened->validation)
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "fit: validation is test, but %s has pictures for validation, too",
                              folder);
        opened->validation = opened->test;
    }
    return note(recipe, opened->train);
}

capas_status capas_recipe_hash_pictures(const capas_recipe *recipe, const char *folder,
                                        capas_sha256 *sum)
{
    capas_recipe_data opened = {0};
    capas_status status = open_parts(recipe, folder, &opened);
    capas_dataset *sets[] = {opened.train, opened.validation, opened.test};
    for (size_t i = 0; i < CAPAS_COUNT(sets); i++) {
        const uint64_t print =
            status == CAPAS_OK && sets[i] ? sets[i]->type->fingerprint(sets[i]) : 0;
        capas_sha256_add(sum, &print, sizeof print);
        capas_dataset_free(sets[i]);
    }
    return status;
}
