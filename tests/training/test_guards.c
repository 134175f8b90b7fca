/* The guards against the mistakes of courses: what is refused and what is told, with the figures,
 * and that sound training stays silent. */
#include "support/cmocka.h"
#include "support/said.h"
#include "support/small_network.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_warned(const char *piece)
{
    if (!strstr(warnings, piece)) fail_msg("\"%s\" is not in \"%s\"", piece, warnings);
}

enum { SAMPLES = 600, CLASSES = 3 };
static float x[SAMPLES * SMALL_FEATURES];
static uint8_t y[SAMPLES];
static float one_hot[SAMPLES * CLASSES];

/* Three clouds, of deviation about 1; many copies of the twenty small samples would do as well. */
static int make_samples(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        y[i] = (uint8_t)(i % CLASSES);
        x[2 * i] = (float)y[i] - 1 + 0.3f * sinf((float)i);
        x[2 * i + 1] = cosf(2.0f * (float)y[i]) + 0.3f * cosf(1.7f * (float)i);
        for (int c = 0; c < CLASSES; c++)
            one_hot[i * CLASSES + c] = c == y[i];
    }
    *warnings = '\0';
    capas_set_log(keep_warning, NULL);
    return 0;
}

static int remove_log(void **state)
{
    (void)state;
    capas_set_log(NULL, NULL);
    return 0;
}

static capas_dataset *set_of(const float *inputs, const void *labels, bool is_one_hot, int64_t n)
{
    capas_tensor in = {CAPAS_FLOAT32, {2, {n, SMALL_FEATURES}}, (void *)inputs};
    capas_tensor numbers = {CAPAS_UINT8, {1, {n}}, (void *)labels};
    capas_tensor vectors = {CAPAS_FLOAT32, {2, {n, CLASSES}}, (void *)labels};
    capas_dataset *set = capas_dataset_from_arrays(in, is_one_hot ? vectors : numbers, 1);
    if (!set) fail_msg("%s", capas_error());
    return set;
}

static void a_sound_training_is_silent(void **state)
{
    (void)state;
    capas_model *model = small_network();
    capas_dataset *data = set_of(x, y, false, SAMPLES);
    capas_evaluation evaluation;
    assert_int_equal(capas_fit(model, data, .epochs = 12, .validation_split = 0.2), CAPAS_OK);
    assert_int_equal(capas_evaluate(model, data, &evaluation), CAPAS_OK);
    assert_string_equal(warnings, "");
    assert_true(capas_evaluation_get(&evaluation, "accuracy") > 0.8);
    capas_preprocessing known;
    assert_int_equal(capas_model_preprocessing(model, &known), CAPAS_OK);
    assert_true(fabs(known.mean) < 1 && known.deviation > 0.3 && known.deviation < 1.5);
    assert_true(known.minimum < -1 && known.maximum > 1);
    capas_dataset_free(data);
    capas_model_free(model);
}

/* As crash-cnn: the test data lie otherwise than the training data. */
static void refuses_other_scaling(void **state)
{
    (void)state;
    static float far[SAMPLES * SMALL_FEATURES];
    static const struct {
        float factor, shift;
        bool refused;
    } cases[] = {{255, 0, true}, {1 / 255.0f, 0, true}, {1, 5, true}, {1.5f, 0.3f, false}};
    capas_model *model = small_network();
    capas_dataset *data = set_of(x, y, false, SAMPLES);
    assert_int_equal(capas_fit(model, data), CAPAS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int k = 0; k < SAMPLES * SMALL_FEATURES; k++)
            far[k] = x[k] * cases[i].factor + cases[i].shift;
        capas_dataset *other = set_of(far, y, false, SAMPLES), *few = set_of(far, y, false, 99);
        capas_evaluation evaluation;
        capas_status expected = cases[i].refused ? CAPAS_BAD_DATA : CAPAS_OK;
        assert_int_equal(capas_evaluate(model, other, &evaluation), expected);
        if (cases[i].refused) assert_non_null(strstr(capas_error(), "they are scaled otherwise"));
        capas_model_clear_error(model);
        assert_int_equal(capas_evaluate(model, other, &evaluation, .force = 1), CAPAS_OK);
        assert_int_equal(capas_evaluate(model, few, &evaluation), CAPAS_OK);
        assert_int_equal(capas_fit(model, data, .validation_data = other), expected);
        capas_model_clear_error(model);
        assert_int_equal(capas_fit(model, data, .validation_data = other, .force = 1), CAPAS_OK);
        capas_dataset_free(other);
        capas_dataset_free(few);
    }
    capas_dataset_free(data);
    capas_model_free(model);
}

