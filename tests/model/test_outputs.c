/* Layers with several outputs: states that a recurrent layer returns and another begins with, both
 * directions of a Bidirectional apart, models within models; their configurations, summary and
 * parts. And stateful layers, which go on where the batch before ended. */
#include "support/cmocka.h"
#include "support/said.h"
#include "support/saved_model.h"

#include "base/text.h"
#include "model/graph.h"
#include <capas/capas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 3, STEPS = 6, WIDTH = 2, UNITS = 2 };

static float x[N * STEPS * WIDTH];

static int fill(void **state)
{
    (void)state;
    for (int i = 0; i < N * STEPS * WIDTH; i++)
        x[i] = sinf((float)i * 1.3f);
    return 0;
}

/* An encoder whose states a decoder begins with; outputs: the decoder's sequence, and h. */
static capas_model *translator(void)
{
    capas_graph *graph = capas_graph_new();
    capas_node in = capas_graph_apply(graph, capas_input(STEPS, WIDTH), NULL, 0);
    capas_node code = capas_graph_apply(
        graph, capas_lstm(UNITS, .return_state = CAPAS_TRUE, .name = "encoder"), &in, 1);
    capas_node states[] = {in, capas_graph_output(graph, code, 1),
                           capas_graph_output(graph, code, 2)};
    capas_node decoded = capas_graph_apply(
        graph, capas_lstm(UNITS, .return_sequences = CAPAS_TRUE, .name = "decoder"), states, 3);
    capas_node outputs[] = {decoded, states[1]};
    capas_model *model = capas_functional(graph, "translator", &in, 1, outputs, 2);
    if (!model) fail_msg("%s", capas_error());
    return model;
}

static void predict_all(capas_model *model, float *first, float *second)
{
    capas_tensor in = {CAPAS_FLOAT32, {0}, x};
    capas_tensor out[] = {{CAPAS_FLOAT32, {0}, first}, {CAPAS_FLOAT32, {0}, second}};
    if (capas_predict_tensors(model, &in, out, N) != CAPAS_OK) fail_msg("%s", capas_error());
}

/* With the words of Keras 3.15. */
static void configurations_name_outputs(void **state)
{
    (void)state;
    capas_model *model = translator();
    float first[2][N * STEPS * UNITS], second[2][N * UNITS];
    char *json, *again;
    assert_int_equal(capas_model_to_json(model, &json), CAPAS_OK);
    static const char *const pieces[] = {
        "\"kwargs\": {\"initial_state\": [{\"class_name\": \"__keras_tensor__\", \"config\": "
        "{\"shape\": [null, 2], \"dtype\": \"float32\", \"keras_history\": [\"encoder\", 0, 1]}}, "
        "{\"class_name\": \"__keras_tensor__\", \"config\": {\"shape\": [null, 2], \"dtype\": "
        "\"float32\", \"keras_history\": [\"encoder\", 0, 2]}}]",
        "\"output_layers\": [[\"decoder\", 0, 0], [\"encoder\", 0, 1]]",
        "\"build_config\": {\"input_shape\": [null, 6, 2]}",
    };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        if (!strstr(json, pieces[i])) fail_msg("no %s in %s", pieces[i], json);
    capas_model *copy = capas_model_from_json(json);
    if (!copy) fail_msg("%s", capas_error());
    assert_int_equal(capas_model_to_json(copy, &again), CAPAS_OK);
    assert_string_equal(again, json);
    copy_weights(model, copy);
    predict_all(model, first[0], second[0]);
    predict_all(copy, first[1], second[1]);
    assert_memory_equal(first[0], first[1], sizeof first[0]);
    assert_memory_equal(second[0], second[1], sizeof second[0]);
    char *summary;
    assert_int_equal(capas_summary_with(model, NULL, &summary), CAPAS_OK);
    assert_non_null(strstr(summary, "[(None, 2),"));
    assert_non_null(strstr(summary, "encoder[0][1]"));
    capas_free(summary);
    capas_free(json);
    capas_free(again);
    capas_model_free(copy);
    capas_model_free(model);
}

static void gradients_go_through_states(void **state)
{
    (void)state;
    capas_model *model = translator();
    static float y[N * STEPS * UNITS], h[N * UNITS];
    capas_tensor inputs = {CAPAS_FLOAT32, {3, {N, STEPS, WIDTH}}, x};
    capas_tensor targets[] = {{CAPAS_FLOAT32, {3, {N, STEPS, UNITS}}, y},
                              {CAPAS_FLOAT32, {2, {N, UNITS}}, h}};
    for (int i = 0; i < N * STEPS * UNITS; i++)
        y[i] = cosf((float)i);
    capas_compile(model, .loss = CAPAS_MEAN_SQUARED_ERROR);
    if (capas_check_gradients(model, &inputs, targets, N, 0) != CAPAS_OK)
        fail_msg("%s", capas_error());
    capas_model_free(model);
}

