/* A graph under construction: every layer given to it and every use of one, in the order they came.
 * capas_functional picks what its outputs need, in Keras's order (order.h). */
#ifndef CAPAS_MODEL_GRAPH_H
#define CAPAS_MODEL_GRAPH_H

#include "model/model.h"

/* What a new model's weights are: drawn as their initializers say; undefined, where a file has them
 * all; or nowhere, where the caller has the block. */
typedef enum capas_first_values {
    CAPAS_VALUES_DRAWN,
    CAPAS_VALUES_UNDEFINED,
    CAPAS_VALUES_ELSEWHERE,
} capas_first_values;

struct capas_graph {
    capas_layer **layers; /* each taken over */
    size_t layer_count, layer_capacity;
    capas_use *uses;
    size_t use_count, use_capacity;
    capas_status status; /* the first failure, its sentence below */
    char *message;
    bool part; /* what comes of it is a layer of another model, which has the weights */
    capas_first_values first_values;
};

/* Notes the thread's failure as the graph's first; returns it. */
capas_status capas_graph_keep_failure(capas_graph *graph, capas_status status);

/* Takes a layer over, whatever becomes of it; what is in the graph already stays as it is. Its
 * number among the graph's layers, or -1. capas_graph_apply does it by itself. */
int capas_graph_take(capas_graph *graph, capas_layer *layer);

/* Fails when the last use gives several outputs, of which a chain could take only one. */
capas_status capas_graph_check_chain(const capas_graph *graph);

/* Gives a layer without a name Keras's: its class in snake case, numbered from the second of its
 * class on; fails when the user's name is another layer's already. */
capas_status capas_graph_name_layer(const capas_graph *graph, capas_layer *layer);

/* Which uses and layers a model needs, in the order that Keras has them. */
typedef struct capas_order {
    int *uses; /* in an order in which they can run */
    int use_count;
    int *layers; /* as in model.layers */
    int layer_count;
} capas_order;
capas_status capas_order_find(const capas_graph *graph, const capas_node *inputs, int input_count,
                              const capas_node *outputs, int output_count, capas_order *order);
void capas_order_free(capas_order *order);

/* Numbers the weights of the model's layers and makes the block. */
capas_status capas_model_make_weights(capas_model *model, capas_first_values first);

/* capas_model_from_config with other first values than drawn ones. */
capas_model *capas_model_from_config_with(const capas_value *config, capas_first_values first);

/* A model with nothing in it; NULL when memory runs out. */
capas_model *capas_model_new(void);

#endif
