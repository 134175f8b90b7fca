/* What a recipe is inside, and what its files share. Everything is checked when it is loaded, but
 * for what only a built model can tell. */
#ifndef CAPAS_RECIPE_PARTS_H
#define CAPAS_RECIPE_PARTS_H

#include "base/lines.h"
#include "base/option.h"
#include <capas/augment.h>
#include <capas/recipe.h>
#include <stdbool.h>

enum { CAPAS_RECIPE_CALLBACKS = 8 };

/* How a folder of pictures is read: capas_folder_options as a recipe says them, resolved. */
typedef struct capas_recipe_pictures {
    bool said; /* there are words that only pictures have */
    capas_pair image_size;
    int color_mode; /* 1 grayscale, 2 rgb, 3 rgba */
    int label_mode, interpolation, seed;
    double validation_split;
    int crop_to_aspect_ratio, pad_to_aspect_ratio, follow_links;
    int cache, antialias, upright, accurate_dct;
    const capas_value *class_names; /* of the tree; NULL: all sub folders */
} capas_recipe_pictures;

struct capas_recipe {
    char *path; /* for messages */
    char *name;
    capas_value *tree; /* the YAML, with the settings in it */

    const capas_value *model; /* of the tree: a list of layers; NULL when `keras` is there */
    capas_value *keras;       /* the configuration in a Keras JSON file */

    const char *data;     /* a name or folder, of the tree; NULL: none */
    double scale, offset; /* NaN scale: none said */
    bool one_hot;
    bool augments;
    capas_augment_options augment; /* resolved */
    capas_recipe_pictures pictures;

    capas_fit_options fit;  /* the numbers, as a program would write them */
    double *class_weights;  /* that fit.class_weight is; NULL: none */
    int *validation_epochs; /* that fit.validation_epochs is; NULL: none */
    bool validates_on_test;
    capas_callback *callbacks[CAPAS_RECIPE_CALLBACKS];
    int callback_count;
    bool decides; /* one of them decides by a number of the validation */
    double expected_accuracy, published_accuracy; /* on the test set; NaN: not said */
    double keras_lowest, keras_highest;           /* in Keras itself; NaN: not said */

    /* What the data that were opened are like, for the model made afterwards. */
    bool data_known;
    capas_shape sample;
    capas_preprocessing statistics;
    char **class_names;
    int class_count;
};

/* A failure: "PATH, line N: " and the rest; the line is left out when `at` has none. */
capas_status capas_recipe_fail(const capas_recipe *recipe, const capas_value *at,
                               capas_status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* That `map` is a map with no other keys than `names`; `what` says which map. NULL or null is fine.
 */
capas_status capas_recipe_check_keys(const capas_recipe *recipe, const capas_value *map,
                                     const char *what, const char *const *names, size_t count);

/* Changes the tree: "fit.epochs=1". */
capas_status capas_recipe_set(capas_recipe *recipe, const char *setting);

/* Each reads and checks one part of the tree at loading. */
capas_status capas_recipe_read_model(capas_recipe *recipe, const capas_value *model);
capas_status capas_recipe_read_data(capas_recipe *recipe, const capas_value *data);
capas_status capas_recipe_read_fit(capas_recipe *recipe, const capas_value *fit);
capas_status capas_recipe_read_callbacks(capas_recipe *recipe, const capas_value *list);
/* Number `index` of the callbacks that a recipe can name; NULL past the last. */
const capas_option_table *capas_recipe_callback_table(size_t index);
void capas_recipe_free_callbacks(capas_recipe *recipe);

/* Copies the names of the classes for the models made afterwards; NULL: none. */
capas_status capas_recipe_keep_classes(capas_recipe *recipe, const char *const *names, int count);

/* Keras's configuration of the list of layers, for samples of a shape; NULL on failure. */
capas_value *capas_recipe_config(const capas_recipe *recipe, const capas_shape *sample);

/* Everything that decides the bits of its training but the number of epochs, as lines
 * (base/lines.h).
 */
capas_status capas_recipe_lines(const capas_recipe *recipe, capas_builder *lines);

/* The number of epochs that it asks for. */
int capas_recipe_epochs(const capas_recipe *recipe);

/* The path of a recipe said by path or name, released by the caller; NULL when there is none. */
char *capas_recipe_find(const char *name);

#endif
