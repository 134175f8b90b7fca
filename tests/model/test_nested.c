/* Models that are layers of others: the same numbers as one flat model, one row of weights,
 * trained, saved and opened again. */
#include "model/model.h"
#include "support/cmocka.h"
#include "support/saved_model.h"
#include "support/scarce_memory.h"
#include <capas/capas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Convolution, normalisation and mean: what is used within others. */
static capas_model *make_features(const char *name)
{
    capas_graph *graph = capas_graph_new();
    capas_node in = capas_graph_apply(graph, capas_input(6, 5, 2), NULL, 0);
    capas_node conv = capas_graph_apply(
        graph, capas_conv2d(3, 3, .activation = CAPAS_RELU, .name = "conv"), &in, 1);
    capas_node norm = capas_graph_apply(graph, capas_batch_normalization(.name = "norm"), &conv, 1);
    capas_node mean = capas_graph_apply(graph, capas_global_average_pooling2d(), &norm, 1);
    return capas_functional(graph, name, &in, 1, &mean, 1);
}

/* Two pictures through the same features, a chain behind each. */
static capas_model *make_twins(bool nested)
{
    capas_graph *graph = capas_graph_new();
    capas_node in[2], out[2];
    in[0] = capas_graph_apply(graph, capas_input(6, 5, 2), NULL, 0);
    in[1] = capas_graph_apply(graph, capas_input(6, 5, 2), NULL, 0);
    capas_model *features = nested ? make_features("features") : NULL;
    if (nested) {
        out[0] = capas_graph_apply(graph, capas_nested(features), &in[0], 1);
        out[1] = capas_graph_again(graph, out[0], &in[1], 1);
    } else {
        capas_node conv[2], norm[2], mean;
        conv[0] = capas_graph_apply(graph, capas_conv2d(3, 3, .activation = CAPAS_RELU), &in[0], 1);
        norm[0] = capas_graph_apply(graph, capas_batch_normalization(), &conv[0], 1);
        out[0] = mean = capas_graph_apply(graph, capas_global_average_pooling2d(), &norm[0], 1);
        conv[1] = capas_graph_again(graph, conv[0], &in[1], 1);
        norm[1] = capas_graph_again(graph, norm[0], &conv[1], 1);
        out[1] = capas_graph_again(graph, mean, &norm[1], 1);
    }
    for (int i = 0; i < 2; i++) {
        capas_layer *dense = capas_dense(4, .activation = CAPAS_TANH);
        if (nested) dense = capas_nested(capas_sequential(capas_input(3), dense));
        out[i] = capas_graph_apply(graph, dense, &out[i], 1);
    }
    capas_node sum = capas_graph_apply(graph, capas_add(), out, 2);
    capas_node end = capas_graph_apply(graph, capas_dense(2), &sum, 1);
    capas_model *model = capas_functional(graph, "twins", in, 2, &end, 1);
    if (!model) fail_msg("%s", capas_error());
    return model;
}

static void assert_equal_models(capas_model *a, capas_model *b)
{
    double difference;
    if (capas_model_difference(a, b, 5, &difference) != CAPAS_OK) fail_msg("%s", capas_error());
    assert_true(difference == 0);
}

/* A step whose loss is finite; the weights move. */
static double train_step_of_twins(capas_model *model)
{
    static float x[2][4 * 60], y[8];
    for (int i = 0; i < 240; i++)
        x[0][i] = x[1][239 - i] = (float)(i % 13) / 13;
    for (int i = 0; i < 8; i++)
        y[i] = (float)i / 8;
    capas_tensor inputs[2] = {{CAPAS_FLOAT32, {4, {4, 6, 5, 2}}, x[0]},
                              {CAPAS_FLOAT32, {4, {4, 6, 5, 2}}, x[1]}};
    capas_tensor target = {CAPAS_FLOAT32, {2, {4, 2}}, y};
    capas_evaluation evaluation;
    if (capas_train_on_batch(model, inputs, &target, 4, &evaluation) != CAPAS_OK)
        fail_msg("%s", capas_error());
    return capas_evaluation_get(&evaluation, "loss");
}

static void computes_as_a_flat_model(void **state)
{
    (void)state;
    capas_model *flat = make_twins(false), *nested = make_twins(true);
    copy_weights(flat, nested);
    assert_equal_models(flat, nested);
    capas_compile(flat, .optimizer = capas_adam(), .loss = CAPAS_MEAN_SQUARED_ERROR);
    capas_compile(nested, .optimizer = capas_adam(), .loss = CAPAS_MEAN_SQUARED_ERROR);
    for (int i = 0; i < 4; i++)
        assert_true(train_step_of_twins(flat) == train_step_of_twins(nested));
    assert_equal_models(flat, nested);
    capas_model_free(flat);
    capas_model_free(nested);
}