/* As mlp-2048: validation_split 0.95 leaves nine samples of each class; and a class that is gone.
 */
static void tells_what_a_split_leaves(void **state)
{
    (void)state;
    capas_model *model = small_network();
    capas_dataset *data = set_of(x, y, false, SAMPLES);
    assert_int_equal(capas_fit(model, data, .validation_split = 0.955), CAPAS_OK);
    assert_warned("fit: validation_split 0.955 leaves only 27 of 600 samples for training\n");
    assert_warned("fit: of the 3 classes there are only 9 to 9 samples each to train on");
    *warnings = '\0';
    assert_int_equal(capas_fit(model, data, .validation_split = 0.95), CAPAS_OK);
    assert_null(strstr(warnings, "samples each")); /* ten are enough */
    capas_dataset_free(data);
    for (int i = 0; i < SAMPLES; i++)
        y[i] = (uint8_t)(i % 2 * 2);
    data = set_of(x, y, false, SAMPLES);
    *warnings = '\0';
    assert_int_equal(capas_fit(model, data), CAPAS_OK);
    assert_warned("fit: 1 of the 3 classes have no sample among the 600 to train on (class 1");
    capas_dataset_free(data);
    capas_model_free(model);
}

static void forces_an_empty_validation(void **state)
{
    (void)state;
    capas_model *model = small_network();
    capas_dataset *data = set_of(x, y, false, SAMPLES);
    assert_int_equal(capas_fit(model, data, .validation_split = 1e-20), CAPAS_BAD_DATA);
    capas_model_clear_error(model);
    capas_history *history;
    assert_int_equal(
        capas_fit(model, data, .validation_split = 1e-20, .force = 1, .history = &history),
        CAPAS_OK);
    assert_warned("leaves none for validation");
    assert_null(capas_history_values(history, "val_loss"));
    capas_history_free(history);
    capas_dataset_free(data);
    capas_model_free(model);
}

/* The same bits, however the labels are written. */
static void converts_labels(void **state)
{
    (void)state;
    static const capas_loss_name losses[] = {CAPAS_SPARSE_CATEGORICAL_CROSSENTROPY,
                                             CAPAS_CATEGORICAL_CROSSENTROPY};
    static const char *const said[] = {
        "are one-hot, sparse_categorical_crossentropy takes class numbers",
        "are class numbers, categorical_crossentropy takes one-hot vectors"};
    capas_dataset *sets[] = {set_of(x, y, false, SAMPLES), set_of(x, one_hot, true, SAMPLES)};
    for (int l = 0; l < 2; l++) {
        capas_evaluation evaluations[2];
        for (int i = 0; i < 2; i++) {
            capas_model *model = small_network();
            assert_int_equal(capas_compile(model, .optimizer = capas_sgd(.learning_rate = 0.1),
                                           .loss = losses[l], .metrics = {CAPAS_ACCURACY}),
                             CAPAS_OK);
            *warnings = '\0';
            assert_int_equal(capas_fit(model, sets[i], .epochs = 3), CAPAS_OK);
            if (i != l) assert_warned(said[l]);
            if (i == l) assert_string_equal(warnings, "");
            assert_int_equal(capas_evaluate(model, sets[i], &evaluations[i]), CAPAS_OK);
            capas_model_free(model);
        }
        for (int k = 0; k < evaluations[0].count; k++)
            assert_true(evaluations[0].values[k] == evaluations[1].values[k]);
    }
    capas_model *model = small_network();
    one_hot[5 * CLASSES] = one_hot[5 * CLASSES + 1] = 0.5f;
    capas_dataset *soft = set_of(x, one_hot, true, SAMPLES);
    assert_int_equal(capas_fit(model, soft), CAPAS_BAD_DATA);
    assert_non_null(strstr(capas_error(), "the target of sample 5 is no one-hot vector"));
    capas_dataset_free(soft);
    capas_dataset_free(sets[0]);
    capas_dataset_free(sets[1]);
    capas_model_free(model);
}

/* Forced, they count as wrong and teach nothing: the weights are those of a set without them. */
static void leaves_labels_out_when_forced(void **state)
{
    (void)state;
    static uint8_t wrong[SAMPLES];
    capas_model *model = small_network();
    capas_evaluation right, forced;
    memcpy(wrong, y, sizeof wrong);
    for (int i = SAMPLES / 2; i < SAMPLES; i++)
        wrong[i] = 77;
    capas_dataset *half = set_of(x, y, false, SAMPLES / 2),
                  *data = set_of(x, wrong, false, SAMPLES);
    assert_int_equal(capas_fit(model, half, .epochs = 3), CAPAS_OK);
    assert_int_equal(capas_evaluate(model, half, &right), CAPAS_OK);
    assert_int_equal(capas_evaluate(model, data, &forced), CAPAS_BAD_DATA);
    capas_model_clear_error(model);
    assert_int_equal(capas_evaluate(model, data, &forced, .force = 1), CAPAS_OK);
    assert_true(capas_evaluation_get(&forced, "accuracy") ==
                capas_evaluation_get(&right, "accuracy") / 2);
    assert_int_equal(capas_fit(model, data), CAPAS_BAD_DATA);
    capas_model_clear_error(model);
    assert_int_equal(capas_fit(model, data, .force = 1), CAPAS_OK);
    capas_dataset_free(half);
    capas_dataset_free(data);
    capas_model_free(model);
}

