/* Models that are layers of others: Keras's nested models. Such a layer has the inner model as its
 * `part`, which is only structure: the weights of the layers in it, the leaves, are the outermost
 * model's, numbered in Keras's order, and its ops are laid into the outer model's program. */
#ifndef CAPAS_MODEL_NESTED_H
#define CAPAS_MODEL_NESTED_H

#include "model/model.h"

/* The layer of a model, which it takes over, also when it fails (NULL). */
capas_layer *capas_nested_new(capas_model *part);

/* Calls `visit` for a layer; when it is a model, for all layers in it instead. `within`: the model
 * that the layer is in. Stops at the first failure. */
typedef capas_status capas_leaf_visitor(void *context, const capas_model *within,
                                        capas_layer *layer);
capas_status capas_nested_leaves(const capas_model *within, capas_layer *layer,
                                 capas_leaf_visitor *visit, void *context);

/* Trains a layer, or all in it, or freezes them. */
void capas_nested_set_trainable(capas_layer *layer, bool trainable);
/* Whether a layer, or any in it, is stateful. */
bool capas_nested_is_stateful(capas_layer *layer);
/* Gives the leaves random numbers of their own. */
void capas_nested_set_streams(capas_model *model);
/* Numbers of the weights of a layer or of all in it; only those that train now, or only the others.
 */
int64_t capas_nested_count(const capas_layer *layer, bool trained);
/* Weights that parts had as models of their own go on. */
void capas_nested_take_weights(capas_model *model);

/* Keras's object of a layer or of a model within a model, to be written and made again. */
capas_value *capas_nested_object(const capas_layer *layer);

/* One use of a layer laid into a program: `outputs_of` has the buffers of the model's uses before
 * it, and gets its own, with those of its further outputs. */
void capas_lower_use(const capas_model *model, int use, capas_program *program, int *outputs_of);

#endif
