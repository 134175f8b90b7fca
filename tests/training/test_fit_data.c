/* What data fit and evaluate take: splits, labels, shapes, generators, bytes that are scaled; and
 * the sentences of what they refuse. */
#include "support/cmocka.h"
#include "support/said.h"
#include "support/small_network.h"

#include "training/trainer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static capas_status count_batches(void *context, capas_training *training, int64_t batch,
                                  capas_logs *logs)
{
    (void)training, (void)batch, (void)logs;
    ++*(int *)context;
    return CAPAS_OK;
}

/* Keras's floor in double: 100 samples at 0.9 leave 9, 10 leave none. */
static void splits_as_keras(void **state)
{
    (void)state;
    static float x[100 * SMALL_FEATURES];
    static uint8_t y[100];
    static const struct {
        int64_t samples;
        double split;
        int train; /* 0: refused */
    } cases[] = {{100, 0.9, 9}, {10, 0.9, 0}, {10, 0.5, 5},
                 {10, 0.05, 9}, {1, 0.5, 0},  {100, 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        capas_tensor inputs = {CAPAS_FLOAT32, {2, {cases[i].samples, SMALL_FEATURES}}, x};
        capas_tensor targets = {CAPAS_UINT8, {1, {cases[i].samples}}, y};
        capas_dataset *data = capas_dataset_from_arrays(inputs, targets, 0);
        capas_model *model = small_network();
        int batches = 0;
        capas_callback count = {.context = &batches, .on_train_batch_end = count_batches};
        const capas_callback *callbacks[] = {&count};
        *warnings = '\0';
        capas_status status =
            capas_fit(model, data, .batch_size = 1, .validation_split = cases[i].split,
                      .callbacks = callbacks, .callback_count = 1);
        assert_int_equal(status, cases[i].train ? CAPAS_OK : CAPAS_BAD_DATA);
        assert_int_equal(batches, cases[i].train);
        if (!cases[i].train) assert_said("both need at least one");
        if (cases[i].train == 9 && cases[i].samples == 100)
            assert_non_null(strstr(warnings, "fit: validation_split 0.9 leaves only 9 of 100 "
                                             "samples for training\n"));
        capas_model_free(model);
        capas_dataset_free(data);
    }
}

static capas_dataset *labelled(uint8_t wrong_label)
{
    float x[SMALL_SAMPLES * SMALL_FEATURES] = {0};
    uint8_t y[SMALL_SAMPLES] = {0};
    y[13] = wrong_label;
    capas_tensor inputs = {CAPAS_FLOAT32, {2, {SMALL_SAMPLES, SMALL_FEATURES}}, x};
    capas_tensor targets = {CAPAS_UINT8, {1, {SMALL_SAMPLES}}, y};
    return capas_dataset_from_arrays(inputs, targets, 1);
}

static void checks_labels_before_it_starts(void **state)
{
    (void)state;
    capas_model *model = small_network();
    capas_dataset *wrong = labelled(3), *right = labelled(2);
    capas_evaluation evaluation;
    assert_int_equal(capas_fit(model, wrong), CAPAS_BAD_DATA);
    assert_said("fit: label 3 of sample 13 is outside 0..2");
    assert_int_equal(model->trainer->iteration, 0);
    capas_model_clear_error(model);
    assert_int_equal(capas_fit(model, right, .validation_data = wrong), CAPAS_BAD_DATA);
    assert_said("fit: validation: label 3 of sample 13");
    capas_model_clear_error(model);
    assert_int_equal(capas_evaluate(model, wrong, &evaluation), CAPAS_BAD_DATA);
    assert_said("evaluate: label 3 of sample 13");
    assert_int_equal(capas_evaluate(model, right, &evaluation), CAPAS_BAD_DATA); /* kept */
    capas_model_clear_error(model);
    assert_int_equal(capas_evaluate(model, right, &evaluation), CAPAS_OK);
    capas_dataset_free(wrong);
    capas_dataset_free(right);
    capas_model_free(model);
}

static void check_fit(capas_model *model, capas_dataset *data, capas_status status,
                      const char *said)
{
    assert_int_equal(capas_fit(model, data), status);
    assert_said(said);
    capas_model_clear_error(model);
}

static void tells_data_that_does_not_fit(void **state)
{
    (void)state;
    float x[12] = {0};
    uint8_t y[12] = {0};
    capas_model *model = small_network();
    capas_tensor wide = {CAPAS_FLOAT32, {2, {4, 3}}, x}, fit = {CAPAS_FLOAT32, {2, {4, 2}}, x};
    capas_tensor labels = {CAPAS_UINT8, {1, {4}}, y}, pairs = {CAPAS_UINT8, {2, {4, 2}}, y};
    capas_tensor none = {0};
    capas_dataset *sets[] = {
        capas_dataset_from_arrays(wide, labels, 0), capas_dataset_from_arrays(fit, pairs, 0),
        capas_dataset_from_arrays(fit, none, 0),
        capas_dataset_from_tensors((capas_tensor[]){fit, fit}, 2, &labels, 1, 0),
        capas_dataset_from_tensors(&fit, 1, (capas_tensor[]){labels, labels}, 2, 0)};
    check_fit(model, sets[0], CAPAS_SHAPE_MISMATCH,
              "fit: input 0 of the model takes the shape (None, 2), the data has (None, 3)");
    check_fit(model, sets[1], CAPAS_SHAPE_MISMATCH,
              "takes targets of the shape (None,), found (None, 2)");
    check_fit(model, sets[2], CAPAS_BAD_DATA, "the data has no targets");
    check_fit(model, sets[3], CAPAS_SHAPE_MISMATCH, "takes 1 inputs, the data has 2");
    check_fit(model, sets[4], CAPAS_SHAPE_MISMATCH, "1 outputs, the data has targets for 2");
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
        capas_dataset_free(sets[i]);
    assert_int_equal(capas_fit(model, NULL), CAPAS_SHAPE_MISMATCH); /* the thread's last failure */
    capas_model_free(model);
}

/* A generator of the small data set's form: five samples at a time, as many as `end`. */
typedef struct source {
    int at, end;
    uint8_t label;
} source;

static int64_t generate(void *context, int restart, int epoch, int64_t n, void *const *inputs,
                        void *const *targets)
{
    source *s = context;
    (void)epoch;
    if (restart) s->at = 0;
    int64_t given = 0;
    for (; given < n && given < 5 && s->at < s->end; given++, s->at++) {
        ((float *)inputs[0])[2 * given] = (float)(s->at % 3);
        ((float *)inputs[0])[2 * given + 1] = 1;
        ((uint8_t *)targets[0])[given] = s->label ? s->label : (uint8_t)(s->at % 3);
    }
    return given;
}

static capas_dataset *generated(source *source)
{
    capas_dataset_spec spec = {.input_count = 1,
                               .target_count = 1,
                               .input_shapes = {{1, {2}}},
                               .input_elements = {CAPAS_FLOAT32},
                               .target_elements = {CAPAS_UINT8},
                               .count = CAPAS_ANY};
    capas_dataset *data = capas_dataset_from_function(&spec, generate, source);
    assert_non_null(data);
    return data;
}

static void trains_from_a_generator(void **state)
{
    (void)state;
    source source = {.end = 18};
    capas_dataset *data = generated(&source);
    capas_model *model = small_network();
    int batches = 0;
    capas_callback count = {.context = &batches, .on_train_batch_end = count_batches};
    const capas_callback *callbacks[] = {&count};
    capas_evaluation evaluation;
    assert_int_equal(capas_fit(model, data, .batch_size = 8, .epochs = 2, .callbacks = callbacks,
                               .callback_count = 1, .validation_data = data),
                     CAPAS_OK);
    assert_int_equal(batches, 2 * 3);
    assert_int_equal(capas_evaluate(model, data, &evaluation, .batch_size = 4, .steps = 2),
                     CAPAS_OK);
    assert_int_equal(evaluation.samples, 8);
    *warnings = '\0';
    assert_int_equal(capas_evaluate(model, data, &evaluation, .batch_size = 10, .steps = 3),
                     CAPAS_OK);
    assert_int_equal(evaluation.samples, 18);
    assert_non_null(strstr(warnings, "evaluate: the data ran out after 2 of 3 steps"));
    assert_int_equal(capas_fit(model, data, .validation_split = 0.5), CAPAS_UNSUPPORTED);
    capas_model_clear_error(model);
    source.label = 9;
    assert_int_equal(capas_fit(model, data, .batch_size = 8), CAPAS_BAD_DATA);
    assert_said("fit: epoch 1, batch 1: label 9 of sample 0");
    capas_model_clear_error(model);
    source.end = 0;
    check_fit(model, data, CAPAS_BAD_DATA, "gave no samples in epoch 1");
    assert_int_equal(capas_evaluate(model, data, &evaluation), CAPAS_BAD_DATA);
    capas_dataset_free(data);
    capas_model_free(model);
}

/* Bytes are scaled as the model says, floats are taken as they are. */
static void scales_bytes(void **state)
{
    (void)state;
    static uint8_t bytes[6 * 2], y[6];
    static float floats[6 * 2];
    for (int i = 0; i < 12; i++) {
        bytes[i] = (uint8_t)(i * 21);
        floats[i] = (float)bytes[i] * 0.5f - 1;
        y[i % 6] = (uint8_t)(i % 3);
    }
    capas_shape shape = {2, {6, 2}};
    capas_tensor targets = {CAPAS_UINT8, {1, {6}}, y};
    capas_tensor as_bytes = {CAPAS_UINT8, shape, bytes}, as_floats = {CAPAS_FLOAT32, shape, floats};
    capas_model *model = small_network();
    capas_preprocessing half = {
        .scale = 0.5, .offset = -1, .minimum = NAN, .maximum = NAN, .mean = NAN, .deviation = NAN};
    assert_int_equal(capas_model_set_preprocessing(model, &half), CAPAS_OK);
    capas_dataset *sets[] = {capas_dataset_from_arrays(as_bytes, targets, 0),
                             capas_dataset_from_arrays(as_floats, targets, 0)};
    capas_evaluation e[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(capas_evaluate(model, sets[i], &e[i]), CAPAS_OK);
        capas_dataset_free(sets[i]);
    }
    assert_true(capas_evaluation_get(&e[0], "loss") == capas_evaluation_get(&e[1], "loss"));
    capas_model_free(model);
}

int main(void)
{
    capas_set_log(keep_warning, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_as_keras),
        cmocka_unit_test(checks_labels_before_it_starts),
        cmocka_unit_test(tells_data_that_does_not_fit),
        cmocka_unit_test(trains_from_a_generator),
        cmocka_unit_test(scales_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
