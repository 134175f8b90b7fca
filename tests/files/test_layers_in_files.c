/* Layers whose options or weights are out of the ordinary come back from files as they were: lists
 * of numbers, a weight that is a single number, arguments of activations, constraints, Keras's
 * shorter configuration of SpatialDropout. */
#include "support/cmocka.h"

#include "model/model.h"
#include <capas/capas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
enum { N = 3, SIDE = 6, SIZE = SIDE * SIDE * 2, CLASSES = 4 };

static capas_model *images(void)
{
    static const double mean[2] = {0.25, -0.5}, variance[2] = {2, 0.5};
    const capas_shape pair = {1, {2}};
    return capas_sequential(
        capas_input(SIDE, SIDE, 2),
        capas_normalization(.mean = {CAPAS_FLOAT64, pair, (void *)mean},
                            .variance = {CAPAS_FLOAT64, pair, (void *)variance}),
        capas_normalization(.axis = {1, {CAPAS_NONE}}),
        capas_conv2d(4, 3, .kernel_constraint = capas_along(capas_max_norm(2), 0, 1, 2),
                     .kernel_initializer = capas_variance_scaling(
                         0.7, CAPAS_FAN_OUT, CAPAS_DISTRIBUTION_UNTRUNCATED_NORMAL)),
        capas_group_normalization(.groups = 2), capas_prelu(.shared_axes = {2, {1, 2}}),
        capas_spatial_dropout2d(0.3),
        capas_up_sampling2d(2, .interpolation = CAPAS_INTERPOLATE_BILINEAR),
        capas_resizing(5, 4, .antialias = CAPAS_TRUE), capas_center_crop(4, 4),
        capas_layer_normalization(.axis = {2, {1, 3}}), capas_relu(.max_value = 6), capas_flatten(),
        capas_alpha_dropout(0.1), capas_rms_normalization(),
        capas_dense(8, .activation = CAPAS_GELU_APPROXIMATE,
                    .kernel_regularizer = capas_orthogonal_regularizer(0.1, CAPAS_COLUMNS)),
        capas_leaky_relu(), capas_elu(.alpha = 0.5), capas_gaussian_noise(0.1),
        capas_gaussian_dropout(0.1), capas_activity_regularization(.l2 = 0.1),
        capas_unit_normalization(), capas_dense(CLASSES), capas_softmax());
}

static void predict(capas_model *model, float *y)
{
    float x[N * SIZE];
    for (int i = 0; i < N * SIZE; i++)
        x[i] = (float)(i * 13 % 29) / 7 - 2;
    if (capas_predict(model, x, N, y) != CAPAS_OK) fail_msg("%s", capas_error());
}

static void come_back(void **state)
{
    (void)state;
    static const char *const files[] = {"layers.keras", "layers.h5"};
    capas_model *model = images();
    float want[N * CLASSES], got[N * CLASSES];
    if (capas_model_check(model) != CAPAS_OK) fail_msg("%s", capas_error());
    predict(model, want);
    for (int i = 0; i < 2; i++) {
        if (capas_save(model, files[i]) != CAPAS_OK) fail_msg("%s", capas_error());
        capas_model *again = capas_load(files[i]);
        if (again == NULL) fail_msg("%s", capas_error());
        predict(again, got);
        assert_memory_equal(got, want, sizeof want);
        capas_model_free(again);
    }
    capas_model_free(model);
}
#endif

int main(void)
{
#if CAPAS_WITH_KERAS_FILES
    const struct CMUnitTest tests[] = {cmocka_unit_test(come_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    return 0;
#endif
}
