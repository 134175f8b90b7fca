/* Training steps of networks that convolve otherwise than ResNet, with drawn weights and data: each
 * argument, or line of standard input, is `mobilenet BATCH RUNS`, MobileNetV2 with alpha 0.35 on
 * images of 96x96, or `conv1d BATCH RUNS`, two Conv1D of 64 filters and kernel_size 5 over
 * sequences of 1024 steps. Prints milliseconds of a step, the median and the fastest, and
 * `parameters NAME` prints how many the network has. bench/peers/convolutions.py calls it in turn
 * with PyTorch. */
#include "network_steps.h"

#include <string.h>

enum { SIDE = 96, CLASSES = 1000, STEPS = 1024, FEATURES = 8 };

typedef struct builder {
    capas_graph *graph;
    capas_node node;
    int channels;
} builder;

static void apply(builder *b, capas_layer *layer)
{
    b->node = capas_graph_apply(b->graph, layer, &b->node, 1);
}

static void normalise(builder *b, int activates)
{
    apply(b, capas_batch_normalization(.momentum = 0.999));
    if (activates) apply(b, capas_activation_layer(CAPAS_RELU6));
}

static void convolve(builder *b, int filters, int size, int stride, int activates)
{
    apply(b, capas_conv2d(filters, size, .strides = {stride, stride}, .padding = CAPAS_SAME,
                          .use_bias = CAPAS_FALSE));
    normalise(b, activates);
    b->channels = filters;
}

/* Keras's _make_divisible, of 0.35 times the filters. */
static int width_of(int filters)
{
    double wanted = 0.35 * filters;
    int width = (int)(wanted + 4) / 8 * 8;
    if (width < 8) width = 8;
    return width < 0.9 * wanted ? width + 8 : width;
}

static void add_block(builder *b, int filters, int stride, int expansion)
{
    const capas_node before = b->node;
    const int channels = b->channels;
    if (expansion > 1) convolve(b, expansion * channels, 1, 1, 1);
    apply(b, capas_depthwise_conv2d(3, .strides = {stride, stride}, .padding = CAPAS_SAME,
                                    .use_bias = CAPAS_FALSE));
    normalise(b, 1);
    convolve(b, width_of(filters), 1, 1, 0);
    if (stride > 1 || b->channels != channels) return;
    capas_node both[] = {before, b->node};
    b->node = capas_graph_apply(b->graph, capas_add(), both, 2);
}

static capas_model *mobilenet(void)
{
    static const struct {
        int filters, stride, expansion, count;
    } stages[] = {{16, 1, 1, 1}, {24, 2, 6, 2},  {32, 2, 6, 3}, {64, 2, 6, 4},
                  {96, 1, 6, 3}, {160, 2, 6, 3}, {320, 1, 6, 1}};
    builder b = {.graph = capas_graph_new()};
    capas_node input = capas_graph_apply(b.graph, capas_input(SIDE, SIDE, 3), NULL, 0);
    b.node = input;
    convolve(&b, width_of(32), 3, 2, 1);
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        for (int j = 0; j < stages[i].count; j++)
            add_block(&b, stages[i].filters, j == 0 ? stages[i].stride : 1, stages[i].expansion);
    convolve(&b, 1280, 1, 1, 1);
    apply(&b, capas_global_average_pooling2d());
    apply(&b, capas_dense(CLASSES, .activation = CAPAS_SOFTMAX));
    return capas_functional(b.graph, "mobilenet", &input, 1, &b.node, 1);
}

static capas_model *conv1d(void)
{
    return capas_sequential(
        capas_input(STEPS, FEATURES), capas_conv1d(64, 5, .activation = CAPAS_RELU),
        capas_conv1d(64, 5, .activation = CAPAS_RELU), capas_global_average_pooling1d(),
        capas_dense(10, .activation = CAPAS_SOFTMAX));
}

/* Those that are trained. */
static void print_parameters(const capas_model *model)
{
    int64_t all = 0;
    for (int w = 0; w < capas_model_weight_count(model); w++) {
        capas_weight_info info;
        if (capas_model_weight_info(model, w, &info) != CAPAS_OK) fail("weights");
        int64_t count = info.trainable;
        for (int i = 0; i < info.shape.rank; i++)
            count *= info.shape.dims[i];
        all += count;
    }
    printf("parameters %lld\n", (long long)all);
    fflush(stdout);
}

static int run(const char *line)
{
    char name[32] = "";
    int batch = 0, runs = 0;
    const int asks = sscanf(line, "parameters %31s", name) == 1;
    if (!asks && (sscanf(line, "%31s %d %d", name, &batch, &runs) != 3 || batch < 1 || runs < 1 ||
                  runs > MOST_RUNS))
        return fprintf(stderr, "not understood: %s\n", line), 1;
    const int images = strcmp(name, "mobilenet") == 0;
    capas_model *model = images ? mobilenet() : conv1d();
    if (model == NULL || capas_model_status(model) != CAPAS_OK) fail(name);
    if (asks)
        print_parameters(model);
    else
        train_steps(model,
                    images ? capas_shape_of(4, batch, SIDE, SIDE, 3)
                           : capas_shape_of(3, batch, STEPS, FEATURES),
                    images ? CLASSES : 10, runs);
    capas_model_free(model);
    return 0;
}

int main(int count, char **words)
{
    char line[128];
    int failed = 0;
    capas_set_log(note, NULL);
    for (int i = 1; i < count; i++)
        failed |= run(words[i]);
    while (count == 1 && fgets(line, sizeof line, stdin))
        failed |= run(line);
    return failed;
}
