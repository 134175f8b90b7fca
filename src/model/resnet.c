/* ResNet50 (Keras applications/resnet.py): a graph of layers and nothing else. A block of f
 * filters:
 *
 *     x --- 1x1 f, stride --- 3x3 f --- 1x1 4f --- add --- relu
 *       `-- 1x1 4f, stride (first of its stack), or x itself --'
 *
 * each convolution with a batch normalisation behind it. */
#include "base/text.h"
#include "layers/layer.h"
#include <capas/applications.h>
#include <stdio.h>

enum { NAME_SIZE = 64, LEAST_SIDE = 32 };

static const double epsilon = 1.001e-5;

typedef struct builder {
    capas_graph *graph;
    char prefix[NAME_SIZE];   /* "conv2_block1" */
    char name[2 * NAME_SIZE]; /* with what is behind it */
} builder;

/* "conv2_block1" and "_1_bn"; layers copy their names. */
static const char *named(builder *b, const char *suffix)
{
    snprintf(b->name, sizeof b->name, "%s%s", b->prefix, suffix);
    return b->name;
}

static capas_node apply(builder *b, capas_layer *layer, capas_node input)
{
    return capas_graph_apply(b->graph, layer, &input, 1);
}

static capas_node normalise(builder *b, const char *suffix, capas_node x)
{
    return apply(b, capas_batch_normalization(.name = named(b, suffix), .epsilon = epsilon), x);
}

static capas_node rectify(builder *b, const char *suffix, capas_node x)
{
    return apply(b, capas_activation_layer(CAPAS_RELU, .name = named(b, suffix)), x);
}

/* Part `number` of a block: the convolution and its normalisation. */
static capas_node convolve(builder *b, int number, int filters, int kernel_size, int stride,
                           capas_node x)
{
    char suffix[NAME_SIZE / 2];
    snprintf(suffix, sizeof suffix, "_%d_conv", number);
    x = apply(b,
              capas_conv2d(filters, kernel_size, .strides = {stride, stride},
                           .padding = kernel_size > 1 ? CAPAS_SAME : CAPAS_VALID,
                           .name = named(b, suffix)),
              x);
    snprintf(suffix, sizeof suffix, "_%d_bn", number);
    return normalise(b, suffix, x);
}

static capas_node block(builder *b, int filters, int stride, bool first, capas_node x)
{
    capas_node shortcut = first ? convolve(b, 0, 4 * filters, 1, stride, x) : x;
    x = rectify(b, "_1_relu", convolve(b, 1, filters, 1, stride, x));
    x = rectify(b, "_2_relu", convolve(b, 2, filters, 3, 1, x));
    x = convolve(b, 3, 4 * filters, 1, 1, x);
    capas_node both[] = {shortcut, x};
    x = capas_graph_apply(b->graph, capas_add(.name = named(b, "_add")), both, 2);
    return rectify(b, "_out", x);
}

static capas_node stem(builder *b, capas_node x)
{
    snprintf(b->prefix, sizeof b->prefix, "conv1");
    x = apply(b, capas_zero_padding2d(3, .name = named(b, "_pad")), x);
    x = apply(b, capas_conv2d(64, 7, .strides = {2, 2}, .name = named(b, "_conv")), x);
    x = rectify(b, "_relu", normalise(b, "_bn", x));
    snprintf(b->prefix, sizeof b->prefix, "pool1");
    x = apply(b, capas_zero_padding2d(1, .name = named(b, "_pad")), x);
    return apply(b, capas_max_pooling2d(3, .strides = {2, 2}, .name = named(b, "_pool")), x);
}

static capas_node stacks(builder *b, capas_node x)
{
    static const int blocks[] = {3, 4, 6, 3};
    for (int stack = 0; stack < 4; stack++)
        for (int i = 0; i < blocks[stack]; i++) {
            snprintf(b->prefix, sizeof b->prefix, "conv%d_block%d", stack + 2, i + 1);
            x = block(b, 64 << stack, i == 0 && stack > 0 ? 2 : 1, i == 0, x);
        }
    return x;
}

static capas_status check(const capas_resnet_options *o)
{
    const capas_shape *shape = &o->input_shape;
    int64_t least = o->include_top ? 1 : LEAST_SIDE;
    char found[NAME_SIZE];
    if (shape->rank != 3 || shape->dims[0] < least || shape->dims[1] < least)
        return capas_fail(CAPAS_INVALID_ARGUMENT,
                          "resnet50: input_shape must be a height and a width of at least %d and "
                          "channels, found %s",
                          (int)least, capas_shape_text(shape, found, sizeof found));
    if (o->classes < 1)
        return capas_fail(CAPAS_INVALID_ARGUMENT, "resnet50: classes must be at least 1, found %d",
                          o->classes);
    return CAPAS_OK;
}

/* As Keras has them where nothing was said. */
static capas_resnet_options options_of(const capas_resnet_options *given)
{
    capas_resnet_options o;
    capas_layer_copy_options(&o, sizeof o, given);
    if (o.name == NULL) o.name = "resnet50";
    if (o.include_top == 0) o.include_top = CAPAS_TRUE;
    if (o.include_top == CAPAS_ZERO) o.include_top = 0;
    if (o.input_shape.rank == 0) o.input_shape = (capas_shape){3, {224, 224, 3}};
    if (o.classes == 0) o.classes = 1000;
    if (o.classifier_activation == 0) o.classifier_activation = CAPAS_SOFTMAX;
    return o;
}

capas_model *capas_resnet50_with(const capas_resnet_options *given)
{
    const capas_resnet_options o = options_of(given);
    if (check(&o) != CAPAS_OK) return NULL;
    builder b = {.graph = capas_graph_new()};
    if (b.graph == NULL) return NULL;
    capas_input_options input_options = {.struct_size = sizeof input_options,
                                         .shape = o.input_shape};
    capas_node input = capas_graph_apply(b.graph, capas_input_with(&input_options), NULL, 0);
    capas_node x = stacks(&b, stem(&b, input));
    if (o.include_top) {
        x = apply(&b, capas_global_average_pooling2d(.name = "avg_pool"), x);
        x = apply(
            &b,
            capas_dense(o.classes, .activation = o.classifier_activation, .name = "predictions"),
            x);
    }
    return capas_functional(b.graph, o.name, &input, 1, &x, 1);
}
