/* What reading chains (config_read.c) and graphs (config_graph.c) from configurations share. */
#ifndef CAPAS_MODEL_CONFIG_READ_H
#define CAPAS_MODEL_CONFIG_READ_H

#include "model/graph.h"

/* Inputs and outputs of the model that is read, nodes of the graph. */
typedef struct capas_ends {
    capas_node inputs[CAPAS_MAX_INPUTS], outputs[CAPAS_MAX_INPUTS];
    int input_count, output_count;
} capas_ends;

/* "model: " what was expected, ", found " what there is; NULL: nothing. */
capas_status capas_config_fail(const char *expected, const capas_value *found);

/* The layer of an entry {"class_name", "config", ...}, the `number`th; NULL with the sentence. */
capas_layer *capas_config_layer(const capas_value *entry, int number);
/* Its name, or NULL. */
const char *capas_config_layer_name(const capas_value *entry);

/* Whether an entry is of Keras 1; and what it would be now, NULL with the sentence. */
bool capas_config_is_keras1(const capas_value *entry);
capas_value *capas_config_renew_keras1(const capas_value *entry);

/* The "config" of a Functional model. */
capas_status capas_config_read_graph(const capas_value *config, capas_graph *graph,
                                     capas_ends *ends);

#endif
