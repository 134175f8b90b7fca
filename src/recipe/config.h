/* Making Keras's configuration of a recipe's layers: what chains (config.c) and graphs (graph.c)
 * share. */
#ifndef CAPAS_RECIPE_CONFIG_H
#define CAPAS_RECIPE_CONFIG_H

#include "recipe/parts.h"

/* A layer of the list: Keras's class, and the options or NULL. */
const char *capas_recipe_class(const capas_value *item);
const capas_value *capas_recipe_options(const capas_value *item);

/* All of these return NULL on failure. */

/* [null, 28, 28, 1] */
capas_value *capas_recipe_batch_shape(const capas_shape *sample);
/* {"class_name": ..., "config": the options without `inputs`} */
capas_value *capas_recipe_entry(const char *class_name, const capas_value *options);
/* A map of one key; takes `value` over. */
capas_value *capas_recipe_map_of(const char *key, capas_value *value);

/* layers, input_layers and output_layers of a Functional. A sample of rank 0: the list has its own
 * inputs. */
capas_status capas_recipe_fill_graph(const capas_recipe *recipe, const capas_shape *sample,
                                     capas_value *config);

#endif