static void parts_keep_all_outputs(void **state)
{
    (void)state;
    capas_model *model = translator(), *part = capas_model_until(model, "encoder");
    float first[N * STEPS * UNITS], h[N * UNITS], own[3][N * UNITS];
    if (!part) fail_msg("%s", capas_error());
    assert_int_equal(capas_model_output_count(part), 3);
    predict_all(model, first, h);
    capas_tensor in = {CAPAS_FLOAT32, {0}, x};
    capas_tensor out[] = {
        {CAPAS_FLOAT32, {0}, own[0]}, {CAPAS_FLOAT32, {0}, own[1]}, {CAPAS_FLOAT32, {0}, own[2]}};
    assert_int_equal(capas_predict_tensors(part, &in, out, N), CAPAS_OK);
    assert_memory_equal(own[1], h, sizeof h);
    assert_memory_equal(own[0], h, sizeof h); /* the last step's output is h */
    capas_model_free(part);
    capas_model_free(model);
}

/* The translator as a layer of another, both of its outputs used. */
static void models_within_have_several(void **state)
{
    (void)state;
    capas_model *inner = translator();
    float want[2][N * STEPS * UNITS], got[2][N * STEPS * UNITS];
    predict_all(inner, want[0], want[1]);
    capas_graph *graph = capas_graph_new();
    capas_node in = capas_graph_apply(graph, capas_input(STEPS, WIDTH), NULL, 0);
    capas_node both = capas_graph_apply(graph, capas_nested(inner), &in, 1);
    capas_node h = capas_graph_output(graph, both, 1);
    capas_node outputs[] = {capas_graph_apply(graph, capas_flatten(), &both, 1), h};
    capas_model *model = capas_functional(graph, "outer", &in, 1, outputs, 2);
    if (!model) fail_msg("%s", capas_error());
    predict_all(model, got[0], got[1]);
    assert_memory_equal(got[0], want[0], sizeof got[0]);
    assert_memory_equal(got[1], want[1], N * UNITS * sizeof(float));
    char *json;
    assert_int_equal(capas_model_to_json(model, &json), CAPAS_OK);
    /* Keras counts the uses of a graph from 1 on where it lists the model's outputs. */
    assert_non_null(
        strstr(json, "\"output_layers\": [[\"flatten\", 0, 0], [\"translator\", 1, 1]]"));
    capas_model *copy = capas_model_from_json(json);
    if (!copy) fail_msg("%s", capas_error());
    copy_weights(model, copy);
    predict_all(copy, got[0], got[1]);
    assert_memory_equal(got[1], want[1], N * UNITS * sizeof(float));
    capas_free(json);
    capas_model_free(copy);
    capas_model_free(model);
}

static void what_does_not_fit_is_told(void **state)
{
    (void)state;
    assert_null(capas_sequential(capas_input(STEPS, WIDTH),
                                 capas_gru(2, .return_state = CAPAS_TRUE), capas_flatten()));
    assert_said("gives 2 outputs, and a chain takes one");
    capas_graph *graph = capas_graph_new();
    capas_node in = capas_graph_apply(graph, capas_input(STEPS, WIDTH), NULL, 0);
    capas_node y = capas_graph_apply(graph, capas_gru(2), &in, 1);
    capas_node none = capas_graph_output(graph, y, 1);
    assert_null(capas_functional(graph, NULL, &in, 1, &none, 1));
    assert_said("has no output 1");
    graph = capas_graph_new();
    in = capas_graph_apply(graph, capas_input(STEPS, WIDTH), NULL, 0);
    capas_node few[] = {in, capas_graph_apply(graph, capas_lstm(2, .name = "first"), &in, 1)};
    y = capas_graph_apply(graph, capas_lstm(2, .name = "second"), few, 2);
    assert_null(capas_functional(graph, NULL, &in, 1, &y, 1));
    assert_said("layer second: LSTM takes a sequence, and may begin with 2 states, found 1");
    graph = capas_graph_new();
    in = capas_graph_apply(graph, capas_input(STEPS, WIDTH), NULL, 0);
    capas_node wide[] = {in, capas_graph_apply(graph, capas_gru(3, .name = "first"), &in, 1)};
    y = capas_graph_apply(graph, capas_gru(2, .name = "second"), wide, 2);
    assert_null(capas_functional(graph, NULL, &in, 1, &y, 1));
    assert_said("must have the shape (None, 2), found (None, 3)");
}

