/* Where IDX sets are looked for, and what is known of the two that have names: checksums of MNIST,
 * names of the classes of both. */
#include "data/idx.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef CAPAS_SHARE_FOLDER
#define CAPAS_SHARE_FOLDER "/usr/local/share/capas"
#endif

static const char *const digit_names[CAPAS_IDX_CLASSES] = {"0", "1", "2", "3", "4",
                                                           "5", "6", "7", "8", "9"};

static const char *const fashion_names[CAPAS_IDX_CLASSES] = {
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

/* SHA-256 of MNIST's files, not compressed: pictures and labels to train, to test. */
static const char *const mnist_sums[] = {
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
};

/* A set that has a name, and the folders that may hold it. */
typedef struct known_set {
    const char *name;
    const char *const *class_names, *const *sums;
    const char *folders[3]; /* after CAPAS_DATA/name */
    const char *advice;
} known_set;

static const known_set known_sets[] = {
    {"mnist",
     digit_names,
     mnist_sums,
     {"data/mnist", CAPAS_SHARE_FOLDER "/data/mnist", NULL},
     "set CAPAS_DATA to the folder that holds mnist/, or call from where data/mnist is"},
    {"fashion-mnist",
     fashion_names,
     NULL,
     {"/usr/share/datasets/fashion-mnist", "data/fashion-mnist", NULL},
     "install the package dataset-fashion-mnist, or set CAPAS_DATA to the folder that holds "
     "fashion-mnist/"},
};

static bool is_folder(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static capas_status set_folder(capas_idx_place *place, const char *parent, const char *name)
{
    int length =
        snprintf(place->folder, sizeof place->folder, "%s%s%s", parent, *parent ? "/" : "", name);
    if (length >= 0 && (size_t)length < sizeof place->folder) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "the data folder's path is too long");
}

static capas_status find_known(const known_set *set, capas_idx_place *place)
{
    place->class_names = set->class_names;
    place->sums = set->sums;
    const char *data = getenv("CAPAS_DATA");
    if (data && *data) {
        CAPAS_TRY(set_folder(place, data, set->name));
        if (is_folder(place->folder)) return CAPAS_OK;
    }
    for (int i = 0; set->folders[i]; i++) {
        CAPAS_TRY(set_folder(place, "", set->folders[i]));
        if (is_folder(place->folder)) return CAPAS_OK;
    }
    return capas_fail(CAPAS_NO_FILE, "the data set %s was not found in %s, %s or CAPAS_DATA; %s",
                      set->name, set->folders[0], set->folders[1], set->advice);
}

capas_status capas_idx_find(const char *name, capas_idx_place *place)
{
    memset(place, 0, sizeof *place);
    if (!name) return find_known(&known_sets[0], place);
    for (size_t i = 0; i < sizeof known_sets / sizeof known_sets[0]; i++)
        if (strcmp(name, known_sets[i].name) == 0) return find_known(&known_sets[i], place);
    CAPAS_TRY(set_folder(place, "", name));
    if (is_folder(name)) return CAPAS_OK;
    return capas_fail(CAPAS_NO_FILE,
                      "the data folder %s is not there; expected a folder with IDX files, mnist or "
                      "fashion-mnist",
                      name);
}
