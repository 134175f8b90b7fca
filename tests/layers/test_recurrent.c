/* What of recurrent layers Keras's answers do not show: how weights start, what dropout does, both
 * ways through a sequence, and what older files say. */
#include "base/text.h"
#include "layers/layer.h"
#include "model/plan.h"
#include "support/cmocka.h"
#include "support/tree.h"
#include <capas/capas.h>
#include <math.h>
#include <string.h>

enum { N = 4, STEPS = 3, UNITS = 8, SIZE = STEPS * UNITS };

static capas_model *model_of(capas_layer *layer)
{
    capas_model *model = capas_sequential(capas_input(STEPS, UNITS), layer);
    if (!model) fail_msg("%s", capas_error());
    return model;
}

/* Every sample's output; the inputs are ones. */
static void run(capas_model *model, bool training, uint32_t step, float *output)
{
    capas_plan_options options;
    capas_plan *plan;
    capas_run *run;
    memset(&options, 0, sizeof options);
    options.batch = N;
    options.training = training;
    if (capas_model_plan(model, &options, &plan) != CAPAS_OK) fail_msg("%s", capas_error());
    assert_int_equal(capas_plan_acquire(plan, &run), CAPAS_OK);
    for (int i = 0; i < N * SIZE; i++)
        ((float *)capas_run_input(run, 0))[i] = 1;
    assert_int_equal(capas_run_forward(run, N, step, NULL, NULL), CAPAS_OK);
    int64_t size = capas_shape_count(&model->uses[model->outputs[0]].output, 1);
    memcpy(output, capas_run_output(run, 0), (size_t)(N * size) * sizeof *output);
    capas_plan_release(run);
}

/* h = x + factor h: kernel the unit matrix, U a multiple of it. */
static capas_layer *adder(double factor, double dropout, double recurrent_dropout)
{
    return capas_simple_rnn(UNITS, .activation = CAPAS_LINEAR, .return_sequences = CAPAS_TRUE,
                            .kernel_initializer = capas_identity(1),
                            .recurrent_initializer = capas_identity(factor), .dropout = dropout,
                            .recurrent_dropout = recurrent_dropout);
}

static void the_forget_gate_starts_open(void **state)
{
    (void)state;
    for (int open = 0; open < 2; open++) {
        capas_model *model =
            model_of(capas_lstm(UNITS, .bias_initializer = capas_constant(0.25),
                                .unit_forget_bias = open ? CAPAS_TRUE : CAPAS_FALSE));
        float bias[4 * UNITS];
        assert_int_equal(capas_model_get_weight(model, 2, bias), CAPAS_OK);
        for (int i = 0; i < 4 * UNITS; i++)
            assert_true(bias[i] == (open && i / UNITS == 1 ? 1.0f : 0.25f));
        capas_model_free(model);
    }
}

/* Of the inputs the same numbers in every step of a sample, others in another sample and step of
 * the training. */
static void dropout_keeps_to_its_numbers(void **state)
{
    (void)state;
    capas_model *model = model_of(adder(0, 0.5, 0));
    float first[N][STEPS][UNITS], second[N][STEPS][UNITS], still[N][STEPS][UNITS];
    run(model, true, 1, first[0][0]);
    run(model, true, 2, second[0][0]);
    run(model, false, 1, still[0][0]);
    int dropped = 0;
    for (int n = 0; n < N; n++)
        for (int t = 0; t < STEPS; t++)
            for (int k = 0; k < UNITS; k++) {
                float value = first[n][t][k];
                assert_true(value == 0 || fabsf(value - 2) < 1e-6f);
                assert_true(value == first[n][0][k]);
                assert_true(fabsf(still[n][t][k] - 1) < 1e-6f);
                dropped += t == 0 && value == 0;
            }
    assert_true(dropped > 4 && dropped < N * UNITS - 4);
    assert_memory_not_equal(first, second, sizeof first);
    assert_memory_not_equal(first[0], first[1], sizeof first[0]);
    capas_model_free(model);
}

static void recurrent_dropout_keeps_to_its_units(void **state)
{
    (void)state;
    capas_model *model = model_of(adder(0.5, 0, 0.5));
    float got[N][STEPS][UNITS];
    int dropped = 0;
    run(model, true, 1, got[0][0]);
    for (int n = 0; n < N; n++)
        for (int k = 0; k < UNITS; k++) {
            /* The factor is 0 or 2, half of what was before is added, or nothing. */
            float second = got[n][1][k];
            assert_true(fabsf(second - 1) < 1e-6f || fabsf(second - 2) < 1e-6f);
            assert_true(fabsf(got[n][2][k] - (second > 1.5f ? 3 : 1)) < 1e-6f);
            dropped += second < 1.5f;
        }
    assert_true(dropped > 4 && dropped < N * UNITS - 4);
    capas_model_free(model);
}

/* As Keras has it. */
static void a_rate_of_one_drops_nothing(void **state)
{
    (void)state;
    capas_model *model = model_of(adder(1, 1, 1));
    float got[N][STEPS][UNITS];
    run(model, true, 1, got[0][0]);
    for (int t = 0; t < STEPS; t++)
        assert_true(fabsf(got[1][t][2] - (float)(t + 1)) < 1e-6f);
    capas_model_free(model);
}

