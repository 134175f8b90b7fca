/* A callback of one's own: it halves the learning rate when the network gets no better, and stops
 * the training when that does not help any more.
 *
 *     ./callback [EPOCHS]       (at most; default 20)
 *
 * MNIST is found in data/mnist or in CAPAS_DATA. */
#include <capas/capas.h>
#include <stdio.h>
#include <stdlib.h>

struct patience {
    double best;     /* the lowest loss on the validation data so far */
    int without_any; /* epochs since then */
};

/* Called after every epoch. `logs` has its numbers; what is added is shown and kept with them. */
static capas_status judge(void *context, capas_training *training, int epoch, capas_logs *logs)
{
    struct patience *patience = context;
    double loss = capas_logs_get(logs, "val_loss");
    double rate = capas_training_learning_rate(training);
    if (epoch == 0 || loss < patience->best) {
        patience->best = loss;
        patience->without_any = 0;
    } else if (++patience->without_any < 3) {
        capas_status status = capas_training_set_learning_rate(training, rate / 2);
        if (status != CAPAS_OK) return status;
    } else {
        capas_training_stop(training);
    }
    return capas_logs_set(logs, "learning_rate", rate);
}

int main(int argc, char **argv)
{
    capas_model *model = capas_sequential(
        capas_input(28, 28, 1),
        capas_flatten(),
        capas_dense(64, .activation = CAPAS_RELU),
        capas_dense(10, .activation = CAPAS_SOFTMAX));
    capas_model_set_preprocessing(model, &(capas_preprocessing){.scale = 1.0 / 255});
    capas_compile(
        model,
        .optimizer = capas_sgd(.learning_rate = 0.5),
        .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
        .metrics = {CAPAS_ACCURACY});

    /* The first 10,000 digits to learn from, 2,000 others to judge by. */
    capas_dataset *mnist = capas_mnist();
    capas_dataset *train = capas_dataset_slice(mnist, 0, 10000);
    capas_dataset *validation = capas_dataset_slice(mnist, 10000, 2000);

    struct patience patience;
    capas_callback callback = {.context = &patience, .on_epoch_end = judge};
    const capas_callback *callbacks[] = {&callback};
    capas_history *history;
    capas_status status = capas_fit(
        model,
        train,
        .epochs = argc > 1 ? atoi(argv[1]) : 20,
        .validation_data = validation,
        .verbose = 2,
        .callbacks = callbacks,
        .callback_count = 1,
        .history = &history);
    if (status == CAPAS_OK) {
        printf(
            "%d epochs; the best loss on the validation data was %.4f\n",
            capas_history_epochs(history),
            patience.best);
        capas_history_free(history);
    } else {
        fprintf(stderr, "%s\n", capas_error());
    }
    capas_dataset_free(train);
    capas_dataset_free(validation);
    capas_dataset_free(mnist);
    capas_model_free(model);
    return status == CAPAS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
