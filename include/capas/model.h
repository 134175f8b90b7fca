/* Models: a graph of layers with its weights. Build one with capas_sequential (a chain) or a
 * capas_graph (branches, several inputs and outputs, shared layers), train it (capas/training.h),
 * save and open it (capas/files.h).
 *
 * A model keeps its first failure: every later call on it returns that status and does nothing,
 * until capas_model_clear_error. So a program may check once at the end, and cannot save what it
 * never trained. Prediction changes nothing: its failures are returned and not kept. A call given a
 * NULL model returns the thread's last failure and leaves its sentence.
 *
 * Many threads may predict from one model at once; whatever changes it (training, setting weights,
 * freezing) needs it alone, and so does predicting with a stateful layer. */
#ifndef CAPAS_MODEL_H
#define CAPAS_MODEL_H

#include <capas/layers.h>

CAPAS_BEGIN

typedef struct capas_model capas_model;

/* A chain. The first layer must be an input. Takes the layers over, also when it fails; NULL on
 * failure. */
CAPAS_API capas_model *capas_sequential_of(capas_layer *const *layers, int count);
#define capas_sequential(...)                                                                      \
    capas_sequential_of((capas_layer *[]){__VA_ARGS__},                                            \
                        (int)(sizeof((capas_layer *[]){__VA_ARGS__}) / sizeof(capas_layer *)))

/* A graph under construction. Nodes are the outputs of layer uses. The first failure is kept and
 * reported by capas_functional. */
typedef struct capas_graph capas_graph;
typedef struct capas_node {
    int index;
} capas_node;
CAPAS_API capas_graph *capas_graph_new(void);
CAPAS_API void capas_graph_free(capas_graph *graph);
/* Uses an input layer (no inputs) or any other layer on nodes. Takes the layer over; a layer made
 * once may be used again through its node: capas_graph_again uses the layer of `first` on other
 * nodes, weights shared. */
CAPAS_API capas_node capas_graph_apply(capas_graph *graph, capas_layer *layer,
                                       const capas_node *inputs, int count);
CAPAS_API capas_node capas_graph_again(capas_graph *graph, capas_node first,
                                       const capas_node *inputs, int count);
/* Another output of a use whose layer has several (return_state, merge_mode CAPAS_NONE, a model
 * within a model): its node is the first one's, 0; the others are told from 1 on. */
CAPAS_API capas_node capas_graph_output(capas_graph *graph, capas_node use, int output);
/* The model from input nodes to output nodes; takes the graph over, also when it fails. */
CAPAS_API capas_model *capas_functional(capas_graph *graph, const char *name,
                                        const capas_node *inputs, int input_count,
                                        const capas_node *outputs, int output_count);

CAPAS_API void capas_model_free(capas_model *model);

/* A model as a layer of another, with the weights that it has; takes it over, also when it fails
 * (NULL). It must not be compiled; with several outputs see capas_graph_output. In C a layer is
 * used again by its node (capas_graph_again), and so is a model. */
CAPAS_API capas_layer *capas_nested(capas_model *model);

/* A model of its own from the same inputs to what the named layer gives (where it is used first),
 * with a copy of the weights and of the scale: Keras's Model(m.inputs, m.get_layer(name).output).
 * NULL on failure (CAPAS_UNKNOWN_NAME). */
CAPAS_API capas_model *capas_model_until(const capas_model *model, const char *layer);

CAPAS_API capas_status capas_model_status(const capas_model *model);
CAPAS_API void capas_model_clear_error(capas_model *model);

/* Keras's name ("sequential", "functional" unless named). */
CAPAS_API const char *capas_model_name(const capas_model *model);
CAPAS_API capas_status capas_model_set_name(capas_model *model, const char *name);

/* The seed of its weights, dropout and shuffling; setting it draws fresh weights. */
CAPAS_API capas_status capas_model_set_seed(capas_model *model, uint64_t seed);
CAPAS_API uint64_t capas_model_seed(const capas_model *model);

/* Stateful recurrent layers begin anew: their states are zeros, and the next batch says how many
 * samples theirs have. */
CAPAS_API capas_status capas_model_reset_states(capas_model *model);

CAPAS_API int capas_model_input_count(const capas_model *model);
CAPAS_API int capas_model_output_count(const capas_model *model);
/* With dims[0] = CAPAS_ANY. */
CAPAS_API capas_status capas_model_input_shape(const capas_model *model, int input,
                                               capas_shape *shape);
CAPAS_API capas_status capas_model_output_shape(const capas_model *model, int output,
                                                capas_shape *shape);

