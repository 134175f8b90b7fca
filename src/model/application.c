/* Networks by name: the list of them, their options, and what is behind every body. */
#include "model/application.h"
#include "base/text.h"
#include "layers/object.h"
#include "model/model.h"
#include <stdarg.h>
#include <stdio.h>

enum { LEAST_SIDE = 32, TEXT_SIZE = 64, IMAGENET_CLASSES = 1000 };

/* The one list. */
static const capas_application_type types[] = {
#define RESIDUAL(name_, ...)                                                                       \
    {                                                                                              \
        .name = name_, .body = capas_resnet_body, .top = capas_application_pooled_top,             \
        .sizes = {__VA_ARGS__}, .names_pooling = true, .preprocessing = "caffe"                    \
    }
    RESIDUAL("resnet50", 3, 4, 6, 3),
    RESIDUAL("resnet101", 3, 4, 23, 3),
    RESIDUAL("resnet152", 3, 8, 36, 3),
#undef RESIDUAL
    {.name = "vgg16",
     .body = capas_vgg_body,
     .top = capas_vgg_top,
     .sizes = {3},
     .preprocessing = "caffe"},
    {.name = "vgg19",
     .body = capas_vgg_body,
     .top = capas_vgg_top,
     .sizes = {4},
     .preprocessing = "caffe"},
    {.name = "mobilenet",
     .body = capas_mobilenet_body,
     .top = capas_mobilenet_top,
     .has_alpha = true,
     .preprocessing = "tf",
     .has_multiplier = true},
    {.name = "mobilenetv2",
     .body = capas_mobilenet_v2_body,
     .top = capas_mobilenet_v2_top,
     .has_alpha = true,
     .preprocessing = "tf"},
#define DENSE(name_, ...)                                                                          \
    {                                                                                              \
        .name = name_, .body = capas_densenet_body, .top = capas_application_pooled_top,           \
        .sizes = {__VA_ARGS__}, .names_pooling = true, .preprocessing = "torch"                    \
    }
    DENSE("densenet121", 6, 12, 24, 16),
    DENSE("densenet169", 6, 12, 32, 32),
    DENSE("densenet201", 6, 12, 48, 32),
#undef DENSE
    {.name = "squeezenet",
     .body = capas_squeezenet_body,
     .top = capas_squeezenet_top,
     .preprocessing = "torch"},
    {.name = "efficientnetb0",
     .body = capas_efficientnet_body,
     .top = capas_efficientnet_top,
     .names_pooling = true,
     .preprocessing = "none"},
    {.name = "efficientnetlite0",
     .body = capas_efficientnet_body,
     .top = capas_efficientnet_top,
     .sizes = {true},
     .names_pooling = true,
     .preprocessing = "lite"},
};

const char *capas_application_name(int index)
{
    return index >= 0 && index < (int)CAPAS_COUNT(types) ? types[index].name : NULL;
}

/* What the families use. */

void capas_applying_prefix(capas_applying *a, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(a->prefix, sizeof a->prefix, format, arguments);
    va_end(arguments);
}

const char *capas_applying_name(capas_applying *a, const char *suffix)
{
    snprintf(a->text, sizeof a->text, "%s%s", a->prefix, suffix);
    return a->text;
}

capas_node capas_apply(capas_applying *a, capas_layer *layer, capas_node input)
{
    return capas_graph_apply(a->graph, layer, &input, 1);
}

capas_node capas_apply_two(capas_applying *a, capas_layer *layer, capas_node first,
                           capas_node second)
{
    capas_node both[] = {first, second};
    return capas_graph_apply(a->graph, layer, both, 2);
}

capas_node capas_apply_normalisation(capas_applying *a, const char *suffix, capas_node x)
{
    return capas_apply(a,
                       capas_batch_normalization(.name = capas_applying_name(a, suffix),
                                                 .axis = a->axis, .epsilon = a->epsilon,
                                                 .momentum = a->momentum),
                       x);
}

capas_node capas_apply_relu(capas_applying *a, const char *suffix, capas_node x)
{
    return capas_apply(
        a, capas_activation_layer(CAPAS_RELU, .name = capas_applying_name(a, suffix)), x);
}

capas_node capas_apply_relu6(capas_applying *a, const char *suffix, capas_node x)
{
    return capas_apply(a, capas_relu(.max_value = 6, .name = capas_applying_name(a, suffix)), x);
}

capas_node capas_apply_predictions(capas_applying *a, capas_node x)
{
    return capas_apply(a,
                       capas_dense(a->options.classes,
                                   .activation = a->options.classifier_activation,
                                   .name = "predictions"),
                       x);
}

capas_node capas_application_pooled_top(capas_applying *a, capas_node x)
{
    x = capas_apply(a, capas_global_average_pooling2d(.name = "avg_pool"), x);
    return capas_apply_predictions(a, x);
}

/* Options. */

/* As Keras has them where nothing was said. */
static capas_application_options options_of(const capas_application_options *given)
{
    capas_application_options o;
    capas_layer_copy_options(&o, sizeof o, given);
    if (o.include_top == 0) o.include_top = CAPAS_TRUE;
    if (o.include_top == CAPAS_ZERO) o.include_top = 0;
    if (o.input_shape.rank == 0) o.input_shape = (capas_shape){3, {224, 224, 3}};
    if (o.classes == 0) o.classes = 1000;
    if (o.classifier_activation == 0) o.classifier_activation = CAPAS_SOFTMAX;
    return o;
}

