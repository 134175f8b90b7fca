/* Recipes: a whole experiment in YAML, in Keras's words (docs/recipes.md). */
#ifndef CAPAS_RECIPE_H
#define CAPAS_RECIPE_H

#include <capas/data.h>
#include <capas/training.h>

CAPAS_BEGIN

typedef struct capas_recipe capas_recipe;

/* Reads a recipe by path, or by name from recipes/ (the environment's CAPAS_RECIPES, recipes/ below
 * the current folder, where capas was installed). `settings` are "key.path=value" texts that change
 * it
 * ("fit.epochs=1"). NULL on failure. */
CAPAS_API capas_recipe *capas_recipe_load(const char *name_or_path, const char *const *settings,
                                          int setting_count);
CAPAS_API void capas_recipe_free(capas_recipe *recipe);
CAPAS_API const char *capas_recipe_name(const capas_recipe *recipe);
/* The names of the recipes that can be loaded by name, sorted, one a line; freed with capas_free.
 */
CAPAS_API capas_status capas_recipe_names(char **names);
/* SHA-256, as text, of everything that decides the result but the seed: data, model, compile, fit.
 */
enum { CAPAS_RECIPE_HASH = 65 };
CAPAS_API capas_status capas_recipe_hash(const capas_recipe *recipe, char hash[CAPAS_RECIPE_HASH]);

/* The model, compiled, with its scale; the caller's. `seed` is its seed. Its input has the shape of
 * the data: of those opened before, otherwise of those that the recipe names. */
CAPAS_API capas_model *capas_recipe_model(const capas_recipe *recipe, uint64_t seed);

/* The data it names, or `data` (a name or folder) in its place. What fit and evaluate get. The
 * recipe notes what they are like (shape, range, mean, deviation, names of classes), for the models
 * made afterwards. */
typedef struct capas_recipe_data {
    capas_dataset *train, *validation, *test; /* validation may be NULL, or the test set */
    void *keep;                               /* what they rest on */
} capas_recipe_data;
CAPAS_API capas_status capas_recipe_open_data(capas_recipe *recipe, const char *data,
                                              capas_recipe_data *opened);
CAPAS_API void capas_recipe_close_data(capas_recipe_data *opened);

/* The fit options it names, with its callbacks, which live as long as the recipe; the caller may
 * add to them. */
CAPAS_API capas_status capas_recipe_fit_options(const capas_recipe *recipe,
                                                const capas_recipe_data *data,
                                                capas_fit_options *options);

/* The test accuracy it promises, or NaN. */
CAPAS_API double capas_recipe_expected_accuracy(const capas_recipe *recipe);
/* The one that its source published, or NaN. */
CAPAS_API double capas_recipe_published_accuracy(const capas_recipe *recipe);
/* The range of those that Keras itself reached with the same recipe, each NaN when none is named.
 */
CAPAS_API void capas_recipe_keras_accuracy(const capas_recipe *recipe, double *lowest,
                                           double *highest);
/* Whether its validation data are its test data: such a result is marked. */
CAPAS_API int capas_recipe_validates_on_test(const capas_recipe *recipe);

CAPAS_END

#endif
