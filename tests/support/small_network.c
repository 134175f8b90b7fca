/* A network and data for tests of training; see small_network.h. */
#include "support/small_network.h"
#include "support/cmocka.h"
#include <stdlib.h>
#include <string.h>

capas_model *small_network(void)
{
    capas_model *model =
        capas_sequential(capas_input(SMALL_FEATURES), capas_dense(4, .activation = CAPAS_RELU),
                         capas_dense(SMALL_CLASSES, .activation = CAPAS_SOFTMAX));
    if (!model) fail_msg("%s", capas_error());
    if (capas_compile(model, .optimizer = capas_sgd(.learning_rate = 0.1),
                      .loss = CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
                      .metrics = {CAPAS_ACCURACY}) != CAPAS_OK)
        fail_msg("%s", capas_error());
    return model;
}

capas_dataset *small_dataset(void)
{
    float x[SMALL_SAMPLES * SMALL_FEATURES];
    uint8_t y[SMALL_SAMPLES];
    for (int i = 0; i < SMALL_SAMPLES; i++) {
        y[i] = (uint8_t)(i % SMALL_CLASSES);
        x[2 * i] = (float)y[i] - 1 + 0.01f * (float)i;
        x[2 * i + 1] = 0.05f * (float)(i * 7 % SMALL_SAMPLES);
    }
    capas_tensor inputs = {CAPAS_FLOAT32, {2, {SMALL_SAMPLES, SMALL_FEATURES}}, x};
    capas_tensor targets = {CAPAS_UINT8, {1, {SMALL_SAMPLES}}, y};
    capas_dataset *data = capas_dataset_from_arrays(inputs, targets, 1);
    if (!data) fail_msg("%s", capas_error());
    return data;
}

static size_t count_of(const capas_model *model, int weight)
{
    capas_weight_info info;
    size_t count = 1;
    assert_int_equal(capas_model_weight_info(model, weight, &info), CAPAS_OK);
    for (int i = 0; i < info.shape.rank; i++)
        count *= (size_t)info.shape.dims[i];
    return count;
}

float *small_weights(const capas_model *model, size_t *count)
{
    size_t all = 0, at = 0;
    for (int w = 0; w < capas_model_weight_count(model); w++)
        all += count_of(model, w);
    float *values = malloc(all * sizeof *values);
    assert_non_null(values);
    for (int w = 0; w < capas_model_weight_count(model); at += count_of(model, w++))
        assert_int_equal(capas_model_get_weight(model, w, values + at), CAPAS_OK);
    if (count) *count = all;
    return values;
}
