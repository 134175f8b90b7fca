/* The first program: a convolutional network learns handwritten digits and is saved.
 *
 *     ./first [EPOCHS]       (default 1; MNIST is found in data/mnist or in CAPAS_DATA)
 *
 * Every call can fail; a model keeps its first failure, so one check at the end is enough. */
#include <capas/capas.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    int epochs = argc > 1 ? atoi(argv[1]) : 1;

    capas_model *model = capas_sequential(
        capas_input(28, 28, 1),
        capas_conv2d(32, 3, .activation = CAPAS_RELU),
        capas_max_pooling2d(2),
        capas_flatten(),
        capas_dense(100, .activation = CAPAS_RELU),
        capas_dense(10, .activation = CAPAS_SOFTMAX));

    /* Bytes 0..255 are given to the network as 0..1. */
    capas_model_set_preprocessing(model, &(capas_preprocessing){.scale = 1.0 / 255});
    capas_compile(
        model,
        .optimizer = capas_adam(),
        .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
        .metrics = {CAPAS_ACCURACY});

    capas_dataset *train = capas_mnist();
    capas_fit(model, train, .epochs = epochs, .batch_size = 32, .verbose = 1);

    capas_dataset *test = capas_mnist_test();
    capas_evaluation result;
    if (capas_evaluate(model, test, &result) == CAPAS_OK)
        printf("test accuracy %.4f\n", capas_evaluation_get(&result, "accuracy"));

    capas_status status = capas_save(model, "digits.keras");
    if (status != CAPAS_OK) fprintf(stderr, "%s\n", capas_error());

    capas_dataset_free(train);
    capas_dataset_free(test);
    capas_model_free(model);
    return status == CAPAS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
