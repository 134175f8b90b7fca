/* What a model is inside: layers, their uses (Keras's nodes) in order, and the one block of
 * weights. The graph under construction is the same struct without weights. Running it is plan.h's.
 */
#ifndef CAPAS_MODEL_MODEL_H
#define CAPAS_MODEL_MODEL_H

#include "base/mapping.h"
#include "layers/layer.h"
#include <capas/model.h>
#include <pthread.h>

/* One use of a layer: Keras's node. Shared layers have several. A layer with several outputs has an
 * entry more for each beyond the first, which takes the first entry and nothing else. */
typedef struct capas_use {
    int layer;   /* in the model's layers */
    int *inputs; /* uses whose outputs it takes; NULL for an input layer */
    int input_count;
    int node_index;   /* which use of its layer this is, from 0: Keras's node_index */
    int output_index; /* which of its outputs, Keras's tensor_index; above 0: such an entry */
    capas_shape output;
    capas_element element;
} capas_use;

/* A weight's place in the blocks, in elements. */
typedef struct capas_model_weight {
    capas_layer *layer;
    capas_weight *weight;
    int64_t offset, count;   /* in the block of values; count is padded to the kernels' layout */
    int64_t gradient_offset; /* in the gradient's block and each optimizer slot; -1: not trained
                                (frozen when compiled, or by its nature) */
} capas_model_weight;

struct capas_model {
    char *name;
    bool named_by_user;
    bool sequential;      /* made as a chain; otherwise functional */
    capas_layer **layers; /* Keras's order (depth, keras-semantics 1.9), inputs included */
    int layer_count;
    capas_use *uses; /* in an order in which they can run */
    int use_count;
    int *inputs, *outputs; /* uses */
    int input_count, output_count;

    uint64_t seed;
    capas_model_weight *weights; /* over the layers in order, each trainable then not */
    int weight_count;
    float *values;         /* the one block */
    bool values_lent;      /* they are not ours: read only, and not released */
    capas_mapping mapping; /* of the file that they lie in, if there is one */
    int64_t value_count, gradient_count;
    uint64_t version; /* grows when values change; packed copies carry it */

    bool saves_memory; /* its plans that predict do */
    bool told_masks;   /* which layers end a mask was said */
    capas_preprocessing preprocessing;
    char **class_names;
    int class_count;

    capas_status status; /* the first failure, kept; its sentence below */
    char *message;

    pthread_mutex_t lock;     /* guards the plans */
    struct capas_plan *plans; /* a list */

    /* Numbers that the optimizer keeps (Keras's optimizer.variables, step count and learning rate
     * among them), for the summary; set by training, 0: no optimizer has started. */
    int64_t optimizer_variable_count;

    /* What training keeps with a model (its compile settings, optimizer, plans); training frees it.
     */
    struct capas_trainer *trainer;
    void (*free_trainer)(struct capas_trainer *trainer);
};

/* Nothing is known of what bytes mean. */
capas_preprocessing capas_preprocessing_unknown(void);
/* Whether pictures' channels differ, or change places. */
bool capas_preprocessing_tells_channels(const capas_preprocessing *preprocessing);
/* Bytes of whole pixels as input number `input` takes them. */
void capas_model_scale_bytes(const capas_model *model, int input, const uint8_t *bytes,
                             int64_t count, float *values);

/* Notes a failure of the thread as the model's first; returns it. */
capas_status capas_model_keep_failure(capas_model *model, capas_status status);
/* What a call does first: the kept failure, or CAPAS_OK. NULL: the thread's last failure. */
capas_status capas_model_check(const capas_model *model);

/* Gives gradient offsets to the weights that are trainable now (layer and weight), 16 elements
 * aligned; sets gradient_count. Drops plans made before. */
capas_status capas_model_place_gradients(capas_model *model);
/* Gives a model without values the block of another, to be read only; `mapping` (of size 0: none)
 * is the model's from now on. */
void capas_model_lend_values(capas_model *model, const float *values, capas_mapping mapping);
/* Before values are changed: they become a copy of the model's own, if they are not yet. */
capas_status capas_model_own_values(capas_model *model);
void capas_model_release_values(capas_model *model);
/* All weights of another model, which must have the same ones. */
capas_status capas_model_take_weights(capas_model *model, const capas_model *from);
/* After values changed by other means than capas_model_set_weight. */
void capas_model_touch(capas_model *model);
capas_layer *capas_model_layer(const capas_model *model, const char *name);
/* "model m has no layer "dens"; did you mean "dense"?" */
capas_status capas_model_fail_no_layer(const capas_model *model, const char *name);
/* Draws all weights as their initializers say. */
capas_status capas_model_initialize(capas_model *model);

/* Keras's serialised configuration ({"module", "class_name", "config", ...} without
 * compile_config), and the model of such a tree. For files and recipes. */
capas_value *capas_model_config(const capas_model *model);
capas_model *capas_model_from_config(const capas_value *config);

/* Beside the configuration: how bytes are scaled, what the training data was like, names of the
 * classes. */
capas_value *capas_model_extra(const capas_model *model);
capas_status capas_model_read_extra(capas_model *model, const capas_value *extra);

#endif
