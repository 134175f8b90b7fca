/* Activations of rows: over the last axis of what a layer gives, as in Keras also where that is the
 * width of an image; and not in what goes step by step. */
#include "layers/layer.h"
#include "support/cmocka.h"
#include <capas/capas.h>
#include <math.h>
#include <string.h>

enum { SIDE = 3, INPUTS = 2, FILTERS = 4, NUMBERS = SIDE * SIDE * FILTERS };

/* Of a convolution whose channels come first. */
static void predict(capas_activation activation, float *y)
{
    float x[INPUTS * SIDE * SIDE];
    const float kernel[INPUTS * FILTERS] = {.5f, -1, 2, .25f, 1, .75f, -.5f, -2};
    for (int i = 0; i < INPUTS * SIDE * SIDE; i++)
        x[i] = sinf((float)i);
    capas_model *model = capas_sequential(
        capas_input(INPUTS, SIDE, SIDE),
        capas_conv2d(FILTERS, 1, .data_format = CAPAS_CHANNELS_FIRST, .activation = activation));
    assert_int_equal(capas_model_set_weight(model, 0, kernel), CAPAS_OK);
    assert_int_equal(capas_predict(model, x, 1, y), CAPAS_OK);
    capas_model_free(model);
}

static void are_over_the_last_axis(void **state)
{
    (void)state;
    float softmax[NUMBERS], logarithm[NUMBERS];
    predict(CAPAS_SOFTMAX, softmax);
    predict(CAPAS_LOG_SOFTMAX, logarithm);
    for (int row = 0; row < NUMBERS; row += SIDE) {
        assert_true(fabsf(softmax[row] + softmax[row + 1] + softmax[row + 2] - 1) < 1e-6f);
        for (int x = row; x < row + SIDE; x++)
            assert_true(fabsf(logf(softmax[x]) - logarithm[x]) < 1e-5f);
    }
}

static void are_not_step_by_step(void **state)
{
    (void)state;
    static const capas_activation of_rows[] = {CAPAS_SOFTMAX, CAPAS_LOG_SOFTMAX, CAPAS_SPARSEMAX};
    for (int i = 0; i < 3; i++) {
        capas_layer *gru = capas_gru(2, .recurrent_activation = of_rows[i]);
        assert_int_equal(capas_layer_check(gru), CAPAS_UNSUPPORTED);
        assert_non_null(strstr(capas_error(), "its activations must be element by element, found"));
        capas_layer_free(gru);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_over_the_last_axis),
        cmocka_unit_test(are_not_step_by_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
