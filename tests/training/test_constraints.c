/* Constraints and penalties as training applies them: after each step of the optimizer, to weights
 * that are trained; of dense, convolution and volume kernels, however they lie. */
#include "support/cmocka.h"

#include "base/text.h"
#include "model/model.h"
#include <capas/capas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 6, SIDE = 5, VOLUME = SIDE * SIDE * SIDE };

/* Trains two steps; the weight comes back in Keras's order, to be freed. */
static float *trained(capas_model *model, const char *layer, int weight)
{
    static float x[N * VOLUME], y[N];
    for (int i = 0; i < N * VOLUME; i++)
        x[i] = (float)(i * 7 % 13) / 6 - 1;
    for (int i = 0; i < N; i++)
        y[i] = (float)(i % 3);
    capas_tensor inputs = {CAPAS_FLOAT32, model->uses[model->inputs[0]].output, x};
    capas_tensor targets = {CAPAS_FLOAT32, {2, {N, 1}}, y};
    inputs.shape.dims[0] = N;
    capas_set_random_seed(3);
    assert_int_equal(capas_compile(model, .optimizer = capas_sgd(.learning_rate = 0.5),
                                   .loss = CAPAS_MEAN_SQUARED_ERROR),
                     CAPAS_OK);
    for (int step = 0; step < 2; step++)
        if (capas_train_on_batch(model, &inputs, &targets, N, NULL) != CAPAS_OK)
            fail_msg("%s", capas_error());
    for (int w = 0; w < model->weight_count; w++) {
        if (strcmp(model->weights[w].layer->name, layer) != 0 || weight-- > 0) continue;
        const capas_shape *shape = &model->weights[w].weight->shape;
        float *values = calloc((size_t)capas_shape_count(shape, 0), sizeof *values);
        assert_int_equal(capas_model_get_weight(model, w, values), CAPAS_OK);
        return values;
    }
    fail_msg("no weight %d in %s", weight, layer);
    return NULL;
}

/* The norm of the numbers at first, first + step, ... */
static double norm(const float *values, int first, int step, int count)
{
    double squares = 0;
    for (int i = 0; i < count; i++)
        squares += (double)values[first + i * step] * values[first + i * step];
    return sqrt(squares);
}

static void dense_weights(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(
        capas_input(20),
        capas_dense(7, .name = "a", .kernel_constraint = capas_unit_norm(),
                    .bias_constraint = capas_non_neg()),
        capas_dense(1, .name = "b", .kernel_constraint = capas_along(capas_max_norm(0.2), 1)));
    float *kernel = trained(model, "a", 0);
    for (int unit = 0; unit < 7; unit++)
        assert_true(fabs(norm(kernel, unit, 7, 20) - 1) < 1e-5);
    free(kernel);
    float *bias = trained(model, "a", 1);
    for (int unit = 0; unit < 7; unit++)
        assert_true(bias[unit] >= 0);
    free(bias);
    float *last = trained(model, "b", 0);
    for (int row = 0; row < 7; row++)
        assert_true(fabsf(last[row]) <= 0.2001f);
    free(last);
    capas_model_free(model);
}

static void kernels_of_images(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(
        capas_input(SIDE, SIDE, 2),
        capas_conv2d(3, 2, .name = "c",
                     .kernel_constraint = capas_along(capas_unit_norm(), 0, 1, 2)),
        capas_depthwise_conv2d(2, .name = "d", .depthwise_constraint = capas_non_neg()),
        capas_global_average_pooling2d(), capas_dense(1));
    float *kernel = trained(model, "c", 0);
    for (int filter = 0; filter < 3; filter++)
        assert_true(fabs(norm(kernel, filter, 3, 8) - 1) < 1e-5);
    free(kernel);
    float *depthwise = trained(model, "d", 0);
    for (int i = 0; i < 12; i++)
        assert_true(depthwise[i] >= 0);
    free(depthwise);
    capas_model_free(model);
}

/* [depth, height, width, channels, filters], along the depth alone. */
static void kernels_of_volumes(void **state)
{
    (void)state;
    capas_model *model =
        capas_sequential(capas_input(SIDE, SIDE, SIDE, 1),
                         capas_conv3d(2, 2, .name = "v", .kernel_size = {3, 2, 2},
                                      .kernel_constraint = capas_along(capas_unit_norm(), -5)),
                         capas_flatten(), capas_dense(1));
    float *kernel = trained(model, "v", 0);
    for (int place = 0; place < 8; place++)
        assert_true(fabs(norm(kernel, place, 8, 3) - 1) < 1e-5);
    free(kernel);
    capas_model_free(model);
}

/* Frozen weights stay what they are. */
static void frozen_weights_are_left(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(capas_input(4),
                                          capas_dense(3, .name = "f", .trainable = CAPAS_FALSE,
                                                      .kernel_initializer = capas_constant(5),
                                                      .kernel_constraint = capas_unit_norm()),
                                          capas_dense(1));
    float *kernel = trained(model, "f", 0);
    for (int i = 0; i < 12; i++)
        assert_true(kernel[i] == 5);
    free(kernel);
    capas_model_free(model);
}

/* Two rows that are alike are driven apart by the penalty, which the loss has too. */
static void right_angles_are_learnt(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(
        capas_input(2),
        capas_dense(2, .name = "o",
                    .kernel_initializer = capas_seeded(capas_random_uniform(1, 2), 1),
                    .kernel_regularizer = capas_orthogonal_regularizer(1, CAPAS_ROWS)),
        capas_dense(1, .kernel_initializer = capas_zeros(), .trainable = CAPAS_FALSE));
    float *start = trained(model, "o", 0);
    double before =
        (start[0] * start[2] + start[1] * start[3]) / (norm(start, 0, 1, 2) * norm(start, 2, 1, 2));
    free(start);
    for (int i = 0; i < 20; i++)
        free(trained(model, "o", 0));
    float *end = trained(model, "o", 0);
    double after = (end[0] * end[2] + end[1] * end[3]) / (norm(end, 0, 1, 2) * norm(end, 2, 1, 2));
    free(end);
    assert_true(before > 0.5 && fabs(after) < 0.3);
    capas_model_free(model);
}

static void sentences(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(
        capas_input(4), capas_dense(3, .bias_constraint = capas_along(capas_max_norm(1), 1)));
    assert_int_equal(capas_model_check(model), CAPAS_SHAPE_MISMATCH);
    assert_non_null(strstr(capas_error(),
                           "layer dense: the constraint of its bias is along axis 1, but it is"));
    capas_model_free(model);
    model = capas_sequential(
        capas_input(4, 4, 1),
        capas_conv2d(3, 2, .kernel_regularizer = capas_orthogonal_regularizer(1, CAPAS_ROWS)));
    assert_int_equal(capas_model_check(model), CAPAS_SHAPE_MISMATCH);
    assert_non_null(strstr(capas_error(), "OrthogonalRegularizer takes a matrix"));
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_weights),           cmocka_unit_test(kernels_of_images),
        cmocka_unit_test(kernels_of_volumes),      cmocka_unit_test(frozen_weights_are_left),
        cmocka_unit_test(right_angles_are_learnt), cmocka_unit_test(sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
