/* What a layer is inside: a type (what all Conv2D share: options, shapes, weights, lowering) and an
 * instance (its configuration and weights). A new layer is one file that defines a
 * capas_layer_type, and one line in layers/list.h. */
#ifndef CAPAS_LAYERS_LAYER_H
#define CAPAS_LAYERS_LAYER_H

#include "base/option.h"
#include "ops/program.h"
#include <capas/layers.h>

enum { CAPAS_LAYER_WEIGHTS = 8, CAPAS_MAX_INPUTS = 64, CAPAS_MOST_INNER = 2 };

/* How a weight lies in the model's block: as Keras has it, as a matrix tiled for the dense kernels,
 * or a volume's kernel [depth, height, width, a, b] as [height, width, depth, a, b]
 * (convolution.h). Chosen from the shape alone, so that every plan accepts it. */
typedef enum capas_weight_layout {
    CAPAS_LAYOUT_PLAIN,
    CAPAS_LAYOUT_TILED,
    CAPAS_LAYOUT_DEPTH_INSIDE,
} capas_weight_layout;

/* One weight of a layer. */
typedef struct capas_weight {
    const char *name;  /* Keras's: "kernel", "gamma", ... */
    capas_shape shape; /* Keras's */
    capas_weight_layout layout;
    capas_initializer initializer;
    capas_regularizer regularizer;
    capas_constraint constraint;  /* what the layer's option says of it */
    bool trainable;               /* by its nature: false for moving statistics */
    int64_t ones_begin, ones_end; /* elements that start at 1, whatever the initializer says */
    struct capas_weight *inner;  /* of a layer in a wrapper: that layer's weight, of which this is a
                                    copy and which gets the index too; NULL: not so */
    struct capas_weight *vector; /* of a kernel in a SpectralNormalization: its vector_u ... */
    int power_iterations;        /* ... and how often it moves in a step; 0: not so */
    int index;                   /* in the model; set when the model takes the layer */
} capas_weight;

typedef struct capas_layer_type {
    const char *name;            /* Keras's class: "Conv2D" */
    const char *summary;         /* one sentence for `capas layers` */
    const char *registered_name; /* of a layer that the caller registered, "Custom>Swish"; NULL:
                                    Keras's own */
    capas_option_table options;
    int minimum_inputs, maximum_inputs;
    bool has_build_config; /* Keras writes build_config for it (keras-semantics 7.1) */

    /* Of a wrapper (wrapper.h): where its options have the layers in it, 0: none; and what Keras's
     * files call them. Those of a recurrent layer have its weights in a "cell". */
    size_t inner[CAPAS_MOST_INNER];
    const char *inner_names[CAPAS_MOST_INNER];
    const char *cell;         /* the class in snake case: "lstm_cell"; NULL: no such */
    bool has_kernel_of_inner; /* Keras's files have the inner layer's first weight among the
                                 wrapper's own, too */

    /* For a family of layers that share the functions below: fills in what these go by, a struct of
     * the family (convolution.h). NULL: no such family. */
    void (*describe)(const capas_layer *layer, void *description);
    /* Checks that need more than one option; NULL: none. `where`: "layer conv2d". */
    capas_status (*check)(const capas_layer *layer, const char *where);
    /* The output's shape (and element) from the inputs'; dims[0] = CAPAS_ANY. Fails with a
     * sentence. */
    capas_status (*infer)(const capas_layer *layer, const capas_shape *inputs, int count,
                          capas_shape *output);
    /* Declares weights for the inputs' shapes, with capas_layer_add_weight. NULL: none. */
    capas_status (*build)(capas_layer *layer, const capas_shape *inputs, int count);
    /* Adds the layer's ops to a program, for one use of the layer; returns the output buffer, or
     * CAPAS_NO_BUFFER with the program's status set. NULL only for InputLayer. */
    int (*lower)(const capas_layer *layer, capas_program *program, const int *inputs, int count);
    /* Layers that may have several outputs: how many, and instead of `lower` what writes the buffer
     * of each; `infer` then writes as many shapes. NULL: one. */
    int (*output_count)(const capas_layer *layer);
    void (*lower_all)(const capas_layer *layer, capas_program *program, const int *inputs,
                      int count, int *outputs);
    /* Inputs behind the first are what Keras calls with as initial_state. */
    bool takes_states;
    /* Whether masks of the inputs pass through (Keras's supports_masking). */
    bool passes_mask;
    /* Sees to them itself; of the others model/lower.c says that a mask ends there. */
    bool takes_mask;
    /* What Keras writes beside the inputs of a use: {"mask": null}, {"training": false}. */
    bool call_has_mask, call_has_training;
    bool call_training; /* what it says of training */
    /* Its configuration has no "trainable", and the dtype by its name alone; Keras takes no other.
     */
    bool plain_config;
    /* Frees what its options own besides their own memory; NULL: nothing. */
    void (*release)(void *options);
} capas_layer_type;

struct capas_layer {
    const capas_layer_type *type;
    int references;
    char *name; /* NULL until given by the user or the model */
    bool named_by_user;
    bool trainable;
    void *options; /* the type's option struct, resolved */
    capas_status
        status; /* a constructor's failure, with its sentence below; told when the layer is used */
    char *message;
    capas_weight weights[CAPAS_LAYER_WEIGHTS];
    int weight_count;
    bool built;
    capas_shape *build_shapes; /* of the inputs it was built for */
    int build_count;
    uint32_t stream;      /* of its random numbers; set by the model */
    bool taken;           /* belongs to a graph or model */
    capas_states *states; /* of a stateful layer; owned; NULL: it is none */
    struct capas_model
        *part; /* of a model that is a layer of another (model/nested.h); else NULL */
};

