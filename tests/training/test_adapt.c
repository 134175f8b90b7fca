/* capas_adapt: the statistics of what reaches Normalization layers, along any axes, behind other
 * layers, of bytes and of several layers at once; and its sentences. */
#include "support/cmocka.h"

#include "model/model.h"
#include <capas/capas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 150, WIDTH = 3 };

static float x[N * WIDTH], y[N];
static uint8_t bytes[N * WIDTH];

static int make_numbers(void **state)
{
    (void)state;
    for (int i = 0; i < N * WIDTH; i++) {
        bytes[i] = (uint8_t)(i * 37 % 101 + 50 * (i % WIDTH));
        x[i] = (float)bytes[i] * 0.25f - 3;
    }
    return 0;
}

static capas_dataset *numbers(void)
{
    const capas_tensor inputs = {CAPAS_FLOAT32, {2, {N, WIDTH}}, x};
    const capas_tensor targets = {CAPAS_FLOAT32, {2, {N, 1}}, y};
    return capas_dataset_from_arrays(inputs, targets, 0);
}

/* Of column `column`, or of all (-1), after `scale` and `offset`. */
static void assert_statistics(capas_model *model, int weight, int place, int column, double scale,
                              double offset)
{
    double sum = 0, squares = 0, count = 0;
    for (int i = 0; i < N * WIDTH; i++)
        if (column < 0 || i % WIDTH == column) {
            sum += x[i] * scale + offset;
            count++;
        }
    for (int i = 0; i < N * WIDTH; i++)
        if (column < 0 || i % WIDTH == column)
            squares += pow(x[i] * scale + offset - sum / count, 2);
    float mean[WIDTH], variance[WIDTH];
    assert_int_equal(capas_model_get_weight(model, weight, mean), CAPAS_OK);
    assert_int_equal(capas_model_get_weight(model, weight + 1, variance), CAPAS_OK);
    assert_true(fabs(mean[place] - sum / count) < 1e-5 * (1 + fabs(sum / count)));
    assert_true(fabs(variance[place] - squares / count) < 1e-5 * squares / count);
}

static void for_each_feature(void **state)
{
    (void)state;
    capas_dataset *data = numbers();
    capas_model *model =
        capas_sequential(capas_input(WIDTH), capas_normalization(.name = "scale"), capas_dense(1));
    assert_int_equal(capas_adapt(model, "scale", data), CAPAS_OK);
    for (int column = 0; column < WIDTH; column++)
        assert_statistics(model, 0, column, column, 1, 0);
    capas_model_free(model);
    capas_dataset_free(data);
}

static void one_for_all(void **state)
{
    (void)state;
    capas_dataset *data = numbers();
    capas_model *model = capas_sequential(
        capas_input(WIDTH), capas_normalization(.axis = {1, {CAPAS_NONE}}), capas_dense(1));
    assert_int_equal(capas_adapt(model, NULL, data), CAPAS_OK);
    assert_statistics(model, 0, 0, -1, 1, 0);
    capas_model_free(model);
    capas_dataset_free(data);
}

/* The second sees what the first made: numbers of mean 0 and deviation 1, then rescaled. */
static void behind_one_another(void **state)
{
    (void)state;
    capas_dataset *data = numbers();
    capas_model *model =
        capas_sequential(capas_input(WIDTH), capas_rescaling(2, .offset = 5), capas_normalization(),
                         capas_rescaling(3, .offset = 1), capas_normalization(), capas_dense(1));
    assert_int_equal(capas_adapt(model, NULL, data), CAPAS_OK);
    float mean[WIDTH], variance[WIDTH];
    for (int column = 0; column < WIDTH; column++)
        assert_statistics(model, 0, column, column, 2, 5);
    assert_int_equal(capas_model_get_weight(model, 3, mean), CAPAS_OK);
    assert_int_equal(capas_model_get_weight(model, 4, variance), CAPAS_OK);
    for (int column = 0; column < WIDTH; column++) {
        assert_true(fabsf(mean[column] - 1) < 1e-4f);
        assert_true(fabsf(variance[column] - 9) < 1e-3f);
    }
    capas_model_free(model);
    capas_dataset_free(data);
}

/* Bytes are taken as the model takes them: without a scale of its own as they are. */
static void of_bytes(void **state)
{
    (void)state;
    const capas_tensor inputs = {CAPAS_UINT8, {2, {N, WIDTH}}, bytes};
    const capas_tensor targets = {CAPAS_FLOAT32, {2, {N, 1}}, y};
    capas_dataset *data = capas_dataset_from_arrays(inputs, targets, 0);
    capas_model *model =
        capas_sequential(capas_input(WIDTH), capas_normalization(), capas_dense(1));
    assert_int_equal(capas_adapt(model, NULL, data), CAPAS_OK);
    for (int column = 0; column < WIDTH; column++)
        assert_statistics(model, 0, column, column, 4, 12);
    capas_model_free(model);
    capas_dataset_free(data);
}

static void assert_refused(const char *layer, const char *sentence)
{
    static const double given = 1;
    const capas_tensor one = {.element = CAPAS_FLOAT64, .data = (void *)&given};
    capas_dataset *data = numbers();
    capas_model *model = capas_sequential(
        capas_input(WIDTH), capas_normalization(.name = "given", .mean = one, .variance = one),
        capas_dense(1, .name = "dense"));
    assert_int_not_equal(capas_adapt(model, layer, data), CAPAS_OK);
    if (!strstr(capas_error(), sentence)) fail_msg("%s", capas_error());
    capas_model_free(model);
    capas_dataset_free(data);
}

static void sentences(void **state)
{
    (void)state;
    assert_refused("given",
                   "adapt: layer given finds nothing in data; only a Normalization without "
                   "a given mean does");
    assert_refused("dense", "adapt: layer dense finds nothing in data");
    assert_refused("nowhere", "nowhere");
    assert_int_equal(capas_adapt(NULL, NULL, NULL), CAPAS_INVALID_ARGUMENT);
    capas_dataset *data = numbers();
    capas_model *model = capas_sequential(capas_input(4), capas_normalization());
    assert_int_equal(capas_adapt(model, NULL, data), CAPAS_SHAPE_MISMATCH);
    assert_non_null(strstr(capas_error(), "adapt: input 0 of the model takes the shape"));
    capas_model_free(model);
    capas_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_each_feature),   cmocka_unit_test(one_for_all),
        cmocka_unit_test(behind_one_another), cmocka_unit_test(of_bytes),
        cmocka_unit_test(sentences),
    };
    return cmocka_run_group_tests(tests, make_numbers, NULL);
}