static capas_model *stateful(int steps, int is_stateful)
{
    capas_model *model = capas_sequential(
        capas_input(steps, WIDTH),
        capas_lstm(UNITS, .stateful = is_stateful, .return_sequences = CAPAS_TRUE, .name = "a"),
        capas_gru(UNITS, .stateful = is_stateful, .name = "b"));
    if (!model) fail_msg("%s", capas_error());
    return model;
}

/* Two halves of the sequences, one after the other, are the whole. */
static void stateful_layers_go_on(void **state)
{
    (void)state;
    enum { HALF = STEPS / 2 };
    capas_model *whole = stateful(STEPS, CAPAS_FALSE), *halves = stateful(HALF, CAPAS_TRUE);
    float parts[2][N * HALF * WIDTH], want[N * UNITS], got[3][N * UNITS];
    for (int n = 0; n < N; n++)
        for (int half = 0; half < 2; half++)
            memcpy(parts[half] + n * HALF * WIDTH, x + (n * 2 + half) * HALF * WIDTH,
                   HALF * WIDTH * sizeof(float));
    copy_weights(whole, halves);
    assert_int_equal(capas_predict(whole, x, N, want), CAPAS_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(capas_predict(halves, parts[0], N, got[0]), CAPAS_OK);
        assert_int_equal(capas_predict(halves, parts[1], N, got[1]), CAPAS_OK);
        for (int i = 0; i < N * UNITS; i++)
            assert_true(fabsf(got[1][i] - want[i]) < 1e-6f);
        assert_int_equal(capas_predict(halves, parts[0], N - 1, got[2]), CAPAS_INVALID_ARGUMENT);
        assert_said("keeps the states of 3 samples, found a batch of 2");
        assert_int_equal(capas_model_reset_states(halves), CAPAS_OK);
    }
    /* Training goes on from there, too, and differs from a training that begins anew. */
    capas_tensor inputs = {CAPAS_FLOAT32, {3, {N, HALF, WIDTH}}, parts[1]};
    capas_tensor targets = {CAPAS_FLOAT32, {2, {N, UNITS}}, want};
    capas_evaluation fresh, later;
    capas_compile(halves, .loss = CAPAS_MEAN_SQUARED_ERROR);
    assert_int_equal(capas_test_on_batch(halves, &inputs, &targets, N, &fresh), CAPAS_OK);
    capas_model_reset_states(halves);
    assert_int_equal(capas_predict(halves, parts[0], N, got[0]), CAPAS_OK);
    assert_int_equal(capas_train_on_batch(halves, &inputs, &targets, N, &later), CAPAS_OK);
    assert_true(capas_evaluation_get(&later, "loss") < 1e-10);
    assert_true(capas_evaluation_get(&fresh, "loss") > 1e-6);
    capas_model_free(whole);
    capas_model_free(halves);
}

/* Keras's input fixes the batch, which stays in the configuration and cuts a prediction. */
static void batch_sizes_stay(void **state)
{
    (void)state;
    capas_model *model = capas_sequential(
        capas_input_with(&(capas_input_options){.struct_size = sizeof(capas_input_options),
                                                .shape = {2, {STEPS, WIDTH}},
                                                .batch_size = 1}),
        capas_simple_rnn(UNITS, .stateful = CAPAS_TRUE));
    float all[N * UNITS], one[UNITS];
    char *json;
    assert_int_equal(capas_model_to_json(model, &json), CAPAS_OK);
    assert_non_null(strstr(json, "\"batch_shape\": [1, 6, 2]"));
    assert_non_null(strstr(json, "\"stateful\": true"));
    assert_non_null(strstr(json, "\"build_config\": {\"input_shape\": [1, 6, 2]}"));
    assert_int_equal(capas_predict(model, x, N, all), CAPAS_OK);
    capas_model *copy = capas_model_from_json(json);
    if (!copy) fail_msg("%s", capas_error());
    copy_weights(model, copy);
    for (int n = 0; n < N; n++) {
        assert_int_equal(capas_predict(copy, x + n * STEPS * WIDTH, 1, one), CAPAS_OK);
        assert_memory_equal(one, all + n * UNITS, sizeof one);
    }
    capas_free(json);
    capas_model_free(copy);
    capas_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configurations_name_outputs),
        cmocka_unit_test(gradients_go_through_states),
        cmocka_unit_test(parts_keep_all_outputs),
        cmocka_unit_test(models_within_have_several),
        cmocka_unit_test(what_does_not_fit_is_told),
        cmocka_unit_test(stateful_layers_go_on),
        cmocka_unit_test(batch_sizes_stay),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
