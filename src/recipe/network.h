/* Networks that are trained already within a recipe's list of layers. */
#ifndef CAPAS_RECIPE_NETWORK_H
#define CAPAS_RECIPE_NETWORK_H

#include "model/model.h"
#include "recipe/parts.h"

bool capas_recipe_is_network(const capas_value *item);
capas_status capas_recipe_check_network(const capas_recipe *recipe, const capas_value *item);

/* Keras's configuration of one as a layer; NULL on failure. */
capas_value *capas_recipe_network_entry(const capas_recipe *recipe, const capas_value *item);

/* The shape of what it takes. */
capas_status capas_recipe_network_sample(const capas_recipe *recipe, const capas_value *item,
                                         capas_shape *sample);

/* Gives the networks in a model that was just built their weights, freezes those that are not to be
 * trained, and says what bytes are to them. */
capas_status capas_recipe_begin_networks(const capas_recipe *recipe, capas_model *model,
                                         capas_preprocessing *bytes);

#endif
