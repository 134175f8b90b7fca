/* The rules of fit and evaluate that golden runs do not show: what must be compiled, values that
 * are not finite, steps, several outputs, one batch; and the sentences. */
#include "support/cmocka.h"
#include "support/said.h"
#include "support/small_network.h"

#include "training/trainer.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static capas_status count_batches(void *context, capas_training *training, int64_t batch,
                                  capas_logs *logs)
{
    (void)training, (void)batch, (void)logs;
    ++*(int *)context;
    return CAPAS_OK;
}

static void needs_a_compiled_model(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(capas_input(2), capas_dense(3));
    capas_dataset *data = small_dataset();
    capas_evaluation evaluation;
    assert_int_equal(capas_fit(model, data), CAPAS_WRONG_STATE);
    assert_said("fit: the model is not compiled");
    capas_model_clear_error(model);
    assert_int_equal(capas_evaluate(model, data, &evaluation), CAPAS_WRONG_STATE);
    assert_true(isnan(capas_evaluation_get(&evaluation, "loss")));
    capas_model_clear_error(model);
    assert_int_equal(capas_compile(model), CAPAS_OK);
    assert_int_equal(capas_fit(model, data), CAPAS_WRONG_STATE);
    assert_said("compiled without a loss");
    capas_model_clear_error(model);
    assert_int_equal(capas_compile(model, .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY), CAPAS_OK);
    assert_int_equal(capas_fit(model, data, .batch_size = -2), CAPAS_INVALID_ARGUMENT);
    assert_said("fit: batch_size must be an integer of at least 1, found -2");
    capas_model_clear_error(model);
    assert_int_equal(capas_fit(model, data, .validation_split = 1.5), CAPAS_INVALID_ARGUMENT);
    capas_model_clear_error(model);
    assert_int_equal(capas_evaluate(model, data, &evaluation, .batch_size = -1),
                     CAPAS_INVALID_ARGUMENT);
    capas_dataset_free(data);
    capas_model_free(model);
}

/* Floats as large as bytes and a large rate: the sentence says where and why. */
static void stops_at_nan(void **state)
{
    (void)state;
    static float x[64 * 2];
    static uint8_t y[64];
    for (int i = 0; i < 64; i++) {
        x[2 * i] = (float)(i * 37 % 256);
        x[2 * i + 1] = 255;
        y[i] = (uint8_t)(i % 3);
    }
    capas_tensor inputs = {CAPAS_FLOAT32, {2, {64, 2}}, x}, targets = {CAPAS_UINT8, {1, {64}}, y};
    capas_dataset *data = capas_dataset_from_arrays(inputs, targets, 0);
    capas_model *model = capas_sequential(capas_input(2), capas_dense(8), capas_dense(3));
    capas_compile(model, .optimizer = capas_sgd(.learning_rate = 10),
                  .losses = {{.name = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY, .from_logits = 1}});
    assert_int_equal(capas_fit(model, data, .batch_size = 8, .epochs = 50), CAPAS_NOT_FINITE);
    assert_said("fit: epoch ");
    assert_said(", batch ");
    assert_said("the inputs reach 255: scale them");
    capas_model_free(model);
    x[7] = NAN;
    model = small_network();
    assert_int_equal(capas_fit(model, data, .shuffle = CAPAS_FALSE, .batch_size = 2),
                     CAPAS_NOT_FINITE);
    assert_string_equal(capas_error(),
                        "fit: epoch 1, batch 2: the loss became NaN; input 0 of this "
                        "batch has values that are NaN or infinite");
    assert_int_equal(model->trainer->iteration, 1);
    capas_model_free(model);
    capas_dataset_free(data);
}

/* Two outputs: names as Keras has them, the whole is the weighted sum. */
static void trains_two_outputs(void **state)
{
    (void)state;
    static float x[12 * 2], size[12];
    static uint8_t kind[12];
    for (int i = 0; i < 12; i++) {
        kind[i] = (uint8_t)(i % 3);
        x[2 * i] = kind[i];
        size[i] = (float)i / 12;
    }
    capas_graph *graph = capas_graph_new();
    capas_node input = capas_graph_apply(graph, capas_input(2), NULL, 0), outputs[2];
    outputs[0] = capas_graph_apply(
        graph, capas_dense(3, .name = "kind", .activation = CAPAS_SOFTMAX), &input, 1);
    outputs[1] = capas_graph_apply(graph, capas_dense(1, .name = "size"), &input, 1);
    capas_model *model = capas_functional(graph, NULL, &input, 1, outputs, 2);
    assert_int_equal(capas_compile(model,
                                   .losses = {{.name = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY},
                                              {.name = CAPAS_MEAN_SQUARED_ERROR}},
                                   .loss_weights = {1, 0.25}, .metrics = {CAPAS_ACCURACY}),
                     CAPAS_OK);
    capas_tensor inputs = {CAPAS_FLOAT32, {2, {12, 2}}, x};
    capas_tensor targets[] = {{CAPAS_UINT8, {1, {12}}, kind}, {CAPAS_FLOAT32, {1, {12}}, size}};
    capas_dataset *data = capas_dataset_from_tensors(&inputs, 1, targets, 2, 0);
    assert_int_equal(capas_fit(model, data, .epochs = 3, .batch_size = 5), CAPAS_OK);
    capas_evaluation e;
    assert_int_equal(capas_evaluate(model, data, &e), CAPAS_OK);
    static const char *const names[] = {"kind_accuracy", "kind_loss", "loss", "size_accuracy",
                                        "size_loss"};
    assert_int_equal(e.count, 5);
    for (int i = 0; i < 5; i++)
        assert_string_equal(e.names[i], names[i]);
    assert_true(fabs(e.values[2] - (e.values[1] + 0.25 * e.values[4])) < 1e-9);
    capas_dataset_free(data);
    capas_model_free(model);
}

