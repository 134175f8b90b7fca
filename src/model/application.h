/* What the networks by name share: a graph under construction, its names, and the layers that all
 * have. Each family is a file with a capas_application_type, and lines in the list of
 * application.c. */
#ifndef CAPAS_MODEL_APPLICATION_H
#define CAPAS_MODEL_APPLICATION_H

#include "layers/layer.h"
#include <capas/activations.h>
#include <capas/applications.h>
#include <capas/convolutions.h>
#include <capas/pooling.h>
#include <capas/reshaping.h>

enum { CAPAS_APPLICATION_NAME = 64 };

typedef struct capas_applying {
    capas_graph *graph;
    capas_application_options options; /* with defaults */
    int64_t height, width;             /* of the maps, where a family needs them */
    int axis; /* of its batch normalisations, as Keras writes it; and their constants */
    double epsilon, momentum;
    bool lite;                             /* EfficientNet-Lite */
    char prefix[CAPAS_APPLICATION_NAME];   /* "conv2_block1" */
    char text[2 * CAPAS_APPLICATION_NAME]; /* with what is behind it */
} capas_applying;

typedef struct capas_application_type {
    const char *name; /* "resnet50" */
    capas_node (*body)(capas_applying *a, const int *sizes, capas_node input);
    capas_node (*top)(capas_applying *a, capas_node x);
    int sizes[4];       /* what tells the members of a family apart */
    bool names_pooling; /* "avg_pool", "max_pool" behind the body */
    bool has_alpha;     /* a width; it is in the model's name: "mobilenet_1.00_224" */
    bool has_multiplier;
    const char *preprocessing; /* what bytes become: "caffe" */
} capas_application_type;

void capas_applying_prefix(capas_applying *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The prefix and what is behind it; until the next call (layers copy their names). */
const char *capas_applying_name(capas_applying *a, const char *suffix);
capas_node capas_apply(capas_applying *a, capas_layer *layer, capas_node input);
capas_node capas_apply_two(capas_applying *a, capas_layer *layer, capas_node first,
                           capas_node second);
capas_node capas_apply_normalisation(capas_applying *a, const char *suffix, capas_node x);
/* An Activation of relu; a ReLU that ends at 6. */
capas_node capas_apply_relu(capas_applying *a, const char *suffix, capas_node x);
capas_node capas_apply_relu6(capas_applying *a, const char *suffix, capas_node x);
/* Dense "predictions". */
capas_node capas_apply_predictions(capas_applying *a, capas_node x);
/* Pooling "avg_pool" in front of it. */
capas_node capas_application_pooled_top(capas_applying *a, capas_node x);

capas_node capas_resnet_body(capas_applying *a, const int *sizes, capas_node input);
capas_node capas_vgg_body(capas_applying *a, const int *sizes, capas_node input);
capas_node capas_vgg_top(capas_applying *a, capas_node x);
capas_node capas_densenet_body(capas_applying *a, const int *sizes, capas_node input);
capas_node capas_mobilenet_body(capas_applying *a, const int *sizes, capas_node input);
capas_node capas_mobilenet_top(capas_applying *a, capas_node x);
capas_node capas_mobilenet_v2_body(capas_applying *a, const int *sizes, capas_node input);
capas_node capas_mobilenet_v2_top(capas_applying *a, capas_node x);
capas_node capas_squeezenet_body(capas_applying *a, const int *sizes, capas_node input);
capas_node capas_squeezenet_top(capas_applying *a, capas_node x);
capas_node capas_efficientnet_body(capas_applying *a, const int *sizes, capas_node input);
capas_node capas_efficientnet_top(capas_applying *a, capas_node x);
/* After weights were loaded: those of Keras's own EfficientNet for ImageNet have deviations where
 * Normalization wants variances, and a layer more in the network makes up for it. Here they become
 * variances; other weights and networks are let be. */
capas_status capas_efficientnet_mend(capas_model *model);

#endif
