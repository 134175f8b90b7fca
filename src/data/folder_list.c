/* Listing a folder of pictures; see folder_list.h. Endings are Keras's, in any case, and .webp. */
#include "data/folder_list.h"
#include "base/memory.h"
#include "data/numpy_shuffle.h"
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { PATH_SIZE = 4096, DEEPEST = 32 };

/* Those that Keras reads and capas does not are found, and refused by name. */
static const char *const endings[] = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"};
enum { READ = 4, ENDINGS = sizeof endings / sizeof endings[0] };

void capas_folder_list_free(capas_folder_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        capas_release(list->files[i].path);
    for (size_t i = 0; i < list->class_count; i++)
        capas_release(list->class_names[i]);
    capas_release(list->files);
    capas_release(list->class_names);
    *list = (capas_folder_list){0};
}

static bool is_folder(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static bool is_link(const char *path)
{
    struct stat found;
    return lstat(path, &found) == 0 && S_ISLNK(found.st_mode);
}

static int ending_of(const char *name)
{
    const size_t length = strlen(name);
    for (int i = 0; i < ENDINGS; i++) {
        const size_t end = strlen(endings[i]);
        if (length >= end && strcasecmp(name + length - end, endings[i]) == 0) return i;
    }
    return ENDINGS;
}

static capas_status join(char path[PATH_SIZE], const char *folder, const char *name)
{
    const int length = snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    if (length > 0 && length < PATH_SIZE) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: the path of a file in it is too long", folder);
}

static capas_status add_file(capas_folder_list *list, const char *folder, const char *name,
                             int32_t label)
{
    char path[PATH_SIZE];
    CAPAS_TRY(join(path, folder, name));
    const int ending = ending_of(name);
    if (ending == ENDINGS) return CAPAS_OK;
    if (ending >= READ)
        return capas_fail(CAPAS_UNSUPPORTED,
                          "%s: capas reads PNG, JPEG and WebP; convert the picture to one of them, "
                          "or take it out of the folder",
                          path);
    CAPAS_TRY(capas_grow((void **)&list->files, list->count, &list->capacity, sizeof *list->files));
    char *copy = capas_copy_string(path);
    if (!copy) return CAPAS_NO_MEMORY;
    list->files[list->count++] = (capas_folder_file){copy, (int)strlen(folder), label};
    return CAPAS_OK;
}

static capas_status walk(capas_folder_list *list, const char *folder, int32_t label,
                         bool follow_links, int depth)
{
    char path[PATH_SIZE];
    if (depth > DEEPEST)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: more than %d folders lie in one another; do links lead round?",
                          folder, DEEPEST);
    DIR *listing = opendir(folder);
    /* As os.walk does, what cannot be listed is passed over below the class's folder. */
    if (!listing) return depth > 0 ? CAPAS_OK : capas_fail(CAPAS_NO_FILE, "%s: no folder", folder);
    capas_status status = CAPAS_OK;
    for (struct dirent *entry; status == CAPAS_OK && (entry = readdir(listing));) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        status = join(path, folder, name);
        if (status != CAPAS_OK) break;
        if (!is_folder(path))
            status = add_file(list, folder, name, label);
        else if (follow_links || !is_link(path))
            status = walk(list, path, label, follow_links, depth + 1);
    }
    closedir(listing);
    return status;
}

/* By class, then by folder, then by name. */
static int compare_files(const void *left, const void *right)
{
    const capas_folder_file *a = left, *b = right;
    if (a->label != b->label) return a->label < b->label ? -1 : 1;
    const int least = a->folder_length < b->folder_length ? a->folder_length : b->folder_length;
    const int folders = memcmp(a->path, b->path, (size_t)least);
    if (folders != 0) return folders;
    if (a->folder_length != b->folder_length) return a->folder_length - b->folder_length;
    return strcmp(a->path + a->folder_length, b->path + b->folder_length);
}

/* Classes -----------------------------------------------------------------------------------------
 */

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static capas_status add_class(capas_folder_list *list, const char *name)
{
    CAPAS_TRY(capas_grow((void **)&list->class_names, list->class_count, &list->class_capacity,
                         sizeof *list->class_names));
    char *copy = capas_copy_string(name);
    if (!copy) return CAPAS_NO_MEMORY;
    list->class_names[list->class_count++] = copy;
    return CAPAS_OK;
}