static void tells_outputs_that_do_not_fit_the_loss(void **state)
{
    (void)state;
    static const struct {
        capas_activation activation;
        int from_logits;
        const char *said;
    } cases[] = {
        {CAPAS_SOFTMAX, 1, "is told from_logits, but output \"out\" ends in softmax"},
        {CAPAS_LINEAR, 0, "takes probabilities, but output \"out\" ends in linear"},
        {CAPAS_RELU, 0, "takes probabilities, but output \"out\" ends in relu"},
        {CAPAS_SOFTMAX, 0, NULL},
        {CAPAS_SIGMOID, 0, NULL},
        {CAPAS_LINEAR, 1, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        capas_model *model = capas_sequential(
            capas_input(2), capas_dense(3, .activation = cases[i].activation, .name = "out"));
        *warnings = '\0';
        assert_int_equal(capas_compile(model, .losses = {{.name = CAPAS_CATEGORICAL_CROSSENTROPY,
                                                          .from_logits = cases[i].from_logits}}),
                         CAPAS_OK);
        if (cases[i].said)
            assert_warned(cases[i].said);
        else
            assert_string_equal(warnings, "");
        capas_model_free(model);
    }
}

/* Labels that have nothing to do with the inputs, and a rate at which the loss climbs. */
static void tells_what_does_not_learn(void **state)
{
    (void)state;
    static float zeros[1200 * SMALL_FEATURES];
    static uint8_t labels[1200];
    for (int i = 0; i < 1200; i++)
        labels[i] = (uint8_t)(i % CLASSES);
    capas_model *model = small_network();
    capas_dataset *data = set_of(zeros, labels, false, 1200);
    assert_int_equal(capas_fit(model, data), CAPAS_OK);
    assert_warned("always naming the most frequent of the 3 classes gives 0.3333");
    capas_dataset_free(data);
    capas_model_free(model);

    /* A linear model of mean squared error whose every step overshoots a little. */
    model = capas_sequential(capas_input(2), capas_dense(3));
    for (int i = 0; i < 1200; i++)
        zeros[2 * i] = zeros[2 * i + 1] = 1;
    capas_tensor in = {CAPAS_FLOAT32, {2, {1200, SMALL_FEATURES}}, zeros};
    capas_tensor out = {CAPAS_FLOAT32, {2, {SAMPLES, CLASSES}}, one_hot};
    in.shape.dims[0] = SAMPLES;
    data = capas_dataset_from_arrays(in, out, 0);
    assert_int_equal(capas_compile(model, .optimizer = capas_sgd(.learning_rate = 1.003),
                                   .loss = CAPAS_MEAN_SQUARED_ERROR),
                     CAPAS_OK);
    *warnings = '\0';
    assert_int_equal(capas_fit(model, data, .epochs = 12), CAPAS_OK);
    assert_warned("fit: the loss only rose in the first 200 steps");
    assert_warned("the learning rate 1.003 is likely too high, try 0.1003");
    *warnings = '\0'; /* a training that goes on has its first steps behind it */
    assert_int_equal(capas_fit(model, data, .epochs = 12), CAPAS_OK);
    assert_string_equal(warnings, "");
    capas_dataset_free(data);
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sound_training_is_silent, make_samples, remove_log),
        cmocka_unit_test_setup_teardown(refuses_other_scaling, make_samples, remove_log),
        cmocka_unit_test_setup_teardown(tells_what_a_split_leaves, make_samples, remove_log),
        cmocka_unit_test_setup_teardown(forces_an_empty_validation, make_samples, remove_log),
        cmocka_unit_test_setup_teardown(converts_labels, make_samples, remove_log),
        cmocka_unit_test_setup_teardown(leaves_labels_out_when_forced, make_samples, remove_log),
        cmocka_unit_test_setup_teardown(tells_outputs_that_do_not_fit_the_loss, make_samples,
                                        remove_log),
        cmocka_unit_test_setup_teardown(tells_what_does_not_learn, make_samples, remove_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