/* A layer that may drop lays its weights out otherwise; in prediction it is the same. */
static void what_may_be_dropped_is_not_in_prediction(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        capas_model *models[2];
        float values[2 * 4 * UNITS * UNITS], output[2][N][UNITS];
        for (int i = 0; i < 2; i++) {
            double rate = i == 0 ? 0 : 0.4;
            models[i] =
                model_of(kind == 0   ? capas_lstm(UNITS, .recurrent_dropout = rate, .dropout = rate)
                         : kind == 1 ? capas_gru(UNITS, .recurrent_dropout = rate, .dropout = rate)
                                     : capas_gru(UNITS, .recurrent_dropout = rate, .dropout = rate,
                                                 .reset_after = CAPAS_FALSE));
        }
        for (int w = 0; w < 3; w++) {
            assert_int_equal(capas_model_get_weight(models[0], w, values), CAPAS_OK);
            assert_int_equal(capas_model_set_weight(models[1], w, values), CAPAS_OK);
        }
        for (int i = 0; i < 2; i++)
            run(models[i], false, 0, output[i][0]);
        const float *without = output[0][0], *with = output[1][0];
        for (int k = 0; k < N * UNITS; k++)
            assert_true(fabsf(without[k] - with[k]) < 1e-5f);
        run(models[1], true, 0, output[1][0]);
        assert_memory_not_equal(output[0], output[1], sizeof output[0]);
        capas_model_free(models[0]);
        capas_model_free(models[1]);
    }
}

/* What is kept for the way back changes nothing; samples do not touch each other. */
static void prediction_is_what_training_sees(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        capas_model *model = model_of(kind == 0   ? capas_simple_rnn(UNITS)
                                      : kind == 1 ? capas_lstm(UNITS)
                                      : kind == 2 ? capas_gru(UNITS)
                                                  : capas_gru(UNITS, .reset_after = CAPAS_FALSE));
        capas_plan_options options;
        float output[2][N * UNITS];
        for (int way = 0; way < 2; way++) {
            capas_plan *plan;
            capas_run *run;
            memset(&options, 0, sizeof options);
            options.batch = N;
            options.backward = way == 1;
            capas_enable_training();
            assert_int_equal(capas_model_place_gradients(model), CAPAS_OK);
            if (capas_model_plan(model, &options, &plan) != CAPAS_OK) fail_msg("%s", capas_error());
            assert_int_equal(capas_plan_acquire(plan, &run), CAPAS_OK);
            for (int i = 0; i < N * SIZE; i++)
                ((float *)capas_run_input(run, 0))[i] = (float)(i * 13 % 17) / 8 - 1;
            assert_int_equal(capas_run_forward(run, N, 0, NULL, NULL), CAPAS_OK);
            memcpy(output[way], capas_run_output(run, 0), sizeof output[way]);
            capas_plan_release(run);
        }
        assert_memory_equal(output[0], output[1], sizeof output[0]);
        capas_model_free(model);
    }
}

/* Backwards is forwards over the turned sequence, and gives its outputs in that order. */
static void backwards_is_the_turned_sequence(void **state)
{
    (void)state;
    capas_model *models[2];
    float x[STEPS][UNITS], turned[STEPS][UNITS], got[2][STEPS][2], values[8 * UNITS];
    for (int i = 0; i < 2; i++)
        models[i] = model_of(capas_lstm(2, .return_sequences = CAPAS_TRUE,
                                        .go_backwards = i ? CAPAS_TRUE : CAPAS_FALSE));
    for (int w = 0; w < 3; w++) {
        assert_int_equal(capas_model_get_weight(models[0], w, values), CAPAS_OK);
        assert_int_equal(capas_model_set_weight(models[1], w, values), CAPAS_OK);
    }
    for (int i = 0; i < SIZE; i++)
        x[i / UNITS][i % UNITS] = (float)(i * 7 % 11) / 5 - 1;
    for (int t = 0; t < STEPS; t++)
        memcpy(turned[t], x[STEPS - 1 - t], sizeof x[0]);
    assert_int_equal(capas_predict(models[0], turned[0], 1, got[0][0]), CAPAS_OK);
    assert_int_equal(capas_predict(models[1], x[0], 1, got[1][0]), CAPAS_OK);
    assert_memory_equal(got[0], got[1], sizeof got[0]);
    capas_model_free(models[0]);
    capas_model_free(models[1]);
}

/* Keras 2 wrote more than there is to say. */
static void older_files_are_read(void **state)
{
    (void)state;
    if (!trees_can_be_read()) return;
    capas_value *config = tree("{'units': 3, 'implementation': 2, 'time_major': false, 'unroll': "
                               "true, 'recurrent_activation': 'hard_sigmoid', 'dtype': 'float32'}");
    capas_layer *layer = capas_layer_from_config("LSTM", config, "layer x");
    if (!layer) fail_msg("%s", capas_error());
    capas_value *written = capas_layer_config(layer);
    assert_null(capas_value_get(written, "implementation"));
    assert_null(capas_value_get(written, "time_major"));
    capas_value_free(written);
    capas_value_free(config);
    capas_layer_free(layer);
    config = tree("{'input_dim': 5, 'output_dim': 2, 'input_length': 9}");
    layer = capas_layer_from_config("Embedding", config, "layer x");
    if (!layer) fail_msg("%s", capas_error());
    capas_value_free(config);
    capas_layer_free(layer);
    config = tree("{'units': 3, 'time_major': true}");
    assert_null(capas_layer_from_config("GRU", config, "layer x"));
    assert_string_equal(capas_error(), "layer x: time_major must be false (capas does not have "
                                       "this part yet), found true");
    capas_value_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_forget_gate_starts_open),
        cmocka_unit_test(dropout_keeps_to_its_numbers),
        cmocka_unit_test(recurrent_dropout_keeps_to_its_units),
        cmocka_unit_test(a_rate_of_one_drops_nothing),
        cmocka_unit_test(what_may_be_dropped_is_not_in_prediction),
        cmocka_unit_test(prediction_is_what_training_sees),
        cmocka_unit_test(backwards_is_the_turned_sequence),
        cmocka_unit_test(older_files_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
