/* Gradients that a program may ask for: of the compiled loss they are what a step of SGD subtracts
 * and what small differences say; of an output, what small differences of the prediction say. */
#include "support/cmocka.h"
#include "support/small_network.h"

#include <capas/gradients.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 5, INPUTS = N * SMALL_FEATURES, HIDDEN = 4, OUTPUTS = N * SMALL_CLASSES };
enum { WEIGHTS = SMALL_FEATURES * HIDDEN + HIDDEN + HIDDEN * SMALL_CLASSES + SMALL_CLASSES };

static capas_model *smooth_network(void)
{
    capas_model *model = capas_sequential(
        capas_input(SMALL_FEATURES),
        capas_dense(HIDDEN, .activation = CAPAS_TANH, .name = "hidden"),
        capas_dense(SMALL_CLASSES, .activation = CAPAS_SOFTMAX, .name = "classes"));
    assert_int_equal(capas_compile(model, .optimizer = capas_sgd(.learning_rate = 1),
                                   .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY),
                     CAPAS_OK);
    return model;
}

static float x[INPUTS];
static uint8_t y[N] = {0, 2, 1, 1, 0};
static capas_tensor inputs = {CAPAS_FLOAT32, {2, {N, SMALL_FEATURES}}, x};
static capas_tensor targets = {CAPAS_UINT8, {1, {N}}, y};

static void assert_close(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance)) fail_msg("%.9g, not %.9g", got, want);
}

static double loss_of(capas_model *model)
{
    capas_evaluation e;
    assert_int_equal(capas_test_on_batch(model, &inputs, &targets, N, &e), CAPAS_OK);
    return capas_evaluation_get(&e, "loss");
}

static void of_the_loss(void **state)
{
    (void)state;
    for (int i = 0; i < INPUTS; i++)
        x[i] = sinf((float)i * 0.9f);
    capas_model *model = smooth_network();
    float by_input[INPUTS], memory[WEIGHTS],
        *by_weight[4] = {memory, memory + 8, memory + 12, memory + 24};
    float *input_list[] = {by_input};
    double loss;
    assert_int_equal(
        capas_loss_gradients(model, &inputs, &targets, N, input_list, by_weight, &loss), CAPAS_OK);
    assert_close(loss, loss_of(model), 1e-6);
    for (int i = 0; i < INPUTS; i++) {
        const float kept = x[i], h = 1e-2f;
        x[i] = kept + h;
        double high = loss_of(model);
        x[i] = kept - h;
        double low = loss_of(model);
        x[i] = kept;
        assert_close((double)by_input[i], (high - low) / (2 * (double)h), 2e-4);
    }
    float *before = small_weights(model, NULL);
    assert_int_equal(capas_train_on_batch(model, &inputs, &targets, N, NULL), CAPAS_OK);
    float *after = small_weights(model, NULL);
    for (int i = 0; i < WEIGHTS; i++)
        assert_close((double)memory[i], (double)before[i] - (double)after[i], 1e-6);
    free(before), free(after);
    capas_model_free(model);
}

static void of_an_output(void **state)
{
    (void)state;
    capas_model *model = smooth_network();
    float chosen[OUTPUTS] = {0}, by_input[INPUTS], p[OUTPUTS];
    for (int i = 0; i < N; i++)
        chosen[i * SMALL_CLASSES + 2] = 1;
    const float *chosen_list[] = {chosen};
    float *input_list[] = {by_input};
    assert_int_equal(capas_output_gradients(model, &inputs, N, chosen_list, input_list, NULL),
                     CAPAS_OK);
    for (int i = 0; i < INPUTS; i++) {
        const float kept = x[i], h = 1e-2f;
        double difference = 0;
        for (int sign = 1; sign >= -1; sign -= 2) {
            x[i] = kept + (float)sign * h;
            assert_int_equal(capas_predict(model, x, N, p), CAPAS_OK);
            difference += sign * (double)p[i / SMALL_FEATURES * SMALL_CLASSES + 2];
        }
        x[i] = kept;
        assert_close((double)by_input[i], difference / (2 * (double)h), 2e-4);
    }
    capas_model_free(model);
}

static void leaves_frozen_weights_and_the_model(void **state)
{
    (void)state;
    capas_model *model = smooth_network();
    assert_int_equal(capas_model_set_trainable(model, "hidden", 0), CAPAS_OK);
    assert_int_equal(capas_compile(model, .optimizer = capas_sgd(.learning_rate = 1),
                                   .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY),
                     CAPAS_OK);
    int kernel = capas_model_find_weight(model, "hidden", "kernel");
    assert_int_equal(kernel, 0);
    assert_int_equal(capas_model_find_weight(model, "classes", "bias"), 3);
    assert_int_equal(capas_model_find_weight(model, "classes", "gamma"), -1);
    float frozen[8], other[12], *by_weight[4] = {frozen, NULL, other, NULL};
    memset(frozen, 1, sizeof frozen);
    float *before = small_weights(model, NULL);
    assert_int_equal(capas_loss_gradients(model, &inputs, &targets, N, NULL, by_weight, NULL),
                     CAPAS_OK);
    float *after = small_weights(model, NULL);
    assert_memory_equal(before, after, WEIGHTS * sizeof(float));
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += fabs((double)other[i]);
    assert_true(sum > 1e-3);
    for (int i = 0; i < 8; i++)
        assert_true(frozen[i] == 0);
    free(before), free(after);
    capas_model_free(model);
}

static void refuses(void **state)
{
    (void)state;
    capas_model *model = smooth_network();
    const float *none[] = {NULL};
    assert_int_equal(capas_output_gradients(model, &inputs, N, none, NULL, NULL),
                     CAPAS_INVALID_ARGUMENT);
    assert_non_null(strstr(capas_error(), "output_gradients: inputs, a gradient for each output"));
    capas_tensor wide = {CAPAS_FLOAT32, {2, {2, SMALL_FEATURES + 1}}, x};
    const float *some[] = {x};
    assert_int_equal(capas_output_gradients(model, &wide, 2, some, NULL, NULL),
                     CAPAS_SHAPE_MISMATCH);
    assert_int_equal(capas_loss_gradients(model, &wide, &targets, 2, NULL, NULL, NULL),
                     CAPAS_SHAPE_MISMATCH);
    assert_int_equal(capas_model_status(model), CAPAS_OK); /* nothing of it is kept */
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_the_loss),
        cmocka_unit_test(of_an_output),
        cmocka_unit_test(leaves_frozen_weights_and_the_model),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
