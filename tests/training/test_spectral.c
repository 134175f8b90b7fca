/* SpectralNormalization as Keras trains it: losses, weights after each step and outputs of recorded
 * networks (golden/spectral), whose files come and go; and training without memory. */
#include "support/cmocka.h"
#include "support/saved_model.h"
#include "support/scarce_memory.h"

#include "files/keras.h"
#include "model/model.h"
#include <capas/capas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
enum { STEPS = 4 };

static capas_tensor tensor_of(const npy *array)
{
    capas_tensor tensor = {CAPAS_FLOAT32, {array->rank, {0}}, array->data};
    for (int i = 0; i < array->rank; i++)
        tensor.shape.dims[i] = array->shape[i];
    return tensor;
}

static void assert_predicts(capas_model *model, const char *path, const char *file)
{
    char what[128];
    npy x = golden_npy("%s/x.npy", path), want = golden_npy("%s/%s", path, file);
    float *got = predict_recorded(model, &x, want.count);
    snprintf(what, sizeof what, "%s/%s", path, file);
    assert_true(golden_close(what, got, &want, 1e-4, 2e-5));
    free(got);
    npy_free(&x);
    npy_free(&want);
}

static void assert_weights_close(capas_model *got, capas_model *want, const char *what)
{
    assert_int_equal(capas_model_weight_count(got), capas_model_weight_count(want));
    for (int w = 0; w < got->weight_count; w++) {
        const capas_weight *weight = got->weights[w].weight;
        for (int64_t i = 0; i < got->weights[w].count; i++) {
            const float a = got->values[got->weights[w].offset + i];
            const float b = want->values[want->weights[w].offset + i];
            if (!(fabsf(a - b) <= 2e-5f + 1e-4f * fabsf(b)))
                fail_msg("%s: %s of %s: got %.9g, want %.9g", what, weight->name,
                         got->weights[w].layer->name, (double)a, (double)b);
        }
    }
}

/* Written as .keras and .h5 and read again, it predicts the same bits. */
static void assert_comes_back(capas_model *model, const char *path)
{
    static const char *const files[] = {"own.keras", "own.h5", "own.capas"};
    npy x = golden_npy("%s/x.npy", path), y = golden_npy("%s/y.npy", path);
    float *want = predict_recorded(model, &x, y.count);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        save_model(model, files[i]);
        capas_model *again = open_model(files[i]);
        assert_same_weights(model, again);
        float *got = predict_recorded(again, &x, y.count);
        assert_memory_equal(got, want, y.count * sizeof *want);
        free(got);
        capas_model_free(again);
    }
    free(want);
    npy_free(&x);
    npy_free(&y);
}

static void run_case(const char *path, void *context)
{
    (void)context;
    char what[128];
    npy x = golden_npy("%s/x.npy", path), y = golden_npy("%s/y.npy", path);
    npy losses = golden_npy("%s/losses.npy", path);
    const capas_tensor inputs = tensor_of(&x), targets = tensor_of(&y);
    capas_model *model = open_model(golden_path("%s/begin.keras", path));
    capas_model *after = open_model(golden_path("%s/begin.keras", path));
    assert_predicts(model, path, "out_begin.npy");
    for (int step = 0; step < STEPS; step++) {
        capas_evaluation evaluation;
        if (capas_train_on_batch(model, &inputs, &targets, inputs.shape.dims[0], &evaluation) !=
                CAPAS_OK ||
            capas_load_weights(after, golden_path("%s/after%d.weights.h5", path, step)) != CAPAS_OK)
            fail_msg("%s: %s", path, capas_error());
        snprintf(what, sizeof what, "%s, step %d", path, step);
        assert_weights_close(model, after, what);
        const double loss = capas_evaluation_get(&evaluation, "loss"),
                     want = npy_at(&losses, (size_t)step);
        if (fabs(loss - want) > 1e-4 * want)
            fail_msg("%s: the loss is %.9g, want %.9g", what, loss, want);
    }
    assert_predicts(model, path, "out.npy");
    assert_comes_back(model, path);
    static const char *const ends[] = {"end.keras", "end.h5"};
    for (int i = 0; i < 2; i++) {
        capas_model *end = open_model(golden_path("%s/%s", path, ends[i]));
        assert_weights_close(end, after, ends[i]);
        assert_predicts(end, path, "out.npy");
        capas_model_free(end);
    }
    capas_model_free(model);
    capas_model_free(after);
    npy_free(&x);
    npy_free(&y);
    npy_free(&losses);
}

static void trains_as_keras(void **state)
{
    (void)state;
    assert_int_equal(golden_cases("spectral", run_case, NULL), 4);
}

/* The kernel has two places in Keras's files. */
static void files_have_what_keras_wants(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "layers/spectral_normalization/vars/0", "layers/spectral_normalization/vars/1",
        "layers/spectral_normalization/layer/vars/0", "layers/spectral_normalization/layer/vars/1"};
    capas_model *model =
        capas_sequential(capas_input(3), capas_spectral_normalization(capas_dense(2)));
    if (!model || capas_save_weights(model, "own.weights.h5") != CAPAS_OK)
        fail_msg("%s", capas_error());
    capas_hdf5_contents *file = capas_h5_open("own.weights.h5");
    assert_non_null(file);
    for (int i = 0; i < 4; i++)
        assert_true(capas_hdf5_has(file, paths[i]));
    assert_false(capas_hdf5_has(file, "layers/spectral_normalization/vars/2"));
    capas_hdf5_close_contents(file);
    capas_model_free(model);
}
#endif

static capas_status train_once(void)
{
    float x[6] = {1, 2, 3, -1, 0, 1}, y[4] = {0, 1, 1, 0};
    const capas_tensor inputs = {CAPAS_FLOAT32, {2, {2, 3}}, x};
    const capas_tensor targets = {CAPAS_FLOAT32, {2, {2, 2}}, y};
    capas_model *model =
        capas_sequential(capas_input(3), capas_spectral_normalization(capas_dense(2)));
    capas_status status = model ? CAPAS_OK : CAPAS_NO_MEMORY;
    if (status == CAPAS_OK) status = capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR);
    if (status == CAPAS_OK) status = capas_train_on_batch(model, &inputs, &targets, 2, NULL);
    capas_model_free(model);
    return status;
}

static void memory_that_runs_out_is_told(void **state)
{
    (void)state;
    scarce_memory_everywhere(train_once, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if CAPAS_WITH_KERAS_FILES
        cmocka_unit_test(trains_as_keras),
        cmocka_unit_test(files_have_what_keras_wants),
#endif
        cmocka_unit_test(memory_that_runs_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
