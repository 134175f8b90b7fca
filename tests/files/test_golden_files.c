/* Files that Keras wrote, of every format that capas has: they open, give Keras's outputs, also
 * once capas has saved them again, and trainings go on as in Keras. */
#include "support/cmocka.h"
#include "support/golden.h"
#include "support/saved_model.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if CAPAS_WITH_KERAS_FILES
static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), more = strlen(end);
    return length >= more && strcmp(text + length - more, end) == 0;
}

static bool is_whole_model(const char *file)
{
    return ends_in(file, ".keras") ||
           (ends_in(file, ".h5") && !ends_in(file, ".weights.h5") && !ends_in(file, "_weights.h5"));
}

static void check_file(const json_t *entry, size_t *opened)
{
    static const char *const again[] = {"again.keras", "again.h5"};
    const char *file = json_string_value(json_object_get(entry, "file"));
    const char *input = json_string_value(json_object_get(entry, "input"));
    const char *output = json_string_value(json_object_get(entry, "output"));
    if (!is_whole_model(file) || !input) return;
    for (size_t i = 0; i < sizeof again / sizeof again[0]; i++) {
        capas_model *model = open_model(golden_path("files/%s", file));
        assert_recorded_output(model, input, output);
        save_model(model, again[i]);
        capas_model_free(model);
        model = open_model(again[i]);
        assert_recorded_output(model, input, output);
        capas_model_free(model);
    }
    ++*opened;
}

static void opens_files_of_keras(void **state)
{
    (void)state;
    json_t *files = golden_json("files/files.json"), *entry;
    size_t i, opened = 0;
    json_array_foreach(json_object_get(files, "files"), i, entry) check_file(entry, &opened);
    assert_true(opened >= 11);
    json_decref(files);
}

static void assert_goes_on(capas_model *model, const json_t *entry)
{
    npy x = golden_npy("files/%s", json_string_value(json_object_get(entry, "x")));
    npy y = golden_npy("files/%s", json_string_value(json_object_get(entry, "y")));
    const json_t *losses = json_object_get(entry, "next_three_losses_uninterrupted");
    int64_t batch = json_integer_value(json_object_get(entry, "batch"));
    size_t size = x.count / (size_t)x.shape[0];
    for (size_t step = 0; step < json_array_size(losses); step++) {
        /* The first two batches were trained before the file was saved. */
        size_t first = (step + 2) * (size_t)batch % (size_t)x.shape[0];
        capas_tensor inputs = {CAPAS_FLOAT32, {0}, (float *)x.data + first * size};
        capas_tensor targets = {CAPAS_INT32, {0}, (int32_t *)y.data + first};
        capas_evaluation evaluation;
        inputs.shape.rank = x.rank;
        for (int i = 0; i < x.rank; i++)
            inputs.shape.dims[i] = i == 0 ? batch : x.shape[i];
        targets.shape = capas_shape_of(1, (int)batch);
        if (capas_train_on_batch(model, &inputs, &targets, batch, &evaluation) != CAPAS_OK)
            fail_msg("%s", capas_error());
        double wanted = json_number_value(json_array_get(losses, step));
        double got = capas_evaluation_get(&evaluation, "loss");
        if (!(fabs(got - wanted) <= 1e-3 * fabs(wanted)))
            fail_msg("step %zu: loss %g, Keras has %g", step, got, wanted);
    }
    npy_free(&x);
    npy_free(&y);
}

static void check_training(const json_t *entry)
{
    static const char *const again[] = {"resumed.keras", "resumed.h5"};
    const char *file = json_string_value(json_object_get(entry, "file"));
    capas_model *model = open_model(golden_path("files/%s", file));
    assert_goes_on(model, entry);
    capas_model_free(model);
    for (size_t i = 0; i < sizeof again / sizeof again[0]; i++) {
        model = open_model(golden_path("files/%s", file));
        save_model(model, again[i]);
        capas_model_free(model);
        model = open_model(again[i]);
        assert_goes_on(model, entry);
        capas_model_free(model);
    }
}

static void goes_on_with_the_training(void **state)
{
    (void)state;
    json_t *files = golden_json("files/files.json"), *entry;
    size_t i, trained = 0;
    json_array_foreach(json_object_get(files, "files"), i, entry)
    {
        if (!json_object_get(entry, "next_three_losses_uninterrupted")) continue;
        check_training(entry);
        trained++;
    }
    assert_int_equal(trained, 4);
    json_decref(files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_files_of_keras),
        cmocka_unit_test(goes_on_with_the_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
/* A build without Keras's files has nothing to test here; test_broken.c sees that it says so. */
int main(void)
{
    return 0;
}
#endif