static void trains_on_one_batch(void **state)
{
    (void)state;
    float x[6] = {0, 1, 1, 0, 1, 1};
    int32_t y[3] = {0, 1, 2};
    capas_tensor inputs = {CAPAS_FLOAT32, {2, {3, 2}}, x}, targets = {CAPAS_INT32, {1, {3}}, y};
    capas_model *model = small_network();
    capas_evaluation before, first, later;
    for (int i = 0; i < 2; i++)
        assert_int_equal(capas_test_on_batch(model, &inputs, &targets, 3, &before), CAPAS_OK);
    assert_int_equal(capas_train_on_batch(model, &inputs, &targets, 3, &first), CAPAS_OK);
    assert_true(fabs(capas_evaluation_get(&before, "loss") - capas_evaluation_get(&first, "loss")) <
                1e-6);
    assert_int_equal(first.samples, 3);
    for (int i = 0; i < 200; i++)
        assert_int_equal(capas_train_on_batch(model, &inputs, &targets, 3, &later), CAPAS_OK);
    assert_true(capas_evaluation_get(&later, "loss") < capas_evaluation_get(&first, "loss"));
    assert_int_equal(model->trainer->iteration, 201);
    assert_int_equal(capas_train_on_batch(model, &inputs, &targets, 2, NULL), CAPAS_OK);
    y[2] = 3;
    assert_int_equal(capas_train_on_batch(model, &inputs, &targets, 3, &later), CAPAS_BAD_DATA);
    assert_said("train_on_batch: label 3 of sample 2");
    capas_model_clear_error(model);
    assert_int_equal(capas_train_on_batch(model, &inputs, &targets, 4, &later),
                     CAPAS_INVALID_ARGUMENT);
    capas_model_clear_error(model);
    assert_int_equal(capas_train_on_batch(model, NULL, &targets, 3, &later),
                     CAPAS_INVALID_ARGUMENT);
    capas_model_free(model);
}

/* The penalty of the weights before the step is in the loss, once and not divided by anything. */
static void adds_regularisers_to_the_loss(void **state)
{
    (void)state;
    double losses[2];
    for (int i = 0; i < 2; i++) {
        capas_model *model = capas_sequential(
            capas_input(2),
            capas_dense(1, .kernel_initializer = capas_constant(3),
                        .kernel_regularizer = i ? capas_l1_l2(0.5, 0.25) : (capas_regularizer){0}));
        capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR);
        float x[4] = {1, 2, 3, 4}, y[2] = {1, 2};
        capas_tensor inputs = {CAPAS_FLOAT32, {2, {2, 2}}, x};
        capas_tensor targets = {CAPAS_FLOAT32, {1, {2}}, y};
        capas_evaluation evaluation;
        assert_int_equal(capas_train_on_batch(model, &inputs, &targets, 2, &evaluation), CAPAS_OK);
        losses[i] = capas_evaluation_get(&evaluation, "loss");
        capas_model_free(model);
    }
    assert_true(fabs(losses[1] - losses[0] - (0.5 * 6 + 0.25 * 18)) < 1e-6);
}

static capas_status note_samples(void *context, capas_training *training, capas_logs *logs)
{
    (void)logs;
    *(int64_t *)context = capas_training_samples(training);
    return CAPAS_OK;
}

/* 20 samples are 3 batches of 8: 7 steps are two epochs and a batch, wherever they begin. */
static void trains_by_steps(void **state)
{
    (void)state;
    static const struct {
        int epochs;
        int64_t steps, steps_per_epoch;
        int batches, seen_epochs;
        int64_t samples;
    } cases[] = {{0, 7, 0, 7, 3, 48},
                 {2, 7, 0, 6, 2, 40},
                 {9, 3, 0, 3, 1, 20},
                 {0, 5, 2, 5, 3, 36},
                 {0, 1, 0, 1, 1, 8}};
    capas_dataset *data = small_dataset();
    capas_model *model = small_network();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int batches = 0;
        int64_t samples = 0;
        capas_callback count = {.context = &batches, .on_train_batch_end = count_batches};
        capas_callback note = {.context = &samples, .on_train_end = note_samples};
        const capas_callback *callbacks[] = {&count, &note};
        capas_history *history;
        assert_int_equal(
            capas_fit(model, data, .batch_size = 8, .steps = cases[i].steps,
                      .epochs = cases[i].epochs, .steps_per_epoch = cases[i].steps_per_epoch,
                      .callbacks = callbacks, .callback_count = 2, .history = &history),
            CAPAS_OK);
        assert_int_equal(batches, cases[i].batches);
        assert_int_equal(capas_history_epochs(history), cases[i].seen_epochs);
        assert_int_equal(samples, cases[i].samples);
        capas_history_free(history);
    }
    assert_int_equal(capas_fit(model, data, .steps = -1), CAPAS_INVALID_ARGUMENT);
    capas_dataset_free(data);
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_a_compiled_model), cmocka_unit_test(stops_at_nan),
        cmocka_unit_test(trains_by_steps),        cmocka_unit_test(trains_two_outputs),
        cmocka_unit_test(trains_on_one_batch),    cmocka_unit_test(adds_regularisers_to_the_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
