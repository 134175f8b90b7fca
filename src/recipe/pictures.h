/* The data of a recipe that are folders of pictures: their options, and opening them. */
#ifndef CAPAS_RECIPE_PICTURES_H
#define CAPAS_RECIPE_PICTURES_H

#include "data/sha256.h"
#include "recipe/parts.h"

/* The words of `data` that are for pictures, from a map in which others may stand. */
capas_status capas_recipe_read_pictures(capas_recipe *recipe, const capas_value *data);
/* Their names, for the check of the map; returns how many there are. */
size_t capas_recipe_picture_words(const char **names, size_t limit);

/* Whether a folder holds pictures in sub folders, and no IDX set. */
bool capas_recipe_has_pictures(const char *folder);

/* What one picture of the recipe's is. */
capas_shape capas_recipe_picture_shape(const capas_recipe *recipe);

/* The parts: the sub folders train, validation (or val) and test of a folder, or the folder itself,
 * cut by validation_split; a part that is not there is NULL. Notes in the recipe what they are
 * like. */
capas_status capas_recipe_open_pictures(capas_recipe *recipe, const char *folder,
                                        capas_recipe_data *opened);

/* Adds what tells the pictures apart from others. */
capas_status capas_recipe_hash_pictures(const capas_recipe *recipe, const char *folder,
                                        capas_sha256 *sum);

#endif