static void tells_its_layers_by_their_outer_ones(void **state)
{
    (void)state;
    capas_model *model = make_twins(true);
    char *text;
    assert_int_equal(
        capas_summary(model, &text, .show_trainable = CAPAS_TRUE, .show_cost = CAPAS_TRUE),
        CAPAS_OK);
    /* 3x3x2x3 + 3 of the convolution and 4 times 3 of the normalisation. */
    assert_non_null(strstr(text, "features"));
    assert_non_null(strstr(text, "69"));
    assert_non_null(strstr(text, "sequential_1"));
    capas_free(text);

    int kernel = capas_model_find_weight(model, "conv", "kernel");
    capas_weight_info info;
    assert_int_equal(capas_model_weight_info(model, kernel, &info), CAPAS_OK);
    assert_true(info.trainable);
    assert_int_equal(capas_model_set_trainable(model, "features", false), CAPAS_OK);
    assert_int_equal(capas_model_weight_info(model, kernel, &info), CAPAS_OK);
    assert_false(info.trainable);
    float before[64], after[64];
    assert_int_equal(capas_model_get_weight(model, kernel, before), CAPAS_OK);
    capas_compile(model, .optimizer = capas_sgd(), .loss = CAPAS_MEAN_SQUARED_ERROR);
    train_step_of_twins(model);
    assert_int_equal(capas_model_get_weight(model, kernel, after), CAPAS_OK);
    assert_memory_equal(before, after, 54 * sizeof(float));

    capas_model *part = capas_model_until(model, "features");
    assert_non_null(part);
    assert_int_equal(capas_model_weight_count(part), 6);
    assert_int_equal(capas_model_get_weight(part, 0, after), CAPAS_OK);
    assert_memory_equal(before, after, 54 * sizeof(float));
    capas_model_free(part);
    capas_model_free(model);
}

/* What a model had learnt goes with it into another. */
static void keeps_its_weights(void **state)
{
    (void)state;
    capas_model *features = make_features("base");
    float kernel[54], bias[3] = {1, 2, 3}, got[54];
    assert_int_equal(capas_model_set_weight(features, 1, bias), CAPAS_OK);
    assert_int_equal(capas_model_get_weight(features, 0, kernel), CAPAS_OK);
    capas_model *model =
        capas_sequential(capas_input(6, 5, 2), capas_nested(features), capas_dense(2));
    if (!model) fail_msg("%s", capas_error());
    assert_int_equal(capas_model_get_weight(model, 0, got), CAPAS_OK);
    assert_memory_equal(got, kernel, sizeof kernel);
    assert_int_equal(capas_model_get_weight(model, 1, got), CAPAS_OK);
    assert_memory_equal(got, bias, sizeof bias);
    capas_model *outer = capas_sequential(capas_input(6, 5, 2), capas_nested(model));
    assert_int_equal(capas_model_get_weight(outer, 1, got), CAPAS_OK);
    assert_memory_equal(got, bias, sizeof bias);
    capas_model_free(outer);
}

static void tells_what_cannot_be_nested(void **state)
{
    (void)state;
    capas_model *features = make_features("base");
    capas_compile(features, .loss = CAPAS_MEAN_SQUARED_ERROR);
    assert_null(capas_nested(features));
    assert_int_equal(capas_error_status(), CAPAS_WRONG_STATE);
    assert_null(capas_nested(NULL));
    capas_model *model =
        capas_sequential(capas_input(5, 5, 2), capas_nested(make_features("base")));
    assert_null(model);
    assert_int_equal(capas_error_status(), CAPAS_SHAPE_MISMATCH);
    assert_non_null(strstr(capas_error(), "layer base: input 0 of the model must have the shape"));
}

#if CAPAS_WITH_KERAS_FILES
static void comes_back_from_files(void **state)
{
    (void)state;
    static const char *const files[] = {"twins.keras", "twins.h5"};
    for (int i = 0; i < 2; i++) {
        capas_model *model = make_twins(true);
        capas_compile(model, .optimizer = capas_adam(), .loss = CAPAS_MEAN_SQUARED_ERROR);
        train_step_of_twins(model);
        save_model(model, files[i]);
        capas_model *again = open_model(files[i]);
        assert_equal_models(model, again);
        save_model(again, "again.keras");
        save_model(model, "first.keras");
        assert_same_bytes("first.keras", "again.keras");
        assert_true(train_step_of_twins(model) == train_step_of_twins(again));
        assert_equal_models(model, again);
        assert_int_equal(capas_save_weights(model, "twins.weights.h5"), CAPAS_OK);
        capas_model *fresh = make_twins(true);
        assert_int_equal(capas_load_weights(fresh, "twins.weights.h5"), CAPAS_OK);
        assert_equal_models(model, fresh);
        capas_model_free(fresh);
        capas_model_free(again);
        capas_model_free(model);
    }
}

static void survives_without_memory(void **state)
{
    (void)state;
    char *json;
    capas_model *model = make_twins(true);
    assert_int_equal(capas_model_to_json(model, &json), CAPAS_OK);
    capas_model_free(model);
    bool opened = false;
    for (long allowed = 0; !opened; allowed++) {
        scarce_memory_begin(allowed);
        model = capas_model_from_json(json);
        opened = model != NULL;
        if (!opened) assert_int_equal(capas_error_status(), CAPAS_NO_MEMORY);
        capas_model_free(model);
        assert_int_equal(scarce_memory_live(), 0);
        scarce_memory_end();
    }
    capas_free(json);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes_as_a_flat_model),
        cmocka_unit_test(tells_its_layers_by_their_outer_ones),
        cmocka_unit_test(keeps_its_weights),
        cmocka_unit_test(tells_what_cannot_be_nested),
#if CAPAS_WITH_KERAS_FILES
        cmocka_unit_test(comes_back_from_files),
        cmocka_unit_test(survives_without_memory),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