static capas_status check_foreign(const capas_application_type *type,
                                  const capas_application_options *o)
{
    const char *foreign = o->alpha != 0 && !type->has_alpha                   ? "alpha"
                          : o->depth_multiplier != 0 && !type->has_multiplier ? "depth_multiplier"
                          : o->dropout != 0 && !type->has_multiplier          ? "dropout"
                          : o->pooling != CAPAS_POOLING_NONE && o->include_top != 0 ? "pooling"
                                                                                    : NULL;
    if (!foreign) return CAPAS_OK;
    return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: it has no option %s%s", type->name, foreign,
                      foreign[0] == 'p' ? " with its top" : "");
}

static capas_status check_options(const capas_application_type *type,
                                  const capas_application_options *o)
{
    const capas_shape *shape = &o->input_shape;
    int64_t least = o->include_top ? 1 : LEAST_SIDE;
    char found[TEXT_SIZE];
    if (shape->rank != 3 || shape->dims[0] < least || shape->dims[1] < least)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: input_shape must be a height and a width of at least %d and "
                          "channels, found %s",
                          type->name, (int)least, capas_shape_text(shape, found, sizeof found));
    if (o->classes < 1)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "%s: classes must be at least 1, found %d",
                          type->name, o->classes);
    if (o->alpha < 0 || o->depth_multiplier < 0)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "%s: alpha and depth_multiplier must be above 0, found %g and %d",
                          type->name, o->alpha, o->depth_multiplier);
    return check_foreign(type, o);
}

static const capas_application_type *find(const char *name)
{
    const char *names[CAPAS_COUNT(types)];
    for (size_t i = 0; i < CAPAS_COUNT(types); i++) {
        names[i] = types[i].name;
        if (name && capas_same_name(name, names[i])) return &types[i];
    }
    const char *nearest = name ? capas_nearest_name(name, names, CAPAS_COUNT(names)) : NULL;
    capas_fail(CAPAS_UNKNOWN_NAME, "there is no network \"%s\"%s%s%s", name ? name : "",
               nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
    return NULL;
}

/* Building. */

static capas_node pool(capas_applying *a, const capas_application_type *type, capas_node x)
{
    if (a->options.pooling == CAPAS_POOLING_NONE) return x;
    bool average = a->options.pooling == CAPAS_POOLING_AVG;
    const char *name = !type->names_pooling ? NULL : average ? "avg_pool" : "max_pool";
    return capas_apply(a,
                       average ? capas_global_average_pooling2d(.name = name)
                               : capas_global_max_pooling2d(.name = name),
                       x);
}

/* What bytes become, where the pictures have colours, and ImageNet's classes. */
static capas_status describe(capas_model *model, const capas_application_type *type,
                             const capas_application_options *o)
{
    const char *names[IMAGENET_CLASSES];
    capas_preprocessing bytes;
    CAPAS_TRY(capas_preprocessing_by_name(type->preprocessing, &bytes));
    if (o->input_shape.dims[2] == 3 || !capas_preprocessing_tells_channels(&bytes))
        CAPAS_TRY(capas_model_set_preprocessing(model, &bytes));
    if (!o->include_top || o->classes != IMAGENET_CLASSES) return CAPAS_OK;
    for (int c = 0; c < IMAGENET_CLASSES; c++)
        names[c] = capas_imagenet_name(c);
    return capas_model_set_class_names(model, names, IMAGENET_CLASSES);
}

capas_model *capas_application_with(const char *application, const capas_application_options *given)
{
    const capas_application_type *type = find(application);
    if (!type) return NULL;
    capas_applying a = {.options = options_of(given)};
    if (check_options(type, &a.options) != CAPAS_OK) return NULL;
    if (a.options.alpha == 0) a.options.alpha = 1;
    if (a.options.depth_multiplier == 0) a.options.depth_multiplier = 1;
    if (a.options.dropout == 0) a.options.dropout = 0.001;
    if (a.options.dropout == CAPAS_ZERO) a.options.dropout = 0;
    a.graph = capas_graph_new();
    if (!a.graph) return NULL;
    a.height = a.options.input_shape.dims[0];
    a.width = a.options.input_shape.dims[1];
    capas_input_options input_options = {.struct_size = sizeof input_options,
                                         .shape = a.options.input_shape};
    capas_node input = capas_graph_apply(a.graph, capas_input_with(&input_options), NULL, 0);
    capas_node x = type->body(&a, type->sizes, input);
    x = a.options.include_top ? type->top(&a, x) : pool(&a, type, x);
    char label[TEXT_SIZE];
    snprintf(label, sizeof label, "%s", type->name);
    if (type->has_alpha)
        snprintf(label, sizeof label, "%s_%.2f_%d", type->name, a.options.alpha,
                 (int)a.options.input_shape.dims[0]);
    capas_model *model =
        capas_functional(a.graph, a.options.name ? a.options.name : label, &input, 1, &x, 1);
    if (!model || describe(model, type, &a.options) == CAPAS_OK) return model;
    capas_model_free(model);
    return NULL;
}
