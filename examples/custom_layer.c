/* A layer of one's own, in C: Swish(beta), y = x sigmoid(beta x), with its way back. It is
 * registered by name, so that a file that names it opens here, and in Keras when a class is
 * registered there as "examples>Swish".
 *
 *     ./custom_layer [EPOCHS]       (default 3)
 *
 * MNIST is found in data/mnist or in CAPAS_DATA. */
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t numbers_of(const capas_custom_call *call)
{
    int64_t count = call->n;
    for (int i = 1; i < call->output_shape->rank; i++)
        count *= call->output_shape->dims[i];
    return count;
}

static float gate(const capas_custom_call *call, int64_t i)
{
    return 1 / (1 + expf(-(float)call->options[0] * call->inputs[0][i]));
}

static void forward(const capas_custom_call *call)
{
    for (int64_t i = 0; i < numbers_of(call); i++)
        call->output[i] = call->inputs[0][i] * gate(call, i);
}

/* dy/dx = g + beta x g (1 - g), g the gate */
static void backward(const capas_custom_call *call)
{
    float *gradient = call->input_gradients[0];
    for (int64_t i = 0; gradient && i < numbers_of(call); i++) {
        float x = call->inputs[0][i], g = gate(call, i);
        float slope = g + (float)call->options[0] * x * g * (1 - g);
        gradient[i] = call->output_gradient[i] * slope;
    }
}

static const capas_custom_layer swish = {
    .struct_size = sizeof(capas_custom_layer),
    .name = "Swish",
    .package = "examples",
    .summary = "x sigmoid(beta x).",
    .options = {{"beta", 1, "how steep the gate is"}},
    .forward = forward,
    .backward = backward,
};

int main(int argc, char **argv)
{
    capas_register_layer(&swish);
    capas_model *model = capas_sequential(
        capas_input(28, 28, 1),
        capas_flatten(),
        capas_dense(64),
        capas_custom("Swish", (double[]){1.5}, "swish"),
        capas_dense(10, .activation = CAPAS_SOFTMAX));
    capas_model_set_preprocessing(model, &(capas_preprocessing){.scale = 1.0 / 255});
    capas_compile(
        model,
        .optimizer = capas_adam(),
        .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
        .metrics = {CAPAS_ACCURACY});

    capas_dataset *mnist = capas_mnist();
    capas_dataset *train = capas_dataset_slice(mnist, 0, 10000);
    capas_fit(model, train, .epochs = argc > 1 ? atoi(argv[1]) : 3, .verbose = 2);
    capas_save(model, "swish.keras");

    /* The file says "examples>Swish", and beta. */
    capas_model *again = capas_load("swish.keras");
    capas_evaluation result;
    capas_status status = capas_evaluate(again, train, &result);
    if (status == CAPAS_OK)
        printf("opened again: accuracy %.4f\n", capas_evaluation_get(&result, "accuracy"));
    else
        fprintf(stderr, "%s\n", capas_error());
    capas_dataset_free(train);
    capas_dataset_free(mnist);
    capas_model_free(again);
    capas_model_free(model);
    return status == CAPAS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