/* A layer from a type and an option struct as the user wrote it (struct_size first; may be NULL).
 * Returns NULL only when memory runs out; a wrong option makes a layer that carries its failure. */
capas_layer *capas_layer_new(const capas_layer_type *type, const void *options);

/* What a constructor begins with: a copy of the options as given (NULL: none), whose struct may be
 * an older, shorter one, in `all` of `size` bytes. */
void capas_layer_copy_options(void *all, size_t size, const void *given);

/* A layer from Keras's config map ("name", "trainable", "dtype" and the options); NULL with the
 * sentence on failure. `where` names the place. */
capas_layer *capas_layer_from_config(const char *class_name, const capas_value *config,
                                     const char *where);

/* Keras's get_config: name, trainable, dtype policy, options. */
capas_value *capas_layer_config(const capas_layer *layer);

/* Keras's object of a layer: {"module", "class_name", "config", "registered_name"} and, once it is
 * built, "build_config". */
capas_value *capas_layer_object(const capas_layer *layer);
/* A shape as Keras writes it: [null, 28, 28, 1]. */
capas_value *capas_shape_write(const capas_shape *shape);

/* A layer that a wrapper holds; NULL: there is none of that number. */
capas_layer *capas_layer_inner(const capas_layer *layer, int number);
/* Which of that layer's weights a wrapper's one is a copy of; -1: none. */
int capas_layer_weight_of(const capas_layer *inner, const capas_weight *weight);
/* What Keras calls a weight of the layer, without the layer's name: "kernel", "lstm_cell/kernel",
 * "forward_lstm/lstm_cell/kernel". False when there is no room. */
bool capas_layer_weight_path(const capas_layer *layer, int weight, char *path, size_t size);
/* The stream of its random numbers, and of those in it. */
void capas_layer_set_stream(capas_layer *layer, uint32_t stream);

/* The type of a class name, or NULL with the sentence (nearest known name). */
const capas_layer_type *capas_layer_type_of(const char *class_name);
const capas_layer_type *const *capas_layer_types(size_t *count);

/* Keras forbids "/" in names, and so do we. */
capas_status capas_layer_set_name(capas_layer *layer, const char *name);
capas_layer *capas_layer_retain(capas_layer *layer);

/* (None, steps, ...) without the steps; and a shape with them. */
capas_shape capas_shape_without_steps(const capas_shape *shape);
capas_shape capas_shape_with_steps(const capas_shape *step, int64_t steps);

/* A failure of this layer: "layer conv2d: " and the rest. */
capas_status capas_layer_fail(const capas_layer *layer, capas_status status, const char *format,
                              ...) __attribute__((format(printf, 3, 4)));
/* "conv2d": its name, or while it has none its class in snake case (in `text`). */
const char *capas_layer_label(const capas_layer *layer, char *text, size_t size);
/* The failure that a constructor left, with the layer's name in front; CAPAS_OK when there is none.
 */
capas_status capas_layer_check(const capas_layer *layer);

/* Infers, and builds at the first use. `outputs` has room for all that the layer has, at most
 * CAPAS_MAX_INPUTS. */
capas_status capas_layer_build(capas_layer *layer, const capas_shape *inputs, int count,
                               capas_shape *outputs);
int capas_layer_output_count(const capas_layer *layer);
/* Whether it, or a layer in it, is stateful; and its states let go. */
bool capas_layer_is_stateful(const capas_layer *layer);
void capas_layer_reset_states(capas_layer *layer);
capas_status capas_layer_add_weight(capas_layer *layer, const char *name, const capas_shape *shape,
                                    capas_initializer initializer, capas_regularizer regularizer,
                                    bool trainable);

/* Gives each weight the constraint that an option says: bias_constraint of "bias",
 * depthwise_constraint of "depthwise_kernel". */
capas_status capas_layer_constrain(capas_layer *layer);

/* A weight as a matrix of all its axes but the last by the last. */
int64_t capas_weight_rows(const capas_weight *weight);
int64_t capas_weight_columns(const capas_weight *weight);
/* Elements that a weight takes in the model's block (tiled ones are padded). */
int64_t capas_weight_count(const capas_weight *weight);
/* How a tiled weight lies (kernels/dense.h); 0: in C order. */
int capas_weight_tile(const capas_weight *weight);
/* Holds the numbers in the block to the weight's constraint. */
void capas_weight_constrain(const capas_weight *weight, float *block);
/* Divides such a kernel in the block by its largest singular value; `vector` moves too. */
capas_status capas_weight_normalise(const capas_weight *weight, float *block, float *vector);
/* Keras's order to the block's and back; float32. */
void capas_weight_pack(const capas_weight *weight, const float *plain, float *block);
void capas_weight_unpack(const capas_weight *weight, const float *block, float *plain);
/* Fills `plain` (Keras's order) as the weight's initializer says; `stream` and `seed` from the
 * model. */
void capas_weight_initialize(const capas_weight *weight, uint64_t seed, uint32_t stream,
                             float *plain);

/* Option kinds of layers. */
extern const capas_option_kind capas_option_activation; /* capas_activation */
extern const capas_option_kind
    capas_option_initializer; /* capas_initializer; standard = its kind */
extern const capas_option_kind capas_option_regularizer;       /* capas_regularizer; None allowed */
extern const capas_option_kind capas_option_weight_constraint; /* capas_constraint; None allowed */
extern const capas_option_kind capas_option_numbers; /* capas_tensor; see option_numbers.c */
/* Names of the activations, in the order of capas_activation; ended by NULL. */
extern const char *const capas_activation_names[];

#endif