/* The sub folders, but hidden ones. */
static capas_status find_classes(const char *folder, capas_folder_list *list)
{
    char path[PATH_SIZE];
    DIR *listing = opendir(folder);
    if (!listing)
        return capas_fail(CAPAS_NO_FILE,
                          "%s: no folder that can be listed; a folder with a sub "
                          "folder of pictures for each class is wanted",
                          folder);
    capas_status status = CAPAS_OK;
    for (struct dirent *entry; status == CAPAS_OK && (entry = readdir(listing));) {
        if (entry->d_name[0] == '.') continue;
        status = join(path, folder, entry->d_name);
        if (status == CAPAS_OK && is_folder(path)) status = add_class(list, entry->d_name);
    }
    closedir(listing);
    if (status == CAPAS_OK && list->class_count > 0)
        qsort(list->class_names, list->class_count, sizeof *list->class_names, compare_names);
    return status;
}

/* Those that were named, in their order; each must be a sub folder. */
static capas_status take_classes(const char *folder, const capas_folder_options *options,
                                 capas_folder_list *list)
{
    char path[PATH_SIZE];
    for (int i = 0; i < options->class_count; i++) {
        const char *name = options->class_names[i];
        CAPAS_TRY(join(path, folder, name ? name : ""));
        if (!name || !*name || strchr(name, '/') || name[0] == '.' || !is_folder(path))
            return capas_fail(CAPAS_INVALID_ARGUMENT,
                              "%s: class_names has \"%s\", but there is no such sub folder", folder,
                              name ? name : "");
        CAPAS_TRY(add_class(list, name));
    }
    return CAPAS_OK;
}

static capas_status list_classes(const char *folder, const capas_folder_options *options,
                                 capas_folder_list *list)
{
    char path[PATH_SIZE];
    CAPAS_TRY(options->class_count > 0 ? take_classes(folder, options, list)
                                       : find_classes(folder, list));
    if (list->class_count == 0)
        return capas_fail(CAPAS_BAD_DATA,
                          "%s: has no sub folders; a sub folder of pictures for each class is "
                          "wanted (or label_mode none)",
                          folder);
    for (size_t i = 0; i < list->class_count; i++) {
        CAPAS_TRY(join(path, folder, list->class_names[i]));
        CAPAS_TRY(walk(list, path, (int32_t)i, options->follow_links != 0, 0));
    }
    return CAPAS_OK;
}

/* Order and part ----------------------------------------------------------------------------------
 */

static capas_status shuffle(capas_folder_list *list, uint32_t seed)
{
    int64_t *order = capas_allocate(list->count, sizeof *order);
    capas_folder_file *files = capas_copy_memory(list->files, list->count * sizeof *files);
    if (order && files) {
        capas_numpy_shuffle(order, (int64_t)list->count, seed);
        for (size_t i = 0; i < list->count; i++)
            list->files[i] = files[order[i]];
    }
    const bool done = order && files;
    capas_release(order);
    capas_release(files);
    return done ? CAPAS_OK : CAPAS_NO_MEMORY;
}

/* The last int(split * count) are for validation. */
static capas_status take_part(const char *folder, const capas_folder_options *options,
                              capas_folder_list *list)
{
    const size_t kept = (size_t)(options->validation_split * (double)list->count);
    const size_t first = list->count - kept;
    if (options->validation_split == 0) return CAPAS_OK;
    if (kept == 0 || first == 0)
        return capas_fail(CAPAS_BAD_DATA,
                          "%s: validation_split %.9g of %zu pictures leaves %zu for training and "
                          "%zu for validation; both need at least one",
                          folder, options->validation_split, list->count, first, kept);
    const bool validates = options->subset == CAPAS_SUBSET_VALIDATION;
    for (size_t i = 0; i < list->count; i++)
        if (validates == (i < first)) capas_release(list->files[i].path);
    if (validates) memmove(list->files, list->files + first, kept * sizeof *list->files);
    list->count = validates ? kept : first;
    return CAPAS_OK;
}

static capas_status read_list(const char *folder, const capas_folder_options *options,
                              capas_folder_list *list)
{
    if (options->label_mode == CAPAS_LABELS_NONE)
        CAPAS_TRY(walk(list, folder, 0, options->follow_links != 0, 0));
    else
        CAPAS_TRY(list_classes(folder, options, list));
    if (list->count == 0)
        return capas_fail(CAPAS_BAD_DATA, "%s: has no pictures (.png, .jpg, .jpeg, .webp)", folder);
    qsort(list->files, list->count, sizeof *list->files, compare_files);
    if (options->shuffle) CAPAS_TRY(shuffle(list, (uint32_t)options->seed));
    return take_part(folder, options, list);
}

capas_status capas_folder_list_read(const char *folder, const capas_folder_options *options,
                                    capas_folder_list *list)
{
    *list = (capas_folder_list){.root_length = (int)strlen(folder)};
    const capas_status status = read_list(folder, options, list);
    if (status != CAPAS_OK) capas_folder_list_free(list);
    return status;
}
