/* Layers of one's own: C functions registered by name. A registered layer is made by capas_custom,
 * by a recipe (`- Swish: {beta: 2}`) and from Keras's configurations, which name it as Keras's
 * register_keras_serializable does ("class_name": "Swish", "registered_name": "my_package>Swish"),
 * so that a model with it is saved, opened by Keras and opened here again. What its options can say
 * is numbers. examples/custom_layer.c is a whole program.
 *
 * The functions are called by the thread that predicts or trains, with at most `n` samples at once,
 * also by several threads at the same time; they must not keep pointers. They compute in float32.
 */
#ifndef CAPAS_CUSTOM_H
#define CAPAS_CUSTOM_H

#include <capas/layers.h>
#include <capas/tensor.h>

CAPAS_BEGIN

enum { CAPAS_CUSTOM_OPTIONS = 16, CAPAS_CUSTOM_INPUTS = 3, CAPAS_CUSTOM_WEIGHTS = 4 };

/* One use of the layer, on n samples. Shapes have dims[0] CAPAS_ANY; everything lies in C order,
 * sample after sample. */
typedef struct capas_custom_call {
    void *context;         /* the definition's */
    const double *options; /* in the definition's order */
    int64_t n;
    int training; /* whether it is for a step of training */
    int input_count;
    const capas_shape *input_shapes, *output_shape;
    const float *const *inputs;
    const float *const *weights;
    float *output; /* forward: to be written; backward: what forward wrote */

    /* Backward only: the loss's gradient with respect to the output is given, those with respect to
     * inputs and weights are to be written (not added); NULL: not wanted. */
    const float *output_gradient;
    float *const *input_gradients;
    float *const *weight_gradients;
} capas_custom_call;

typedef struct capas_custom_option {
    const char *name;
    double standard;  /* what it is when it is not said */
    const char *help; /* may be NULL */
} capas_custom_option;

typedef struct capas_custom_weight {
    const char *name; /* "kernel" */
    capas_initializer initializer;
    int fixed; /* changed by nobody: no gradient is asked for */
} capas_custom_weight;

typedef struct capas_custom_layer {
    size_t struct_size;
    const char *name;                                  /* Keras's class, as "Swish" */
    const char *package;                               /* default: "Custom", as in Keras */
    const char *summary;                               /* one sentence; may be NULL */
    void *context;                                     /* handed to the functions */
    capas_custom_option options[CAPAS_CUSTOM_OPTIONS]; /* up to the first without a name */
    capas_custom_weight weights[CAPAS_CUSTOM_WEIGHTS]; /* likewise */
    int inputs;                                        /* default: 1; at most CAPAS_CUSTOM_INPUTS */

    /* The output's shape of the inputs'. Not zero: the shapes do not serve, and *reason may be
     * given for the message. NULL: that of the first input. */
    int (*output_shape)(void *context, const double *options, const capas_shape *inputs,
                        capas_shape *output, const char **reason);
    /* The shape of a weight, by its number. NULL only without weights. */
    int (*weight_shape)(void *context, const double *options, const capas_shape *inputs, int weight,
                        capas_shape *shape, const char **reason);
    void (*forward)(const capas_custom_call *call);
    void (*backward)(const capas_custom_call *call); /* NULL: training through it is refused */
} capas_custom_layer;

/* Makes a definition, which is copied, known by its name to the whole process, for good. A name
 * that is taken is refused (CAPAS_INVALID_ARGUMENT). */
CAPAS_API capas_status capas_register_layer(const capas_custom_layer *definition);

/* A layer of a registered class. `options`: as many numbers as the definition has, or NULL for its
 * defaults. `name` may be NULL. */
CAPAS_API capas_layer *capas_custom(const char *class_name, const double *options,
                                    const char *name);

CAPAS_END

#endif
