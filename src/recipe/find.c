/* Finding a recipe: a path is taken as it is, a name is looked for in the folders of recipes. */
#include "base/builder.h"
#include "base/memory.h"
#include "base/text.h"
#include "recipe/parts.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef CAPAS_SHARE_FOLDER
#define CAPAS_SHARE_FOLDER "/usr/local/share/capas"
#endif

enum { FOLDERS = 3, PATH_SIZE = 4096, MOST_RECIPES = 256, NAME_SIZE = 64 };

static bool is_file(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && !S_ISDIR(found.st_mode);
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool is_path(const char *name)
{
    return strchr(name, '/') || ends_in(name, ".yaml") || ends_in(name, ".yml");
}

/* The folders in order; NULL where the environment says none. */
static void list_folders(const char *folders[FOLDERS])
{
    folders[0] = getenv("CAPAS_RECIPES");
    folders[1] = "recipes";
    folders[2] = CAPAS_SHARE_FOLDER "/recipes";
}

/* The names of recipes that there are, for the sentence about one that is not. */
typedef struct known_names {
    char text[MOST_RECIPES][NAME_SIZE];
    const char *names[MOST_RECIPES];
    size_t count;
} known_names;

static void add_names(known_names *known, const char *folder)
{
    DIR *listing = folder ? opendir(folder) : NULL;
    if (!listing) return;
    for (struct dirent *entry; (entry = readdir(listing)) && known->count < MOST_RECIPES;) {
        size_t length = strlen(entry->d_name);
        if (!ends_in(entry->d_name, ".yaml") || length - 5 >= NAME_SIZE) continue;
        char *name = known->text[known->count];
        memcpy(name, entry->d_name, length - 5);
        name[length - 5] = '\0';
        known->names[known->count++] = name;
    }
    closedir(listing);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "cnn-simple, crash-mlp, ..." */
static void join_names(const known_names *known, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < known->count && used < size; i++)
        used +=
            (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", known->names[i]);
    capas_cut_text(text, size, (int)used);
}

/* Of all folders, sorted; released by the caller. */
static known_names *list_names(void)
{
    const char *folders[FOLDERS];
    known_names *known = capas_allocate_zeroed(1, sizeof *known);
    if (!known) return NULL;
    list_folders(folders);
    for (int i = 0; i < FOLDERS; i++)
        add_names(known, folders[i]);
    qsort(known->names, known->count, sizeof known->names[0], compare_names);
    return known;
}

capas_status capas_recipe_names(char **names)
{
    capas_builder text = {0};
    if (!names) return capas_fail(CAPAS_INVALID_ARGUMENT, "a place for the names is missing");
    *names = NULL;
    known_names *known = list_names();
    if (!known) return CAPAS_NO_MEMORY;
    for (size_t i = 0; i < known->count; i++)
        if (i == 0 || strcmp(known->names[i], known->names[i - 1]) != 0)
            capas_builder_print(&text, "%s\n", known->names[i]);
    capas_release(known);
    return capas_builder_finish(&text, names);
}

static capas_status fail_unknown(const char *name)
{
    char list[400];
    known_names *known = list_names();
    if (!known) return CAPAS_NO_MEMORY;
    join_names(known, list, sizeof list);
    const char *nearest = capas_nearest_name(name, known->names, known->count);
    if (nearest)
        capas_fail(CAPAS_UNKNOWN_NAME, "no recipe \"%s\"; did you mean \"%s\"?", name, nearest);
    else if (known->count > 0)
        capas_fail(CAPAS_UNKNOWN_NAME,
                   "no recipe \"%s\"; there are %s, or give the path of a .yaml file", name, list);
    else
        capas_fail(CAPAS_UNKNOWN_NAME,
                   "no recipe \"%s\", and no folder of recipes; set CAPAS_RECIPES to one, or give "
                   "the path of a .yaml file",
                   name);
    capas_release(known);
    return CAPAS_UNKNOWN_NAME;
}

char *capas_recipe_find(const char *name)
{
    const char *folders[FOLDERS];
    char path[PATH_SIZE];
    if (is_path(name)) return capas_copy_string(name);
    list_folders(folders);
    for (int i = 0; i < FOLDERS; i++) {
        if (!folders[i]) continue;
        int length = snprintf(path, sizeof path, "%s/%s.yaml", folders[i], name);
        if (length > 0 && (size_t)length < sizeof path && is_file(path))
            return capas_copy_string(path);
    }
    fail_unknown(name);
    return NULL;
}
