/* Training on sequences: a network with CTC from Keras's file goes the way that it goes in Keras,
 * comes back from a file of ours, and what does not go with CTC is told. */
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/saved_model.h"

#include <math.h>
#include <string.h>

enum { SAMPLES = 3, STEPS = 4, CLASSES = 3 };

static void assert_said(const char *piece)
{
    if (!strstr(capas_error(), piece)) fail_msg("\"%s\" is not in \"%s\"", piece, capas_error());
}

#if CAPAS_WITH_KERAS_FILES
static capas_dataset *recorded_data(npy *x, npy *y)
{
    *x = golden_npy("losses/ctc_training/x.npy");
    *y = golden_npy("losses/ctc_training/y.npy");
    const capas_tensor inputs = {
        CAPAS_FLOAT32, capas_shape_of(3, (int)x->shape[0], (int)x->shape[1], (int)x->shape[2]),
        x->data};
    const capas_tensor targets = {CAPAS_INT32,
                                  capas_shape_of(2, (int)y->shape[0], (int)y->shape[1]), y->data};
    return capas_dataset_from_arrays(inputs, targets, 0);
}

static void trains_as_keras(void **state)
{
    (void)state;
    npy x, y, losses = golden_npy("losses/ctc_training/losses.npy");
    npy after = golden_npy("losses/ctc_training/after.npy");
    capas_dataset *data = recorded_data(&x, &y);
    capas_model *model = open_model(golden_path("losses/ctc_training/model.keras"));
    save_model(model, "sequences.keras");
    capas_model_free(model);
    model = open_model("sequences.keras");
    capas_history *history;
    if (capas_fit(model, data, .batch_size = 6, .epochs = (int)losses.count, .shuffle = CAPAS_FALSE,
                  .history = &history) != CAPAS_OK)
        fail_msg("%s", capas_error());
    const double *loss = capas_history_values(history, "loss");
    for (size_t i = 0; i < losses.count; i++)
        if (fabs(loss[i] - npy_at(&losses, i)) > 1e-3 * npy_at(&losses, i))
            fail_msg("epoch %zu: the loss is %.9g, Keras has %.9g", i, loss[i], npy_at(&losses, i));
    float *outputs = predict_recorded(model, &x, after.count);
    assert_true(golden_close("after the training", outputs, &after, 1e-2, 1e-3));
    free(outputs);
    capas_history_free(history);
    capas_model_free(model);
    capas_dataset_free(data);
    npy_free(&x);
    npy_free(&y);
    npy_free(&losses);
    npy_free(&after);
}
#endif

/* Fits a network whose outputs are STEPS times CLASSES to targets of a shape. */
static capas_status fit_to(capas_shape targets_shape, int32_t label,
                           const capas_compile_options *options, const double *class_weight)
{
    static float x[SAMPLES * STEPS * 2];
    int32_t y[SAMPLES * STEPS] = {1, 2, 0, 0, 2};
    y[3] = label;
    const capas_tensor inputs = {CAPAS_FLOAT32, capas_shape_of(3, SAMPLES, STEPS, 2), x};
    const capas_tensor targets = {CAPAS_INT32, targets_shape, y};
    capas_dataset *data = capas_dataset_from_arrays(inputs, targets, 0);
    capas_model *model = capas_sequential(capas_input(STEPS, 2), capas_dense(CLASSES));
    assert_int_equal(capas_compile_with(model, options), CAPAS_OK);
    capas_status status = capas_fit(model, data, .class_weight = class_weight,
                                    .class_weight_count = class_weight ? 2 : 0);
    capas_model_free(model);
    capas_dataset_free(data);
    return status;
}

static void tells_what_does_not_go(void **state)
{
    (void)state;
    const capas_shape labels = capas_shape_of(2, SAMPLES, 2);
    const double weights[2] = {1, 2};
    capas_compile_options options = {.struct_size = sizeof options, .loss = CAPAS_CTC};
    assert_int_equal(fit_to(labels, 0, &options, NULL), CAPAS_OK);
    assert_int_equal(fit_to(labels, CLASSES, &options, NULL), CAPAS_BAD_DATA);
    assert_said("label 3 of sample 1 is outside 0..2");
    assert_int_equal(fit_to(labels, -1, &options, NULL), CAPAS_BAD_DATA);
    assert_int_equal(fit_to(capas_shape_of(1, SAMPLES), 0, &options, NULL), CAPAS_SHAPE_MISMATCH);
    assert_said("takes an output of the shape (None, steps, classes)");
    assert_int_equal(fit_to(labels, 0, &options, weights), CAPAS_UNSUPPORTED);
    assert_said("class_weight is for one label a sample");
    options.metrics[0] = CAPAS_ACCURACY;
    assert_int_equal(fit_to(labels, 0, &options, NULL), CAPAS_UNSUPPORTED);
    assert_said("leave metrics out");
}

/* The pairs of a batch are of vectors, and their labels are any numbers. */
static void tells_what_is_no_pair(void **state)
{
    (void)state;
    const capas_compile_options options = {.struct_size = sizeof options, .loss = CAPAS_CIRCLE};
    assert_int_equal(fit_to(capas_shape_of(1, SAMPLES), 0, &options, NULL), CAPAS_SHAPE_MISMATCH);
    assert_said("each of them a vector");
    float x[3 * 2] = {1, 2, 3, 4, 5, 6}, y[3] = {-70000, 1.5f, 4};
    for (int i = 0; i < 2; i++) {
        y[1] = i == 0 ? 1.5f : -70000;
        const capas_tensor inputs = {CAPAS_FLOAT32, capas_shape_of(2, 3, 2), x};
        const capas_tensor targets = {CAPAS_FLOAT32, capas_shape_of(1, 3), y};
        capas_dataset *data = capas_dataset_from_arrays(inputs, targets, 0);
        capas_model *model =
            capas_sequential(capas_input(2), capas_unit_normalization(), capas_dense(4));
        assert_int_equal(capas_compile(model, .losses = {{.name = CAPAS_CIRCLE, .gamma = 2}}),
                         CAPAS_OK);
        assert_int_equal(capas_fit(model, data), i == 0 ? CAPAS_BAD_DATA : CAPAS_OK);
        if (i == 0) assert_said("label 1.5 of sample 1 is no class number");
        capas_model_free(model);
        capas_dataset_free(data);
    }
}

static void tells_wrong_options(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(capas_input(2), capas_dense(3));
    const capas_loss wrong[] = {
        {.name = CAPAS_CATEGORICAL_GENERALIZED_CROSS_ENTROPY, .q = 1},
        {.name = CAPAS_CATEGORICAL_GENERALIZED_CROSS_ENTROPY, .q = CAPAS_ZERO},
        {.name = CAPAS_CIRCLE, .q = .5},
        {.name = CAPAS_CTC, .remove_diagonal = CAPAS_FALSE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(capas_compile(model, .losses = {wrong[i]}), CAPAS_INVALID_ARGUMENT);
        assert_said(i < 2 ? "above 0 and below 1" : "has no option");
        capas_model_clear_error(model);
    }
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if CAPAS_WITH_KERAS_FILES
        cmocka_unit_test(trains_as_keras),
#endif
        cmocka_unit_test(tells_what_does_not_go),
        cmocka_unit_test(tells_what_is_no_pair),
        cmocka_unit_test(tells_wrong_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
