/* Training steps of networks that convolve otherwise than ResNet, with drawn weights and data: each
 * argument, or line of standard input, is `mobilenet BATCH RUNS`, MobileNetV2 with alpha 0.35 on
 * images of 96x96, or `conv1d BATCH RUNS`, two Conv1D of 64 filters and kernel_size 5 over
 * sequences of 1024 steps. Prints milliseconds of a step, the median and the fastest, and
 * `parameters NAME` prints how many the network has. bench/peers/convolutions.py calls it in turn
 * with PyTorch. */
#include "network_steps.h"

#include <string.h>

enum { SIDE = 96, CLASSES = 1000, STEPS = 1024, FEATURES = 8 };

static capas_model *mobilenet(void)
{
    return capas_mobilenet_v2(.alpha = 0.35, .input_shape = {3, {SIDE, SIDE, 3}});
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