/* Weights, numbered over the layers in Keras's order (model.weights). */
typedef struct capas_weight_info {
    const char *layer, *name; /* "dense", "kernel"; borrowed */
    capas_shape shape;
    int trainable;
} capas_weight_info;
CAPAS_API int capas_model_weight_count(const capas_model *model);
CAPAS_API capas_status capas_model_weight_info(const capas_model *model, int weight,
                                               capas_weight_info *info);
/* The number of a layer's weight, by names: ("dense", "kernel"); -1 when there is none. */
CAPAS_API int capas_model_find_weight(const capas_model *model, const char *layer,
                                      const char *weight);
/* `values` holds as many floats as the shape's product, in Keras's order. */
CAPAS_API capas_status capas_model_get_weight(const capas_model *model, int weight, float *values);
CAPAS_API capas_status capas_model_set_weight(capas_model *model, int weight, const float *values);

/* Freezes a layer or sets it free, by name; takes effect at the next capas_compile. */
CAPAS_API capas_status capas_model_set_trainable(capas_model *model, const char *layer,
                                                 int trainable);

/* Outputs for `n` samples: `inputs` and `outputs` one for each of the model's, in Keras's order and
 * layout. Inputs are float32 (taken as already scaled) or uint8 (scaled as the model says, see
 * capas_model_set_scale). Outputs are float32. Inference mode. */
CAPAS_API capas_status capas_predict_tensors(capas_model *model, const capas_tensor *inputs,
                                             capas_tensor *outputs, int64_t n);
/* One input, one output, both float32. */
CAPAS_API capas_status capas_predict(capas_model *model, const float *input, int64_t n,
                                     float *output);

/* Saves memory in prediction: no second copy of the weights, made as the kernels like them best, is
 * kept beside the model's own; it costs time (docs/performance.md). For large models on small
 * machines; a model does not by itself. Memory of predictions before is given back. */
CAPAS_API capas_status capas_model_set_save_memory(capas_model *model, int save);

/* What bytes mean: value = byte * scale + offset. It travels with the file, in capas.json. NaN
 * scale: the model has none, bytes are taken as they are. Pictures in colour may differ by channel:
 * (value - channel_mean) / channel_deviation behind that, channels in the order in which the
 * network takes them. capas_preprocessing_by_name (capas/applications.h) has the usual ones. */
typedef struct capas_preprocessing {
    double scale, offset;
    double minimum, maximum, mean, deviation; /* of the training data once scaled; NaN: unknown */
    double channel_mean[3], channel_deviation[3]; /* deviations of 0: all channels alike */
    int bgr; /* true: the network takes blue, green, red; pictures are given as red, green, blue */
} capas_preprocessing;
/* CAPAS_INVALID_ARGUMENT when a number is not finite, only some deviations are above 0, or channels
 * are told apart for a model none of whose inputs has three. */
CAPAS_API capas_status capas_model_set_preprocessing(capas_model *model,
                                                     const capas_preprocessing *preprocessing);
CAPAS_API capas_status capas_model_preprocessing(const capas_model *model,
                                                 capas_preprocessing *preprocessing);
/* The same for levels of 0 to 255 that are floats already, as of a picture that was resized:
 * `count` pixels of `channels` channels. `values` may be `levels`. */
CAPAS_API capas_status capas_preprocess(const capas_preprocessing *preprocessing,
                                        const float *levels, int64_t count, int channels,
                                        float *values);
/* Names of the classes, copied; they travel with the file. NULL when there are none. */
CAPAS_API capas_status capas_model_set_class_names(capas_model *model, const char *const *names,
                                                   int count);
CAPAS_API const char *const *capas_model_class_names(const capas_model *model, int *count);

/* The table that Keras 3.15 prints (keras-semantics 5.4), as one string to be freed with
 * capas_free. */
typedef struct capas_summary_options {
    size_t struct_size;
    int line_length;    /* default: 80 */
    int show_trainable; /* default: false */
    int show_cost;      /* adds a table of FLOPs and memory of each layer; default: false */
} capas_summary_options;
CAPAS_API capas_status capas_summary_with(capas_model *model, const capas_summary_options *options,
                                          char **text);
#define capas_summary(model, text, ...)                                                            \
    capas_summary_with(                                                                            \
        (model),                                                                                   \
        &(capas_summary_options){.struct_size = sizeof(capas_summary_options), __VA_ARGS__},       \
        (text))

/* Frees memory that a capas function gave to the caller. */
CAPAS_API void capas_free(void *memory);

CAPAS_END

#endif
