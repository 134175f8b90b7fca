/* Layers, losses and metrics of one's own: C functions registered by name. What is registered is
 * named by recipes (`- Swish: {beta: 2}`, `loss: {Tilted: {tau: 0.9}}`) and by Keras's
 * configurations, which say it as Keras's register_keras_serializable does ("class_name": "Swish",
 * "registered_name": "my_package>Swish"), so that a model with it is saved, opened by Keras and
 * opened here again. What its options can say is numbers. examples/custom_layer.c and
 * examples/custom_loss.c are whole programs; capas_check_gradients (capas/gradients.h) holds the
 * gradients of such functions against small differences.
 *
 * The functions are called by the thread that predicts or trains, also by several threads at the
 * same time; they must not keep pointers. They compute in float32. */
#ifndef CAPAS_CUSTOM_H
#define CAPAS_CUSTOM_H

#include <capas/layers.h>
#include <capas/optimizers.h>
#include <capas/tensor.h>

CAPAS_BEGIN

typedef struct capas_custom_option {
    const char *name;
    double standard;  /* what it is when it is not said */
    const char *help; /* may be NULL */
} capas_custom_option;

/* How each definition begins. */
#define CAPAS_CUSTOM_DEFINITION                                                                    \
    size_t struct_size;                                                                            \
    const char *name;                                  /* Keras's class, as "Swish" */             \
    const char *package;                               /* default: "Custom", as in Keras */        \
    const char *summary;                               /* one sentence; may be NULL */             \
    void *context;                                     /* handed to the functions */               \
    capas_custom_option options[CAPAS_CUSTOM_OPTIONS]; /* up to the first without a name */

/* Layers -----------------------------------------------------------------------------------------
 */

enum { CAPAS_CUSTOM_INPUTS = 3, CAPAS_CUSTOM_WEIGHTS = 4 };

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

typedef struct capas_custom_weight {
    const char *name; /* "kernel" */
    capas_initializer initializer;
    int fixed; /* changed by nobody: no gradient is asked for */
} capas_custom_weight;

typedef struct capas_custom_layer {
    CAPAS_CUSTOM_DEFINITION
    capas_custom_weight weights[CAPAS_CUSTOM_WEIGHTS]; /* up to the first without a name */
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

/* Losses -----------------------------------------------------------------------------------------
 */

/* A batch in rows: a row is a sample, or where outputs have more axes a step or pixel of one; the
 * last axis is its width. Reduction, sample weights and masks are worked in afterwards. */
typedef struct capas_custom_loss_call {
    void *context;
    const double *options;
    int64_t rows;
    int width;
    const float *targets, *predictions; /* [rows][width]; class numbers come as one-hot vectors */
    float *values;                      /* [rows], to be written */
    float *gradients; /* [rows][width], to be written: of a row's value with respect to its
                         predictions. NULL: not wanted */
} capas_custom_loss_call;

typedef struct capas_custom_loss {
    CAPAS_CUSTOM_DEFINITION
    int is_function; /* in Keras it is a function of this name, not a class; without options then */
    void (*compute)(const capas_custom_loss_call *call);
} capas_custom_loss;

/* As capas_register_layer. */
CAPAS_API capas_status capas_register_loss(const capas_custom_loss *definition);

/* For `losses` of capas_compile: a registered loss, by class or "package>class". `options` as in
 * capas_custom; `name` is borrowed until compile. Its reduction may be set. A name that is not
 * registered fails there. */
CAPAS_API capas_loss capas_registered_loss(const char *name, const double *options);

/* Metrics ----------------------------------------------------------------------------------------
 */

/* What a metric keeps is numbers, `sums`; a checkpoint of fit has them. Targets, predictions and
 * rows are as a loss's. */
typedef struct capas_custom_metric_call {
    void *context;
    const double *options;
    int width;
    double *sums;
    /* for update */
    int64_t rows;
    const float *targets, *predictions;
    const float *weights; /* what each row counts for; NULL: 1 */
} capas_custom_metric_call;

typedef struct capas_custom_metric {
    CAPAS_CUSTOM_DEFINITION
    int sums;              /* numbers that it keeps, ... */
    int sums_for_each;     /* ... and so many for each number of a row */
    int smaller_is_better; /* for callbacks that look for the best */
    void (*reset)(const capas_custom_metric_call *call); /* NULL: all sums are 0 */
    void (*update)(const capas_custom_metric_call *call);
    double (*result)(const capas_custom_metric_call *call);
} capas_custom_metric;

CAPAS_API capas_status capas_register_metric(const capas_custom_metric *definition);

/* For `metric_configs` of capas_compile, as capas_registered_loss. In logs it is the class in snake
 * case. */
CAPAS_API capas_metric_config capas_registered_metric(const char *name, const double *options);

CAPAS_END

#endif
